/**
 * A long log as a node of 1,000 endpoints writes it: every endpoint with an identity, an address and a map of 50 entries, then policies that
 * change and builds that each change two entries. The same number of events gives the same log, but for ids.
 */
import { randomUUID } from 'node:crypto'
import { digestOf } from '../../events/canonical.ts'
import type { HindcastEvent } from '../../events/catalogue.ts'
import { encodeEvent, type UnstoredEvent } from '../../events/codec.ts'
import type { PolicyMapDelta, PolicyMapKey, PolicyMapValue } from '../../events/fields.ts'
import {
  Cidr,
  CorrelationId,
  EndpointId,
  type EventId,
  endpointStream,
  IDENTITY_STREAM,
  IdentityId,
  IpAddress,
  LabelText,
  NodeName,
  nodeStream,
  POLICY_STREAM,
  PolicyRevision,
  type StreamName,
  Timestamp,
} from '../../events/ids.ts'
import { openSqliteLog } from '../../src/log/sqlite/log.ts'
import type { AppendOutcome, EventLog } from '../../src/ports/log.ts'

export const NODE: NodeName = NodeName('node1')
export const ENDPOINTS = 1_000
const IDENTITIES = 200
const ENTRIES = 50
const FIRST_IDENTITY = 1_000
/** One change of a policy for so many builds. */
const BUILDS_PER_POLICY = 25
const START_MS = 1_700_000_000_000
const BATCH_EVENTS = 2_000

type Step = readonly [stream: StreamName, event: HindcastEvent]

const digest = digestOf('generated')
const context = {
  actor: { kind: 'agent', name: NODE },
  source: { kind: 'agent', detail: 'bench' },
  correlation: CorrelationId(randomUUID()),
  cause: null,
} as const

/** Xorshift: the same numbers each time. */
function numbers(): (below: number) => number {
  let state = 0x9e3779b9
  return (below) => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % below
  }
}

export async function writeLongLog(path: string, events: number): Promise<void> {
  let time = START_MS
  await using log = openSqliteLog({ path, now: () => Timestamp(time) })
  let batch: Step[] = []
  let written = 0
  const flush = async (): Promise<void> => {
    time += 1_000
    await append(log, batch)
    written += batch.length
    batch = []
  }
  for (const step of story(events)) {
    batch.push(step)
    if (batch.length >= BATCH_EVENTS) await flush()
  }
  await flush()
  if (written !== events) throw new Error(`wrote ${written} of ${events} events`)
}

function* story(events: number): Generator<Step> {
  let left = events
  const dice = numbers()
  const entries: PolicyMapKey[][] = Array.from({ length: ENDPOINTS }, () => [])
  const tell = function* (steps: Iterable<Step>): Generator<Step> {
    for (const step of steps) {
      if (left === 0) return
      left -= 1
      yield step
    }
  }
  yield* tell(identities())
  for (let index = 0; index < ENDPOINTS; index += 1) yield* tell(created(index, entries[index]!))
  let revision = 1
  while (left > 0) {
    revision += 1
    yield* tell([policy(revision, dice)])
    for (let build = 0; build < BUILDS_PER_POLICY && left > 0; build += 1) {
      const index = dice(ENDPOINTS)
      yield* tell(built(index, { keys: entries[index]!, revision, dice }))
    }
  }
}

function* identities(): Generator<Step> {
  for (let index = 0; index < IDENTITIES; index += 1) {
    const identity = IdentityId(FIRST_IDENTITY + index)
    yield [
      IDENTITY_STREAM,
      { type: 'IdentityAllocated', v: 1, identity, scope: 'cluster', labels: labels(index), prefix: null },
    ]
  }
}

function labels(index: number): readonly LabelText[] {
  return [LabelText(`k8s:app=app-${index % IDENTITIES}`), LabelText('k8s:io.kubernetes.pod.namespace=default')]
}

function* created(index: number, keys: PolicyMapKey[]): Generator<Step> {
  const endpoint = EndpointId(index + 1)
  const address = IpAddress(`10.${index >>> 8}.${index & 0xff}.1`)
  const identity = IdentityId(FIRST_IDENTITY + (index % IDENTITIES))
  const place = { ipv4: address, ipv6: null, device: null, mac: null, nodeMac: null, namedPorts: [] }
  const name = `default/pod-${index}`
  yield [nodeStream(NODE), { type: 'EndpointCreated', v: 1, endpoint, name, labels: labels(index), ...place }]
  yield [nodeStream(NODE), { type: 'EndpointIdentityChanged', v: 1, endpoint, identity, labels: labels(index) }]
  const entry = { prefix: Cidr(`${address}/32`), identity, tunnelEndpoint: null, encryptKey: 0 }
  yield [nodeStream(NODE), { type: 'IpcacheUpserted', v: 1, ...entry, origin: 'endpoint', skipTunnel: false }]
  for (let key = 0; key < ENTRIES; key += 1) keys.push(keyOf(key))
  yield written(
    endpoint,
    1,
    keys.map((key) => ({ key, before: null, after: entryOf(1) })),
  )
  yield succeeded(endpoint, { revision: 1, identity })
}

function keyOf(number: number): PolicyMapKey {
  const identity = IdentityId(FIRST_IDENTITY + (number % IDENTITIES))
  return { direction: 'ingress', identity, protocol: 6, port: 1_024 + number, portBits: 16 }
}

function entryOf(revision: number): PolicyMapValue {
  const origins = [`CiliumNetworkPolicy/default/policy-${revision % 100}#/spec/ingress/0`]
  return { verdict: 'allow', proxyPort: 0, precedence: 1 + (revision % 7), authType: 0, origins }
}

function policy(revision: number, dice: (below: number) => number): Step {
  const resource = { kind: 'CiliumNetworkPolicy', namespace: 'default', name: `policy-${dice(100)}` } as const
  const spec = { endpointSelector: { matchLabels: { app: `app-${dice(IDENTITIES)}` } }, ingress: [] }
  const manifest = { kind: resource.kind, metadata: { name: resource.name, namespace: 'default' }, spec }
  const change = { digest: digestOf(manifest), rules: 1, revision: PolicyRevision(revision), replaces: null }
  return [POLICY_STREAM, { type: 'PolicyAdded', v: 1, resource, manifest, ...change }]
}

type Build = { readonly keys: PolicyMapKey[]; readonly revision: number; readonly dice: (below: number) => number }

/** One entry goes and another comes, so that maps keep their size. */
function* built(index: number, { keys, revision, dice }: Build): Generator<Step> {
  const endpoint = EndpointId(index + 1)
  const stream = endpointStream(NODE, endpoint)
  const base = { endpoint, v: 1 } as const
  yield [
    stream,
    { type: 'EndpointRegenerationRequested', ...base, trigger: 'policy-changed', level: 'no-rebuild', folded: false },
  ]
  const reads = { triggers: [], revision: PolicyRevision(revision), reads: '1' }
  yield [stream, { type: 'EndpointRegenerationStarted', ...base, build: revision, level: 'no-rebuild', ...reads }]
  const place = dice(keys.length)
  const gone = keys[place]!
  let come = keyOf(dice(4_000))
  while (keys.some((key) => key.port === come.port)) come = keyOf(dice(4_000))
  keys[place] = come
  yield written(endpoint, revision, [
    { key: come, before: null, after: entryOf(revision) },
    { key: gone, before: entryOf(1), after: null },
  ])
  yield succeeded(endpoint, { revision, identity: IdentityId(FIRST_IDENTITY + (index % IDENTITIES)) })
}

function written(endpoint: EndpointId, build: number, deltas: readonly PolicyMapDelta[]): Step {
  const event = { type: 'PolicyMapWritten', v: 1, endpoint, build, deltas, entries: ENTRIES, digest } as const
  return [endpointStream(NODE, endpoint), event]
}

function succeeded(
  endpoint: EndpointId,
  { revision, identity }: { readonly revision: number; readonly identity: IdentityId },
): Step {
  const result = { desiredDigest: digest, realizedDigest: digest, npdsVersion: null, programTag: null, phases: [] }
  const event = { type: 'EndpointRegenerationSucceeded', v: 1, endpoint, build: revision, identity } as const
  const enforced = { ingressEnforced: true, egressEnforced: false, redirects: [] }
  return [endpointStream(NODE, endpoint), { ...event, revision: PolicyRevision(revision), ...result, ...enforced }]
}

/** One append for each run of one stream, so that events stay in order. */
async function append(log: EventLog, steps: readonly Step[]): Promise<void> {
  const appends: Promise<AppendOutcome>[] = []
  for (let start = 0; start < steps.length; ) {
    const stream = steps[start]![0]
    let end = start + 1
    while (end < steps.length && steps[end]![0] === stream) end += 1
    const events = steps.slice(start, end).map(([, event]) => encoded(event))
    appends.push(log.append([{ stream, expected: 'any', events }]))
    start = end
  }
  const outcomes = await Promise.all(appends)
  if (outcomes.some(({ kind }) => kind !== 'appended')) throw new Error('the log did not take every event')
}

function encoded(event: HindcastEvent): UnstoredEvent {
  return encodeEvent({ id: randomUUID() as EventId, event, context })
}
