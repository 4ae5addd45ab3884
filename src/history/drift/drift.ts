/**
 * Is the kernel what the log says it should be? Read while an agent may be working: what an agent is about to write is not drift, so a difference
 * counts once it stays, at one position, between two looks.
 */
import { isDeepStrictEqual } from 'node:util'
import { endpointStream, type NodeName, nodeStream, type Position } from '../../../events/ids.ts'
import { EMPTY_POLICY_MAP, type PolicyMap } from '../../../projections/datapath/policy-map.ts'
import { ipcacheOfNode } from '../../../projections/ipcache.ts'
import { EMPTY_NODE, type EndpointView, world as fold, type NodeView } from '../../../projections/world.ts'
import type { History } from '../history.ts'
import { endpointAt, worldFrom } from '../state-at.ts'
import { compareKernel, type Drift } from './compare.ts'
import { type ExplainedDrift, explainDrift } from './explain.ts'
import { type ReadableDatapath, readKernel } from './kernel-view.ts'

export type DriftQuestion = {
  readonly history: History
  readonly datapath: ReadableDatapath
  readonly node: NodeName
  /** Between two looks: long enough for an agent to write what it has just recorded. */
  readonly pause: () => Promise<void>
}

export type DriftAnswer = {
  /** Null: the log is empty. */
  readonly position: Position | null
  /** Of the policy repository. */
  readonly revision: number
  /** Whether the log says that an agent of the node runs. */
  readonly agent: boolean
  /** False: the node did not come to rest, and the differences are those of the last look. */
  readonly steady: boolean
  readonly drifts: readonly ExplainedDrift[]
}

/** A node that is busy for so long is told about as it is. */
const LOOKS_MAX = 25

type Look = {
  readonly position: Position | null
  readonly revision: number
  readonly agent: boolean
  readonly quiet: boolean
  readonly drifts: readonly Drift[]
}

/** Throws `DatapathError`, `LogError`, `DecodeError`. */
export async function nodeDrift(question: DriftQuestion): Promise<DriftAnswer> {
  let before: Look | null = null
  for (let looks = 1; ; looks += 1) {
    const look = await lookOnce(question)
    const stays = before?.quiet === true && isDeepStrictEqual(before.drifts, look.drifts)
    const steady = look.quiet && (stays || !look.agent || look.drifts.length === 0)
    if (steady || looks === LOOKS_MAX) return explained(question, look, steady)
    before = look
    await question.pause()
  }
}

async function explained(
  { history, node }: DriftQuestion,
  { position, revision, agent, drifts }: Look,
  steady: boolean,
): Promise<DriftAnswer> {
  const at = position ?? (0n as Position)
  return { position, revision, agent, steady, drifts: await explainDrift(history, { node, at, drifts }) }
}

async function lookOnce({ history, datapath, node }: DriftQuestion): Promise<Look> {
  const { log, model } = history
  await model.catchUp(log)
  const position = model.builtTo()
  const world = position === null ? fold.initial : worldFrom(model, position)
  const view = world.nodes.get(node, EMPTY_NODE)
  const wanted = { node: await asBuilt(history, node, view), ipcache: ipcacheOfNode(world, node) }
  const kernel = await readKernel(datapath)
  const building = view.running && [...view.endpoints.values()].some((endpoint) => endpoint.building !== null)
  const quiet = !building && !(await movedSince(history, node, position))
  return { position, revision: world.revision, agent: view.running, quiet, drifts: compareKernel(wanted, kernel) }
}

/** The node with the map that the last successful build of each endpoint left. */
async function asBuilt(history: History, node: NodeName, view: NodeView): Promise<NodeView> {
  const maps = new Map<EndpointView['endpoint'], PolicyMap>()
  for (const { endpoint, revision } of view.endpoints.values()) {
    // The stream may be that of an earlier endpoint of the id.
    const built = revision === null ? null : await lastSuccess(history, node, endpoint)
    const then = built === null ? null : endpointAt(history.model, { node, endpoint, at: built })
    maps.set(endpoint, then?.policyMap ?? EMPTY_POLICY_MAP)
  }
  const endpoints = view.endpoints.map((endpoint) => ({ ...endpoint, policyMap: maps.get(endpoint.endpoint)! }))
  return { ...view, endpoints }
}

async function lastSuccess(
  { log }: History,
  node: NodeName,
  endpoint: EndpointView['endpoint'],
): Promise<Position | null> {
  for await (const batch of log.readStream(endpointStream(node, endpoint), { direction: 'backwards', after: null })) {
    for (const stored of batch) {
      if (stored.type === 'EndpointRegenerationSucceeded') return stored.position
    }
  }
  return null
}

async function movedSince({ log }: History, node: NodeName, after: Position | null): Promise<boolean> {
  const streamPrefixes = [nodeStream(node), `endpoint-${node}-`]
  for await (const batch of log.readAll({ direction: 'forwards', after, streamPrefixes })) {
    // A prefix may be that of another node's name, too.
    if (batch.some(({ stream }) => stream === nodeStream(node) || stream.startsWith(`endpoint-${node}-`))) return true
  }
  return false
}
