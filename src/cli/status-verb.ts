/** `hindcast status`: every node, its agent, and how far its endpoints are behind the policies, since when. */

import type { PolicyOptions } from '../../events/policy-options.ts'
import type { EndpointView, NodeView, World } from '../../projections/world.ts'
import { progressOf } from '../history/convergence.ts'
import { eventAt } from '../history/event-at.ts'
import { isoTime } from '../history/position.ts'
import { revisionSince } from '../history/revision-since.ts'
import type { Asked, Found } from './answer.ts'
import { counted } from './render/counted.ts'
import { progressTable } from './render/progress.ts'
import { table } from './render/table.ts'
import { requireSubjects } from './subjects.ts'

/** `missing`: revisions that some endpoint does not enforce yet; `since`: when the first of them was made. */
type NodeStatus = {
  readonly node: string
  readonly agent: 'started' | 'stopped'
  readonly datapath: NodeView['datapath']
  /** Of its last agent; null before the first one. */
  readonly enforcement: PolicyOptions['enforcement'] | null
  readonly endpoints: number
  readonly ready: number
  readonly behind: number
  readonly missing: number
  readonly since: string | null
}

const HEADER: readonly string[] = [
  'NODE',
  'AGENT',
  'DATAPATH',
  'ENFORCEMENT',
  'ENDPOINTS',
  'READY',
  'BEHIND',
  'MISSING',
  'SINCE',
]

/** Up to so many endpoints all are shown to people; of more only those that are behind. Programs always get all. */
const ENDPOINTS_SHOWN_MAX = 50

/** `node` undefined: all nodes. */
export async function status(world: World, asked: Asked & { readonly node: string | undefined }): Promise<Found> {
  const { moment, node: wanted } = asked
  requireSubjects(asked, { node: wanted }, { moment, span: 'then' })
  const names = [...world.nodes.keys()].toSorted().filter((name) => wanted === undefined || name === wanted)
  const nodes = await Promise.all(names.map((name) => statusOf(name, world, asked)))
  const progress = moment === null ? [] : await progressOf(asked, { world, moment, wanted: null })
  const items = nodes.map((item) => ({ ...item, progress: progress.filter(({ node }) => node === item.node) }))
  const rows = nodes.map((item) => Object.values(item).map((value) => String(value ?? '')))
  const endpoints = items.flatMap((item) => item.progress)
  const shown = endpoints.length > ENDPOINTS_SHOWN_MAX ? endpoints.filter(({ realised }) => !realised) : endpoints
  const text = `${table([HEADER, ...rows])}${summary(nodes, world.revision)}`
  return { items, text: shown.length === 0 ? text : `${text}\n${progressTable(shown)}` }
}

async function statusOf(name: string, world: World, history: Asked): Promise<NodeStatus> {
  const view = world.nodes.get(name)
  const endpoints = [...(view?.endpoints.values() ?? [])]
  const behind = endpoints.filter(({ revision }) => (revision ?? 0) < world.revision)
  const reached = lowest(behind)
  return {
    node: name,
    agent: view?.running === true ? 'started' : 'stopped',
    datapath: view?.datapath ?? null,
    enforcement: view === undefined || view.datapath === null ? null : view.options.enforcement,
    endpoints: endpoints.length,
    ready: endpoints.filter(({ state }) => state === 'ready').length,
    behind: behind.length,
    missing: reached === null ? 0 : world.revision - reached,
    since: reached === null ? null : await timeOfRevision(reached + 1, history),
  }
}

/** Endpoints that enforce nothing yet are new: what they miss did not begin with a policy. */
function lowest(endpoints: readonly EndpointView[]): number | null {
  const revisions = endpoints.map(({ revision }) => revision).filter((revision) => revision !== null)
  return revisions.length === 0 ? null : Math.min(...revisions)
}

async function timeOfRevision(revision: number, { log, model, moment }: Asked): Promise<string | null> {
  const position = moment === null ? null : revisionSince({ model }, revision, moment.position)
  const event = position === null ? null : await eventAt({ log }, position)
  return event === null ? null : isoTime(event.recordedAt)
}

/** Of several nodes: whether all enforce the same. */
function summary(items: readonly NodeStatus[], revision: number): string {
  if (items.length < 2) return ''
  const late = items.filter(({ behind }) => behind > 0)
  if (late.length === 0) return `\nall ${items.length} nodes enforce revision ${revision}\n`
  const lines = late.map(({ node, behind, endpoints, missing, since }) => {
    const how = since === null ? '' : `, ${counted(missing, 'revision')}, since ${since}`
    return `${node} is behind with ${behind} of ${counted(endpoints, 'endpoint')}${how}\n`
  })
  return `\n${items.length - late.length} of ${items.length} nodes enforce revision ${revision}\n${lines.join('')}`
}
