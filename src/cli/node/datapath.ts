/**
 * Which datapath decides on this node: the kernel where it can be used, else the model, never silently, and not where the kernel still enforces.
 * With the datapath comes what the embedded proxy needs of it: who is talking, and how it listens and connects.
 */
import { networkInterfaces } from 'node:os'
import { IpAddress, type NodeName } from '../../../events/ids.ts'
import { addressText, parseAddress } from '../../../projections/ip/prefix.ts'
import type { ListenerOptions } from '../../../projections/xds/listeners.ts'
import { pinFolder, pinnedEndpoints } from '../../kernel/bpffs.ts'
import { openKernelDatapath } from '../../kernel/datapath.ts'
import { openIdentitySource } from '../../kernel/identity-source.ts'
import { IPCACHE } from '../../kernel/maps.ts'
import { probeKernel, reasonAgainstKernel } from '../../kernel/probe.ts'
import { ensureProxyRoutes } from '../../kernel/routes.ts'
import { transparentSockets } from '../../kernel/transparent-sockets.ts'
import { createModelDatapath } from '../../model/datapath.ts'
import { Gate } from '../../model/gate.ts'
import { openModelNetwork } from '../../model/network.ts'
import { modelSockets } from '../../model/sockets.ts'
import type { Clock } from '../../ports/clock.ts'
import { type Datapath, DatapathError, type ProbeReport } from '../../ports/datapath.ts'
import type { IdentitySource, ProxySockets, TransparentSockets } from '../../ports/proxy.ts'
import { pinName } from '../compose.ts'
import { CliError } from '../failure.ts'
import { readGateFile } from './gate-file.ts'

export type DatapathChoice = 'auto' | 'kernel' | 'model'

export type NodeDatapath = AsyncDisposable & {
  readonly datapath: Datapath
  /** Why this one and not the other, for people and for `AgentStarted`. */
  readonly reason: string
  readonly identities: IdentitySource
  readonly sockets: TransparentSockets | ProxySockets
  readonly listeners: ListenerOptions
  /** Of the node itself, as it has them when the agent starts; on the model there is no node. */
  readonly hostAddresses: readonly IpAddress[]
  /** What the kernel can do, as tried. */
  readonly probe: ProbeReport
  /** One line for each door of the model: who is claimed, whom it leads to, where it listens. */
  readonly doors: readonly string[]
}

export type DatapathOptions = {
  readonly choice: DatapathChoice
  /** Mount point of a BPF file system. */
  readonly bpffs: string
  readonly node: NodeName
  /** Doors into the model; a file as read by gate-file.ts. Refused where the kernel decides. */
  readonly gate: string | undefined
  readonly clock: Clock
}

/** What the model's proxy carries as its own source; nobody else on the model has it. */
const NODE_ADDRESS = IpAddress('10.0.0.1')

/** Rejects with `DatapathError` where the kernel was insisted on and cannot be used. */
export async function chooseDatapath(options: DatapathOptions): Promise<NodeDatapath> {
  const probe = await probeKernel()
  if (options.choice === 'model') return modelDatapath(options, { probe, reason: 'asked for by --datapath model' })
  const against = reasonAgainstKernel(probe)
  try {
    if (against !== null) throw new DatapathError('no-privilege', against)
    return await kernelDatapath(options, probe)
  } catch (error) {
    if (options.choice === 'kernel' || !(error instanceof DatapathError)) throw error
    refuseWhereKernelEnforces(options, error)
    return modelDatapath(options, { probe, reason: `the kernel cannot be used: ${firstLine(error.message)}` })
  }
}

/** An agent on the model would follow the policies while the kernel goes on enforcing what an earlier agent left: that must not come by itself. */
function refuseWhereKernelEnforces({ bpffs, node }: DatapathOptions, cause: DatapathError): void {
  const folder = pinFolder({ bpffs, name: pinName(node) })
  if (pinnedEndpoints(folder).length === 0) return
  const why = `the kernel enforces what an earlier agent left in ${folder.root}, and cannot be taken over`
  throw new DatapathError(cause.code, `${why}: ${cause.message}`, cause.log, { cause })
}

async function kernelDatapath({ bpffs, node, gate }: DatapathOptions, probe: ProbeReport): Promise<NodeDatapath> {
  if (gate !== undefined) throw new CliError('usage', 'gate-without-model at --gate: the kernel datapath has no gate')
  await using opened = new AsyncDisposableStack()
  const pins = { bpffs, name: pinName(node) }
  const datapath = opened.use(await openKernelDatapath(pins))
  const identities = opened.use(openIdentitySource(pins))
  await ensureProxyRoutes()
  const kept = opened.move()
  return {
    datapath,
    reason: `Linux ${probe.release} takes the programs`,
    probe,
    doors: [],
    identities,
    sockets: transparentSockets,
    listeners: { bpfRoot: bpffs, ipcacheName: IPCACHE.name },
    hostAddresses: hostAddresses(),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  }
}

async function modelDatapath(
  { clock, gate: path }: DatapathOptions,
  { probe, reason }: Pick<NodeDatapath, 'probe' | 'reason'>,
): Promise<NodeDatapath> {
  const { servers, doors } = path === undefined ? { servers: [], doors: [] } : readGateFile(path)
  await using opened = new AsyncDisposableStack()
  const datapath = opened.use(createModelDatapath({ clock }))
  const network = opened.use(await openModelNetwork(datapath))
  const gate = opened.use(new Gate(network))
  for (const { address, port, real } of servers) network.serve(address, port, real)
  const lines: string[] = []
  for (const { from, to, listen } of doors) {
    const at = await gate.open({ from, to }, listen)
    lines.push(`door from ${from} to ${to.address}:${to.port} on ${at.host}:${at.port}`)
  }
  const kept = opened.move()
  return {
    datapath,
    reason,
    probe,
    doors: lines,
    identities: datapath.identities,
    sockets: modelSockets({ network, nodeAddress: NODE_ADDRESS }),
    listeners: { bpfRoot: '', ipcacheName: '' },
    hostAddresses: [],
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  }
}

/** Loopback and link-local addresses mean something else on every link. */
function hostAddresses(): readonly IpAddress[] {
  const own = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? [])
  const texts = own.filter(({ internal, scopeid }) => !internal && !scopeid).map(({ address }) => parseAddress(address))
  return [...new Set(texts.filter((address) => address !== null).map(addressText))].toSorted().map(IpAddress)
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? text
}
