/**
 * Where a replay of a part of a log begins: some way before the part, with the state of that moment from the read model, so that its cost does not
 * depend on how much stands before.
 *
 * What is assumed, then: that the read model is what the log folds to (it is never trusted where it is of another log or fold), and that every
 * endpoint with a policy was resolved by the agent that ran. What a build or a reaction read before the beginning is not known, so those count as
 * not done again; on the way to the part itself they come to their end. The first write to a map that does not add up says so by its digest.
 */
import { decodeBody } from '../../../events/codec.ts'
import {
  type EndpointId,
  endpointStream,
  type NodeName,
  nodeStream,
  Position,
  type StreamName,
} from '../../../events/ids.ts'
import type { XdsType } from '../../../events/node.ts'
import type { PolicyOptions } from '../../../events/policy-options.ts'
import type { AgentEndpoint, RunningBuild } from '../../../projections/agent/endpoint.ts'
import { NO_PROXY } from '../../../projections/agent/proxy.ts'
import { type AgentState, agentState } from '../../../projections/agent/state.ts'
import { policyMapDigest } from '../../../projections/datapath/policy-map.ts'
import type { PolicyChange } from '../../../projections/policy/engine.ts'
import { changesOfWorld } from '../../../projections/verdict/engine-of-world.ts'
import type { EndpointView, NodeView, World } from '../../../projections/world.ts'
import { type ServedSnapshot, servedBy, snapshotDigest } from '../../../projections/xds/snapshot.ts'
import type { EventLog } from '../../ports/log.ts'
import type { ReadModel } from '../../ports/read-model.ts'
import { worldFrom } from '../state-at.ts'

export type NodeStart = {
  readonly state: AgentState
  /** What the policy engine knows. */
  readonly changes: readonly PolicyChange[]
  readonly options: PolicyOptions
}

export type ReplayStart = {
  /** The last event that is in the state; null: the log is folded from its first event. */
  readonly after: Position | null
  readonly nodes: ReadonlyMap<NodeName, NodeStart>
}

const FROM_THE_BEGINNING: ReplayStart = { after: null, nodes: new Map() }

export type StartQuestion = {
  readonly log: EventLog
  readonly model: ReadModel
  readonly from: Position
  readonly nodes: readonly NodeName[]
  /** Events between the state and the part. */
  readonly lead: number
}

/** Throws `DecodeError`. */
export async function startBefore({ log, model, from, nodes, lead }: StartQuestion): Promise<ReplayStart> {
  const after = await positionBefore(log, from, lead)
  if (after === null) return FROM_THE_BEGINNING
  const world = worldFrom(model, after)
  const starts = new Map<NodeName, NodeStart>()
  for (const node of nodes) {
    const view = world.nodes.get(node)
    if (view === undefined) continue
    const running = await runningBuilds(log, after, node, view)
    starts.set(node, {
      state: stateOf(world, { node, view, running }),
      changes: changesOfWorld(world, node),
      options: view.options,
    })
  }
  return { after, nodes: starts }
}

/** Null where less than `lead` events stand before. */
async function positionBefore(log: EventLog, from: Position, lead: number): Promise<Position | null> {
  let [seen, last] = [0, from]
  for await (const batch of log.readAll({ direction: 'backwards', after: from, limit: lead })) {
    seen += batch.length
    last = batch.at(-1)?.position ?? last
  }
  return seen < lead ? null : last
}

type Running = ReadonlyMap<EndpointId, RunningBuild>

/** A write of a build that is under way at the beginning counts only where the build is known. Such a build has begun shortly before. */
async function runningBuilds(
  log: EventLog,
  after: Position,
  node: NodeName,
  { endpoints }: NodeView,
): Promise<Running> {
  const running = new Map<EndpointId, RunningBuild>()
  for (const { endpoint, building } of endpoints.values()) {
    if (building === null) continue
    const event = await lastStarted(log, after, endpointStream(node, endpoint))
    if (event !== null) running.set(endpoint, event)
  }
  return running
}

async function lastStarted(log: EventLog, at: Position, stream: StreamName): Promise<RunningBuild | null> {
  const filter = { types: ['EndpointRegenerationStarted'], streamPrefixes: [stream], limit: 1 }
  for await (const [stored] of log.readAll({ direction: 'backwards', after: Position(at + 1n), ...filter })) {
    const event = stored === undefined ? null : decodeBody(stored)
    return event?.type === 'EndpointRegenerationStarted' ? event : null
  }
  return null
}

function stateOf(
  { revision }: World,
  { node, view, running }: { readonly node: NodeName; readonly view: NodeView; readonly running: Running },
): AgentState {
  const served = new Map([
    [
      nodeStream(node),
      { npds: snapshotOf(view, 'npds'), nphds: snapshotOf(view, 'nphds'), lds: snapshotOf(view, 'lds') },
    ],
  ])
  return {
    ...agentState(node).initial,
    revision,
    reacted: revision,
    endpoints: view.endpoints.map((endpoint) => endpointOf(endpoint, running.get(endpoint.endpoint) ?? null)),
    proxy: { ...NO_PROXY, served },
  }
}

function snapshotOf({ xds }: NodeView, type: XdsType): ServedSnapshot {
  const nothing = servedBy(new Map(), nodeStream('none' as NodeName), type)
  const served = xds.get(type)
  if (served === undefined) return nothing
  const resources = new Map(served.resources)
  return { ...nothing, version: served.version, resources, digest: snapshotDigest(resources) }
}

/** What nobody asks about here is left at its beginning: devices, requests that wait, failures. */
function endpointOf(view: EndpointView, running: RunningBuild | null): AgentEndpoint {
  const { endpoint, name, labels, ipv4, ipv6, namedPorts, identity, state, revision, redirects, policyMap } = view
  const unknown = { device: null, mac: null, nodeMac: null }
  const digest = policyMapDigest(policyMap)
  return {
    created: { type: 'EndpointCreated', v: 1, endpoint, name, labels, ipv4, ipv6, namedPorts, ...unknown },
    createdAt: Position(0n),
    identity,
    state,
    leaving: false,
    stale: false,
    pending: null,
    running,
    reads: null,
    failures: 0,
    failure: null,
    realised: revision === null ? null : { revision, digest, redirects, npdsVersion: null },
    policyMap,
    programs: new Map(),
  }
}
