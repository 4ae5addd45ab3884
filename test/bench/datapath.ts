import { compileObject } from '../../src/kernel/compile.ts'
import { closeFd } from '../../src/kernel/libc.ts'
import { ENDPOINTS, IPCACHE } from '../../src/kernel/maps.ts'
import { ACK, packet, SYN, TCP, UDP } from '../../src/kernel/packet.ts'
import { type KernelProgram, loadPrograms, testRun } from '../../src/kernel/program.ts'
import { entry, type Laboratory, laboratory } from '../kernel/laboratory.ts'
import { inTurns } from './measure.ts'
import { type Benchmark, type Figure, figure } from './report.ts'

/** One system call runs the program so often; its own cost does not count. */
const REPEAT = 100_000
const ROUNDS = 15
const WARM_UP = 3
const POD = { endpoint: 1, identity: 1001, address: '10.0.0.1' }
const PEER = '10.1.0.1'
const MANY = 16_000

const incoming = {
  source: PEER,
  destination: POD.address,
  protocol: TCP,
  sourcePort: 40_000,
  destinationPort: 80,
  tcpFlags: ACK,
}
const outgoing = { source: POD.address, destination: PEER, protocol: UDP, sourcePort: 40_000, destinationPort: 53 }
const answer = { source: PEER, destination: POD.address, protocol: UDP, sourcePort: 53, destinationPort: 40_000 }

export const benchmark: Benchmark = {
  title:
    'nanoseconds a packet of the programs (BPF_PROG_TEST_RUN), beside an empty program and one with a single LPM lookup',
  run: async (): Promise<readonly Figure[]> => {
    await using lab = await laboratory()
    const yardsticks = await loadYardsticks(lab)
    try {
      await prepare(lab)
      const [to, from] = ['to_pod', 'from_pod'].map((name) => lab.datapath.programs.get(name)!)
      const packets = { incoming: packet(incoming), outgoing: packet(outgoing), answer: packet(answer) }
      const costs = await inTurns(
        {
          empty: cost(yardsticks.get('empty')!, packets.incoming),
          lookup: cost(yardsticks.get('one_lookup')!, packets.incoming),
          established: cost(to!, packets.incoming),
          outgoing: cost(from!, packets.outgoing),
          answer: cost(to!, packets.answer),
        },
        { rounds: ROUNDS, warmUp: WARM_UP },
      )
      return [
        figure('an empty program', costs.empty, 'ns'),
        figure('one LPM lookup of the source', costs.lookup, 'ns'),
        figure(`ingress, known TCP connection, policy map of ${MANY}`, costs.established, 'ns'),
        figure('egress, known UDP connection', costs.outgoing, 'ns'),
        figure('ingress, an answer (no policy)', costs.answer, 'ns'),
        figure('the policy path over the empty program', costs.established - costs.empty, 'ns'),
      ]
    } finally {
      for (const { fd } of yardsticks.values()) closeFd(fd)
    }
  },
}

async function prepare(lab: Laboratory): Promise<void> {
  await lab.pod(POD)
  await lab.peer(`${PEER}/32`, 2001)
  const others = Array.from({ length: MANY - 2 }, (_, index) =>
    entry({ identity: 10_000 + index, protocol: TCP, port: 80 }),
  )
  await lab.policy(
    POD.endpoint,
    entry({ identity: 2001, protocol: TCP, port: 80 }),
    entry({ direction: 'egress', protocol: UDP, port: 53 }),
    ...others,
  )
  lab.run('to_pod', packet({ ...incoming, tcpFlags: SYN }))
  lab.run('from_pod', packet(outgoing))
}

async function loadYardsticks(lab: Laboratory): Promise<ReadonlyMap<string, KernelProgram>> {
  using ipcache = lab.map(IPCACHE)
  using endpoints = lab.map(ENDPOINTS)
  const maps = new Map([ipcache, endpoints].map((map) => [map.spec.name, map]))
  return loadPrograms(await compileObject({ entry: 'bench.bpf.c' }), maps)
}

function cost(program: KernelProgram, bytes: Buffer): () => number {
  return () => testRun(program, { packet: bytes, repeat: REPEAT }).durationNs
}
