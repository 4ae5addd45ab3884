/**
 * Generated policies resolved by the engine and written into a real policy map; packets that the real program judges, beside the evaluator
 * in projections/datapath and the plain walk over the rules in test/oracle.
 */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { EndpointId, Port } from '../../events/ids.ts'
import { type PolicyMap, policyMapKeyText, policyMapOf } from '../../projections/datapath/policy-map.ts'
import { type Probe, policyVerdict, requiredAuthType } from '../../projections/datapath/verdict.ts'
import { ICMP, packet, SCTP, TCP, UDP } from '../../src/kernel/packet.ts'
import type { PolicyVerdict } from '../../src/ports/datapath.ts'
import { type Chance, chance } from '../kernel/chance.ts'
import { DROP, type Laboratory, laboratory, PASS, REDIRECT } from '../kernel/laboratory.ts'
import { type OracleWorld, oracleAnswer } from '../oracle/policy.ts'
import { PROBE_PORTS } from '../policy/generated.ts'
import { type OracleCase, oracleCases, REMOTES, resolveCase } from '../policy/oracle-property.ts'

/** `seed` chooses the packets. */
export type PacketCase = OracleCase & { readonly seed: number }

export const packetCases: fc.Arbitrary<PacketCase> = fc
  .tuple(oracleCases, fc.nat(0xffff_ffff))
  .map(([one, seed]) => ({ ...one, seed }))

export const PACKETS_PER_CASE = 400

const POD = { endpoint: 41, address: '10.4.0.41' }
const IPV4_PROTOCOLS: readonly number[] = [TCP, UDP, SCTP, ICMP]

/** Beside those of the oracle: what lies at the ends of generated ranges. ICMP errors carry no connection of their own and stay out. */
const PLACES: readonly (readonly [protocol: number, port: number])[] = [
  ...PROBE_PORTS.filter(([protocol]) => IPV4_PROTOCOLS.includes(protocol)),
  ...[1, 49, 50, 64, 81, 90, 91, 65_534].map((port) => [TCP, port] as const),
  ...[1, 79, 81, 8080].map((port) => [UDP, port] as const),
  ...[53, 79, 8080].map((port) => [SCTP, port] as const),
  [ICMP, 13],
  [ICMP, 128],
]

/** Lies above every port of PLACES but two, so that no packet is the answer to another. */
const FIRST_SOURCE_PORT = 20_000
/** Of these answers the program tells nothing of its own: no listener (178), not for the proxy (180). */
const AFTER_VERDICT: readonly (number | null)[] = [178, 180]
const AUTH_REQUIRED = 189
const DENIED = 181
const NO_ENTRY = 133

/** A pod with a real policy map; each identity has a range of addresses, so that every packet begins a connection of its own. */
export class PacketBridge implements AsyncDisposable {
  readonly #lab: Laboratory
  #round = 0
  /** How often each answer was seen: verdict and drop reason. */
  readonly seen: Map<string, number> = new Map()

  private constructor(lab: Laboratory) {
    this.#lab = lab
  }

  static async open(): Promise<PacketBridge> {
    const lab = await laboratory()
    await lab.pod({ ...POD, identity: 1041 })
    for (const [index, identity] of REMOTES.entries()) await lab.peer(`11.${index}.0.0/16`, identity)
    return new PacketBridge(lab)
  }

  /** How many packets agreed: none where the policies contradict each other. Throws where two answers differ. */
  async compare(one: PacketCase): Promise<number> {
    const found = resolveCase(one)
    if (found === null) return 0
    const { entries, redirects } = found.resolved
    const ports = new Map(redirects.map(({ id }, index) => [id, Port(14_000 + index)]))
    const map = policyMapOf(entries, ports)
    await this.#write(map)
    this.#round++
    const random = chance(one.seed)
    const probes = Array.from({ length: PACKETS_PER_CASE }, () => generatedProbe(random))
    const actions = probes.map((probe, index) => this.#send(probe, FIRST_SOURCE_PORT + index))
    const verdicts = (await this.#lab.verdicts()).filter(({ dropReason }) => !AFTER_VERDICT.includes(dropReason))
    assert.equal(verdicts.length, probes.length, 'every packet has one verdict')
    for (const [index, probe] of probes.entries()) {
      const verdict = verdicts[index]!
      assertAgreement({ world: found.world, map, probe, verdict, action: actions[index]! })
      const answer = `${verdict.action} ${verdict.dropReason ?? ''}`.trimEnd()
      this.seen.set(answer, (this.seen.get(answer) ?? 0) + 1)
    }
    return probes.length
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#lab[Symbol.asyncDispose]()
  }

  async #write(map: PolicyMap): Promise<void> {
    const endpoint = EndpointId(POD.endpoint)
    const old = (await this.#lab.datapath.readPolicyMap(endpoint)) ?? []
    const removals = old.map(({ key }) => key).filter((key) => !map.has(policyMapKeyText(key)))
    await this.#lab.datapath.writePolicyMap(endpoint, { upserts: [...map.values()], removals })
  }

  #send({ direction, identity, protocol, port }: Probe, unique: number): number {
    const remote = `11.${REMOTES.indexOf(identity)}.${(this.#round >> 8) & 255}.${this.#round & 255}`
    const [source, destination] = direction === 'ingress' ? [remote, POD.address] : [POD.address, remote]
    const ports = { sourcePort: unique, destinationPort: port, icmpType: port, icmpId: unique }
    const bytes = packet({ source, destination, protocol, ...ports })
    return this.#lab.run(direction === 'ingress' ? 'to_pod' : 'from_pod', bytes).action
  }
}

function generatedProbe({ pick }: Chance): Probe {
  const [protocol, port] = pick(PLACES)
  return { direction: pick(['ingress', 'egress'] as const), identity: pick(REMOTES), protocol, port }
}

type Answers = {
  readonly world: OracleWorld
  readonly map: PolicyMap
  readonly probe: Probe
  readonly verdict: PolicyVerdict
  readonly action: number
}

/** The message costs more than the packet, so it is made for a disagreement only. */
function assertAgreement({ world, map, probe, verdict, action }: Answers): void {
  const plain = oracleAnswer(world, probe)
  const evaluated = policyVerdict(map, probe)
  const expected = evaluatorWords(map, probe)
  const { action: told, dropReason, proxyPort, matchType } = verdict
  const program = [told, dropReason, proxyPort, matchType].join(' ')
  const ends = expectedAction(told, probe)
  if (plain === evaluated.verdict && program === expected && action === ends) return
  assert.fail(JSON.stringify({ probe, oracle: plain, evaluator: expected, program, action, ends, verdict }))
}

function evaluatorWords(map: PolicyMap, probe: Probe): string {
  const { verdict, entry, matchType } = policyVerdict(map, probe)
  if (verdict === 'deny') return ['deny', entry === null ? NO_ENTRY : DENIED, null, matchType].join(' ')
  if (requiredAuthType(map, probe) !== 0) return ['deny', AUTH_REQUIRED, null, matchType].join(' ')
  return [verdict, null, verdict === 'redirect' ? entry?.value.proxyPort : null, matchType].join(' ')
}

/** Redirected packets of a pod need a listener, which is not there: the verdict stands, and the packet is dropped after it. */
function expectedAction(told: PolicyVerdict['action'], { direction, protocol }: Probe): number {
  if (told === 'deny') return DROP
  if (told === 'allow') return PASS
  return direction === 'ingress' && (protocol === TCP || protocol === UDP) ? REDIRECT : DROP
}
