/**
 * One build of one endpoint, in Cilium's order: policy calculation, proxy ports and listeners, network policy, the proxy's acknowledgement,
 * program, map, ipcache. It reads one situation, says which (`reads`), and ends as `EndpointRegenerationSucceeded` or `…Failed`.
 *
 * Invariants:
 * 1. Nothing is written to the map before the proxy has acknowledged what the map will point at; a redirect without a listener is a deny.
 * 2. The map is read back after it was written; only equal digests are a success.
 * 3. A failed build leaves, or puts back, the map and the network policy that were there before.
 */
import type { EventOf } from '../../events/catalogue.ts'
import { type EndpointId, endpointStream } from '../../events/ids.ts'
import type { Redirect } from '../../events/regeneration.ts'
import { EMPTY_POLICY_MAP, policyMapDigest } from '../../projections/datapath/policy-map.ts'
import { DatapathError } from '../ports/datapath.ts'
import { beginBuild, endBuild, retryDelayMs } from '../react/builds.ts'
import type { Situation } from '../react/situation.ts'
import { type Enforced, toDatapath } from './build-datapath.ts'
import { type Proxied, revertNetworkPolicy, servedPolicy, toProxy } from './build-proxy.ts'
import { type Begun, BuildFailed, type BuildTools, type Resolved } from './build-tools.ts'
import { mapWritten } from './map-sync.ts'
import { Phases } from './phases.ts'

/** Does nothing where no build is pending. Rejects with `AgentEnd` only; everything else ends the build and not the agent. */
export async function buildEndpoint(tools: BuildTools, id: EndpointId): Promise<void> {
  const phases = new Phases(tools.clock)
  const begun = await begin(tools, phases, id)
  if (begun === null) return
  try {
    const resolved = resolvedOf(tools, begun)
    const proxied = await toProxy(tools, phases, begun, resolved)
    const enforced = await toDatapath(tools, phases, begun, resolved, proxied)
    await phases.measure('ipcacheSync', () => tools.prefixes.published(begun.id, begun.reads))
    await succeed(tools, phases, begun, { resolved, proxied, enforced })
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
    const { identity, created } = endpoint
    if (started?.type !== 'EndpointRegenerationStarted' || identity === null) return []
    const subject = { identity, namedPorts: created.namedPorts }
    const resolved = phases.measureNow('policyCalculation', () => policy.resolve(subject))
    begun = { id, identity, started, endpoint, reads, resolved, networkPolicy: servedPolicy(view, id) }
    return facts
  })
  return begun
}

/** An identity that is not known now may be so in a moment; policies that contradict each other stay so until one changes. */
function resolvedOf({ logger }: BuildTools, { id, resolved }: Begun): Resolved {
  if (resolved.kind === 'unresolvable') {
    throw new BuildFailed(resolved.code, resolved.reason, { retry: resolved.code === 'identity-unknown' })
  }
  if (resolved.pressure !== null) logger.warn({ endpoint: id, ...resolved.pressure }, 'the policy map is nearly full')
  return resolved
}

type Success = { readonly resolved: Resolved; readonly proxied: Proxied; readonly enforced: Enforced }

async function succeed(tools: BuildTools, phases: Phases, begun: Begun, success: Success): Promise<void> {
  const { journal, view } = tools
  const { id, started, identity, reads } = begun
  const { resolved, proxied, enforced } = success
  const digest = policyMapDigest(enforced.map)
  const end: EventOf<'EndpointRegenerationSucceeded'> = {
    type: 'EndpointRegenerationSucceeded',
    v: 1,
    endpoint: id,
    build: started.build,
    revision: started.revision,
    identity,
    desiredDigest: digest,
    realizedDigest: digest,
    ingressEnforced: resolved.ingressEnforced,
    egressEnforced: resolved.egressEnforced,
    redirects: redirectsOf(id, resolved, proxied),
    npdsVersion: proxied.npdsVersion,
    programTag: enforced.programTag,
    phases: phases.toList(),
  }
  const stream = endpointStream(view.now.state.node, id)
  await journal.commit((now) => {
    if (isGone(now, begun)) return endBuild(now, forGone(end), [], reads)
    const current = now.state.endpoints.get(id)
    const written = mapWritten(id, started.build, current?.policyMap ?? EMPTY_POLICY_MAP, enforced.map)
    return endBuild(now, end, written === null ? [] : [{ stream, event: written, cause: reads }], reads)
  })
}

function redirectsOf(id: EndpointId, { redirects }: Resolved, { ports }: Proxied): readonly Redirect[] {
  return redirects.flatMap((redirect) => {
    const proxyPort = ports.get(redirect.id)
    if (proxyPort === undefined) return []
    const { direction, protocol, port, parser } = redirect
    return [{ id: `${id}:${redirect.id}`, direction, protocol, port, parser, proxyPort }]
  })
}

/** The endpoint was deleted meanwhile, and perhaps its id given to another one; what was built goes before that one's first build. */
function isGone({ state }: Situation, { id, started }: Begun): boolean {
  const current = state.endpoints.get(id)
  return current === undefined || current.leaving || current.running?.build !== started.build
}

function forGone(
  end: EventOf<'EndpointRegenerationSucceeded' | 'EndpointRegenerationFailed'>,
): EventOf<'EndpointRegenerationFailed'> {
  const { endpoint, build, revision, phases } = end
  return {
    type: 'EndpointRegenerationFailed',
    v: 1,
    endpoint,
    build,
    revision,
    phase: 'mapSync',
    code: 'endpoint-gone',
    reason: 'the endpoint was deleted while it was built',
    retryInMs: null,
    phases,
  }
}

type Failure = { readonly code: string; readonly reason: string; readonly retry: boolean }

/** Null for what is no outcome of a build: the agent's end, or a bug. */
function asFailure(error: unknown): Failure | null {
  if (error instanceof BuildFailed) return { code: error.code, reason: error.message, retry: error.retry }
  if (error instanceof DatapathError) return { code: error.code, reason: error.message, retry: true }
  return null
}

async function fail(tools: BuildTools, phases: Phases, begun: Begun, failure: Failure): Promise<void> {
  const { journal, logger, prefixes } = tools
  const { id, started, reads } = begun
  const phase = phases.current
  prefixes.pass(id, reads)
  const { code, reason } = failure
  logger.warn({ endpoint: id, build: started.build, phase, code, reason }, 'a build failed; what was in force stays')
  await revertNetworkPolicy(tools, begun)
  await journal.commit((now) => {
    const failures = (now.state.endpoints.get(id)?.failures ?? 0) + 1
    const end: EventOf<'EndpointRegenerationFailed'> = {
      type: 'EndpointRegenerationFailed',
      v: 1,
      endpoint: id,
      build: started.build,
      revision: started.revision,
      phase,
      code,
      reason,
      retryInMs: failure.retry ? retryDelayMs(failures) : null,
      phases: phases.toList(),
    }
    return endBuild(now, isGone(now, begun) ? forGone(end) : end, [], reads)
  })
}
