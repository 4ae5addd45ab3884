/** `diff`, `blame` and `history`: what changed, and who did it. */
import { EndpointId, type Position } from '../../../events/ids.ts'
import type { EntityChange } from '../../../projections/history/changes.ts'
import { type UnitName, unitParts } from '../../../projections/history/entities.ts'
import { type BlamedEntry, blame, entryHistory } from '../../history/blame.ts'
import { positionText } from '../../history/branch/place.ts'
import { diffMoments } from '../../history/diff.ts'
import { diffView, type HistoryDiff, isEmpty } from '../../history/diff-view.ts'
import type { History } from '../../history/history.ts'
import { type LabelsOf, labelsAt } from '../../history/labels.ts'
import { isoTime, type Moment, momentText } from '../../history/position.ts'
import { semanticDiff } from '../../history/semantic-diff.ts'
import { endpointAt, revisionOf } from '../../history/state-at.ts'
import { momentOf, momentsOf } from '../answer.ts'
import { openHistory, type Place } from '../compose.ts'
import { CliError } from '../failure.ts'
import type { LogSink } from '../log-verb.ts'
import { portText } from '../render/datapath.ts'
import { diffText } from '../render/diff.ts'
import { semanticText, semanticView } from '../render/semantic.ts'
import { table } from '../render/table.ts'
import { requireSubjects } from '../subjects.ts'
import { mapKeyWord } from './map-key.ts'

export type DiffOptions = Place & {
  readonly node: string | undefined
  readonly endpoint: number | undefined
  readonly namespace: string | undefined
  readonly semantic: boolean
  readonly output: 'table' | 'json'
}
export type BlameOptions = Place & {
  readonly at: string | undefined
  readonly node: string | undefined
  readonly output: 'table' | 'json'
}

/** Versions that `history` shows; each costs two or three reads of the log. */
const VERSIONS_MAX = 1_000

export async function diff(range: string, options: DiffOptions, sink: LogSink): Promise<void> {
  await using history = await openHistory(options, sink.warn)
  const [from, to] = await rangeOf(history, range)
  requireSubjects(history, options, { moment: laterOf(from, to) === from?.position ? from : to, span: 'ever' })
  const changes = await diffMoments(history, { from, to, units: (unit) => isWanted(unit, options) })
  if (options.semantic) return await semantic(history, { from, to, changes, options, sink })
  const later = laterOf(from, to)
  const view = narrowed(
    diffView(changes, {
      labelsOf: (node) => labelsAt(history.model, node, later),
      nameOf: (node, endpoint) => nameOf(history, { node, endpoint }, [to, from]),
    }),
    options,
  )
  const ends = { from: plainMoment(from), to: plainMoment(to) }
  const title = `${ends.from.position ?? 'the empty log'} ${ends.from.time ?? ''}..${ends.to.position ?? 'the empty log'} ${ends.to.time ?? ''}`
  sink.write(options.output === 'json' ? json({ ...ends, ...view }) : `${diffText(view)}\nbetween ${title}\n`)
  if (!isEmpty(view)) throw new CliError('difference', '')
}

type Compared = {
  readonly from: Moment | null
  readonly to: Moment | null
  readonly changes: readonly EntityChange[]
  readonly options: DiffOptions
  readonly sink: LogSink
}

async function semantic(history: History, { from, to, changes, options, sink }: Compared): Promise<void> {
  if (from === null || to === null) throw new CliError('notFound', 'the log is empty: there is nothing to compare')
  const all = semanticDiff(history, { from, to, changes })
  const isWanted = ({ name, endpoint }: { readonly name: string; readonly endpoint: number }): boolean =>
    (options.namespace === undefined || name.startsWith(`${options.namespace}/`)) &&
    (options.endpoint === undefined || options.endpoint === endpoint)
  const found = {
    endpoints: all.endpoints.filter(isWanted),
    notComparable: all.notComparable.filter(isWanted),
    underWay: all.underWay.filter(isWanted),
  }
  const labelsOf = (node: string): LabelsOf => labelsAt(history.model, node, laterOf(from, to))
  const ends = { from: plainMoment(from), to: plainMoment(to) }
  const between = `between ${ends.from.position} ${ends.from.time}..${ends.to.position} ${ends.to.time}`
  const document = { ...ends, ...semanticView(found, labelsOf) }
  sink.write(options.output === 'json' ? json(document) : `${semanticText(document)}\n${between}\n`)
  if (found.endpoints.length > 0) throw new CliError('difference', '')
}

export async function blameEntries(
  endpoint: number,
  key: string | undefined,
  { options, sink }: { readonly options: BlameOptions; readonly sink: LogSink },
): Promise<void> {
  await using history = await openHistory(options, sink.warn)
  const asked = await askedOf(history, endpoint, options)
  const word = key === undefined ? null : mapKeyWord(key)
  const entries = await blame(history, { ...asked, key: word })
  if (entries.length === 0 && word !== null) {
    throw new CliError(
      'notFound',
      `no-such-entry: ${key} was never in the map of ${endpoint}; ${nearest(history, asked)}`,
    )
  }
  write(entries, { asked, options, sink })
}

export async function entryVersions(
  endpoint: number,
  key: string,
  { options, sink }: { readonly options: BlameOptions; readonly sink: LogSink },
): Promise<void> {
  await using history = await openHistory(options, sink.warn)
  const asked = await askedOf(history, endpoint, options)
  const entries = await entryHistory(history, { ...asked, key: mapKeyWord(key), limit: VERSIONS_MAX })
  if (entries.length === 0) {
    throw new CliError(
      'notFound',
      `no-such-entry: ${key} was never in the map of ${endpoint}; ${nearest(history, asked)}`,
    )
  }
  write(entries, { asked, options, sink })
}

type Asked = {
  readonly node: string
  readonly endpoint: EndpointId
  readonly at: Position
  readonly moment: Moment
  readonly revision: number
}

/** Throws `CliError` where the endpoint never was: its whole history is asked about, also after its end. */
async function askedOf(history: History, endpoint: number, options: BlameOptions): Promise<Asked> {
  const moment = await momentOf(history, options.at ?? null, '--at')
  if (moment === null) throw new CliError('notFound', 'the log is empty')
  requireSubjects(history, { node: options.node, endpoint }, { moment, span: 'ever' })
  const units = history.model.units(moment.position).map(unitParts)
  const known = units.filter((unit) => unit.kind === 'endpoint')
  const found = known.filter(
    (unit) => unit.endpoint === endpoint && (options.node === undefined || unit.node === options.node),
  )
  const [only, ...more] = found
  if (only === undefined) throw new CliError('notFound', `no-such-endpoint: ${endpoint}`)
  if (more.length > 0) {
    throw new CliError('usage', `node-ambiguous at --node: ${found.map(({ node }) => node).join(', ')} have it`)
  }
  const at = moment.position
  return { node: only.node, endpoint: EndpointId(endpoint), at, moment, revision: revisionOf(history.model, at) }
}

function nearest({ model }: History, { node, endpoint, at }: Asked): string {
  const view = endpointAt(model, { node, endpoint, at })
  const keys = [...(view?.policyMap.values() ?? [])].map(
    ({ key }) => `${key.direction}:${key.identity}:${portText(key)}`,
  )
  return keys.length === 0 ? 'its map is empty' : `its map has ${keys.slice(0, 5).join(', ')}`
}

function write(
  entries: readonly BlamedEntry[],
  { asked, options, sink }: { readonly asked: Asked; readonly options: BlameOptions; readonly sink: LogSink },
): void {
  const { revision } = asked
  const { position, time } = plainMoment(asked.moment)
  if (options.output === 'json') {
    sink.write(
      json({
        position,
        time,
        revision,
        node: asked.node,
        endpoint: asked.endpoint,
        items: entries.map((entry) => ({ ...entry, by: actorOf(entry) })),
      }),
    )
    return
  }
  sink.write(`${blameTable(entries)}\nat ${momentText(asked.moment)}, revision ${revision}\n`)
}

function blameTable(entries: readonly BlamedEntry[]): string {
  const rows = entries.map((entry) => {
    const { key, labels, value, event, rules } = entry
    return [
      `${key.direction}:${key.identity === 0 ? 'ANY' : key.identity}:${portText(key)}`,
      value === null ? 'gone' : value.proxyPort === 0 ? value.verdict : `${value.verdict} ${value.proxyPort}`,
      event.position,
      event.time,
      rules.map(({ origin }) => origin).join(' '),
      actorOf(entry),
      labels.join(' '),
    ]
  })
  return table([['ENTRY', 'VERDICT', 'SINCE', 'TIME', 'RULES', 'BY', 'LABELS'], ...rows])
}

/**
 * The person behind it: who set off the write. What an agent did of its own accord, as after its start, has somebody behind it only where it put back an
 * entry of somebody's rule.
 */
function actorOf({ value, event, cause, rules }: BlamedEntry): string {
  if (cause !== null && !cause.actor.startsWith('agent ')) return cause.actor
  const owner = value === null ? null : rules.find(({ policy }) => policy !== null)?.policy?.actor
  return owner ?? event.actor
}

/** `A..B`; a side that is left out is the head, and `A` alone is `A..HEAD`. */
async function rangeOf(history: History, range: string): Promise<readonly [Moment | null, Moment | null]> {
  const [from, to = '', more] = range.split('..')
  if (more !== undefined) throw new CliError('usage', `range-wrong: ${range} is not A..B`)
  const side = (text: string): string | null => (text === '' ? null : text)
  const [a = null, b = null] = await momentsOf(history, [
    ['A', side(from!)],
    ['B', side(to)],
  ])
  return [a, b]
}

function isWanted(unit: UnitName, { node, endpoint }: DiffOptions): boolean {
  const parts = unitParts(unit)
  if (node !== undefined && 'node' in parts && parts.node !== node) return false
  if (endpoint === undefined) return true
  return parts.kind === 'node' || (parts.kind === 'endpoint' && parts.endpoint === endpoint)
}

function narrowed(view: HistoryDiff, { endpoint, namespace }: DiffOptions): HistoryDiff {
  let found = view
  if (endpoint !== undefined) {
    const own = ({ what, name }: HistoryDiff['nodes'][number]): boolean =>
      what === 'program' ? name.startsWith(`${endpoint}/`) : what === 'xds' && name === `npds ${endpoint}`
    found = { ...found, facts: [], identities: [], ipcache: [], nodes: found.nodes.filter(own) }
  }
  if (namespace === undefined) return found
  return {
    ...found,
    policies: found.policies.filter(({ policy }) => policy.split('/')[1] === namespace),
    facts: found.facts.filter(({ what, name }) => what === 'service' && name.startsWith(`${namespace}/`)),
    identities: found.identities.filter(({ labels }) =>
      labels.includes(`k8s:io.kubernetes.pod.namespace=${namespace}`),
    ),
    ipcache: [],
    endpoints: found.endpoints.filter(({ name }) => name?.startsWith(`${namespace}/`) ?? false),
    nodes: [],
  }
}

function nameOf(
  { model }: History,
  { node, endpoint }: { readonly node: string; readonly endpoint: number },
  moments: readonly (Moment | null)[],
): string | null {
  for (const moment of moments) {
    const view =
      moment === null ? null : endpointAt(model, { node, endpoint: endpoint as EndpointId, at: moment.position })
    if (view !== null) return view.name
  }
  return null
}

function laterOf(from: Moment | null, to: Moment | null): Position {
  const [a, b] = [from?.position ?? (0n as Position), to?.position ?? (0n as Position)]
  return a > b ? a : b
}

function plainMoment(moment: Moment | null): { readonly position: string | null; readonly time: string | null } {
  return moment === null
    ? { position: null, time: null }
    : { position: positionText(moment.position), time: isoTime(moment.recordedAt) }
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`
}
