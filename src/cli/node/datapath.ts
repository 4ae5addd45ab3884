/**
 * Which datapath decides on this node: the kernel where it can be used, else the model, and never silently. With the datapath comes what the
 * embedded proxy needs of it: who is talking, and how it listens and connects.
 */

import { IpAddress, type NodeName } from '../../../events/ids.ts'
import type { ListenerOptions } from '../../../projections/xds/listeners.ts'
import { openKernelDatapath } from '../../kernel/datapath.ts'
import { openIdentitySource } from '../../kernel/identity-source.ts'
import { IPCACHE } from '../../kernel/maps.ts'
import { ensureProxyRoutes } from '../../kernel/routes.ts'
import { transparentSockets } from '../../kernel/transparent-sockets.ts'
import { createModelDatapath } from '../../model/datapath.ts'
import { Gate } from '../../model/gate.ts'
import { openModelNetwork } from '../../model/network.ts'
import { modelSockets } from '../../model/sockets.ts'
import type { Clock } from '../../ports/clock.ts'
import { type Datapath, DatapathError } from '../../ports/datapath.ts'
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
  if (options.choice === 'model') return modelDatapath(options, 'asked for by --datapath model')
  try {
    return await kernelDatapath(options)
  } catch (error) {
    if (options.choice === 'kernel' || !(error instanceof DatapathError)) throw error
    return modelDatapath(options, `the kernel cannot be used: ${firstLine(error.message)}`)
  }
}

async function kernelDatapath({ bpffs, node, gate }: DatapathOptions): Promise<NodeDatapath> {
  if (gate !== undefined) throw new CliError('usage', 'gate-without-model at --gate: the kernel datapath has no gate')
  await using opened = new AsyncDisposableStack()
  const pins = { bpffs, name: pinName(node) }
  const datapath = opened.use(await openKernelDatapath(pins))
  const identities = opened.use(openIdentitySource(pins))
  await ensureProxyRoutes()
  const kept = opened.move()
  return {
    datapath,
    reason: 'the kernel takes the programs',
    identities,
    sockets: transparentSockets,
    listeners: { bpfRoot: bpffs, ipcacheName: IPCACHE.name },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  }
}

async function modelDatapath({ clock, gate: path }: DatapathOptions, reason: string): Promise<NodeDatapath> {
  const { servers, doors } = path === undefined ? { servers: [], doors: [] } : readGateFile(path)
  await using opened = new AsyncDisposableStack()
  const datapath = opened.use(createModelDatapath({ clock }))
  const network = opened.use(await openModelNetwork(datapath))
  const gate = opened.use(new Gate(network))
  for (const { address, port, real } of servers) network.serve(address, port, real)
  for (const { from, to, listen } of doors) await gate.open({ from, to }, listen)
  const kept = opened.move()
  return {
    datapath,
    reason,
    identities: datapath.identities,
    sockets: modelSockets({ network, nodeAddress: NODE_ADDRESS }),
    listeners: { bpfRoot: '', ipcacheName: '' },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  }
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? text
}
