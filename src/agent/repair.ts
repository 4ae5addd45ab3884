/**
 * Puts a node's kernel back to what the log says, from a process that is not the agent.
 *
 * Invariants:
 * 1. Where an agent runs, it alone writes policy maps: what was found is written down and a build is asked for, just as after the agent's own
 *    comparison. Only where nobody begins that build is the map written from here.
 * 2. What is written from here is what the last successful build left. It is appended at exactly the revisions that it was decided from; where
 *    somebody else was faster, everything is looked at again.
 * 3. Whatever point this ends at, the kernel holds what the log says, or a later comparison still finds what is left.
 */
import type { EventOf } from '../../events/catalogue.ts'
import { encodeEvent } from '../../events/codec.ts'
import {
  type Cidr,
  type EndpointId,
  type EventId,
  endpointStream,
  type NodeName,
  nodeStream,
} from '../../events/ids.ts'
import type { EventContext } from '../../events/recorded.ts'
import { EMPTY_POLICY_MAP, type PolicyMap } from '../../projections/datapath/policy-map.ts'
import type { Datapath, IpcacheEntry } from '../ports/datapath.ts'
import type { EventLog } from '../ports/log.ts'
import { requestBuild } from '../react/requests.ts'
import type { Fact } from '../react/situation.ts'
import { programFacts } from './build-datapath.ts'
import { entryOf, ipcacheChange } from './ipcache.ts'
import { mapWritten, readMap, reconciled, writeMap } from './map-sync.ts'
import { NodeReader } from './node-reader.ts'

export type RepairPorts = {
  readonly log: EventLog
  readonly node: NodeName
  readonly datapath: Datapath
  /** Of the datapath, or of one that can load programs where this one only writes. */
  readonly attach: Datapath['attachEndpoint']
  readonly context: EventContext
  readonly newId: () => EventId
  readonly pause: () => Promise<void>
  /** Pauses for which an agent may leave a wish alone before it counts as gone. */
  readonly pausesMax: number
}

export type Repaired =
  /** The agent has built it again. */
  | { readonly kind: 'built'; readonly build: number }
  /** Written from here: no agent runs, or none answers. */
  | { readonly kind: 'written'; readonly changes: number }
  | { readonly kind: 'failed'; readonly reason: string }

/** What was in the kernel before the first write, while the log said `recorded`. */
type Seen = { readonly kind: 'seen'; readonly recorded: PolicyMap; readonly found: PolicyMap }

/** A writer that loses so often has met something that is wrong. */
const ATTEMPTS_MAX = 20

/** `attach`: also the programs, and how they find the endpoint and its map. */
export async function repairEndpoint(ports: RepairPorts, id: EndpointId, attach: boolean): Promise<Repaired> {
  const reader = new NodeReader(ports.log, ports.node)
  await reader.readOn()
  const { state } = reader
  if (state.agent !== null && !state.stopped) {
    const built = await askAgent(ports, reader, id)
    if (built !== null) return built
  }
  let seen: Seen | null = null
  for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt += 1) {
    const outcome: Repaired | Seen = await writeEndpoint(ports, reader, { id, attach, seen })
    if (outcome.kind !== 'seen') return outcome
    seen = outcome
    await ports.pause()
  }
  return { kind: 'failed', reason: 'others wrote to the endpoint all the time' }
}

/** A policy map, programs and addresses of an endpoint that the log does not know. False where it knows it by now. */
export async function removeStranger({ log, node, datapath }: RepairPorts, id: EndpointId): Promise<boolean> {
  const reader = new NodeReader(log, node)
  await reader.readOn()
  if (reader.state.endpoints.has(id)) return false
  await datapath.detachEndpoint(id)
  return true
}

/**
 * Gives the number of prefixes that were written or taken away. Each that this node's stream speaks of, or nobody, is on the log once more; what
 * follows from another node's events follows from them still.
 */
export async function repairIpcache(ports: RepairPorts): Promise<number> {
  const { log, node, datapath } = ports
  const reader = new NodeReader(log, node)
  const done = new Map<Cidr, EventOf<'IpcacheUpserted'> | null>()
  for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt += 1) {
    await reader.readOn()
    const { ipcache, desiredIpcache } = reader.state
    const known = new Map((await datapath.readIpcache()).map((entry) => [entry.prefix, entry]))
    const target = new Map<Cidr, IpcacheEntry>([...desiredIpcache].map(([prefix, event]) => [prefix, entryOf(event)]))
    const change = ipcacheChange(known, target)
    const changed = [...change.upserts.map(({ prefix }) => prefix), ...change.removals]
    for (const prefix of changed) done.set(prefix, desiredIpcache.get(prefix) ?? null)
    if (change.upserts.length + change.removals.length > 0) await datapath.writeIpcache(change)
    // What the agent has changed since is the agent's.
    const facts = [...done]
      .filter(([prefix, event]) => (ipcache.get(prefix) ?? null) === event)
      .map(([prefix, event]): Fact => {
        const said = event ?? ({ type: 'IpcacheDeleted', v: 1, prefix } as const)
        return { stream: nodeStream(node), event: said, cause: null }
      })
    if (facts.length === 0 || (await append(ports, reader, facts))) return done.size
    await ports.pause()
  }
  return done.size
}

/** Null where no agent begins the build. */
async function askAgent(ports: RepairPorts, reader: NodeReader, id: EndpointId): Promise<Repaired | null> {
  const asked = await request(ports, reader, id)
  if (!asked) return null
  const before = reader.state.builds.get(id) ?? 0
  for (let waited = 0; waited < ports.pausesMax; ) {
    await ports.pause()
    await reader.readOn()
    const endpoint = reader.state.endpoints.get(id)
    if (endpoint === undefined) return { kind: 'failed', reason: 'the endpoint went meanwhile' }
    const build = reader.state.builds.get(id) ?? 0
    // A build that has begun shows an agent that lives: its own deadlines end it.
    if (build === before) waited += 1
    else if (endpoint.running === null && endpoint.pending === null) {
      const { failure } = endpoint
      return failure === null ? { kind: 'built', build } : { kind: 'failed', reason: `build ${build}: ${failure.code}` }
    }
  }
  return null
}

/** False where others are faster all the time, or the endpoint cannot be built. */
async function request(ports: RepairPorts, reader: NodeReader, id: EndpointId): Promise<boolean> {
  for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt += 1) {
    const endpoint = reader.state.endpoints.get(id)
    if (endpoint === undefined) return false
    const stream = endpointStream(ports.node, id)
    // In the middle of a build the map is the builder's; the next build finds what is left.
    const found = endpoint.running === null ? await mapIn(ports, id, endpoint.policyMap) : endpoint.policyMap
    const event = mapWritten(id, null, endpoint.policyMap, found)
    const wish = { trigger: 'divergence', level: 'rewrite+load', cause: null } as const
    const asked = requestBuild(reader.state, endpoint, wish)
    if (asked.length === 0) return false
    const seen: readonly Fact[] = event === null ? [] : [{ stream, event, cause: null }]
    if (await append(ports, reader, [...seen, ...asked])) return true
    await ports.pause()
    await reader.readOn()
  }
  return false
}

/** `seen` where somebody else wrote to the log meanwhile. */
async function writeEndpoint(
  ports: RepairPorts,
  reader: NodeReader,
  { id, attach, seen }: { readonly id: EndpointId; readonly attach: boolean; readonly seen: Seen | null },
): Promise<Repaired | Seen> {
  await reader.readOn()
  const endpoint = reader.state.endpoints.get(id)
  if (endpoint === undefined || endpoint.leaving || endpoint.identity === null) {
    return { kind: 'failed', reason: 'the endpoint is not there any more' }
  }
  if (endpoint.realised === null) return { kind: 'failed', reason: 'it was never built: an agent must build it' }
  const { identity, created, policyMap: recorded } = endpoint
  const { ipv4, device, mac, nodeMac } = created
  const target = reader.realisedMap(id)
  const loaded = attach ? await ports.attach({ endpoint: id, identity, ipv4, device, mac, nodeMac }) : []
  const now = await mapIn(ports, id, recorded)
  await writeMap(ports.datapath, id, now, target)
  const found = seen?.recorded === recorded ? seen.found : now
  const written = [mapWritten(id, null, recorded, found), mapWritten(id, null, found, target)].filter((e) => e !== null)
  const facts = [
    ...programFacts(id, new Map(), loaded).map((event) => ({ stream: nodeStream(ports.node), event })),
    ...written.map((event) => ({ stream: endpointStream(ports.node, id), event })),
  ].map((fact): Fact => ({ ...fact, cause: null }))
  if (facts.length > 0 && !(await append(ports, reader, facts))) return { kind: 'seen', recorded, found }
  return { kind: 'written', changes: loaded.length + (written.at(-1)?.deltas.length ?? 0) }
}

async function mapIn({ datapath }: RepairPorts, id: EndpointId, recorded: PolicyMap): Promise<PolicyMap> {
  return reconciled(recorded, (await readMap(datapath, id)) ?? EMPTY_POLICY_MAP)
}

/** False at a conflict: the log has gone on. */
async function append(ports: RepairPorts, reader: NodeReader, facts: readonly Fact[]): Promise<boolean> {
  const { log, context, newId } = ports
  const byStream = Map.groupBy(facts, ({ stream }) => stream)
  const outcome = await log.append(
    [...byStream].map(([stream, said]) => ({
      stream,
      expected: reader.head(stream),
      events: said.map(({ event }) => encodeEvent({ id: newId(), event, context })),
    })),
  )
  return outcome.kind === 'appended'
}
