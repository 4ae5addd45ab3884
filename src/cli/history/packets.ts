/** `hindcast replay --kernel`: packets, or recorded flows, through the programs of today, with the maps of a moment. */
import { EndpointId } from '../../../events/ids.ts'
import { ascending } from '../../../events/order.ts'
import type { World } from '../../../projections/world.ts'
import { positionText } from '../../history/branch/place.ts'
import type { History } from '../../history/history.ts'
import { type FlowPacket, packetOfFlow } from '../../history/replay/flow-packets.ts'
import {
  type JudgedPacket,
  judgePacket,
  type PlacedPacket,
  placePacket,
  type Scope,
  scratchState,
} from '../../history/replay/kernel-packets.ts'
import { worldFrom } from '../../history/state-at.ts'
import type { Flow } from '../../ports/flows.ts'
import type { ScratchDatapath } from '../../ports/scratch.ts'
import { momentOf } from '../answer.ts'
import { nodeNameOf, openFlowsToRead, openHistory, openScratch, type Place } from '../compose.ts'
import { CliError, problemLine } from '../failure.ts'
import { readInputs } from '../input.ts'
import type { LogSink } from '../log-verb.ts'
import { packetsText } from '../render/packets.ts'
import { requireSubjects } from '../subjects.ts'
import { readPacketFile } from './packet-file.ts'

export type PacketOptions = Place & {
  readonly at: string | undefined
  readonly endpoint: number | undefined
  readonly node: string | undefined
  readonly packets: string | undefined
  readonly flows: number | undefined
  readonly output: 'table' | 'json'
}

/** `recorded` where it was a flow. */
export type ShownPacket = JudgedPacket & { readonly recorded: Pick<Flow, 'id' | 'verdict' | 'stamp'> | null }

/** Flows that are not given to the programs, by reason. */
export type LeftOut = Readonly<Record<string, number>>

/** Ends with 4 where kernel and evaluator differ. Throws `CliError`, `DatapathError`. */
export async function replayPackets(options: PacketOptions, sink: LogSink): Promise<void> {
  await using history = await openHistory(options, sink.warn)
  const moment = await momentOf(history, options.at ?? null, '--at')
  if (moment === null) throw new CliError('notFound', 'the log is empty')
  const world = worldFrom(history.model, moment.position)
  requireSubjects(history, options, { moment, span: 'then' })
  const { given, leftOut } =
    options.flows === undefined
      ? { given: await fromFile(world, options, sink), leftOut: {} }
      : await fromFlows(history, world, { ...options, flows: options.flows })
  const packets = await judged(world, given)
  const document = { position: positionText(moment.position), packets, leftOut }
  sink.write(options.output === 'json' ? `${JSON.stringify(document, null, 2)}\n` : packetsText(packets, leftOut))
  if (packets.some(({ agrees }) => !agrees)) throw new CliError('integrity', '')
}

type Given = { readonly placed: PlacedPacket; readonly recorded: ShownPacket['recorded'] }

/** Each node's programs are loaded when the first packet meets them. */
async function judged(world: World, given: readonly Given[]): Promise<readonly ShownPacket[]> {
  await using stack = new AsyncDisposableStack()
  const kernels = new Map<string, ScratchDatapath>()
  const kernelOf = async (node: string): Promise<ScratchDatapath> => {
    const kernel = kernels.get(node) ?? stack.use(await openScratch(scratchState(world, node)))
    kernels.set(node, kernel)
    return kernel
  }
  const found: ShownPacket[] = []
  for (const { placed, recorded } of given) found.push({ ...(await judgePacket(world, kernelOf, placed)), recorded })
  return found
}

/** A packet that cannot be given is a mistake of who wrote the file. */
async function fromFile(world: World, options: PacketOptions, sink: LogSink): Promise<readonly Given[]> {
  const scope = scopeOf(world, options)
  const wishes = await wishesOf(options, sink)
  return wishes.map((wish, index) => {
    const placed = placePacket(world, scope, wish)
    if (typeof placed === 'string') throw new CliError('usage', `packet-unusable at --packets /${index}: ${placed}`)
    return { placed, recorded: null }
  })
}

/** A flow that cannot be given is counted: its endpoint may be gone, or it was no connection's beginning. */
async function fromFlows(
  { log }: History,
  world: World,
  options: PacketOptions & { readonly flows: number },
): Promise<{ readonly given: readonly Given[]; readonly leftOut: LeftOut }> {
  const node = await nodeNameOf(log, options.node)
  const { endpoint, flows: last } = options
  const store = await openFlowsToRead(log, { ...options, node })
  const flows = await store.query({ last, ...(endpoint === undefined ? {} : { endpoint }) })
  const reasons = new Map<string, number>()
  const given = flows.flatMap((flow): readonly Given[] => {
    const packet = packetOfFlow(flow, node)
    const placed = packet === null ? 'it is a response, and only requests are decided on' : placedFlow(world, packet)
    if (typeof placed !== 'string') return [{ placed, recorded: recordedOf(flow) }]
    reasons.set(placed, (reasons.get(placed) ?? 0) + 1)
    return []
  })
  return { given, leftOut: Object.fromEntries([...reasons].toSorted(([a], [b]) => ascending(a, b))) }
}

function placedFlow(world: World, { wish, scope }: FlowPacket): PlacedPacket | string {
  return placePacket(world, scope, wish)
}

function recordedOf({ id, verdict, stamp }: Flow): ShownPacket['recorded'] {
  return { id, verdict, stamp }
}

/** Throws `CliError` where the endpoint was not there, is on several nodes, or has nothing in the kernel. */
function scopeOf(world: World, { endpoint, node }: PacketOptions): Scope {
  if (node !== undefined && !world.nodes.has(node)) {
    throw new CliError(
      'notFound',
      `no-such-node: ${node}; there are ${[...world.nodes.keys()].toSorted().join(', ') || 'none'}`,
    )
  }
  if (endpoint === undefined) return { node: node ?? null, endpoint: null, direction: null }
  const found = [...world.nodes].flatMap(([name, { endpoints }]) =>
    [...endpoints.values()]
      .filter((view) => view.endpoint === endpoint && (node === undefined || node === name))
      .map((view) => ({ node: name, view })),
  )
  const [only, ...more] = found
  if (only === undefined) throw new CliError('notFound', `no-such-endpoint: ${endpoint} was not there at that position`)
  if (more.length > 0) {
    throw new CliError('usage', `node-ambiguous at --node: ${found.map(({ node: name }) => name).join(', ')} have it`)
  }
  const { identity, ipv4 } = only.view
  if (identity !== null && ipv4 !== null) return { node: only.node, endpoint: EndpointId(endpoint), direction: null }
  throw new CliError(
    'notFound',
    `endpoint-not-loaded: ${endpoint} had no ${identity === null ? 'identity' : 'IPv4 address'} at that position`,
  )
}

async function wishesOf(
  { packets: name = '-' }: PacketOptions,
  sink: LogSink,
): Promise<ReturnType<typeof readPacketFile>['packets']> {
  const [input] = await readInputs([name], sink.stdin)
  if (input === undefined || input.text === null) {
    throw new CliError('usage', `${input?.problem?.code} at --packets ${name}: ${input?.problem?.reason}`)
  }
  const { packets, problems } = readPacketFile(input.text)
  if (problems.length > 0) throw new CliError('usage', problems.map((problem) => problemLine(problem, name)).join('\n'))
  return packets
}
