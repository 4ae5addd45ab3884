/** `hindcast capsule export` and `capsule open`: an incident as one file. */

import { readFileSync } from 'node:fs'
import type { Timestamp } from '../../../events/ids.ts'
import { type ExportQuestion, exportCapsule, PROJECTION } from '../../history/capsule/export.ts'
import { factsOf, type NodeFacts } from '../../history/capsule/facts.ts'
import type { Capsule, CapsuleHeader } from '../../history/capsule/format.ts'
import { checkedOrigin } from '../../history/capsule/origin.ts'
import { pseudonymousCapsule } from '../../history/capsule/pseudonyms/capsule.ts'
import { isoTime } from '../../history/position.ts'
import { FlowStoreError } from '../../ports/flows.ts'
import type { EventLog } from '../../ports/log.ts'
import { IN_MEMORY, openReadModel } from '../../readmodel/model.ts'
import { momentsOf } from '../answer.ts'
import { nodeNameOf, openFlowsToRead, openHistory, type Place } from '../compose.ts'
import { CliError, messageOf } from '../failure.ts'
import { givenKey } from '../integrity/verifier-key.ts'
import type { LogSink } from '../log-verb.ts'
import { counted } from '../render/counted.ts'
import { requireSubjects } from '../subjects.ts'
import { version } from '../version.ts'
import { checkCapsuleFile, checkCapsuleTarget, writeCapsuleFile } from './file.ts'
import { originBeside, originText, plainOrigin } from './origin.ts'

export type ExportOptions = Place & {
  readonly from: string
  readonly to: string | undefined
  readonly node: string | undefined
  readonly flows: boolean
  readonly pseudonyms: string | undefined
  readonly output: 'table' | 'json'
  readonly version: string
}
export type OpenOptions = { readonly output: 'table' | 'json'; readonly key: string | undefined }

/** Throws `CliError`, `LogError`, `FlowStoreError`. */
export async function exportRange(file: string, options: ExportOptions, sink: LogSink): Promise<void> {
  checkCapsuleTarget(file)
  await using history = await openHistory(options, sink.warn)
  const { log, model } = history
  // A capsule holds what was recorded.
  const [from = null, to = null] = await momentsOf({ log, model }, [
    ['--from', options.from],
    ['--to', options.to ?? null],
  ])
  if (from === null || to === null) throw new CliError('notFound', 'the log is empty')
  requireSubjects(history, options, { moment: to, span: 'ever' })
  if (from.position > to.position) throw new CliError('usage', `range-wrong at --from: ${from.position} is after --to`)
  const flows = options.flows ? await flowsBeside(history.log, options, sink) : null
  const key = options.pseudonyms === undefined ? null : keyOf(options.pseudonyms)
  const openModel: ExportQuestion['openModel'] = (log) => openReadModel(log, IN_MEMORY)
  const plain = await consistent(exportCapsule({ ...{ history, from, to, flows, engine: options.version }, openModel }))
  const capsule =
    key === null
      ? await withOrigin(plain, { log: history.log, place: options, warn: sink.warn })
      : await pseudonymousCapsule(plain, { key, openModel })
  const bytes = await writeCapsuleFile(file, capsule, sink.stop)
  const document = { ...plainHeader(capsule.header), events: capsule.events.length, file, bytes }
  if (options.output === 'json') return sink.write(`${JSON.stringify(document, null, 2)}\n`)
  sink.write(`${headerText(capsule.header, capsule.events.length)}${file}: ${bytes} bytes\n`)
}

async function withOrigin(capsule: Capsule, beside: Parameters<typeof originBeside>[1]): Promise<Capsule> {
  return { ...capsule, header: { ...capsule.header, origin: await originBeside(capsule, beside) } }
}

/** Of a log that was changed, what was published does not follow from what was published before (projections/xds/snapshot.ts). */
async function consistent<T>(exported: Promise<T>): Promise<T> {
  try {
    return await exported
  } catch (error) {
    if (!(error instanceof TypeError) || !/ has digest sha256:/.test(error.message)) throw error
    throw new CliError('integrity', `log-inconsistent: ${error.message}`, { cause: error })
  }
}

/** Too short a key would be found by trying. */
const KEY_BYTES_MIN = 16

function keyOf(file: string): Uint8Array {
  let key: Uint8Array
  try {
    key = readFileSync(file)
  } catch (error) {
    throw new CliError('notFound', `key-missing at --pseudonyms: ${messageOf(error)}`, { cause: error })
  }
  if (key.length >= KEY_BYTES_MIN) return key
  throw new CliError(
    'usage',
    `key-too-short at --pseudonyms: ${key.length} bytes, at least ${KEY_BYTES_MIN} are wanted`,
  )
}

/** Null, and said, where the node keeps none beside this log. */
async function flowsBeside(log: EventLog, options: ExportOptions, sink: LogSink): Promise<ExportQuestion['flows']> {
  const store = await openFlowsToRead(log, options)
  try {
    await store.query({ last: 1 })
  } catch (error) {
    if (!(error instanceof FlowStoreError) || error.code !== 'flows-missing') throw error
    sink.warn(`without flows: ${error.message}\n`)
    return null
  }
  return { node: await nodeNameOf(log, options.node), store }
}

/** What stands in it is what it says, or this throws `CapsuleError`. */
export async function showCapsule(file: string, { output, key }: OpenOptions, sink: LogSink): Promise<void> {
  const { capsule, model } = await checkCapsuleFile(file, sink.warn)
  model[Symbol.dispose]()
  const { header, events, flows } = capsule
  const origin = checkedOrigin(capsule, key === undefined ? null : givenKey(key))
  const nodes = factsOf(events)
  const document = {
    ...{ ...plainHeader(header), origin: plainOrigin(origin), openedBy: version() },
    ...{ events: events.length, flowLines: flows.length, nodes },
  }
  if (output === 'json') return sink.write(`${JSON.stringify(document, null, 2)}\n`)
  sink.write(headerText(header, events.length))
  for (const one of nodes) sink.write(nodeText(one))
  const states = header.projection === PROJECTION ? ' and the states at both ends are' : ' is'
  sink.write(`whole: its digest${states} as written\n`)
  sink.write(originText(origin, capsule))
  sink.write(`ask it with --log capsule:${file}\n`)
}

function nodeText({ node, agent, kernel }: NodeFacts): string {
  const ran = agent === null ? 'no agent' : `agent ${agent.version}, ${agent.datapath} datapath`
  if (kernel === null) return `node ${node}: ${ran}, no kernel probed\n`
  const lacking = kernel.lacks.length === 0 ? '' : `, without ${kernel.lacks.join(', ')}`
  return `node ${node}: ${ran}, kernel ${kernel.release}, ${counted(kernel.has.length, 'feature')}${lacking}\n`
}

/** For programs: times as everywhere, RFC 3339. */
function plainHeader({ from, to, ...header }: CapsuleHeader): object {
  const end = ({ position, time }: CapsuleHeader['from']): object => ({ position, time: isoTime(time as Timestamp) })
  return { ...header, from: end(from), to: end(to) }
}

function headerText({ engine, from, to, stateAtStart, stateAtEnd, flows }: CapsuleHeader, events: number): string {
  const end = ({ position, time }: CapsuleHeader['from']): string => `${position}, ${isoTime(time as Timestamp)}`
  const stated = flows === null ? 'no flows' : `${flows.count} flows of ${flows.node}${flows.whole ? '' : ', not all'}`
  return [
    `positions ${end(from)} to ${end(to)}, by hindcast ${engine}`,
    `${events} events, ${stated}`,
    `state at the start ${stateAtStart}`,
    `state at the end   ${stateAtEnd}`,
    '',
  ].join('\n')
}
