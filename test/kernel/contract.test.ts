import { ACK, ICMP, packet, SYN } from '../../src/kernel/packet.ts'
import { type ContractPacket, datapathContract } from '../contract/datapath.ts'
import { DROP, KERNEL_REASON, type Laboratory, laboratory, PASS, REDIRECT } from './laboratory.ts'

function bytesOf({ direction, local, remote, syn, ...rest }: ContractPacket): Buffer {
  const [source, destination] = direction === 'ingress' ? [remote, local] : [local, remote]
  const icmpType = rest.protocol === ICMP ? rest.destinationPort : 0
  return packet({ ...rest, source, destination, tcpFlags: syn ? SYN : ACK, icmpType })
}

function send(lab: Laboratory, sent: ContractPacket): 'passed' | 'dropped' | 'redirected' {
  const program = sent.direction === 'ingress' ? 'to_pod' : 'from_pod'
  const { action } = lab.run(program, bytesOf(sent))
  const outcome = ({ [PASS]: 'passed', [DROP]: 'dropped', [REDIRECT]: 'redirected' } as const)[action]
  if (outcome === undefined) throw new Error(`${program} answered ${action}`)
  return outcome
}

datapathContract({
  name: 'kernel',
  skip: KERNEL_REASON,
  open: async () => {
    const lab = await laboratory()
    return {
      datapath: lab.datapath,
      attach: ({ endpoint, identity, ipv4 }) => lab.pod({ endpoint, identity, address: ipv4 }),
      send: async (sent) => send(lab, sent),
      settled: async () => void (await lab.verdicts()),
      [Symbol.asyncDispose]: () => lab[Symbol.asyncDispose](),
    }
  },
})
