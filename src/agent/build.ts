/**
 * One build of one endpoint, in Cilium's order: policy calculation, proxy ports and listeners, network policy, the proxy's acknowledgement,
 * program, map. It reads one situation, says which (`reads`), and ends as `EndpointRegenerationSucceeded` or `…Failed`.
 *
 * Invariants:
 * 1. Nothing is written to the map before the proxy has acknowledged what the map will point at; a redirect without a listener is a deny.
 * 2. The map is read back after it was written; only equal digests are a success.
 * 3. A failed build leaves, or puts back, the map and the network policy that were there before.
 */
import type { Logger } from 'pino'
import type { EventOf } from '../../events/catalogue.ts'
import { type EndpointId, endpointStream, nodeStream, type Port, type Position } from '../../events/ids.ts'
import type { Redirect } from '../../events/regeneration.ts'
import type { Json } from '../../events/schema.ts'
import type { AgentEndpoint } from '../../projections/agent/endpoint.ts'
import { servedOf } from '../../projections/agent/proxy.ts'
import {
  EMPTY_POLICY_MAP,
  type PolicyMap,
  policyMapDigest,
  policyMapOf,
} from '../../projections/datapath/policy-map.ts'
import type { UnresolvablePolicy } from '../../projections/policy/desired.ts'
import type { ResolvedPolicy } from '../../projections/policy/engine.ts'
import { httpListener, type ListenerOptions, listenerName } from '../../projections/xds/listeners.ts'
import type { NetworkPolicyMessage } from '../../projections/xds/messages.ts'
import type { Clock } from '../ports/clock.ts'
import { type Datapath, DatapathError, type LoadedProgram } from '../ports/datapath.ts'
import { beginBuild, endBuild, retryDelayMs } from '../react/builds.ts'
import { allocatePorts, type Listener, listenerOf, releasePorts } from '../react/proxy-ports.ts'
import type { Fact } from '../react/situation.ts'
import { ensure } from './end.ts'
import type { Journal } from './journal.ts'
import { mapWritten, readMap, reconciled, writeMap } from './map-sync.ts'
import type { Permits } from './permits.ts'
import { type PhaseName, Phases } from './phases.ts'
import type { PolicyView } from './policy-view.ts'
import type { Published, Publisher } from './publisher.ts'
import type { View } from './view.ts'

export type BuildTools = {
  readonly view: View
  readonly journal: Journal
  readonly policy: PolicyView
  readonly datapath: Datapath
  readonly npds: Publisher
  readonly lds: Publisher
  readonly permits: Permits
  readonly clock: Clock
  readonly listeners: ListenerOptions
  readonly logger: Logger
}

type Resolved = Exclude<ResolvedPolicy, UnresolvablePolicy>

/** What a build has begun with. */
type Begun = {
  readonly id: EndpointId
  readonly started: EventOf<'EndpointRegenerationStarted'>
  readonly endpoint: AgentEndpoint
  readonly reads: Position
  readonly resolved: ResolvedPolicy
  /** The network policy that belongs to the map that is in force. */
  readonly networkPolicy: Json | null
}

/** The build comes to nothing, for a reason that lies outside. */
class BuildFailed extends Error {
  override readonly name = 'BuildFailed'
  readonly code: string
  /** False where nothing gets better until a policy or an identity changes. */
  readonly retry: boolean

  constructor(code: string, reason: string, { retry }: { readonly retry: boolean } = { retry: true }) {
    super(reason)
    this.code = code
    this.retry = retry
  }
}

/** Does nothing where no build is pending. Rejects with `AgentEnd` only; everything else ends the build and not the agent. */
export async function buildEndpoint(tools: BuildTools, id: EndpointId): Promise<void> {
  const phases = new Phases(tools.clock)
  const { permits } = tools
  const begun = await permits.hold(() => begin(tools, phases, id))
  if (begun === null) return
  try {
    const { resolved } = begun
    if (resolved.kind === 'unresolvable') throw new BuildFailed(resolved.code, resolved.reason, { retry: false })
    const proxied = await toProxy(tools, phases, begun, resolved)
    await permits.hold(() => toDatapath(tools, phases, begun, resolved, proxied))
  } catch (error) {
    const failure = asFailure(error)
    if (failure === null) throw error
    await fail(tools, phases, begun, failure)
  }
}

async function begin(tools: BuildTools, phases: Phases, id: EndpointId): Promise<Begun | null> {
  const { journal, view, policy } = tools
  let begun: Begun | null = null
  await journal.commit((now) => {
    begun = null
    const endpoint = now.state.endpoints.get(id)
    // Something is said about it in this very append; the policy view does not know that yet. The worker comes back.
    if (endpoint === undefined || endpoint !== view.now.state.endpoints.get(id)) return []
    const reads = view.position
    const facts = beginBuild(now, id, reads)
    const started = facts[0]?.event
    if (started?.type !== 'EndpointRegenerationStarted' || endpoint.identity === null) return []
    const subject = { identity: endpoint.identity, namedPorts: endpoint.created.namedPorts }
    const resolved = phases.measureNow('policyCalculation', () => policy.resolve(subject))
    begun = { id, started, endpoint, reads, resolved, networkPolicy: servedPolicy(view, id) }
    return facts
  })
  return begun
}

/** What the proxy has acknowledged for this build. */
type Proxied = {
  /** By redirect id. */
  readonly ports: ReadonlyMap<string, Port>
  /** Null where no redirect needed the proxy. */
  readonly npdsVersion: string | null
}

async function toProxy(tools: BuildTools, phases: Phases, begun: Begun, resolved: Resolved): Promise<Proxied> {
  const { npds, logger } = tools
  const wanted = new Map(resolved.redirects.map((redirect) => [redirect.id, listenerOf(redirect)]))
  const policy = networkPolicyOf(begun, resolved)
  const listeners = policy === null ? [] : [...wanted.values()].filter((listener) => listener !== null)
  if (listeners.length < wanted.size) {
    logger.warn(
      { endpoint: begun.id, redirects: [...wanted.keys()] },
      'some redirects have no listener and stay denied',
    )
  }
  const opening = await phases.measure('proxyConfiguration', () => openListeners(tools, begun, listeners))
  const offer = { name: String(begun.id), resource: policy, cause: begun.reads }
  if (opening === null) {
    phases.measureNow('proxyPolicyCalculation', () => npds.put(offer))
    return { ports: new Map(), npdsVersion: null }
  }
  const offered = phases.measureNow('proxyPolicyCalculation', () => npds.offer(offer))
  const [opened, published] = await phases.measure('proxyWaitForAck', () => Promise.all([opening.outcome, offered]))
  if (opened.kind === 'refused') await giveBackPorts(tools, begun, listeners)
  expectAcked(opened, 'lds')
  const npdsVersion = expectAcked(published, 'npds')
  const ports = new Map<string, Port>()
  for (const [redirect, listener] of wanted) {
    const port = listener === null ? undefined : opening.ports.get(listener.listener)
    if (port !== undefined) ports.set(redirect, port)
  }
  return { ports, npdsVersion }
}

/** Null where the endpoint has no address: a proxy could not know it. */
function networkPolicyOf({ endpoint }: Begun, { networkPolicy }: Resolved): NetworkPolicyMessage | null {
  const { ipv4, ipv6, endpoint: endpointId } = endpoint.created
  const endpointIps = [ipv6, ipv4].filter((address) => address !== null)
  if (endpointIps.length === 0) return null
  const { ingress, egress } = networkPolicy
  return { endpointIps, endpointId, ingressPerPortPolicies: ingress, egressPerPortPolicies: egress }
}

type Opening = { readonly ports: ReadonlyMap<string, Port>; readonly outcome: Promise<Published> }

/** Null where no listener is wanted. The outcome is of the last one: it is served together with, or after, the others. */
async function openListeners(
  { journal, lds, view, listeners: options }: BuildTools,
  { reads }: Begun,
  listeners: readonly Listener[],
): Promise<Opening | null> {
  if (listeners.length === 0) return null
  await journal.commit((now) => allocatePorts(now, listeners, reads))
  const { ports } = view.now.state.proxy
  const offers = [...new Map(listeners.map((listener) => [listener.listener, listener])).values()].flatMap(
    (listener) => {
      const port = ports.get(listener.listener)?.port
      if (port === undefined) return []
      const spec = { listener: listener.listener, direction: listener.direction, port }
      return [lds.offer({ name: listenerName(spec), resource: httpListener(spec, options), cause: reads })]
    },
  )
  const outcome = Promise.all(offers).then((all) => all.find(({ kind }) => kind !== 'acked') ?? all[0]!)
  return { ports: new Map([...ports].map(([name, { port }]) => [name, port])), outcome }
}

async function giveBackPorts(
  { journal, lds, view }: BuildTools,
  { reads }: Begun,
  listeners: readonly Listener[],
): Promise<void> {
  const { ports } = view.now.state.proxy
  for (const { listener } of listeners) {
    const port = ports.get(listener)?.port
    if (port !== undefined) lds.put({ name: listenerName({ listener, port }), resource: null, cause: reads })
  }
  await journal.commit((now) => releasePorts(now, listeners, reads))
}

function expectAcked(published: Published, xds: 'npds' | 'lds'): string {
  switch (published.kind) {
    case 'acked':
      return published.version
    case 'refused':
      throw new BuildFailed(`${xds}-nacked`, published.detail)
    case 'deadline':
      throw new BuildFailed(
        'proxy-deadline',
        `${xds} is not acknowledged by ${published.missing.join(', ') || 'a proxy'}`,
      )
    case 'no-client':
      throw new BuildFailed('proxy-not-connected', `no proxy is connected to take ${xds}`)
  }
}

async function toDatapath(
  tools: BuildTools,
  phases: Phases,
  begun: Begun,
  resolved: Resolved,
  proxied: Proxied,
): Promise<void> {
  const { datapath, view } = tools
  const { id, started } = begun
  const present = await phases.measure('mapSync', () => readMap(datapath, id))
  const load = present === null || started.level === 'rewrite+load'
  const tag = load ? await phases.measure('loadProgram', () => loadProgram(tools, begun)) : tagOf(view, id)
  const desired = policyMapOf(resolved.entries, proxied.ports)
  checkDesired(desired, proxied)
  const realised = await phases.measure('mapSync', () => syncMap(tools, begun, desired))
  const desiredDigest = policyMapDigest(desired)
  if (policyMapDigest(realised) !== desiredDigest) {
    throw new BuildFailed('map-differs', 'the map reads back differently from what was written')
  }
  await succeed(tools, phases, begun, { resolved, proxied, desired, tag })
}

function checkDesired(desired: PolicyMap, { ports, npdsVersion }: Proxied): void {
  const known = new Set<number>(ports.values())
  for (const { value } of desired.values()) {
    ensure(value.verdict === 'redirect' || value.proxyPort === 0, 'only a redirect names a proxy port')
    if (value.verdict !== 'redirect') continue
    ensure(known.has(value.proxyPort), 'a redirect goes to a port on which the proxy listens')
    ensure(npdsVersion !== null, 'the proxy acknowledged the policy before the map points at it')
  }
}

async function loadProgram(
  { datapath, journal, view }: BuildTools,
  { id, endpoint, reads }: Begun,
): Promise<string | null> {
  const { created, identity } = endpoint
  if (identity === null) throw new TypeError(`endpoint ${id} is built without an identity`)
  const { ipv4, device, mac, nodeMac } = created
  const loaded = await datapath.attachEndpoint({ endpoint: id, identity, ipv4, device, mac, nodeMac })
  const stream = nodeStream(view.now.state.node)
  await journal.commit(({ state }) => {
    const before = state.endpoints.get(id)?.programs ?? new Map<string, EventOf<'ProgramLoaded'>>()
    const keys = new Set(loaded.map((program) => `${program.program}/${program.device}`))
    const gone = [...before]
      .filter(([key]) => !keys.has(key))
      .map(([, { program, device }]): Fact => {
        return { stream, event: { type: 'ProgramUnloaded', v: 1, endpoint: id, program, device }, cause: reads }
      })
    const changed = loaded.filter((program) => !isSame(before.get(`${program.program}/${program.device}`), program))
    const news = changed.map((program): Fact => {
      return { stream, event: { type: 'ProgramLoaded', v: 1, endpoint: id, ...program }, cause: reads }
    })
    return [...gone, ...news]
  })
  return loaded[0]?.tag ?? null
}

function isSame(before: EventOf<'ProgramLoaded'> | undefined, program: LoadedProgram): boolean {
  if (before === undefined) return false
  const { tag, objectDigest, hook, attach, pinnedAt } = program
  return (
    before.tag === tag &&
    before.objectDigest === objectDigest &&
    before.hook === hook &&
    before.attach === attach &&
    before.pinnedAt === pinnedAt
  )
}

function tagOf(view: View, id: EndpointId): string | null {
  const [first] = view.now.state.endpoints.get(id)?.programs.values() ?? []
  return first?.tag ?? null
}

/** Records first what is there and should not be; puts back what was there where the writing fails half-way. */
async function syncMap(tools: BuildTools, begun: Begun, desired: PolicyMap): Promise<PolicyMap> {
  const { datapath } = tools
  const { id } = begun
  const found = await recordFound(tools, id)
  try {
    return await writeMap(datapath, id, found, desired)
  } catch (error) {
    if (!(error instanceof DatapathError)) throw error
    await putBack(tools, id, found)
    throw error
  }
}

/** What the datapath holds, with its divergence from the log recorded. */
export async function recordFound(
  { datapath, journal, view }: Pick<BuildTools, 'datapath' | 'journal' | 'view'>,
  id: EndpointId,
): Promise<PolicyMap> {
  const recorded = view.now.state.endpoints.get(id)?.policyMap ?? EMPTY_POLICY_MAP
  const found = reconciled(recorded, (await readMap(datapath, id)) ?? EMPTY_POLICY_MAP)
  if (found === recorded) return found
  const stream = endpointStream(view.now.state.node, id)
  await journal.commit(({ state }) => {
    const endpoint = state.endpoints.get(id)
    const event = endpoint === undefined ? null : mapWritten(id, null, endpoint.policyMap, found)
    return event === null ? [] : [{ stream, event, cause: null }]
  })
  return found
}

/** As well as it goes: what still differs afterwards is recorded as found by the next build or comparison. */
async function putBack({ datapath, logger }: BuildTools, id: EndpointId, before: PolicyMap): Promise<void> {
  try {
    const now = (await readMap(datapath, id)) ?? EMPTY_POLICY_MAP
    await writeMap(datapath, id, now, before)
  } catch (error) {
    if (!(error instanceof DatapathError)) throw error
    logger.error(
      { endpoint: id, error: error.message },
      'the policy map of before a failed build could not be put back',
    )
  }
}

type Success = {
  readonly resolved: Resolved
  readonly proxied: Proxied
  readonly desired: PolicyMap
  readonly tag: string | null
}

async function succeed(
  { journal, view }: BuildTools,
  phases: Phases,
  { id, started, endpoint, reads }: Begun,
  { resolved, proxied, desired, tag }: Success,
): Promise<void> {
  const digest = policyMapDigest(desired)
  if (endpoint.identity === null) throw new TypeError(`endpoint ${id} is built without an identity`)
  const end: EventOf<'EndpointRegenerationSucceeded'> = {
    type: 'EndpointRegenerationSucceeded',
    v: 1,
    endpoint: id,
    build: started.build,
    revision: started.revision,
    identity: endpoint.identity,
    desiredDigest: digest,
    realizedDigest: digest,
    ingressEnforced: resolved.ingressEnforced,
    egressEnforced: resolved.egressEnforced,
    redirects: redirectsOf(id, resolved, proxied),
    npdsVersion: proxied.npdsVersion,
    programTag: tag,
    phases: phases.toList(),
  }
  const stream = endpointStream(view.now.state.node, id)
  await journal.commit((now) => {
    const current = now.state.endpoints.get(id)
    if (current !== undefined && current.running?.build !== started.build)
      return endBuild(now, replaced(end), [], reads)
    const event = mapWritten(id, started.build, current?.policyMap ?? EMPTY_POLICY_MAP, desired)
    return endBuild(now, end, event === null ? [] : [{ stream, event, cause: reads }], reads)
  })
}

/** The endpoint was deleted and its id given to another one meanwhile; what was built goes before that one's first build. */
function replaced({
  endpoint,
  build,
  revision,
  phases,
}: EventOf<'EndpointRegenerationSucceeded'>): EventOf<'EndpointRegenerationFailed'> {
  const reason = 'the id belongs to another endpoint now'
  const code = 'endpoint-replaced'
  return {
    type: 'EndpointRegenerationFailed',
    v: 1,
    endpoint,
    build,
    revision,
    phase: 'mapSync',
    code,
    reason,
    retryInMs: null,
    phases,
  }
}

function redirectsOf(id: EndpointId, { redirects }: Resolved, { ports }: Proxied): readonly Redirect[] {
  return redirects.flatMap((redirect) => {
    const proxyPort = ports.get(redirect.id)
    if (proxyPort === undefined) return []
    const { direction, protocol, port, parser } = redirect
    return [{ id: `${id}:${redirect.id}`, direction, protocol, port, parser, proxyPort }]
  })
}

type Failure = { readonly code: string; readonly reason: string; readonly retry: boolean }

/** Null for what is no outcome of a build: the agent's end, or a bug. */
function asFailure(error: unknown): Failure | null {
  if (error instanceof BuildFailed) return { code: error.code, reason: error.message, retry: error.retry }
  if (error instanceof DatapathError) return { code: error.code, reason: error.message, retry: true }
  return null
}

async function fail(tools: BuildTools, phases: Phases, begun: Begun, failure: Failure): Promise<void> {
  const { journal, logger } = tools
  const { id, started, reads } = begun
  const phase: PhaseName = phases.current
  await revertNetworkPolicy(tools, begun)
  logger.warn({ endpoint: id, build: started.build, phase, ...failure }, 'a build failed; what was in force stays')
  await journal.commit((now) => {
    const failures = (now.state.endpoints.get(id)?.failures ?? 0) + 1
    const end: EventOf<'EndpointRegenerationFailed'> = {
      type: 'EndpointRegenerationFailed',
      v: 1,
      endpoint: id,
      build: started.build,
      revision: started.revision,
      phase,
      code: failure.code,
      reason: failure.reason,
      retryInMs: failure.retry ? retryDelayMs(failures) : null,
      phases: phases.toList(),
    }
    return endBuild(now, end, [], reads)
  })
}

/** The proxy goes back to the policy that belongs to the map that is in force. What it refused itself is taken back already. */
async function revertNetworkPolicy({ npds, view }: BuildTools, { id, networkPolicy, reads }: Begun): Promise<void> {
  if (servedPolicy(view, id) === networkPolicy) return
  await npds.offer({ name: String(id), resource: networkPolicy, cause: reads })
}

function servedPolicy(view: View, id: EndpointId): Json | null {
  const { state } = view.now
  return servedOf(state.proxy, nodeStream(state.node), 'npds').resources.get(String(id)) ?? null
}
