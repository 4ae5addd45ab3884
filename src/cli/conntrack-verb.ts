/** `hindcast bpf ct list global`: the connections that the kernel knows now. They are not on the log, so there is no `--at`. */
import { decodeEvent } from '../../events/codec.ts'
import { type NodeName, nodeStream } from '../../events/ids.ts'
import { isoTime } from '../history/position.ts'
import type { EventLog } from '../ports/log.ts'
import { nodeNameOf, now, openDatapathToRead, openLogToRead, type Place } from './compose.ts'
import { CliError } from './failure.ts'
import type { LogSink } from './log-verb.ts'
import { conntrackText } from './render/conntrack.ts'
import { requireEver } from './subjects.ts'

export type ConntrackOptions = Place & {
  readonly node: string | undefined
  readonly bpffs: string
  readonly output: 'table' | 'json' | 'jsonl'
}

export async function listConntrack(options: ConntrackOptions, sink: LogSink): Promise<void> {
  await using log = await openLogToRead(options, sink.warn)
  const node = await nodeNameOf(log, options.node)
  if (options.node !== undefined) await requireEver(log, { node })
  await refuseModel(log, node)
  await using datapath = await openDatapathToRead({ bpffs: options.bpffs, node })
  const items = await datapath.readConntrack()
  switch (options.output) {
    case 'json':
      return sink.write(`${JSON.stringify({ node, time: isoTime(now()), items }, null, 2)}\n`)
    case 'jsonl':
      return sink.write(items.map((item) => `${JSON.stringify(item)}\n`).join(''))
    case 'table':
      return sink.write(conntrackText(items))
  }
}

/** The model's connections are in its agent's memory and nowhere else. Throws `CliError`. */
export async function refuseModel(log: EventLog, node: NodeName): Promise<void> {
  for await (const batch of log.readStream(nodeStream(node), { direction: 'backwards', after: null })) {
    const stored = batch.find(({ type }) => type === 'AgentStarted')
    if (stored === undefined) continue
    const { event } = decodeEvent(stored)
    if (event.type !== 'AgentStarted' || event.datapath === 'kernel') return
    throw new CliError('backend', `no-kernel-datapath: node ${node} runs the model datapath (${event.reason})`)
  }
}
