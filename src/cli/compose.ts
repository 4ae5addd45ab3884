/** The choice of adapters: the only file that knows which log stands behind a URL. */
import { mkdirSync, rmSync } from 'node:fs'
import { hostname } from 'node:os'
import { dirname, join } from 'node:path'
import type { EventType } from '../../events/catalogue.ts'
import { DecodeError } from '../../events/codec.ts'
import { NodeName, type StreamName, Timestamp } from '../../events/ids.ts'
import { nodeOfStream } from '../../projections/world.ts'
import type { Branch } from '../history/branch/branch.ts'
import { type BranchSource, noBranches, withBranches } from '../history/branch/branched.ts'
import type { BranchFolder } from '../history/branch/folder.ts'
import type { ReadableDatapath } from '../history/drift/kernel-view.ts'
import type { History } from '../history/history.ts'
import { openSqliteLog } from '../log/sqlite/log.ts'
import type { Datapath } from '../ports/datapath.ts'
import type { FlowStore } from '../ports/flows.ts'
import { type EventLog, LogError } from '../ports/log.ts'
import type { ReadModel } from '../ports/read-model.ts'
import type { SavedStates } from '../ports/saved-states.ts'
import type { ScratchDatapath, ScratchState } from '../ports/scratch.ts'
import { openSavedStates } from '../states/saved-states.ts'
import { CliError, messageOf } from './failure.ts'
import type { Opening, Warn } from './kurrentdb.ts'
import { capsulePath, copyPath, isKurrentUrl } from './log-url.ts'

export type Place = { readonly log: string | undefined; readonly state: string | undefined }

/** `.hindcast/` here, unless `--state` or HINDCAST_STATE says otherwise. */
export function stateFolder({ state }: Pick<Place, 'state'>): string {
  return state ?? (process.env['HINDCAST_STATE'] || '.hindcast')
}

/**
 * For reading only: `sqlite:PATH`, a plain path, `kurrentdb://…` or `capsule:FILE`; by default `log.db` in the state folder. A server that is away is answered for by
 * the local copy, and `warn` is told. Throws `LogError`, `CliError`.
 */
export async function openLogToRead(place: Place, warn: Warn = toStandardError): Promise<EventLog> {
  const capsule = capsulePath(urlOf(place))
  if (capsule !== null) {
    const { openCapsuleFile } = await import('./capsule/file.ts')
    const { log, model } = await openCapsuleFile(capsule, warn)
    model[Symbol.dispose]()
    return log
  }
  if (isKurrent(place)) return openServer({ url: urlOf(place), copy: pathOf(place), purpose: 'read', now, warn })
  return openSqliteLog({ path: pathOf(place), now, readOnly: true })
}

/** For questions about a log from its first event on. Throws `LogError`, `CliError`. */
export async function openWholeLogToRead(place: Place, warn: Warn): Promise<EventLog> {
  if (capsulePath(urlOf(place)) === null) return openLogToRead(place, warn)
  const reason = 'its own digest is checked whenever it is opened; ask the log that it was taken from'
  throw new CliError('usage', `capsule-is-a-part at --log: a capsule is a part of a log: ${reason}`)
}

/** For reading and appending; folder and file are made where they are missing. Throws `LogError`, `CliError`. */
export async function openLogToWrite(place: Place): Promise<EventLog> {
  return openLogOf(place, 'write')
}

/** For an agent: a server that is away is waited for, and meanwhile the log is what the copy holds. Throws `LogError`, `CliError`. */
export async function openLogOfAgent(place: Place): Promise<EventLog> {
  return openLogOf(place, 'agent')
}

async function openLogOf(place: Place, purpose: 'write' | 'agent'): Promise<EventLog> {
  if (capsulePath(urlOf(place)) !== null) throw new CliError('usage', 'log-read-only at --log: a capsule is only read')
  const path = pathOf(place)
  try {
    mkdirSync(dirname(path), { recursive: true })
  } catch (error) {
    throw new LogError('log-io', `${dirname(path)}: ${messageOf(error)}`, { cause: error })
  }
  if (isKurrent(place)) return openServer({ url: urlOf(place), copy: path, purpose, now, warn: toStandardError })
  return openSqliteLog({ path, now })
}

/** Its client is loaded only where there is a server. */
async function openServer(opening: Opening): Promise<EventLog> {
  const { openKurrent } = await import('./kurrentdb.ts')
  return openKurrent(opening)
}

const toStandardError: Warn = (text) => void process.stderr.write(text)

/**
 * The log with the index of its history, which is kept beside the log. A short log is indexed in memory, and so is a long one beside which
 * nothing can be written; that is said on standard error. Throws `LogError`, `CliError`.
 */
export async function openHistory(place: Place, warn: (text: string) => void): Promise<History & AsyncDisposable> {
  const capsule = capsulePath(urlOf(place))
  if (capsule !== null) {
    const { openCapsuleFile } = await import('./capsule/file.ts')
    const { log, model } = await openCapsuleFile(capsule, warn)
    const branches = noBranches('a capsule is a part of a log, and branches are kept beside the whole')
    return { log, model, branches, [Symbol.asyncDispose]: async () => model[Symbol.dispose]() }
  }
  const log = await openLogToRead(place, warn)
  try {
    const model = await openModel(log, `${pathOf(place)}.readmodel`, warn)
    return {
      ...withBranches({ log, model }, branchSource(place)),
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
  const { IN_MEMORY, openReadModel } = await import('../readmodel/model.ts')
  let events = 0
  for await (const batch of log.readAll({ direction: 'forwards', after: null, limit: INDEXED_IN_MEMORY_MAX + 1 })) {
    events += batch.length
  }
  if (events <= INDEXED_IN_MEMORY_MAX) return openReadModel(log, IN_MEMORY)
  try {
    return await openReadModel(log, path)
  } catch (error) {
    if (error instanceof DecodeError || error instanceof LogError) throw error
    // The room that is left is the log's, not that of half a read model.
    if (isFull(error)) for (const suffix of ['', '-wal', '-shm']) rmSync(`${path}${suffix}`, { force: true })
    warn(`no read model at ${path}, the whole log is folded in memory: ${messageOf(error)}\n`)
    return openReadModel(log, IN_MEMORY)
  }
}

/** SQLITE_FULL. */
function isFull(error: unknown): boolean {
  return ((error as { readonly errcode?: number }).errcode ?? 0) === 13
}

/** What earlier writers knew, beside the log. Throws `CliError`. */
export function openStates(place: Place): SavedStates {
  return openSavedStates(`${pathOf(place)}.ledger`)
}

/** What an earlier agent of the node had folded, beside the log. Throws `CliError`. */
export function openAgentStates(place: Place, node: NodeName): SavedStates {
  return openSavedStates(`${pathOf(place)}.agent-${node}`)
}

/** The flow store of a node lies beside the log. Throws `FlowStoreError` at the query, `CliError` where the node is not clear. */
export async function openFlowsToRead(
  log: EventLog,
  place: Place & { readonly node: string | undefined },
): Promise<Pick<FlowStore, 'query'>> {
  const capsule = capsulePath(urlOf(place))
  if (capsule !== null) return flowsOfCapsule(capsule, place.node ?? null)
  const { openFlowReader } = await import('../flows/sqlite.ts')
  return openFlowReader(flowPath(place, await nodeNameOf(log, place.node)))
}

async function flowsOfCapsule(path: string, node: string | null): Promise<Pick<FlowStore, 'query'>> {
  const [{ readCapsuleFile }, { flowsOf }] = await Promise.all([
    import('./capsule/file.ts'),
    import('../history/capsule/export.ts'),
  ])
  return flowsOf(await readCapsuleFile(path), node)
}

export function flowPath(place: Place, node: NodeName): string {
  return join(dirname(pathOf(place)), `flows-${node}.db`)
}

type Pins = { readonly bpffs: string; readonly node: NodeName }

/**
 * What the node's kernel holds, as another process pinned it. The kernel's libraries are loaded only by the verbs that need them, so that all
 * others work where there is no kernel of ours. Throws `DatapathError`, `CliError`.
 */
export async function openDatapathToRead(
  pins: Pins,
): Promise<ReadableDatapath & Pick<Datapath, 'readConntrack'> & AsyncDisposable> {
  return openKernel(pins, 'read')
}

/** For writing to what is pinned; `enforce` needs a compiler and can load programs. Throws `DatapathError`, `CliError`. */
export async function openDatapathToRepair(pins: Pins, purpose: 'read' | 'enforce'): Promise<Datapath> {
  return openKernel(pins, purpose)
}

/** Throws `DatapathError`. */
export async function repairProxyRoutes(): Promise<void> {
  const { ensureProxyRoutes } = await import('../kernel/routes.ts')
  await ensureProxyRoutes()
}

/** The programs on maps of their own, with that state in them. Throws `DatapathError`, `CliError`. */
export async function openScratch(state: ScratchState): Promise<ScratchDatapath> {
  if (process.platform !== 'linux')
    throw new CliError('backend', `no-kernel-datapath: ${process.platform} is not Linux`)
  const { openScratchDatapath } = await import('../kernel/scratch.ts')
  return openScratchDatapath(state)
}

async function openKernel({ bpffs, node }: Pins, purpose: 'read' | 'enforce'): Promise<Datapath> {
  if (process.platform !== 'linux')
    throw new CliError('backend', `no-kernel-datapath: ${process.platform} is not Linux`)
  const { openKernelDatapath } = await import('../kernel/datapath.ts')
  return openKernelDatapath({ bpffs, name: pinName(node), purpose })
}

/** The kernel's clock for connections. */
export function monotonicSeconds(): number {
  return Number(process.hrtime.bigint() / 1_000_000_000n)
}

/** A BPF file system takes no dots in names. */
export function pinName(node: NodeName): string {
  return `hindcast-${node.replaceAll('.', '_')}`
}

/** Read where a moment on a branch is asked about. */
function branchSource(place: Place): BranchSource {
  return {
    names: async () => (await besideOf(place)).names(),
    read: async (name): Promise<Branch | null> => {
      const [folder, { BranchError }] = await Promise.all([besideOf(place), import('../history/branch/folder.ts')])
      try {
        return folder.read(name)
      } catch (error) {
        if (error instanceof BranchError) throw new CliError('integrity', error.message, { cause: error })
        throw error
      }
    },
  }
}

async function besideOf(place: Place): Promise<BranchFolder> {
  return (await import('./beside.ts')).branchFolder(place)
}

/** The file that is read: the log itself, or the copy of a log on a server. Throws `CliError`. */
export function pathOf(place: Place): string {
  const url = urlOf(place)
  if (isKurrent(place)) return join(stateFolder(place), copyPath(url))
  const capsule = capsulePath(url)
  if (capsule !== null) return capsule
  const scheme = /^([a-z][a-z0-9+]*):/.exec(url)?.[1]
  if (scheme !== undefined && scheme !== 'sqlite') {
    const known = 'sqlite:PATH, a plain path, kurrentdb://HOST:PORT or capsule:FILE'
    throw new CliError('usage', `log-scheme-unknown at --log: ${scheme}: is not one of ${known}`)
  }
  return url.replace(/^sqlite:/, '')
}

export function isCapsule(place: Place): boolean {
  return capsulePath(urlOf(place)) !== null
}

function urlOf(place: Place): string {
  return place.log ?? join(stateFolder(place), 'log.db')
}

function isKurrent(place: Place): boolean {
  return isKurrentUrl(urlOf(place))
}

/**
 * The node that a verb speaks of: the one asked for, $HINDCAST_NODE, the only one that the log knows, or this machine. On a log that machines share
 * the only one known may well be another machine, so there it is this one. Throws `CliError`.
 */
export async function nodeNameOf(log: EventLog, wanted: string | undefined): Promise<NodeName> {
  const given = wanted ?? process.env['HINDCAST_NODE']
  if (given !== undefined && given !== '') return checkedNode(given)
  const here = hostname().toLowerCase()
  if (log.link !== undefined) return checkedNode(here)
  const known = await nodesOf(log)
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

/** Those that had an agent or endpoints; their first events say so, however long the log is. */
async function nodesOf(log: EventLog): Promise<ReadonlySet<string>> {
  const streams = (await log.streams()).filter((stream) => stream.startsWith('node-'))
  const names = new Set<string>()
  for (const stream of streams) if (await isOfNode(log, stream)) names.add(nodeOfStream(stream) ?? '')
  return names
}

async function isOfNode(log: EventLog, stream: StreamName): Promise<boolean> {
  const types: readonly string[] = ['AgentStarted', 'EndpointCreated'] satisfies readonly EventType[]
  for await (const batch of log.readStream(stream, { direction: 'forwards', after: null })) {
    if (batch.some(({ type }) => types.includes(type))) return true
  }
  return false
}

export function now(): Timestamp {
  return Timestamp(Date.now())
}
