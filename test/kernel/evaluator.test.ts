/** The program in the kernel and the evaluator in projections/datapath answer alike: generated maps, generated packets. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { EndpointId, IdentityId } from '../../events/ids.ts'
import {
  type PolicyMap,
  type PolicyMapEntry,
  PRECEDENCE_DENY_MAX,
  policyMapKeyText,
} from '../../projections/datapath/policy-map.ts'
import { type Probe, policyVerdict } from '../../projections/datapath/verdict.ts'
import { ICMP, packet, SCTP, TCP, UDP } from '../../src/kernel/packet.ts'
import type { PolicyVerdict } from '../../src/ports/datapath.ts'
import { type Chance, chance } from './chance.ts'
import { DROP, KERNEL_REASON, type Laboratory, laboratory, PASS, REDIRECT } from './laboratory.ts'

const SEED = 8412
const MAPS = 250
const PACKETS_PER_MAP = 120
const ENTRIES_MAX = 60

const POD = { endpoint: 31, identity: 1031, address: '10.3.0.31' }
const PEERS: ReadonlyMap<number, string> = new Map([
  [1001, '10.3.1.1'],
  [1002, '10.3.1.2'],
  [1003, '10.3.1.3'],
  [0x0100_0001, '192.0.2.1'],
  [2, '198.51.100.1'],
])
const IDENTITIES: readonly number[] = [...PEERS.keys()]
const PROTOCOLS = [TCP, UDP, SCTP, ICMP] as const
const PORTS: readonly number[] = [0, 1, 7, 8, 53, 79, 80, 81, 95, 443, 1023, 0x1f90, 0x8000, 0xffff]
const PRECEDENCES: readonly number[] = [0, 0, 1, 2, 0x8000_0000, 0xffff_fe00, PRECEDENCE_DENY_MAX]

function generatedEntry({ below, pick }: Chance): PolicyMapEntry {
  const protocol = pick([0, ...PROTOCOLS])
  const portBits = protocol === 0 ? 0 : pick([0, 16, 16, below(17)])
  const verdict = pick(['allow', 'allow', 'deny', 'redirect'] as const)
  return {
    key: {
      direction: pick(['ingress', 'egress'] as const),
      identity: IdentityId(pick([0, 0, ...IDENTITIES])),
      protocol,
      port: (pick(PORTS) >> (16 - portBits)) << (16 - portBits),
      portBits,
    },
    value: {
      verdict,
      proxyPort: verdict === 'redirect' ? 10_000 + below(100) : 0,
      precedence: pick(PRECEDENCES),
      authType: 0,
      origins: [],
    },
  }
}

function generatedMap(random: Chance): PolicyMap {
  const entries = Array.from({ length: random.below(ENTRIES_MAX) }, () => generatedEntry(random))
  return new Map(entries.map((entry) => [policyMapKeyText(entry.key), entry]))
}

function generatedProbe({ below, pick }: Chance): Probe {
  const protocol = pick(PROTOCOLS)
  // Errors about other packets carry no connection; types 3, 11 and 12 stay out.
  const port = protocol === ICMP ? pick([0, 8, 13]) : pick([...PORTS, below(0x1_0000)])
  return { direction: pick(['ingress', 'egress'] as const), identity: pick(IDENTITIES), protocol, port }
}

/** Lets a first packet of a connection through; `unique` is its source port or ICMP identifier. */
function sendProbe(lab: Laboratory, { direction, identity, protocol, port }: Probe, unique: number): number {
  const remote = PEERS.get(identity)!
  const [source, destination] = direction === 'ingress' ? [remote, POD.address] : [POD.address, remote]
  const ports = { sourcePort: unique, destinationPort: port, icmpType: port, icmpId: unique }
  return lab.run(direction === 'ingress' ? 'to_pod' : 'from_pod', packet({ source, destination, protocol, ...ports }))
    .action
}

/** In words that the two can be compared by. */
function expected(map: PolicyMap, probe: Probe): string {
  const { verdict, entry, matchType } = policyVerdict(map, probe)
  const drop = verdict !== 'deny' ? null : entry === null ? 133 : 181
  return [verdict, drop, verdict === 'redirect' ? entry?.value.proxyPort : null, matchType].join(' ')
}

function told({ action, dropReason, proxyPort, matchType }: PolicyVerdict): string {
  return [action, dropReason, proxyPort, matchType].join(' ')
}

/** Redirected packets of a pod need a listener, which is not there: the verdict stands, and the packet is dropped after it. */
function expectedAction(verdict: string, { direction }: Probe): number {
  if (verdict.startsWith('deny')) return DROP
  if (verdict.startsWith('redirect')) return direction === 'ingress' ? REDIRECT : DROP
  return PASS
}

async function compare(
  lab: Laboratory,
  map: PolicyMap,
  random: Chance,
  firstPort: number,
): Promise<ReadonlySet<string>> {
  const old = (await lab.datapath.readPolicyMap(EndpointId(POD.endpoint))) ?? []
  const removals = old.map(({ key }) => key).filter((key) => !map.has(policyMapKeyText(key)))
  await lab.datapath.writePolicyMap(EndpointId(POD.endpoint), { upserts: [...map.values()], removals })
  const probes = Array.from({ length: PACKETS_PER_MAP }, () => generatedProbe(random))
  const actions = probes.map((probe, index) => sendProbe(lab, probe, firstPort + index))
  const verdicts = (await lab.verdicts()).filter(({ dropReason }) => dropReason !== 178 && dropReason !== 180)
  assert.equal(verdicts.length, probes.length)
  const words = probes.map((probe) => expected(map, probe))
  for (const [index, probe] of probes.entries()) {
    const found = told(verdicts[index]!)
    const action = actions[index]
    // The message costs more than the packet, so it is made for a disagreement only.
    if (found === words[index] && action === expectedAction(found, probe)) continue
    assert.fail(
      `seed ${SEED}: ${JSON.stringify({ found, expected: words[index], action, probe, map: [...map.values()] })}`,
    )
  }
  return new Set(words.map((word) => word.replace(/1\d{4}/, 'port')))
}

test('D4 on generated maps and packets the program and the evaluator never disagree', {
  skip: KERNEL_REASON ?? false,
}, async () => {
  await using lab = await laboratory()
  const random = chance(SEED)
  await lab.pod(POD)
  for (const [identity, address] of PEERS) await lab.peer(`${address}/32`, identity)
  const seen = new Set<string>()
  for (let round = 0; round < MAPS; round++) {
    const map = generatedMap(random)
    for (const word of await compare(lab, map, random, 20_000 + ((round * PACKETS_PER_MAP) % 40_000))) seen.add(word)
  }
  // Every kind of answer occurred: six ways to match for each of three verdicts, and no match.
  assert.equal(seen.size, 19, [...seen].join(', '))
})
