/** The story on the real kernel: namespaces of its own, BPF programs at the pods' devices, real HTTP between real processes. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { CAST, member, type Reply, type ShipRequest, type Stage } from './cast.ts'
import { createNetwork, inNamespace, namespaceOf } from './network.ts'
import { answerOf, firstLine, shipCommand } from './process.ts'

const SERVICE_PORT = 80

/**
 * `serve` starts what answers at the deathstar, in its namespace, and puts its end on the stack. Throws where namespaces or the BPF file system
 * cannot be had; nothing is left behind then.
 */
export async function kernelStage(folder: string, serve: Serve = serveDeathstar): Promise<Stage> {
  const stack = new AsyncDisposableStack()
  try {
    const network = stack.use(createNetwork())
    const bpffs = mountBpffs(folder, stack)
    const endpointFile = join(folder, 'endpoints.json')
    const endpoints = CAST.map((one) => ({ ...one, ...network.pods.get(one.name) }))
    writeFileSync(endpointFile, JSON.stringify(endpoints.map(asEndpoint), null, 2))
    await serve(inNamespace(namespaceOf('deathstar')), stack)
    return {
      datapath: 'kernel',
      scenery: 'BPF programs at the pods’ devices decide about packets, the proxy about requests',
      endpointFile,
      agentArguments: ['--datapath', 'kernel', '--bpffs', bpffs],
      liveArguments: ['--bpffs', bpffs],
      onNode: inNamespace(network.node),
      send,
      drift: (state) => drift(inNamespace(network.node), ['--state', state, '--bpffs', bpffs]),
      [Symbol.asyncDispose]: () => stack.disposeAsync(),
    }
  } catch (error) {
    await stack.disposeAsync()
    throw error
  }
}

type PlacedMember = (typeof CAST)[number] & {
  readonly device?: string
  readonly mac?: string
  readonly nodeMac?: string
}

function asEndpoint({ endpoint, name, identity, labels, ipv4, device, mac, nodeMac }: PlacedMember): unknown {
  return { id: endpoint, name: `default/${name}`, identity, labels, ipv4, device, mac, nodeMac }
}

/** A BPF file system of the demo's own: its pins go when it is unmounted. */
function mountBpffs(folder: string, stack: AsyncDisposableStack): string {
  const path = join(folder, 'bpf')
  mkdirSync(path, { recursive: true })
  execFileSync('mount', ['-t', 'bpf', 'bpf', path], { stdio: ['ignore', 'ignore', 'pipe'] })
  stack.defer(() => void execFileSync('umount', [path], { stdio: ['ignore', 'ignore', 'pipe'] }))
  return path
}

export type Serve = (inDeathstar: readonly string[], stack: AsyncDisposableStack) => Promise<void>

async function serveDeathstar([command = '', ...args]: readonly string[], stack: AsyncDisposableStack): Promise<void> {
  const { ipv4 } = member('deathstar')
  const script = join(import.meta.dirname, 'deathstar.ts')
  const server: ChildProcess = spawn(command, [...args, process.execPath, script, ipv4, String(SERVICE_PORT)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  stack.defer(() => void server.kill('SIGKILL'))
  await firstLine(server, 'ready')
}

/** In a process of its own: devices and routes are those of the namespace that it is in. */
async function drift(
  onNode: readonly string[],
  args: readonly string[],
): Promise<{ readonly none: boolean; readonly output: string }> {
  const [command = '', ...rest] = [
    ...onNode,
    process.execPath,
    join(import.meta.dirname, '../cli/hindcast.ts'),
    'drift',
    ...args,
  ]
  const child = spawn(command, rest, { stdio: ['ignore', 'pipe', 'pipe'] })
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  return { none: child.exitCode === 0, output: out || err }
}

function send({ from, method, path }: ShipRequest): Promise<Reply> {
  const url = `http://${member('deathstar').ipv4}:${SERVICE_PORT}${path}`
  return answerOf([...inNamespace(namespaceOf(from)), ...shipCommand(method, url)])
}
