/** `hindcast agent`: everything that runs on a node, in one process: log, datapath, xDS server, embedded proxy, flow store and the agent itself. */
import { mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type Logger, pino } from 'pino'
import { DecodeError } from '../../../events/codec.ts'
import type { NodeName } from '../../../events/ids.ts'
import { type Agent, startAgent } from '../../agent/agent.ts'
import { AgentEnd } from '../../agent/end.ts'
import { EnginePolicyView } from '../../agent/engine-view.ts'
import { systemClock } from '../../agent/system-clock.ts'
import { openFlowStore } from '../../flows/sqlite.ts'
import { startProxy } from '../../proxy/proxy.ts'
import { createXdsClient } from '../../xds/client.ts'
import { startXdsServer } from '../../xds/server.ts'
import { XdsSocketError } from '../../xds/socket-file.ts'
import { flowPath, nodeNameOf, openAgentStates, openLogOfAgent, type Place, pathOf, stateFolder } from '../compose.ts'
import { CliError, messageOf } from '../failure.ts'
import type { LogSink } from '../log-verb.ts'
import { chooseDatapath, type DatapathChoice, type NodeDatapath } from './datapath.ts'
import { type PolicyFlags, policyOptionsOf } from './policy-flags.ts'
import { Signing } from './signing.ts'

export type AgentVerbOptions = Place &
  PolicyFlags & {
    readonly node: string | undefined
    readonly socket: string | undefined
    readonly bpffs: string
    readonly datapath: DatapathChoice
    readonly gate: string | undefined
    readonly proxy: 'embedded' | 'none'
    readonly logLevel: string
    /** Milliseconds between two checkpoints; 0 for none. */
    readonly checkpointEvery: number
    readonly version: string
  }

/** Node id of the embedded proxy on the xDS socket, as Cilium's Envoy gives it. */
const PROXY_NODE = 'host~127.0.0.1~no-id~localdomain'

/** Runs until it is told to stop, or cannot go on. Throws `CliError` and the errors of the ports. */
export async function runAgent(options: AgentVerbOptions, sink: LogSink): Promise<void> {
  const logger = pino({ level: options.logLevel, base: null }, { write: sink.warn })
  const stop = Promise.withResolvers<null>()
  sink.stop.addEventListener('abort', () => stop.resolve(null), { once: true })
  if (sink.stop.aborted) return
  await using stack = new AsyncDisposableStack()
  const { node, start } = await openNode(options, { logger, stack })
  // An agent whose log is on a server that is away starts when it is back, and may be told to stop before.
  const agent = await Promise.race([start().catch(rethrow), stop.promise])
  if (agent === null) return
  const everyMs = options.checkpointEvery
  const signing = stack.use(new Signing({ path: pathOf(options), node, everyMs, clock: systemClock, logger }))
  stack.use(agent)
  const end = await Promise.race([agent.ended, stop.promise])
  if (end === null) logger.info('stopping; what is enforced stays')
  else if (end.code !== 'stopped') throw failureOf(end)
  signing.signAtStop()
}

/** Everything but the agent, in order: what is opened later is closed earlier. */
async function openNode(
  options: AgentVerbOptions,
  { logger, stack }: { readonly logger: Logger; readonly stack: AsyncDisposableStack },
): Promise<{ readonly node: NodeName; readonly start: () => Promise<Agent> }> {
  const clock = systemClock
  const log = stack.use(await openLogOfAgent(options))
  const node = await nodeNameOf(log, options.node)
  const flows = stack.use(openFlowStore({ path: flowPath(options, node), report: (line) => logger.warn(line) }))
  const states = stack.use(openAgentStates(options, node))
  const { datapath: choice, bpffs, gate } = options
  const chosen = stack.use(await chooseDatapath({ choice, bpffs, gate, node, clock }))
  sayDatapath(logger, chosen)
  const socket = options.socket ?? join(stateFolder(options), `xds-${node}.sock`)
  const xds = stack.use(await serveXds(socket, clock.newId().slice(0, 8)))
  const { identities, sockets, listeners, hostAddresses, probe } = chosen
  if (options.proxy === 'embedded') {
    const client = stack.use(createXdsClient({ socket, node: PROXY_NODE }))
    stack.use(startProxy({ client, identities, sockets, flows, clock, report: (line) => logger.warn(line) }))
  }
  const agentOptions = { version: options.version, datapathReason: chosen.reason, listeners, hostAddresses, probe }
  const policy = new EnginePolicyView(node, policyOptionsOf(options))
  const { datapath } = chosen
  const start = async (): Promise<Agent> => {
    const ports = { node, log, datapath, xds, policy, flows, clock, logger, states }
    const agent = await startAgent({ ...ports, options: agentOptions })
    logger.info({ node, log: log.location, socket, datapath: datapath.mode }, 'ready')
    return agent
  }
  return { node, start }
}

/** Aloud where it is the model: most of what people expect of an agent it does not do. */
function sayDatapath(logger: Logger, { datapath: { mode }, reason, doors }: NodeDatapath): void {
  const text = `${mode} datapath: ${reason}`
  if (mode === 'kernel') logger.info({ datapath: mode, reason }, text)
  else logger.warn({ datapath: mode, reason }, `${text}; only connections through its gate are enforced`)
  for (const door of doors) logger.info(door)
}

async function serveXds(socket: string, epoch: string): ReturnType<typeof startXdsServer> {
  try {
    mkdirSync(dirname(socket), { recursive: true })
  } catch (error) {
    throw new CliError('backend', `socket-io: ${messageOf(error)} (at --socket)`, { cause: error })
  }
  try {
    return await startXdsServer({ socket, epoch })
  } catch (error) {
    if (!(error instanceof XdsSocketError)) throw error
    throw new CliError('backend', `${error.message} (at --socket)`, { cause: error })
  }
}

function rethrow(error: unknown): never {
  throw error instanceof AgentEnd ? failureOf(error) : error
}

function failureOf(end: AgentEnd): Error {
  if (end.cause instanceof DecodeError) return end.cause
  return new CliError(end.code === 'bug' ? 'integrity' : 'backend', end.message, { cause: end })
}
