/**
 * Policy resolution beside the recorded figures of Cilium's Go engine (1.13.3; two cores, Go 1.19): full resolves with selectors cached,
 * one identity more, the message for the proxy, parsing; a hundred endpoints; growth with the number of rules. All times are processor
 * time, so that a busy machine does not change them much.
 */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { PolicyEngine, type ResolvedPolicy } from '../../projections/policy/engine.ts'
import { readPolicy } from '../../projections/policy/parse/policy.ts'
import { median, processorUs } from './measure.ts'
import {
  furtherClient,
  identitiesOf,
  policyObject,
  policySet,
  type Shape,
  WEB,
  webIdentity,
} from './policy-workload.ts'
import { atMost, type Benchmark, type Figure, figure } from './report.ts'

/** Milliseconds of Go's engine. */
type Recorded = {
  readonly name: string
  readonly shape: Shape
  readonly selecting: number
  readonly resolve: number
  readonly identity: number
  readonly message: number
  readonly parse: number
}

const RULES = 1000
const RECORDED: readonly Recorded[] = [
  { name: 'L3 only', shape: 'l3', selecting: 1000, resolve: 20, identity: 0.93, message: 0.48, parse: 17 },
  { name: 'one port', shape: 'shared-port', selecting: 1000, resolve: 21, identity: 1.07, message: 1.35, parse: 19 },
  {
    name: '1000 ports x 10',
    shape: 'distinct-ports',
    selecting: 1000,
    resolve: 551,
    identity: 1.33,
    message: 1.47,
    parse: 20,
  },
  { name: 'mixed', shape: 'mixed', selecting: 1000, resolve: 69, identity: 0.56, message: 0.43, parse: 20 },
  { name: 'mixed, 10 select', shape: 'mixed', selecting: 10, resolve: 0.4, identity: 0.045, message: 0.05, parse: 27 },
]
const HUNDRED = { all: 103, rule: 1.39, identity: 2.1, heap: 25 }
const WARM_UP = 40
const ROUNDS = 41

export const benchmark: Benchmark = {
  title: "policy resolution beside Go's recorded figures (ms)",
  run: async (say): Promise<readonly Figure[]> => {
    const figures: Figure[] = []
    for (const recorded of RECORDED) {
      figures.push(...oneEndpoint(recorded))
      say(recorded.name)
    }
    figures.push(...hundredEndpoints())
    say('100 endpoints')
    return [...figures, ...growth()]
  },
}

/** `value` in microseconds beside Go's milliseconds. */
function beside(name: string, value: number, go: number, share = 1): readonly Figure[] {
  return [figure(name, value / 1000, 'ms'), figure(`${name} : Go's ${go} ms`, value / 1000 / go, 'x', atMost(share))]
}

function loaded(shape: Shape, rules: number, selecting: number): PolicyEngine {
  const engine = new PolicyEngine()
  const added = [webIdentity(), ...identitiesOf(shape, rules)]
  engine.apply({ kind: 'identities', added, removed: [] })
  for (let n = 0; n < rules; n++) engine.apply(policySet(shape, n, n < selecting ? null : 'nobody'))
  return engine
}

/** What is compared are recorded numbers, so each thing is measured by itself: warmed up, then the median. */
function measured(work: () => unknown, after: () => unknown = () => undefined): number {
  const samples: number[] = []
  for (let round = 0; round < WARM_UP + ROUNDS; round++) {
    const spent = processorUs(work)
    if (round >= WARM_UP) samples.push(spent)
    after()
  }
  return median(samples)
}

function oneEndpoint({ name, shape, selecting, ...go }: Recorded): readonly Figure[] {
  const engine = loaded(shape, RULES, selecting)
  const subject = { identity: WEB, namedPorts: [] }
  const resolve = (): number => entriesOf(engine.resolve(subject))
  const entries = resolve()
  // The subject's own identity made known again voids its policy, and nothing else.
  const forget = (): unknown => engine.apply({ kind: 'identities', added: [webIdentity()], removed: [] })
  const added = [furtherClient(4)]
  const removed = added.map(({ id }) => id)
  const without = (): void => {
    engine.apply({ kind: 'identities', added: [], removed })
    resolve()
  }
  const resolving = measured(resolve, forget)
  resolve()
  const identity = measured(() => {
    engine.apply({ kind: 'identities', added, removed: [] })
    resolve()
  }, without)
  const message = measuredMessage(engine, without)
  const objects = Array.from({ length: RULES }, (_, n) => policyObject(shape, n, n < selecting ? null : 'nobody'))
  const parse = measured(() => objects.map(readPolicy))
  return [
    figure(`${name}: entries`, entries, ''),
    ...beside(`${name}: resolve`, resolving, go.resolve, entries >= 1000 ? 0.2 : 1),
    ...beside(`${name}: one identity more`, identity, go.identity),
    ...beside(`${name}: message`, message, go.message),
    ...beside(`${name}: parse 1000`, parse, go.parse),
  ]
}

/** A message is made once for each result, so there has to be another one every time. */
function measuredMessage(engine: PolicyEngine, without: () => unknown): number {
  const added = [furtherClient(4)]
  const next = (): ResolvedPolicy => {
    engine.apply({ kind: 'identities', added, removed: [] })
    return engine.resolve({ identity: WEB, namedPorts: [] })
  }
  let policy = next()
  return measured(
    () => messageOf(policy),
    () => {
      without()
      policy = next()
    },
  )
}

function entriesOf(policy: ResolvedPolicy): number {
  if (policy.kind !== 'resolved') throw new Error(policy.reason)
  return policy.entries.length
}

function messageOf(policy: ResolvedPolicy): number {
  if (policy.kind !== 'resolved') throw new Error(policy.reason)
  return policy.networkPolicy.ingress.length
}

const ENDPOINTS = 100
const ENDPOINT_RULES = 5000

function hundredEndpoints(): readonly Figure[] {
  const before = heapMiB()
  const engine = new PolicyEngine()
  const webs = Array.from({ length: ENDPOINTS }, (_, n) => webIdentity(n))
  engine.apply({ kind: 'identities', added: [...webs, ...identitiesOf('mixed', RULES)], removed: [] })
  const rule = (n: number): ReturnType<typeof policySet> => {
    const set = policySet('mixed', n % RULES, String(n % ENDPOINTS))
    return set.kind === 'policy-set' ? { ...set, key: `p${n}` } : set
  }
  for (let n = 0; n < ENDPOINT_RULES; n++) engine.apply(rule(n))
  const resolveAll = (): void => {
    for (const { id } of webs) entriesOf(engine.resolve({ identity: id, namedPorts: [] }))
  }
  resolveAll()
  const heap = heapMiB() - before
  const further = rule(ENDPOINT_RULES + 4)
  // Everyone lets this one in.
  for (let n = 0; n < ENDPOINTS; n++) {
    const set = policySet('l3', 60, String(n))
    engine.apply(set.kind === 'policy-set' ? { ...set, key: `shared-${n}` } : set)
  }
  const added = [furtherClient(60)]
  const forgetAll = (): unknown => engine.apply({ kind: 'identities', added: webs, removed: [] })
  const all = measured(resolveAll, forgetAll)
  resolveAll()
  const oneRule = measured(
    () => {
      for (const id of engine.apply(further)) entriesOf(engine.resolve({ identity: id, namedPorts: [] }))
    },
    () => {
      engine.apply({ kind: 'policy-removed', key: `p${ENDPOINT_RULES + 4}` })
      resolveAll()
    },
  )
  const identity = measured(
    () => {
      engine.apply({ kind: 'identities', added, removed: [] })
      resolveAll()
    },
    () => {
      engine.apply({ kind: 'identities', added: [], removed: added.map(({ id }) => id) })
      resolveAll()
    },
  )
  return [
    ...beside('100 endpoints: all', all, HUNDRED.all),
    ...beside('100 endpoints: one rule more', oneRule, HUNDRED.rule),
    ...beside('100 endpoints: one identity more', identity, HUNDRED.identity),
    figure('100 endpoints: heap', heap, 'MiB', atMost(3 * HUNDRED.heap)),
  ]
}

const SIZES = [1000, 4000, 16_000] as const
/** An entry may cost so much more among 16,000 than among 1,000: the processor's caches are not endless. */
const GROWTH_MAX = 2.5

function growth(): readonly Figure[] {
  const costs = SIZES.map((size) => {
    const engine = loaded('l3', size, size)
    const resolve = (): unknown => entriesOf(engine.resolve({ identity: WEB, namedPorts: [] }))
    return measured(resolve, () => engine.apply({ kind: 'identities', added: [webIdentity()], removed: [] })) / size
  })
  return [
    ...SIZES.map((size, i) => figure(`${size} rules: resolve, each entry`, costs[i] ?? 0, 'us')),
    figure('growth of an entry, 1k to 16k', (costs[2] ?? 0) / (costs[0] ?? 1), 'x', atMost(GROWTH_MAX)),
  ]
}

function heapMiB(): number {
  setFlagsFromString('--expose-gc')
  const collect: () => void = runInNewContext('gc')
  collect()
  return process.memoryUsage().heapUsed / 2 ** 20
}
