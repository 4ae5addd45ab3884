/** `hindcast why --flow ID`: a recorded flow, judged again at the position at which it was decided. */

import { isoTime } from '../history/position.ts'
import { whyStateFrom } from '../history/why.ts'
import { type FlowAnswer, positionOfFlow, whyFlow } from '../history/why-flow.ts'
import type { Flow } from '../ports/flows.ts'
import { momentOf, render } from './answer.ts'
import { nodeNameOf, openFlowsToRead, openHistory } from './compose.ts'
import { CliError } from './failure.ts'
import type { LogSink } from './log-verb.ts'
import { paintFor } from './render/colour.ts'
import { flowWhyText } from './render/why-flow.ts'
import { requireSubjects } from './subjects.ts'
import type { WhyOptions } from './why-verb.ts'

export type FlowWhyOptions = WhyOptions & { readonly flow: number }

/** `--at` asks what another moment would have said. With `--exit-code` 1 where it is denied, or recorded otherwise. Throws `CliError`. */
export async function explainFlow(options: FlowWhyOptions, sink: LogSink): Promise<void> {
  refuseOthers(options)
  await using history = await openHistory(options, sink.warn)
  const node = await nodeNameOf(history.log, options.node)
  requireSubjects(history, options, { moment: await momentOf(history, null, '--node'), span: 'ever' })
  const flow = await flowOf(await openFlowsToRead(history.log, { ...options, node }), options.flow)
  const at = options.at ?? (await positionOfFlow(history, node, flow))
  const moment = await momentOf(history, at, options.at === undefined ? '--flow' : '--at')
  const state = await whyStateFrom(history, moment)
  const outcome = whyFlow(state, node, flow)
  if (outcome.kind !== 'answered') {
    throw new CliError('notFound', `${outcome.kind} at --flow: flow ${flow.id}: ${outcome.reason}`)
  }
  const { answer } = outcome
  const paint = paintFor({ when: options.color, terminal: sink.terminal, noColor: process.env['NO_COLOR'] })
  const item = { node, flow: { ...flow, time: isoTime(flow.time) }, ...answer }
  const frame = { moment, revision: state.world.revision, output: options.output }
  sink.write(await render({ items: [item], text: flowWhyText(answer, { flow, paint }) }, frame))
  if (options.exitCode && isAmiss(answer)) throw new CliError('difference', '')
}

function isAmiss({ allowed, differs }: FlowAnswer): boolean {
  return !allowed || differs
}

/** The flow says all of it. Throws `CliError`. */
function refuseOthers({ from, to, port, http, header }: WhyOptions): void {
  const given = { from, to, port, http, header: header[0] }
  const named = Object.entries(given).flatMap(([name, value]) => (value === undefined ? [] : [`--${name}`]))
  if (named.length > 0)
    throw new CliError('usage', `--flow stands for ${named.join(', ')}: leave out the one or the other`)
}

/** Throws `CliError` with the ids that there are. */
async function flowOf(flows: Awaited<ReturnType<typeof openFlowsToRead>>, id: number): Promise<Flow> {
  const [flow] = await flows.query({ id })
  if (flow !== undefined) return flow
  const [newest] = await flows.query({ last: 1 })
  const known = newest === undefined ? 'there are none' : `the newest is ${newest.id}, the oldest are given up in time`
  throw new CliError('notFound', `no-such-flow at --flow: ${id}; ${known}`)
}
