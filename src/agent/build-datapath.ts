/** The datapath's part of a build: programs, then the map. */
import type { EventOf } from '../../events/catalogue.ts'
import { type EndpointId, endpointStream, nodeStream } from '../../events/ids.ts'
import {
  EMPTY_POLICY_MAP,
  type PolicyMap,
  policyMapDigest,
  policyMapOf,
} from '../../projections/datapath/policy-map.ts'
import { DatapathError, type LoadedProgram } from '../ports/datapath.ts'
import type { Fact } from '../react/situation.ts'
import type { Proxied } from './build-proxy.ts'
import { type Begun, BuildFailed, type BuildTools, type Resolved } from './build-tools.ts'
import { ensure } from './end.ts'
import { mapWritten, readMap, reconciled, writeMap } from './map-sync.ts'
import type { Phases } from './phases.ts'
import type { View } from './view.ts'

/** `map` is what the datapath holds now, word for word. */
export type Enforced = { readonly map: PolicyMap; readonly programTag: string | null }

/**
 * Programs first: an endpoint without a map gets an empty one with them, and drops everything until it is written. Throws `BuildFailed` and
 * `DatapathError`.
 */
export async function toDatapath(
  tools: BuildTools,
  phases: Phases,
  begun: Begun,
  { entries }: Resolved,
  proxied: Proxied,
): Promise<Enforced> {
  const { datapath, view, permits } = tools
  const { id, started } = begun
  const desired = policyMapOf(entries, proxied.ports)
  checkDesired(desired, proxied)
  const present = await permits.hold(() => phases.measure('mapSync', () => readMap(datapath, id)))
  const load = present === null || started.level === 'rewrite+load'
  const programTag = load ? await loadPrograms(tools, phases, begun) : tagOf(view, id)
  const realised = await permits.hold(() => phases.measure('mapSync', () => syncMap(tools, begun, desired)))
  if (policyMapDigest(realised) !== policyMapDigest(desired)) {
    throw new BuildFailed('map-differs', 'the map reads back differently from what was written')
  }
  return { map: desired, programTag }
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

function checkDesired(desired: PolicyMap, { ports, npdsVersion }: Proxied): void {
  const known = new Set<number>(ports.values())
  for (const { value } of desired.values()) {
    ensure(value.verdict === 'redirect' || value.proxyPort === 0, 'only a redirect names a proxy port')
    if (value.verdict !== 'redirect') continue
    ensure(known.has(value.proxyPort), 'a redirect goes to a port on which the proxy listens')
    ensure(npdsVersion !== null, 'the proxy acknowledged the policy before the map points at it')
  }
}

async function loadPrograms(tools: BuildTools, phases: Phases, begun: Begun): Promise<string | null> {
  const { datapath, journal, permits } = tools
  const { id, endpoint, identity } = begun
  const { ipv4, device, mac, nodeMac } = endpoint.created
  const spec = { endpoint: id, identity, ipv4, device, mac, nodeMac }
  const attach = (): Promise<readonly LoadedProgram[]> => datapath.attachEndpoint(spec)
  const loaded = await permits.hold(() => phases.measure('loadProgram', attach))
  await journal.commit(({ state }) => {
    const before = state.endpoints.get(id)?.programs ?? new Map<string, EventOf<'ProgramLoaded'>>()
    return programFacts(id, before, loaded).map(
      (event): Fact => ({ stream: nodeStream(state.node), event, cause: begun.reads }),
    )
  })
  return loaded[0]?.tag ?? null
}

/** What is not as it was before. */
export function programFacts(
  id: EndpointId,
  before: ReadonlyMap<string, EventOf<'ProgramLoaded'>>,
  loaded: readonly LoadedProgram[],
): readonly EventOf<'ProgramLoaded' | 'ProgramUnloaded'>[] {
  const places = new Set(loaded.map(({ program, device }) => `${program}/${device}`))
  const gone = [...before].filter(([place]) => !places.has(place)).map(([, program]) => program)
  const changed = loaded.filter((program) => !isSame(before.get(`${program.program}/${program.device}`), program))
  return [
    ...gone.map(({ program, device }) => ({ type: 'ProgramUnloaded', v: 1, endpoint: id, program, device }) as const),
    ...changed.map((program) => ({ type: 'ProgramLoaded', v: 1, endpoint: id, ...program }) as const),
  ]
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
async function syncMap(tools: BuildTools, { id }: Begun, desired: PolicyMap): Promise<PolicyMap> {
  const found = await recordFound(tools, id)
  try {
    return await writeMap(tools.datapath, id, found, desired)
  } catch (error) {
    if (!(error instanceof DatapathError)) throw error
    await putBack(tools, id, found)
    throw error
  }
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
