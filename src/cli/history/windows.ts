/** `hindcast windows`: when did the parts of a node's datapath disagree, and what did that do? */
import { NodeName } from '../../../events/ids.ts'
import { contains, parsePrefixOrAddress } from '../../../projections/ip/prefix.ts'
import { isoTime, type Moment } from '../../history/position.ts'
import { worldFrom } from '../../history/state-at.ts'
import { type Misjudged, misjudgedFlows } from '../../history/windows/misjudged.ts'
import type { Late, Window } from '../../history/windows/node-windows.ts'
import type { Peer } from '../../history/windows/peers.ts'
import { type FoundWindow, windowsOf } from '../../history/windows/windows.ts'
import { type FlowStore, FlowStoreError } from '../../ports/flows.ts'
import { rangeOf } from '../answer.ts'
import { nodeNameOf, openFlowsToRead, openHistory, type Place } from '../compose.ts'
import { CliError } from '../failure.ts'
import { itemStream, type Range } from '../json-stream.ts'
import type { LogSink } from '../log-verb.ts'
import { type Totals, windowsSummary, windowText } from '../render/windows.ts'
import { requireSubjects } from '../subjects.ts'

export type WindowsOptions = Place & {
  readonly from: string | undefined
  readonly to: string | undefined
  readonly node: string | undefined
  readonly endpoint: number | undefined
  readonly identity: number | undefined
  readonly prefix: string | undefined
  readonly late: Late | 'hosts' | undefined
  readonly min: number
  readonly output: 'table' | 'json' | 'jsonl'
}

/** Events between two lines of progress. */
const PROGRESS_EVENTS = 100_000

/** Each window is printed when it is found. Ends with 1 where there is one. Throws `CliError`. */
export async function windows(options: WindowsOptions, sink: LogSink): Promise<void> {
  const wanted = filterOf(options)
  await using history = await openHistory(options, sink.warn)
  const node = await nodeNameOf(history.log, options.node)
  // A branch is at rest after every command: nothing is late on it.
  const { log, model } = history
  const { from, to } = await rangeOf({ log, model }, options)
  requireSubjects(history, options, { moment: to, span: 'ever' })
  const flows = await openFlowsToRead(history.log, { ...options, node: NodeName(node) })
  const print = printerOf(options, { node, from, to }, sink.write)
  const totals: Totals = { deny: 0, allow: 0, hosts: 0, flows: 0 }
  const start = from === null ? null : { position: from.position, world: worldFrom(history.model, from.position) }
  const progress = progressOn(sink)
  for await (const window of windowsOf({ log: history.log, node, from: start, to: to.position, progress })) {
    if (!wanted(window)) continue
    const found = window.what === 'hosts' ? null : await misjudged(flows, window)
    totals[window.what === 'hosts' ? 'hosts' : window.kind] += 1
    totals.flows += found?.count ?? 0
    print.window(window, found)
  }
  print.end(totals)
  if (totals.deny + totals.allow + totals.hosts > 0) throw new CliError('difference', '')
}

/** Null where no flows are kept. */
async function misjudged(store: Pick<FlowStore, 'query'>, window: Window): Promise<Misjudged | null> {
  try {
    return await misjudgedFlows(store, window)
  } catch (error) {
    if (error instanceof FlowStoreError && error.code === 'flows-missing') return null
    throw error
  }
}

function filterOf({ endpoint, identity, prefix, late, min }: WindowsOptions): (window: FoundWindow) => boolean {
  const around = prefix === undefined ? null : parsePrefixOrAddress(prefix)
  if (prefix !== undefined && around === null)
    throw new CliError('usage', `bad-prefix at --prefix: ${prefix} is neither a prefix nor an address`)
  const isAround = (peer: Peer): boolean => {
    const own = peer.what === 'prefix' ? parsePrefixOrAddress(peer.prefix) : null
    return around === null || (own !== null && (contains(around, own) || contains(own, around)))
  }
  return (window) => {
    if (window.durationMs !== null && window.durationMs < min) return false
    if (window.what === 'hosts') {
      const isMeant = identity === undefined || window.ipcache === identity || window.told === identity
      return endpoint === undefined && (late === undefined || late === 'hosts') && isMeant && isAround(window.peer)
    }
    const { peers, steps } = window
    return (
      (endpoint === undefined || window.endpoint === endpoint) &&
      (late === undefined || steps.some((step) => (step.late as readonly string[]).includes(late))) &&
      (identity === undefined || peers.some((peer) => peer.what === 'identity' && peer.identity === identity)) &&
      (around === null || peers.some(isAround))
    )
  }
}

type Printer = {
  readonly window: (window: FoundWindow, flows: Misjudged | null) => void
  readonly end: (totals: Totals) => void
}

/** Writes what comes before the first window at once. */
function printerOf({ output }: WindowsOptions, range: Range, write: LogSink['write']): Printer {
  switch (output) {
    case 'jsonl':
      return {
        window: (window, flows) => write(`${JSON.stringify({ ...window, flows })}\n`),
        end: () => undefined,
      }
    case 'json': {
      const { item, end } = itemStream(range, write)
      return { window: (window, flows) => item({ ...window, flows }), end }
    }
    case 'table': {
      const { node, from, to } = range
      return {
        window: (window, flows) => write(windowText(window, flows)),
        end: (totals) => write(`${windowsSummary(totals)}\non node ${node}, between ${place(from)}..${place(to)}\n`),
      }
    }
  }
}

function place(moment: Moment | null): string {
  return moment === null ? 'the beginning' : `${moment.position} ${isoTime(moment.recordedAt)}`
}

function progressOn({ warn }: LogSink): (events: number) => void {
  let said = 0
  return (events) => {
    if (events < said + PROGRESS_EVENTS) return
    said = events
    warn(`${events} events looked at\n`)
  }
}
