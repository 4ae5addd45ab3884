/** `hindcast plan`: what policies would do, before they are applied. */
import type { FactRef } from '../../../events/facts.ts'
import { POLICY_STREAM } from '../../../events/ids.ts'
import type { Fact } from '../../../projections/policy/parse/fact.ts'
import { world as fold, type World } from '../../../projections/world.ts'
import { factEvents, factRemovals } from '../../decide/facts.ts'
import { positionText } from '../../history/branch/place.ts'
import type { History } from '../../history/history.ts'
import { type LabelsOf, labelsAt } from '../../history/labels.ts'
import type { ConnectionReport, ConnectionsUnseen } from '../../history/plan/connections.ts'
import { type Enforcement, type PlannedPolicy, planOf } from '../../history/plan/plan.ts'
import { isoTime, type Moment, momentText } from '../../history/position.ts'
import { worldFrom } from '../../history/state-at.ts'
import { momentOf } from '../answer.ts'
import { openHistory, type Place } from '../compose.ts'
import { CliError } from '../failure.ts'
import type { LogSink } from '../log-verb.ts'
import { type FileOptions, isFactRef, problemLines, readDocuments } from '../policy-documents.ts'
import { planText, planView } from '../render/plan.ts'
import { resourcesOf } from '../resource-name.ts'
import { type ConnectionOptions, connectionsOf } from './plan-connections.ts'
import { type FlowOptions, flowReports } from './plan-flows.ts'

export type PlanOptions = Place &
  FileOptions &
  FlowOptions &
  ConnectionOptions & {
    readonly delete: readonly string[]
    readonly namespace: string | undefined
    readonly enablePolicy?: Enforcement | undefined
    readonly at: string | undefined
    readonly summary?: boolean
    readonly output: 'table' | 'json'
  }

/** Ends with 1 where something would change. Throws `CliError`. */
export async function plan(options: PlanOptions, sink: LogSink): Promise<void> {
  const wanted = await plannedOf(options, sink)
  await using history = await openHistory(options, sink.warn)
  const moment = await momentOf(history, options.at ?? null, '--at')
  const world = moment === null ? fold.initial : worldFrom(history.model, moment.position)
  const removals = factRemovals(wanted.goingFacts, world)
  const events = [...removals.events, ...factEvents(wanted.facts, world)].map((event) => ({
    stream: POLICY_STREAM,
    event,
  }))
  const found = planOf(world, wanted.policies, events, options.enablePolicy ?? null)
  const gone = found.plan.policies.filter(({ kind }) => kind === 'not-there').map(({ policy }) => policy)
  const missing = [...gone, ...removals.missing]
  if (missing.length > 0) throw new CliError('notFound', `no-such-policy at --delete: ${missing.join(', ')}`)
  const connections = await connectionsOf(history, { world, moment, ...found, options })
  await report(history, { found, moment, world, connections }, { options, sink })
}

export type ReportOptions = Place & FlowOptions & { readonly summary?: boolean; readonly output: 'table' | 'json' }
type Reported = {
  readonly found: ReturnType<typeof planOf>
  readonly moment: Moment | null
  readonly world: World
  readonly connections: readonly (ConnectionReport | ConnectionsUnseen)[]
}

/** Also what a branch amounts to. Ends with 1 where something would change. Throws `CliError`. */
export async function report(
  history: History,
  { found: { plan: found, policies }, moment, world, connections }: Reported,
  { options, sink }: { readonly options: ReportOptions; readonly sink: LogSink },
): Promise<void> {
  const flows = await flowReports(history, { plan: found, policies, world, options })
  const labelsOf = (node: string): LabelsOf =>
    moment === null ? () => [] : labelsAt(history.model, node, moment.position)
  const view = planView(found, { flows, connections, labelsOf })
  const at = {
    position: moment === null ? null : positionText(moment.position),
    time: timeOf(moment),
    revision: world.revision,
  }
  const text = `${planText(view, options.summary === true ? 'summary' : 'all')}\non top of ${moment === null ? 'the empty log' : momentText(moment)}, revision ${at.revision}\n`
  sink.write(options.output === 'json' ? `${JSON.stringify({ ...at, ...view }, null, 2)}\n` : text)
  const { facts, policies: planned, enforcement } = found
  if (facts.length + enforcement.length > 0 || planned.some(({ kind }) => kind !== 'unchanged'))
    throw new CliError('difference', '')
}

type Wanted = {
  readonly policies: readonly PlannedPolicy[]
  readonly goingFacts: readonly FactRef[]
  readonly facts: readonly Fact[]
}

/** Throws `CliError` with every problem where a file holds something that would be refused. */
async function plannedOf(options: PlanOptions, sink: LogSink): Promise<Wanted> {
  const { filename, delete: names, namespace, enablePolicy } = options
  const removed = names.length === 0 ? [] : resourcesOf(names, namespace)
  if (filename.length === 0 && removed.length === 0 && enablePolicy === undefined)
    throw new CliError('usage', 'plan takes -f, --delete, --enable-policy, or several of them')
  const documents = filename.length === 0 ? [] : await readDocuments({ filename }, sink)
  const problems = problemLines(documents)
  if (problems !== '') throw new CliError('usage', `these policies would be refused:${problems}`)
  const going = removed
    .filter((resource) => !isFactRef(resource))
    .map((resource): PlannedPolicy => ({ resource, manifest: null, rules: null }))
  const set = documents.map(({ policy }) => policy).filter((policy) => policy !== null)
  return {
    policies: [...going, ...set],
    goingFacts: removed.filter(isFactRef),
    facts: documents.map(({ fact }) => fact).filter((fact) => fact !== null),
  }
}

function timeOf(moment: Moment | null): string | null {
  return moment === null ? null : isoTime(moment.recordedAt)
}
