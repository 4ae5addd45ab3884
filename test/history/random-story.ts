/**
 * Stories that no person would write: events of every type that the world reads, in any order, over few names, so that things come, change,
 * go and come again. The same seed gives the same story.
 */

import { randomUUID } from 'node:crypto'
import { digestOf } from '../../events/canonical.ts'
import type { HindcastEvent } from '../../events/catalogue.ts'
import { encodeEvent, type UnstoredEvent } from '../../events/codec.ts'
import type { PolicyMapDelta, PolicyMapValue } from '../../events/fields.ts'
import {
  Cidr,
  CorrelationId,
  EndpointId,
  EventId,
  endpointStream,
  IDENTITY_STREAM,
  IdentityId,
  IpAddress,
  LabelText,
  NodeName,
  nodeStream,
  POLICY_STREAM,
  PolicyRevision,
  Port,
  type StreamName,
  type Timestamp,
} from '../../events/ids.ts'
import { DEFAULT_POLICY_OPTIONS } from '../../projections/policy/default-options.ts'
import { openMemoryLog } from '../../src/log/memory.ts'
import type { EventLog } from '../../src/ports/log.ts'

export type Step = readonly [stream: StreamName, event: HindcastEvent]

/** Mulberry32: a number in [0, below), whole. */
export function chance(seed: number): (below: number) => number {
  let state = seed >>> 0
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
}

type Dice = ReturnType<typeof chance>
type Maker = (dice: Dice, revision: PolicyRevision) => Step

const node = (dice: Dice): NodeName => NodeName(dice(4) === 0 ? 'node2' : 'node1')
const endpoint = (dice: Dice): EndpointId => EndpointId(1 + dice(4))
const identity = (dice: Dice): IdentityId => IdentityId(300 + dice(6))
const digest = digestOf('any')
const labels = (dice: Dice): readonly LabelText[] => [LabelText(`k8s:ship=${dice(5)}`)]

function value(dice: Dice): PolicyMapValue {
  const verdict = (['allow', 'deny', 'redirect'] as const)[dice(3)]!
  const origins = [`CiliumNetworkPolicy/default/rule${dice(3)}#/spec/ingress/0`]
  return { verdict, proxyPort: verdict === 'redirect' ? 10_000 : 0, precedence: dice(3), authType: 0, origins }
}

function delta(dice: Dice): PolicyMapDelta {
  const key = { direction: dice(2) === 0 ? 'ingress' : 'egress', identity: identity(dice) } as const
  const after = dice(3) === 0 ? null : value(dice)
  return { key: { ...key, protocol: 6, port: 80 + dice(3), portBits: 16 }, before: null, after }
}

const rule = (dice: Dice) => ({ kind: 'CiliumNetworkPolicy', namespace: 'default', name: `rule${dice(3)}` }) as const

function resource(dice: Dice): { readonly name: string; readonly resource: { readonly rule: number } } {
  return { name: `name ${dice(3)}`, resource: { rule: dice(4) } }
}

const POLICY: readonly Maker[] = [
  (dice, revision) => [
    POLICY_STREAM,
    {
      type: 'PolicyAdded',
      v: 1,
      resource: rule(dice),
      manifest: { n: dice(3) },
      digest,
      rules: 1,
      revision,
      replaces: null,
    },
  ],
  (dice, revision) => [POLICY_STREAM, { type: 'PolicyDeleted', v: 1, resource: rule(dice), digest, revision }],
]

const service = (dice: Dice) => ({ v: 1, namespace: 'default', name: `moon${dice(3)}` }) as const

/** Names and addresses that policies speak of. */
const FACTS: readonly Maker[] = [
  (dice) => {
    const prefixes = [Cidr(`198.51.${dice(3)}.0/24`)]
    const group = { type: 'CidrGroupSet', v: 1, name: `rim${dice(3)}`, prefixes } as const
    return [POLICY_STREAM, { ...group, labels: dice(2) === 0 ? {} : { sector: `${dice(2)}` } }]
  },
  (dice) => [POLICY_STREAM, { type: 'CidrGroupDeleted', v: 1, name: `rim${dice(3)}` }],
  (dice) => {
    const backends = [{ source: 'Endpoints/moon', addresses: [IpAddress(`203.0.113.${dice(4)}`)] }]
    return [POLICY_STREAM, { type: 'ServiceSet', ...service(dice), labels: dice(3) === 0 ? null : {}, backends }]
  },
  (dice) => [POLICY_STREAM, { type: 'ServiceDeleted', ...service(dice) }],
  (dice) => {
    const answer = { type: 'DnsAnswerLearned', v: 1, name: `moon${dice(3)}.example`, askedBy: null } as const
    const addresses = [IpAddress(`203.0.113.${dice(4)}`)]
    return [nodeStream(node(dice)), { ...answer, addresses, ttlSeconds: dice(3) === 0 ? null : dice(600) }]
  },
  (dice) => {
    const over = { type: 'DnsAnswerExpired', v: 1, name: `moon${dice(3)}.example`, reason: 'ttl' } as const
    return [nodeStream(node(dice)), { ...over, addresses: [IpAddress(`203.0.113.${dice(4)}`)] }]
  },
]

const ENDPOINT: readonly Maker[] = [
  (dice) => [
    nodeStream(node(dice)),
    {
      type: 'EndpointCreated',
      v: 1,
      endpoint: endpoint(dice),
      name: `default/ship${dice(3)}`,
      labels: labels(dice),
      ipv4: IpAddress(`10.0.0.${dice(9)}`),
      ipv6: null,
      device: null,
      mac: null,
      nodeMac: null,
      namedPorts: [],
    },
  ],
  (dice) => [nodeStream(node(dice)), { type: 'EndpointDeleted', v: 1, endpoint: endpoint(dice) }],
  (dice) => {
    const changed = { type: 'EndpointIdentityChanged', v: 1, endpoint: endpoint(dice) } as const
    return [nodeStream(node(dice)), { ...changed, identity: identity(dice), labels: labels(dice) }]
  },
  (dice) => {
    const to = dice(2) === 0 ? 'ready' : 'regenerating'
    return [
      nodeStream(node(dice)),
      { type: 'EndpointStateChanged', v: 1, endpoint: endpoint(dice), from: 'restoring', to, reason: 'test' },
    ]
  },
]

const BUILD: readonly Maker[] = [
  (dice) => {
    const id = endpoint(dice)
    const deltas = Array.from({ length: 1 + dice(4) }, () => delta(dice))
    return [
      endpointStream(node(dice), id),
      { type: 'PolicyMapWritten', v: 1, endpoint: id, build: 1, deltas, entries: 0, digest },
    ]
  },
  (dice, revision) => {
    const id = endpoint(dice)
    const started = { type: 'EndpointRegenerationStarted', v: 1, endpoint: id, build: 1, level: 'no-rebuild' } as const
    return [endpointStream(node(dice), id), { ...started, triggers: [], revision, reads: '1' }]
  },
  (dice, revision) => {
    const id = endpoint(dice)
    const enforced = { ingressEnforced: dice(2) === 0, egressEnforced: dice(2) === 0, redirects: [], npdsVersion: null }
    const done = { type: 'EndpointRegenerationSucceeded', v: 1, endpoint: id, build: 1, revision, phases: [] } as const
    const digests = { desiredDigest: digest, realizedDigest: digest, programTag: null, identity: identity(dice) }
    return [endpointStream(node(dice), id), { ...done, ...digests, ...enforced }]
  },
  (dice, revision) => {
    const id = endpoint(dice)
    const failed = { type: 'EndpointRegenerationFailed', v: 1, endpoint: id, build: 1, revision, phases: [] } as const
    const why = { phase: 'proxyWaitForAck', code: 'xds-nack', reason: `reason ${dice(3)}`, retryInMs: null }
    return [endpointStream(node(dice), id), { ...failed, ...why }]
  },
  (dice, revision) => {
    const id = endpoint(dice)
    return [
      endpointStream(node(dice), id),
      { type: 'EndpointRevisionBumped', v: 1, endpoint: id, from: PolicyRevision(1), to: revision },
    ]
  },
]

const NODE: readonly Maker[] = [
  (dice) => {
    const scoped = {
      type: 'IdentityAllocated',
      v: 1,
      identity: identity(dice),
      labels: labels(dice),
      prefix: null,
    } as const
    return dice(2) === 0
      ? [IDENTITY_STREAM, { ...scoped, scope: 'cluster' }]
      : [nodeStream(node(dice)), { ...scoped, scope: 'local' }]
  },
  (dice) => {
    const stream = dice(2) === 0 ? IDENTITY_STREAM : nodeStream(node(dice))
    return [stream, { type: 'IdentityReleased', v: 1, identity: identity(dice) }]
  },
  (dice) => {
    const entry = {
      type: 'IpcacheUpserted',
      v: 1,
      prefix: Cidr(`10.0.0.${dice(5)}/32`),
      identity: identity(dice),
    } as const
    return [
      nodeStream(node(dice)),
      { ...entry, tunnelEndpoint: null, encryptKey: 0, origin: 'user', skipTunnel: false },
    ]
  },
  (dice) => [nodeStream(node(dice)), { type: 'IpcacheDeleted', v: 1, prefix: Cidr(`10.0.0.${dice(5)}/32`) }],
  (dice) => {
    const name = node(dice)
    return [
      nodeStream(name),
      {
        type: 'AgentStarted',
        v: 2,
        node: name,
        version: '1',
        datapath: 'model',
        reason: '',
        options: DEFAULT_POLICY_OPTIONS,
      },
    ]
  },
  (dice) => {
    const name = node(dice)
    return [nodeStream(name), { type: 'AgentStopped', v: 1, node: name, reason: 'test' }]
  },
  (dice) => {
    const program = {
      type: 'ProgramLoaded',
      v: 1,
      endpoint: endpoint(dice),
      program: 'from_pod',
      device: 'lxc1',
    } as const
    const kernel = { tag: String(dice(3)), objectDigest: digest, hook: 'ingress', attach: 'tcx', pinnedAt: '' } as const
    return [nodeStream(node(dice)), { ...program, ...kernel }]
  },
  (dice) => [
    nodeStream(node(dice)),
    { type: 'ProgramUnloaded', v: 1, endpoint: endpoint(dice), program: 'from_pod', device: 'lxc1' },
  ],
  (dice) => [
    nodeStream(node(dice)),
    {
      type: 'XdsPublished',
      v: 1,
      xds: dice(2) === 0 ? 'npds' : 'lds',
      version: `1.${dice(3)}`,
      digest,
      changed: [resource(dice)],
      removed: dice(2) === 0 ? [] : [`name ${dice(3)}`],
    },
  ],
  (dice) => {
    const answer = {
      xds: dice(3) === 0 ? 'lds' : 'npds',
      version: `1.${dice(3)}`,
      nonce: '1',
      client: 'proxy',
    } as const
    const refusal = { running: null, detail: `reason ${dice(2)}` }
    const isRefused = dice(4) === 0
    const event = isRefused
      ? ({ type: 'XdsNacked', v: 1, ...answer, ...refusal } as const)
      : ({ type: 'XdsAcked', v: 1, ...answer } as const)
    return [nodeStream(node(dice)), event]
  },
  (dice) => {
    const port = { type: 'ProxyPortAllocated', v: 1, listener: 'cilium-http-ingress', parser: 'http' } as const
    return [nodeStream(node(dice)), { ...port, direction: 'ingress', port: Port(10_000 + dice(3)) }]
  },
]

const WRITE = BUILD.slice(0, 1)
const MAKERS = [POLICY, ENDPOINT, ENDPOINT, NODE, NODE, WRITE, WRITE, WRITE, WRITE, BUILD, FACTS]

/** Map writes are nearly half of it, as on a real log. */
export function randomStory(seed: number, length: number): readonly Step[] {
  const dice = chance(seed)
  let revision = 1
  return Array.from({ length }, () => {
    const kind = dice(11)
    if (kind === 0) revision += 1
    const makers = MAKERS[kind]!
    return makers[dice(makers.length)]!(dice, PolicyRevision(revision))
  })
}

/** On a log in memory, so with positions that are not dense; one millisecond apart. */
export async function randomLog(seed: number, length: number): Promise<EventLog> {
  let time = 1_700_000_000_000
  const tick = (): Timestamp => {
    time += 1
    return time as Timestamp
  }
  const log = openMemoryLog({ now: tick })
  await tell(log, randomStory(seed, length))
  return log
}

const CONTEXT = {
  actor: { kind: 'user', name: 'vader' },
  source: { kind: 'test', detail: '' },
  correlation: CorrelationId(randomUUID()),
  cause: null,
} as const

function encoded(event: HindcastEvent): UnstoredEvent {
  return encodeEvent({ id: EventId(randomUUID()), event, context: CONTEXT })
}

export async function tell(log: EventLog, steps: readonly Step[]): Promise<void> {
  await tellTimes(log, steps, 1)
}

/** So many times over, each with ids of its own: for long logs, where encoding would take longer than everything else. */
export async function tellTimes(log: EventLog, steps: readonly Step[], times: number): Promise<void> {
  const once = steps.map(([stream, event]) => ({ stream, event: encoded(event) }))
  const all = Array.from({ length: times }, () => once).flat()
  // Appended together, in this order, they share flushes.
  const outcomes = await Promise.all(
    all.map(({ stream, event }, index) => {
      const own = index < once.length ? event : { ...event, id: EventId(randomUUID()) }
      return log.append([{ stream, expected: 'any', events: [own] }])
    }),
  )
  if (outcomes.some(({ kind }) => kind !== 'appended')) throw new Error('the log did not take every event')
}
