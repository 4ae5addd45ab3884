/** `hindcast xds status`, `xds history`: what proxies run beside what they are served, and what was said between the two. */
import { EndpointId, NodeName } from '../../events/ids.ts'
import type { XdsType } from '../../events/node.ts'
import { isoTime } from '../history/position.ts'
import { revisionOf, worldFrom } from '../history/state-at.ts'
import { xdsStatus } from '../history/xds/status.ts'
import { type XdsStep, xdsSteps } from '../history/xds/steps.ts'
import { momentOf, rangeOf, render } from './answer.ts'
import { nodeNameOf, openHistory, type Place } from './compose.ts'
import { CliError } from './failure.ts'
import { type ItemStream, itemStream, type Range } from './json-stream.ts'
import type { LogSink } from './log-verb.ts'
import { statusText, stepText } from './render/xds.ts'
import { requireSubjects } from './subjects.ts'

export type XdsStatusOptions = Place & {
  readonly at: string | undefined
  readonly node: string | undefined
  readonly output: 'table' | 'json'
}

/** Ends with 1 where proxies and policy maps do not go together. Throws `CliError`. */
export async function printXdsStatus(options: XdsStatusOptions, sink: LogSink): Promise<void> {
  await using history = await openHistory(options, sink.warn)
  const node = NodeName(await nodeNameOf(history.log, options.node))
  const moment = await momentOf(history, options.at ?? null, '--at')
  if (moment === null) throw new CliError('notFound', 'the log is empty')
  requireSubjects(history, options, { moment, span: 'then' })
  const status = await xdsStatus(history, node, moment.position)
  const revision = revisionOf(history.model, moment.position)
  sink.write(await render({ items: [status], text: statusText(status) }, { moment, revision, output: options.output }))
  if (status.disagreements.length > 0) throw new CliError('difference', '')
}

export type XdsHistoryOptions = Place & {
  readonly from: string | undefined
  readonly to: string | undefined
  readonly node: string | undefined
  readonly endpoint: number | undefined
  readonly refused: boolean
  readonly output: 'table' | 'json' | 'jsonl'
}

/** Each step is printed as it is read. Throws `CliError`. */
export async function printXdsHistory(
  xds: XdsType | undefined,
  options: XdsHistoryOptions,
  sink: LogSink,
): Promise<void> {
  await using history = await openHistory(options, sink.warn)
  const node = NodeName(await nodeNameOf(history.log, options.node))
  const { from, to } = await rangeOf(history, options)
  requireSubjects(history, options, { moment: to, span: 'ever' })
  const start = from === null ? null : { position: from.position, world: worldFrom(history.model, from.position) }
  const print = printer(options.output, { node, from, to }, sink.write)
  for await (const step of xdsSteps({ log: history.log, node, from: start, to: to.position })) {
    if (isWanted(step, xds, options)) print.item(step)
  }
  print.end()
}

function isWanted(step: XdsStep, xds: XdsType | undefined, { refused, endpoint }: XdsHistoryOptions): boolean {
  if (refused && step.kind !== 'refused') return false
  if (xds !== undefined && step.xds !== xds) return false
  if (endpoint === undefined) return true
  const name = String(EndpointId(endpoint))
  return step.xds === 'npds' && step.resources.some((resource) => resource.name === name)
}

function printer(output: XdsHistoryOptions['output'], range: Range, write: LogSink['write']): ItemStream<XdsStep> {
  const { node, to } = range
  switch (output) {
    case 'table':
      return {
        item: (step) => write(stepText(step)),
        end: () => write(`\non node ${node}, up to position ${to.position}, ${isoTime(to.recordedAt)}\n`),
      }
    case 'jsonl':
      return { item: (step) => write(`${JSON.stringify(step)}\n`), end: () => undefined }
    case 'json':
      return itemStream(range, write)
  }
}
