/** `hindcast drift`: the node's kernel beside the log, and back to it. */

import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { CorrelationId, type EndpointId, EventId, type NodeName } from '../../../events/ids.ts'
import { type Repaired, type RepairPorts, removeStranger, repairEndpoint, repairIpcache } from '../../agent/repair.ts'
import { type DriftAnswer, nodeDrift } from '../../history/drift/drift.ts'
import type { ExplainedDrift } from '../../history/drift/explain.ts'
import { isoTime } from '../../history/position.ts'
import type { Datapath } from '../../ports/datapath.ts'
import { momentOf } from '../answer.ts'
import {
  nodeNameOf,
  openDatapathToRead,
  openDatapathToRepair,
  openHistory,
  openLogToWrite,
  type Place,
  repairProxyRoutes,
} from '../compose.ts'
import { refuseModel } from '../conntrack-verb.ts'
import { CliError } from '../failure.ts'
import type { LogSink } from '../log-verb.ts'
import { counted } from '../render/counted.ts'
import { driftTable } from '../render/drift.ts'
import { requireSubjects } from '../subjects.ts'
import { whoAmI } from '../submit.ts'

export type DriftOptions = Place & {
  readonly node: string | undefined
  readonly bpffs: string
  readonly endpoint: number | undefined
  readonly repair: boolean
  readonly output: 'table' | 'json'
}

/** What one repair did, for people. */
export type RepairLine = { readonly what: string; readonly done: string }

const PAUSE_MS = 100
/** An agent that lives begins a build in milliseconds; five seconds allow for one that is busy with others. */
const AGENT_PAUSES_MAX = 50

export async function drift(options: DriftOptions, sink: LogSink): Promise<void> {
  await using history = await openHistory(options, sink.warn)
  const node = await nodeNameOf(history.log, options.node)
  requireSubjects(history, options, { moment: await momentOf(history, null, '--log'), span: 'ever' })
  await refuseModel(history.log, node)
  await using datapath = await openDatapathToRead({ bpffs: options.bpffs, node })
  const look = async (): Promise<DriftAnswer> => {
    const answer = await nodeDrift({ history, datapath, node, pause: () => sleep(PAUSE_MS) })
    return { ...answer, drifts: answer.drifts.filter((one) => isWanted(one, options)) }
  }
  const before = await look()
  const repairs = options.repair && before.drifts.length > 0 ? await repair(options, { node, answer: before }) : []
  const after = repairs.length > 0 ? await look() : before
  const at = await momentOf(history, before.position === null ? null : String(before.position), '--log')
  const time = at === null ? null : isoTime(at.recordedAt)
  sink.write(answerText(options, { node, time, before, after, repairs }))
  if (after.drifts.length > 0) throw new CliError('difference', '')
}

/** In the order that closes holes first: programs and maps, then addresses, then the way to the proxy. */
async function repair(
  options: DriftOptions,
  { node, answer }: { readonly node: NodeName; readonly answer: DriftAnswer },
): Promise<readonly RepairLine[]> {
  await using opened = new AsyncDisposableStack()
  const ports = opened.use(await openRepair(options, node))
  const lines: RepairLine[] = []
  for (const [endpoint, drifts] of Map.groupBy(answer.drifts, (one) => one.endpoint)) {
    if (endpoint === null) continue
    lines.push({ what: `endpoint ${endpoint}`, done: await repairOne(ports, endpoint, drifts) })
  }
  if (answer.drifts.some(({ what }) => what === 'ipcache')) {
    lines.push({ what: 'ipcache', done: `${await repairIpcache(ports)} prefixes written` })
  }
  if (answer.drifts.some(({ what }) => what === 'route')) {
    await repairProxyRoutes()
    lines.push({ what: 'routes', done: 'set up again' })
  }
  return lines
}

async function repairOne(ports: RepairPorts, endpoint: EndpointId, drifts: readonly ExplainedDrift[]): Promise<string> {
  const ours = drifts.filter(({ what, kind }) => what !== 'program' || kind !== 'foreign')
  if (ours.length === 0) return 'left alone: programs of others are theirs'
  const isStranger = ours.some(({ what, kind }) => what === 'map' && kind !== 'missing')
  if (isStranger && (await removeStranger(ports, endpoint))) return 'taken away'
  const attach = ours.some(({ what }) => what !== 'entry')
  return inWords(await repairEndpoint(ports, endpoint, attach))
}

function inWords(repaired: Repaired): string {
  switch (repaired.kind) {
    case 'built':
      return `the agent built it again (build ${repaired.build})`
    case 'written':
      return `${counted(repaired.changes, 'change')} written; no agent answers`
    case 'failed':
      return `not repaired: ${repaired.reason}`
  }
}

async function openRepair(options: DriftOptions, node: NodeName): Promise<RepairPorts & AsyncDisposable> {
  await using stack = new AsyncDisposableStack()
  const log = stack.use(await openLogToWrite(options))
  const pins = { bpffs: options.bpffs, node }
  const datapath = stack.use(await openDatapathToRepair(pins, 'read'))
  const context = {
    actor: whoAmI(),
    source: { kind: 'cli', detail: 'drift --repair' },
    correlation: CorrelationId(randomUUID()),
    cause: null,
  } as const
  const kept = stack.move()
  let loading: Promise<Datapath> | null = null
  const attach: RepairPorts['attach'] = async (spec) => {
    loading ??= openDatapathToRepair(pins, 'enforce').then((loader) => kept.use(loader))
    return (await loading).attachEndpoint(spec)
  }
  return {
    ...{ log, node, datapath, attach, context, pausesMax: AGENT_PAUSES_MAX },
    newId: () => EventId(randomUUID()),
    pause: () => sleep(PAUSE_MS),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  }
}

type Answered = {
  readonly node: NodeName
  readonly time: string | null
  readonly before: DriftAnswer
  readonly after: DriftAnswer
  readonly repairs: readonly RepairLine[]
}

function answerText({ output }: DriftOptions, { node, time, before, after, repairs }: Answered): string {
  const { position, revision, agent, steady, drifts } = before
  const left = repairs.length === 0 ? [] : after.drifts
  if (output === 'json') {
    const document = {
      position: position === null ? null : String(position),
      ...{ time, revision, node, agent: agent ? 'started' : 'stopped', steady, items: drifts, repairs, left },
    }
    return `${JSON.stringify(document, null, 2)}\n`
  }
  const at = position === null ? 'at the empty log' : `at position ${position}, ${time}, revision ${revision}`
  if (drifts.length === 0) return `no drift: the kernel of ${node} is what the log says, ${at}\n`
  const busy = steady ? '' : 'the node did not come to rest: what an agent is still writing may be among these\n'
  const done = repairs.map((line) => `${line.what}: ${line.done}\n`).join('')
  const rest = left.length === 0 ? (done === '' ? '' : 'no drift is left\n') : `left:\n${driftTable(left)}`
  return `${driftTable(drifts)}${busy}${done}${rest}node ${node} ${at}\n`
}

function isWanted(one: ExplainedDrift, { endpoint }: DriftOptions): boolean {
  return endpoint === undefined || one.endpoint === endpoint
}
