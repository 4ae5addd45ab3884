/**
 * A node with pods in network namespaces of this test alone, removed at its end.
 *
 * The process itself goes from one namespace to another: `setns` moves the main thread, on which Node opens sockets and starts children.
 * So servers and clients of every pod live in the test, and what must happen in a pod happens in one synchronous call.
 */
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { closeSync, openSync } from 'node:fs'
import { type Server, Socket } from 'node:net'
import koffi from 'koffi'
import { IpAddress } from '../../events/ids.ts'
import { transparentSockets } from '../../src/kernel/transparent-sockets.ts'

const CLONE_NEWNET = 0x4000_0000
const setns: (fd: number, type: number) => number = koffi.load('libc.so.6').func('setns', 'int', ['int', 'int'])

/** The node's address, to which pods send everything. */
export const NODE_ADDRESS = '10.244.0.1'

export class Network implements Disposable {
  readonly #prefix = `hc${randomBytes(3).toString('hex')}`
  readonly #home = openSync('/proc/self/ns/net', 'r')
  readonly #namespaces = new Map<string, number>()

  constructor() {
    this.#add('node')
    this.enter('node')
    ip('link set lo up')
    sysctl('net.ipv4.ip_forward=1')
  }

  /** A pod with its address; its device on the node's side is the answer. The process stays on the node. */
  pod(name: string, address: string): string {
    const device = `${this.#prefix}${name}`.slice(0, 15)
    const namespace = this.#add(name)
    ip(`link add ${device} type veth peer name eth0 netns ${namespace}`)
    ip(`address add ${NODE_ADDRESS}/32 dev ${device}`)
    ip(`link set ${device} up`)
    ip(`-n ${namespace} link set lo up`)
    ip(`-n ${namespace} link set eth0 up`)
    ip(`-n ${namespace} address add ${address}/32 dev eth0`)
    ip(`-n ${namespace} route add ${NODE_ADDRESS} dev eth0`)
    ip(`-n ${namespace} route add default via ${NODE_ADDRESS}`)
    ip(`route add ${address}/32 dev ${device}`)
    return device
  }

  /** The main thread goes there and stays. */
  enter(name: string): void {
    const fd = this.#namespaces.get(name)
    if (fd === undefined || setns(fd, CLONE_NEWNET) !== 0) throw new Error(`cannot enter the namespace of ${name}`)
  }

  /** Runs the body in a pod and comes back to the node. */
  in<T>(name: string, body: () => T): T {
    this.enter(name)
    try {
      return body()
    } finally {
      this.enter('node')
    }
  }

  /** A command in a pod: its namespace by name, for `ip netns exec`. */
  namespaceOf(name: string): string {
    return `${this.#prefix}-${name}`
  }

  listen(pod: string, server: Server, address: string, port: number): void {
    const fd = this.in(pod, () => transparentSockets.listen(IpAddress(address), port))
    server.listen({ fd })
  }

  /** A connection from a pod. */
  connect(pod: string, destination: string, destinationPort: number): Socket {
    const options = { destination: IpAddress(destination), destinationPort, source: null, mark: 0 }
    const fd = this.in(pod, () => transparentSockets.connect(options))
    return new Socket({ fd, readable: true, writable: true })
  }

  [Symbol.dispose](): void {
    setns(this.#home, CLONE_NEWNET)
    closeSync(this.#home)
    for (const [name, fd] of this.#namespaces) {
      closeSync(fd)
      ip(`netns delete ${this.namespaceOf(name)}`)
    }
  }

  #add(name: string): string {
    const namespace = this.namespaceOf(name)
    ip(`netns add ${namespace}`)
    this.#namespaces.set(name, openSync(`/run/netns/${namespace}`, 'r'))
    return namespace
  }
}

export function ip(command: string): string {
  return execFileSync('ip', command.split(' '), { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
}

function sysctl(setting: string): void {
  execFileSync('sysctl', ['-q', '-w', setting])
}
