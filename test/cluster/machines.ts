/**
 * Two machines for tests: network namespaces of this test alone on one bridge, each with pods whose addresses the other machine routes to it, and the
 * server of the log on the bridge. Names carry chance; everything is removed at the end.
 */
import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const CLI = join(import.meta.dirname, '../../src/cli/hindcast.ts')
const DEMO = join(import.meta.dirname, '../../src/demo')
const SERVE = join(import.meta.dirname, '../doubles/kurrentdb/serve.ts')
const SERVER = '192.168.77.254'
const STOP_LIMIT_MS = 10_000

export type Machine = {
  readonly name: string
  /** On the bridge. */
  readonly address: string
  /** Where its pods are. */
  readonly pods: string
}

export const ENDOR: Machine = { name: 'endor', address: '192.168.77.1', pods: '10.77.1' }
export const HOTH: Machine = { name: 'hoth', address: '192.168.77.2', pods: '10.77.2' }
const MACHINES: readonly Machine[] = [ENDOR, HOTH]

export type Pod = { readonly id: number; readonly name: string; readonly labels: readonly string[] }
export type Ran = { readonly code: number; readonly out: string; readonly err: string }

/** Throws with the command's own words where namespaces cannot be made; what was made before is removed. */
export class Machines implements AsyncDisposable {
  readonly folder: string
  readonly #prefix = `hc${randomBytes(3).toString('hex')}`
  readonly #made: string[] = []
  readonly #owned = new AsyncDisposableStack()
  #server: ChildProcess | null = null
  #url = ''

  private constructor() {
    this.folder = mkdtempSync(join(tmpdir(), `hindcast-machines-${process.pid}-`))
    this.#owned.defer(() => rmSync(this.folder, { recursive: true }))
    this.#owned.defer(() => this.#remove())
  }

  static async start(): Promise<Machines> {
    const machines = new Machines()
    try {
      machines.#wire()
      await machines.#serve()
      return machines
    } catch (error) {
      await machines[Symbol.asyncDispose]()
      throw error
    }
  }

  async #serve(): Promise<void> {
    const child = this.#spawn('server', [process.execPath, SERVE, SERVER], ['pipe', 'pipe', 'inherit'])
    const [first] = (await once(child.stdout!, 'data')) as [Buffer]
    this.#url = first.toString().trim()
    this.#server = child
    this.#owned.defer(() => ended(child, 'SIGKILL'))
  }

  async stopServer(): Promise<void> {
    if (this.#server !== null) await ended(this.#server, 'SIGKILL')
  }

  /** `hindcast agent` in a process of its own, on the kernel. */
  agent({ name }: Machine): void {
    const bpffs = join(this.folder, `bpf-${name}`)
    mkdirSync(bpffs)
    execFileSync('mount', ['-t', 'bpf', 'bpf', bpffs])
    this.#owned.defer(() => void execFileSync('umount', [bpffs]))
    const output = openSync(join(this.folder, `${name}.log`), 'a')
    const verb = ['agent', ...this.#place(name), '--node', name, '--datapath', 'kernel', '--bpffs', bpffs]
    const child = this.#spawn(name, [process.execPath, CLI, ...verb], ['ignore', output, output])
    this.#owned.defer(() => ended(child, 'SIGTERM'))
  }

  agentLog({ name }: Machine): string {
    return readFileSync(join(this.folder, `${name}.log`), 'utf8')
  }

  /** A pod's namespace, wired to its machine; the answer is what `endpoint add -f` takes. */
  pod({ name, pods }: Machine, pod: Pod): unknown {
    const [node, inside, device] = [this.#namespace(name), this.#add(pod.name), `lxc${pod.id}`]
    const address = `${pods}.${pod.id}`
    ip(`-n ${node} link add ${device} type veth peer name eth0 netns ${inside}`)
    ip(`-n ${node} address add ${pods}.254/32 dev ${device}`)
    ip(`-n ${node} link set ${device} up`)
    ip(`-n ${inside} link set eth0 up`)
    ip(`-n ${inside} address add ${address}/32 dev eth0`)
    ip(`-n ${inside} route add ${pods}.254 dev eth0`)
    ip(`-n ${inside} route add default via ${pods}.254`)
    ip(`-n ${node} route add ${address}/32 dev ${device}`)
    const [mac, nodeMac] = [macOf(inside, 'eth0'), macOf(node, device)]
    return { id: pod.id, name: `default/${pod.name}`, labels: pod.labels, ipv4: address, device, mac, nodeMac }
  }

  /** The deathstar's HTTP service in its pod. */
  async deathstar({ pods }: Machine, { id, name }: Pod): Promise<void> {
    const command = [process.execPath, join(DEMO, 'deathstar.ts'), `${pods}.${id}`, '80']
    const child = this.#spawn(name, command, ['pipe', 'pipe', 'inherit'])
    this.#owned.defer(() => ended(child, 'SIGKILL'))
    await once(child.stdout!, 'data')
  }

  /** `200`, `403`, or why there was no answer. */
  async ask(from: Pod, method: string, url: string): Promise<string> {
    const { out } = await this.#run(from.name, [process.execPath, join(DEMO, 'ship.ts'), method, url, '1500'])
    const reply = JSON.parse(out) as { readonly status?: number; readonly reason?: string }
    return String(reply.status ?? reply.reason)
  }

  /** A verb on a machine, with the shared log. */
  hindcast({ name }: Machine, ...verb: readonly string[]): Promise<Ran> {
    return this.#run(name, [process.execPath, CLI, ...verb, ...this.#place(name)])
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#owned.disposeAsync()
  }

  #place(name: string): readonly string[] {
    return ['--log', this.#url, '--state', join(this.folder, name)]
  }

  #wire(): void {
    const server = this.#add('server')
    ip(`-n ${server} link add br0 type bridge`)
    ip(`-n ${server} address add ${SERVER}/24 dev br0`)
    ip(`-n ${server} link set br0 up`)
    for (const { name, address, pods } of MACHINES) {
      const node = this.#add(name)
      ip(`-n ${node} link add up0 type veth peer name ${name} netns ${server}`)
      ip(`-n ${server} link set ${name} master br0 up`)
      ip(`-n ${node} link set up0 up`)
      ip(`-n ${node} address add ${address}/24 dev up0`)
      const settings = ['net.ipv4.ip_forward=1', 'net.ipv4.conf.all.rp_filter=0', 'net.ipv4.conf.default.rp_filter=0']
      execFileSync('nsenter', [`--net=/run/netns/${node}`, '--', 'sysctl', '-q', '-w', ...settings])
      ip(`-n ${node} address add ${pods}.254/32 dev lo`)
    }
    for (const { name } of MACHINES) {
      for (const other of MACHINES.filter((each) => each.name !== name)) {
        ip(`-n ${this.#namespace(name)} route add ${other.pods}.0/24 via ${other.address}`)
      }
    }
  }

  #spawn(where: string, command: readonly string[], stdio: Parameters<typeof spawn>[2]['stdio'] & {}): ChildProcess {
    return spawn('nsenter', [`--net=/run/netns/${this.#namespace(where)}`, '--', ...command], { stdio })
  }

  async #run(where: string, command: readonly string[]): Promise<Ran> {
    const inside = [`--net=/run/netns/${this.#namespace(where)}`, '--', ...command]
    try {
      const { stdout, stderr } = await promisify(execFile)('nsenter', inside, { encoding: 'utf8' })
      return { code: 0, out: stdout, err: stderr }
    } catch (error) {
      const { code, stdout, stderr } = error as {
        readonly code: number
        readonly stdout: string
        readonly stderr: string
      }
      return { code, out: stdout, err: stderr }
    }
  }

  #namespace(name: string): string {
    return `${this.#prefix}-${name}`
  }

  #add(name: string): string {
    const namespace = this.#namespace(name)
    ip(`netns add ${namespace}`)
    this.#made.push(namespace)
    ip(`-n ${namespace} link set lo up`)
    return namespace
  }

  #remove(): void {
    for (const namespace of this.#made) ip(`netns delete ${namespace}`)
  }
}

async function ended(child: ChildProcess, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const closed = once(child, 'close')
  child.kill(signal)
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT_MS)
  await closed
  clearTimeout(timer)
}

function macOf(namespace: string, device: string): string {
  const [link] = JSON.parse(ip(`-n ${namespace} -json link show dev ${device}`)) as readonly {
    readonly address: string
  }[]
  if (link === undefined) throw new Error(`no device ${device} in ${namespace}`)
  return link.address
}

function ip(command: string): string {
  return execFileSync('ip', command.split(' '), { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
}
