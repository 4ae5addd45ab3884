/** The choice of adapters: the only file that knows which log stands behind a URL. */
import { mkdirSync } from 'node:fs'
import { hostname } from 'node:os'
import { dirname, join } from 'node:path'
import type { EventType } from '../../events/catalogue.ts'
import { DecodeError } from '../../events/codec.ts'
import { NodeName, Timestamp } from '../../events/ids.ts'
import { nodeOfStream } from '../../projections/world.ts'
import { openFlowReader } from '../flows/sqlite.ts'
import { CheckpointFolder } from '../history/checkpoint/folder.ts'
import type { History } from '../history/history.ts'
import { openSqliteLog } from '../log/sqlite/log.ts'
import type { Datapath } from '../ports/datapath.ts'
import type { FlowStore } from '../ports/flows.ts'
import { type EventLog, LogError } from '../ports/log.ts'
import type { ReadModel } from '../ports/read-model.ts'
import { IN_MEMORY, openReadModel } from '../readmodel/model.ts'
import { CliError, messageOf } from './failure.ts'

export type Place = { readonly log: string | undefined; readonly state: string | undefined }

/** `.hindcast/` here, unless `--state` or HINDCAST_STATE says otherwise. */
export function stateFolder({ state }: Pick<Place, 'state'>): string {
  return state ?? (process.env['HINDCAST_STATE'] || '.hindcast')
}

/** For reading only. `sqlite:PATH` or a plain path; by default `log.db` in the state folder. Throws `LogError`, `CliError`. */
export function openLogToRead(place: Place): EventLog {
  return openSqliteLog({ path: pathOf(place), now, readOnly: true })
}

/** For reading and appending; folder and file are made where they are missing. Throws `LogError`, `CliError`. */
export function openLogToWrite(place: Place): EventLog {
  const path = pathOf(place)
  try {
    mkdirSync(dirname(path), { recursive: true })
  } catch (error) {
    throw new LogError('log-io', `${dirname(path)}: ${messageOf(error)}`, { cause: error })
  }
  return openSqliteLog({ path, now })
}

/**
 * The log with the index of its history, which is kept beside the log. A short log is indexed in memory, and so is a long one beside which
 * nothing can be written; that is said on standard error. Throws `LogError`, `CliError`.
 */
export async function openHistory(place: Place, warn: (text: string) => void): Promise<History & AsyncDisposable> {
  const log = openLogToRead(place)
  try {
    const model = await openModel(log, `${pathOf(place)}.readmodel`, warn)
    return {
      log,
      model,
      [Symbol.asyncDispose]: async () => {
        model[Symbol.dispose]()
        await log[Symbol.asyncDispose]()
      },
    }
  } catch (error) {
    await log[Symbol.asyncDispose]()
    throw error
  }
}

/** Events up to which an index in memory is made faster than a file is opened, and leaves nothing behind. */
const INDEXED_IN_MEMORY_MAX = 5_000

async function openModel(log: EventLog, path: string, warn: (text: string) => void): Promise<ReadModel> {
  let events = 0
  for await (const batch of log.readAll({ direction: 'forwards', after: null, limit: INDEXED_IN_MEMORY_MAX + 1 })) {
    events += batch.length
  }
  if (events <= INDEXED_IN_MEMORY_MAX) return openReadModel(log, IN_MEMORY)
  try {
    return await openReadModel(log, path)
  } catch (error) {
    if (error instanceof DecodeError || error instanceof LogError) throw error
    warn(`no read model at ${path}, the whole log is folded in memory: ${messageOf(error)}\n`)
    return openReadModel(log, IN_MEMORY)
  }
}

/** The flow store of a node lies beside the log. Throws `FlowStoreError` at the query, `CliError` where the node is not clear. */
export async function openFlowsToRead(
  log: EventLog,
  place: Place & { readonly node: string | undefined },
): Promise<Pick<FlowStore, 'query'>> {
  return openFlowReader(flowPath(place, await nodeNameOf(log, place.node)))
}

export function flowPath(place: Place, node: NodeName): string {
  return join(dirname(pathOf(place)), `flows-${node}.db`)
}

/**
 * What the node's kernel holds, as another process pinned it. The kernel's libraries are loaded only by the verbs that need them, so that all
 * others work where there is no kernel of ours. Throws `DatapathError`, `CliError`.
 */
export async function openDatapathToRead({
  bpffs,
  node,
}: {
  readonly bpffs: string
  readonly node: NodeName
}): Promise<Pick<Datapath, 'readConntrack' | 'readPolicyMap' | 'readIpcache' | 'listEndpoints'> & AsyncDisposable> {
  if (process.platform !== 'linux')
    throw new CliError('backend', `no-kernel-datapath: ${process.platform} is not Linux`)
  const { openKernelDatapath } = await import('../kernel/datapath.ts')
  return openKernelDatapath({ bpffs, name: pinName(node), purpose: 'read' })
}

/** A BPF file system takes no dots in names. */
export function pinName(node: NodeName): string {
  return `hindcast-${node.replaceAll('.', '_')}`
}

export const BPFFS_DEFAULT = '/sys/fs/bpf'

/** Where the log's checkpoints and their keys are kept. Throws `CliError`. */
export function checkpointFolder(place: Place): CheckpointFolder {
  return new CheckpointFolder(`${pathOf(place)}.checkpoints`)
}

function pathOf(place: Place): string {
  const url = place.log ?? join(stateFolder(place), 'log.db')
  const scheme = /^([a-z][a-z0-9+]*):/.exec(url)?.[1]
  if (scheme !== undefined && scheme !== 'sqlite') {
    throw new CliError('usage', `log-scheme-unknown at --log: ${scheme}: is not one of sqlite:PATH or a plain path`)
  }
  return url.replace(/^sqlite:/, '')
}

/**
 * The node that a verb speaks of: the one asked for, $HINDCAST_NODE, the only one that the log knows, or this machine. Throws `CliError`.
 */
export async function nodeNameOf(log: EventLog, wanted: string | undefined): Promise<NodeName> {
  const given = wanted ?? process.env['HINDCAST_NODE']
  if (given !== undefined && given !== '') return checkedNode(given)
  const known = await nodesOf(log)
  const here = hostname().toLowerCase()
  if (known.size === 0 || known.has(here)) return checkedNode(here)
  const [only, ...more] = known
  if (only !== undefined && more.length === 0) return checkedNode(only)
  throw new CliError('usage', `node-ambiguous at --node: the log knows ${[...known].toSorted().join(', ')}`)
}

function checkedNode(name: string): NodeName {
  try {
    return NodeName(name)
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    throw new CliError('usage', `node-name at --node: ${error.message}`)
  }
}

async function nodesOf(log: EventLog): Promise<ReadonlySet<string>> {
  const types: readonly EventType[] = ['AgentStarted', 'EndpointCreated']
  const names = new Set<string>()
  for await (const batch of log.readAll({ direction: 'forwards', after: null, types })) {
    for (const { stream } of batch) names.add(nodeOfStream(stream) ?? '')
  }
  return names
}

export function now(): Timestamp {
  return Timestamp(Date.now())
}
