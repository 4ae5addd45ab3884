/**
 * Vectors with parts exchanged: other options, policies of other cases or none, bare rules in their place, refused ones between, identities that go
 * and come back. `hindcast eval` answers beside the plain walk over the rules.
 */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { Json } from '../../events/schema.ts'
import { type PolicyReading, readBareRule, readPolicy } from '../../projections/policy/parse/policy.ts'
import { forbiddenFeatures } from '../../projections/policy/resolve/compiled-rule.ts'
import type { PolicyRule } from '../../projections/policy/rule.ts'
import { type EvalCase, type EvalRequest, readCase } from '../../src/cli/eval/case.ts'
import { type EvalResult, evaluate } from '../../src/cli/eval/evaluate.ts'
import { type Chance, chance } from '../kernel/chance.ts'
import { type OracleWorld, oracleAnswer, oracleEnforced, oracleRequest } from '../oracle/policy.ts'
import { hostAtL7 } from '../policy/oracle-property.ts'
import { identitiesByState, optionsOf } from '../policy/vector-engine.ts'
import {
  readInvalidVectors,
  readVectors,
  type VectorCase,
  type VectorIdentity,
  type VectorInput,
  type VectorOptions,
  type VectorRequest,
} from '../vectors/read.ts'

/** What is asked is chosen by `seed` among the places and requests of the vector that this was made of. */
export type MutatedVector = {
  readonly input: VectorInput
  readonly places: readonly (readonly [protocol: number, port: number])[]
  readonly requests: readonly VectorRequest[]
  readonly seed: number
}

export type MutationCounts = { states: number; errors: number; probes: number; requests: number }

const PROBES_PER_STATE = 120
const REQUESTS_PER_STATE = 25
const REQUESTS_KEPT = 40
const NOBODY = 999

const VECTORS: readonly VectorCase[] = [...readVectors('random'), ...readVectors('handwritten')].filter(
  ({ contestedCase, input }) => contestedCase === undefined && (input.policies ?? []).length > 0,
)
const REFUSED: readonly Json[] = readInvalidVectors().cases.flatMap(({ policy }) =>
  policy === undefined ? [] : [policy],
)

const options: fc.Arbitrary<Partial<VectorOptions>> = fc.record(
  {
    enforcement: fc.constantFrom('default' as const, 'always' as const, 'never' as const),
    allowLocalhost: fc.constantFrom('always' as const, 'policy' as const),
    enableRemoteNodeIdentity: fc.boolean(),
    enableHostFirewall: fc.boolean(),
    clusterName: fc.constantFrom('default', 'east'),
    enableL7Proxy: fc.constantFrom(true, true, true, false),
    enableICMPRules: fc.constantFrom(true, true, true, false),
  },
  { requiredKeys: [] },
)

/** Numbers choose, modulo what there is. */
const recipe = fc.record({
  base: fc.nat(),
  options,
  dropped: fc.array(fc.nat(11), { maxLength: 6 }),
  others: fc.array(fc.tuple(fc.nat(), fc.nat()), { maxLength: 4 }),
  bare: fc.array(fc.nat(11), { maxLength: 3 }),
  refused: fc.array(fc.nat(), { maxLength: 2 }),
  removed: fc.array(fc.nat(), { maxLength: 4 }),
  seed: fc.nat(0xffff_ffff),
})

export const mutatedVectors: fc.Arbitrary<MutatedVector> = recipe.map(
  ({ base, options, dropped, others, bare, refused, removed, seed }) => {
    const vector = VECTORS[base % VECTORS.length]!
    const input = vector.input
    const kept = (input.policies ?? []).filter((_, index) => !dropped.includes(index))
    const foreign = others.map(([from, which]) => policyOf(VECTORS[from % VECTORS.length]!, which))
    const broken = refused.map((which) => REFUSED[which % REFUSED.length]!)
    const policies = interleaved([...kept, ...foreign], broken)
    const identities = input.identities ?? []
    const leaving = removed.map((which) => identities[which % identities.length]!)
    return {
      input: {
        ...input,
        options: { ...input.options, ...options },
        policies: policies.filter((_, index) => !bare.includes(index)),
        rules: [...(input.rules ?? []), ...policies.filter((_, index) => bare.includes(index)).flatMap(rulesOf)],
        steps: stepsOf(leaving),
      },
      places: placesOf(vector),
      requests: vector.states.flatMap(({ http = [] }) => http).slice(0, REQUESTS_KEPT),
      seed,
    }
  },
)

function policyOf({ input: { policies = [] } }: VectorCase, which: number): Json {
  // Vectors without policies were left out.
  return policies[which % policies.length]!
}

function interleaved<T>(a: readonly T[], b: readonly T[]): readonly T[] {
  return a.flatMap((one, index) => (b[index] === undefined ? [one] : [one, b[index]])).concat(b.slice(a.length))
}

function rulesOf(policy: Json): readonly Json[] {
  const { spec, specs } = policy as { readonly spec?: Json; readonly specs?: readonly Json[] }
  return [...(spec === undefined ? [] : [spec]), ...(specs ?? [])]
}

/** They go, half of them come back, one that is there is told again. */
function stepsOf(leaving: readonly VectorIdentity[]): NonNullable<VectorInput['steps']> {
  if (leaving.length === 0) return []
  const back = leaving.slice(0, Math.ceil(leaving.length / 2))
  return [
    { removeIdentities: leaving.map(({ id }) => id) },
    { addIdentities: back, removeIdentities: leaving.slice(-1).map(({ id }) => id) },
  ]
}

function placesOf({ states }: VectorCase): MutatedVector['places'] {
  const places = states.flatMap(({ probes = [] }) => probes.map(([, , , protocol, port]) => [protocol, port] as const))
  return [...new Map(places.map((place) => [place.join(), place])).values()]
}

/** Throws where two answers differ; counts what was asked. */
export function compareMutated(one: MutatedVector, counts: MutationCounts): void {
  const { input } = one
  const states = identitiesByState(input)
  const random = chance(one.seed)
  const rules = acceptedRules(input)
  const worlds = states.map((identities) => worldsOf(input, identities, rules))
  const questions = worlds.map((world) => questionsOf(one, world, random))
  const reading = readCase(JSON.stringify({ name: 'mutated', input, states: questions }))
  assert.ok(reading.kind === 'case', JSON.stringify(reading))
  const result = evaluate(reading.case)
  for (const [index, world] of worlds.entries()) compareState({ asked: reading.case, result, index, world }, counts)
}

/** By endpoint: those whose identity is there. */
type Worlds = ReadonlyMap<number, OracleWorld>

function acceptedRules(input: VectorInput): readonly PolicyRule[] {
  const readings: readonly PolicyReading[] = [
    ...(input.policies ?? []).map(readPolicy),
    ...(input.rules ?? []).map((rule, index) => readBareRule(rule, `rule-${index}`)),
  ]
  const options = optionsOf(input)
  return readings.flatMap((reading) => {
    if (reading.kind === 'refused') return []
    const { rules } = reading.policy
    return rules.some((rule) => forbiddenFeatures(rule, options).length > 0) ? [] : rules
  })
}

function worldsOf(input: VectorInput, identities: readonly VectorIdentity[], rules: readonly PolicyRule[]): Worlds {
  const { endpoints = [], podPorts = [], services = [], dns = {}, secrets = {} } = input
  const port = ({ name, port, protocol = 'TCP' }: NonNullable<VectorInput['podPorts']>[number][number]) => ({
    name,
    port,
    protocol: protocol as 'TCP' | 'UDP' | 'SCTP',
  })
  const shared = {
    options: optionsOf(input),
    identities: identities.map(({ id, labels = [], cidr }) => ({ id, labels, prefix: cidr ?? null })),
    rules,
    pods: [...endpoints.map(({ namedPorts = [] }) => namedPorts.map(port)), ...podPorts.map((one) => one.map(port))],
    services: services.map(({ namespace, name, labels = {}, backends = [] }) => ({
      namespace,
      name,
      labels,
      backends,
    })),
    dns,
    groups: {},
    secrets,
  }
  const present = endpoints.filter(({ identity }) => identities.some(({ id }) => id === identity))
  return new Map(
    present.map(({ id, identity, namedPorts = [] }) => [
      id,
      { ...shared, subject: { identity, namedPorts: namedPorts.map(port) } },
    ]),
  )
}

type Question = readonly [number, 'ingress' | 'egress', number, number, number]
type Questions = { readonly probes: readonly Question[]; readonly http: readonly VectorRequest[] }

/** Connections at random; requests on those of them that the plain walk sends to the proxy. */
function questionsOf({ input, places, requests }: MutatedVector, worlds: Worlds, { pick }: Chance): Questions {
  const endpoints = [...worlds.keys()]
  if (endpoints.length === 0 || places.length === 0) return { probes: [], http: [] }
  const identities = [NOBODY, ...(input.identities ?? []).map(({ id }) => id)]
  const probes = Array.from({ length: PROBES_PER_STATE }, (): Question => {
    const [protocol, port] = pick(places)
    return [pick(endpoints), pick(['ingress', 'egress'] as const), pick(identities), protocol, port]
  })
  const redirected = probes.filter(([endpoint, direction, identity, protocol, port]) => {
    const world = worlds.get(endpoint)!
    return protocol === 6 && oracleAnswer(world, { direction, identity, protocol, port }) === 'redirect'
  })
  const count = requests.length === 0 || redirected.length === 0 ? 0 : REQUESTS_PER_STATE
  const http = Array.from({ length: count }, (): VectorRequest => {
    const [endpoint, direction, identity, , port] = pick(redirected)
    return { ...pick(requests), endpoint, direction, identity, port }
  })
  return { probes, http }
}

type Compared = {
  readonly asked: EvalCase
  readonly result: EvalResult
  readonly index: number
  readonly world: Worlds
}

function compareState({ asked, result, index, world: worlds }: Compared, counts: MutationCounts): void {
  const state = result.states[index]!
  const { probes, http } = asked.states[index]!
  counts.states++
  assert.deepEqual(
    state.endpoints.map(({ id }) => id),
    [...worlds.keys()],
  )
  const resolved = new Map<number, OracleWorld>()
  for (const endpoint of state.endpoints) {
    const world = worlds.get(endpoint.id)!
    if (endpoint.error) {
      counts.errors++
      continue
    }
    resolved.set(endpoint.id, world)
    const enforced = [oracleEnforced(world, 'ingress'), oracleEnforced(world, 'egress')]
    assert.deepEqual([endpoint.ingressEnforced, endpoint.egressEnforced], enforced, `${index}: ${endpoint.id}`)
  }
  for (const [n, probe] of probes.entries()) {
    const world = resolved.get(probe.endpoint)
    if (world === undefined) continue
    counts.probes++
    if (state.probes[n] === oracleAnswer(world, probe)) continue
    assert.equal(state.probes[n], oracleAnswer(world, probe), `state ${index}: ${JSON.stringify(probe)}`)
  }
  for (const [n, request] of http.entries()) {
    const wanted = requestAnswer(resolved.get(request.endpoint), request)
    if (wanted === null) continue
    counts.requests++
    assert.equal(state.http[n], wanted, `state ${index}: ${JSON.stringify(request)}`)
  }
}

function requestAnswer(world: OracleWorld | undefined, request: EvalRequest): 'allow' | 'deny' | null {
  const { direction, identity, port, method, path, host, headers } = request
  const probe = { direction, identity, port, protocol: 6 }
  if (world === undefined || hostAtL7(world, probe)) return null
  return oracleRequest(world, probe, { method, path, authority: host, headers })
}
