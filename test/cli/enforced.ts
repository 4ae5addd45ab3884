/** Plays the agent's part on a log: what the policies ask for now is written as if a datapath and a proxy had taken it. */
import { randomUUID } from 'node:crypto'
import { digestOf } from '../../events/canonical.ts'
import type { EventOf, HindcastEvent } from '../../events/catalogue.ts'
import { encodeEvent } from '../../events/codec.ts'
import {
  CorrelationId,
  type EndpointId,
  EventId,
  endpointStream,
  NodeName,
  nodeStream,
  PolicyRevision,
  type Port,
  type StreamName,
  Timestamp,
} from '../../events/ids.ts'
import type { Json } from '../../events/schema.ts'
import { type PolicyMap, policyMapDiff, policyMapDigest, policyMapOf } from '../../projections/datapath/policy-map.ts'
import { networkPolicyMessage } from '../../projections/policy/network-policy.ts'
import { engineOfWorld } from '../../projections/verdict/engine-of-world.ts'
import type { EndpointView, World } from '../../projections/world.ts'
import { worldAt } from '../../src/history/state-at.ts'
import { openSqliteLog } from '../../src/log/sqlite/log.ts'
import type { EventLog } from '../../src/ports/log.ts'

const NODE = NodeName('node1')
const PROXY_PORT = 14567

/** Every endpoint of node1 gets its identity where it has none, and its map and message as the policies ask for. */
export async function enforce(path: string): Promise<void> {
  await using log = openSqliteLog({ path, now: () => Timestamp(Date.now()) })
  const identified = await worldNow(log)
  for (const view of endpointsOf(identified)) {
    if (view.identity !== null) continue
    const found = [...identified.identities.values()].find(({ labels }) => labels.join() === view.labels.join())
    if (found === undefined) throw new Error(`no identity was allocated for ${view.name}`)
    const { endpoint, labels } = view
    await append(log, nodeStream(NODE), {
      type: 'EndpointIdentityChanged',
      v: 1,
      endpoint,
      identity: found.identity,
      labels,
    })
  }
  const world = await worldNow(log)
  for (const view of endpointsOf(world)) await build(log, world, view)
}

function endpointsOf(world: World): readonly EndpointView[] {
  return [...(world.nodes.get(NODE)?.endpoints.values() ?? [])]
}

async function worldNow(log: EventLog): Promise<World> {
  const head = await log.head()
  return worldAt(log, head === null ? null : { position: head, recordedAt: Timestamp(0) })
}

async function build(
  log: EventLog,
  world: World,
  { endpoint, identity, namedPorts, ipv4, policyMap }: EndpointView,
): Promise<void> {
  if (identity === null) throw new Error('the endpoint has an identity')
  const policy = engineOfWorld(world, NODE).resolve({ identity, namedPorts })
  if (policy.kind !== 'resolved') throw new Error(policy.reason)
  const ports = new Map(policy.redirects.map(({ id }) => [id, PROXY_PORT as Port]))
  const message = networkPolicyMessage(policy.networkPolicy, {
    endpoint,
    addresses: ipv4 === null ? [] : [ipv4],
    proxyPorts: ports,
  })
  const map = policyMapOf(policy.entries, ports)
  await publish(log, endpoint, message as unknown as Json)
  await append(log, endpointStream(NODE, endpoint), mapWritten(endpoint, policyMap, map))
  const digest = policyMapDigest(map)
  const { ingressEnforced, egressEnforced } = policy
  await append(log, endpointStream(NODE, endpoint), {
    type: 'EndpointRegenerationSucceeded',
    v: 1,
    endpoint,
    build: 1,
    revision: PolicyRevision(world.revision),
    identity,
    desiredDigest: digest,
    realizedDigest: digest,
    ingressEnforced,
    egressEnforced,
    redirects: [],
    npdsVersion: null,
    programTag: null,
    phases: [],
  })
}

function mapWritten(endpoint: EndpointId, before: PolicyMap, after: PolicyMap): EventOf<'PolicyMapWritten'> {
  const deltas = policyMapDiff(before, after)
  return {
    type: 'PolicyMapWritten',
    v: 1,
    endpoint,
    build: 1,
    deltas,
    entries: after.size,
    digest: policyMapDigest(after),
  }
}

async function publish(log: EventLog, endpoint: EndpointId, resource: Json): Promise<void> {
  await append(log, nodeStream(NODE), {
    type: 'XdsPublished',
    v: 1,
    xds: 'npds',
    version: '1.1',
    digest: digestOf(resource),
    changed: [{ name: String(endpoint), resource }],
    removed: [],
  })
  const answer = { version: '1.1', nonce: '1', client: 'proxy' }
  await append(log, nodeStream(NODE), { type: 'XdsAcked', v: 1, xds: 'npds', ...answer })
}

async function append(log: EventLog, stream: StreamName, event: HindcastEvent): Promise<void> {
  const context = {
    actor: { kind: 'agent', name: NODE },
    source: { kind: 'test', detail: '' },
    correlation: CorrelationId(randomUUID()),
    cause: null,
  } as const
  const unstored = encodeEvent({ id: EventId(randomUUID()), event, context })
  const outcome = await log.append([{ stream, expected: 'any', events: [unstored] }])
  if (outcome.kind !== 'appended') throw new Error('the log took no event')
}
