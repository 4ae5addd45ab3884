/**
 * A node with pods in network namespaces of this test alone, removed at its end.
 *
 * The process itself goes from one namespace to another: `setns` moves the main thread, on which Node opens sockets and starts children.
 * So servers and clients of every pod live in the test, and what must happen in a pod happens in one synchronous call.
 */
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { closeSync, openSync, writeFileSync } from 'node:fs'
import { type Server, Socket } from 'node:net'
import koffi from 'koffi'
import { IpAddress } from '../../events/ids.ts'
import { openPinned } from '../../src/kernel/bpffs.ts'
import { libbpf } from '../../src/kernel/libbpf.ts'
import { ICMP, ipPacket } from '../../src/kernel/packet.ts'
import { transparentSockets } from '../../src/kernel/transparent-sockets.ts'

const CLONE_NEWNET = 0x4000_0000
const libc = koffi.load('libc.so.6')
const setns: (fd: number, type: number) => number = libc.func('setns', 'int', ['int', 'int'])
/** IFNAMSIZ without its final zero. */
const DEVICE_NAME_MAX = 15

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
    writeFileSync('/proc/sys/net/ipv4/ip_forward', '1')
  }

  /** A pod with its address; its device on the node's side is the answer. The process stays on the node. */
  pod(name: string, address: string): string {
    this.#add(name)
    this.#wire(name, address)
    return this.deviceOf(name)
  }

  /** The pod's device on the node's side. */
  deviceOf(pod: string): string {
    return `${this.#prefix}${pod}`.slice(0, DEVICE_NAME_MAX)
  }

  /** Deletes the pod's devices and makes new ones in the same namespace. */
  remake(name: string, address: string): void {
    ip(`link delete ${this.deviceOf(name)}`)
    this.#wire(name, address)
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

  /** Stays in the pod while something of Node's own opens its sockets there; nothing else may run meanwhile. */
  async during<T>(name: string, opening: Promise<T>): Promise<T> {
    this.enter(name)
    try {
      return await opening
    } finally {
      this.enter('node')
    }
  }

  /** One echo request; true where it is answered in time. */
  async ping(from: string, destination: string, waitMs: number): Promise<boolean> {
    const fd = this.in(from, () => rawIcmpSocket())
    try {
      const echo = ipPacket({
        source: destination,
        destination,
        protocol: ICMP,
        icmpType: 8,
        icmpId: PING_ID,
      }).subarray(20)
      sendTo(fd, echo, destination)
      const end = Date.now() + waitMs
      while (Date.now() < end) {
        if (received(fd).some((message) => message[20] === 0 && message.readUInt16BE(24) === PING_ID)) return true
        await new Promise((resolve) => setTimeout(resolve, 10))
      }
      return false
    } finally {
      closeSync(fd)
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
  connect(pod: string, destination: string, destinationPort: number, end: 'half-open' | 'whole' = 'whole'): Socket {
    const options = { destination: IpAddress(destination), destinationPort, source: null, mark: 0 }
    const fd = this.in(pod, () => transparentSockets.connect(options))
    return new Socket({ fd, readable: true, writable: true, allowHalfOpen: end === 'half-open' })
  }

  [Symbol.dispose](): void {
    setns(this.#home, CLONE_NEWNET)
    closeSync(this.#home)
    for (const [name, fd] of this.#namespaces) {
      closeSync(fd)
      ip(`netns delete ${this.namespaceOf(name)}`)
    }
  }

  #wire(name: string, address: string): void {
    const device = this.deviceOf(name)
    const namespace = this.namespaceOf(name)
    ip(`link add ${device} type veth peer name eth0 netns ${namespace}`)
    ip(`address add ${NODE_ADDRESS}/32 dev ${device}`)
    ip(`link set ${device} up`)
    ip(`-n ${namespace} link set lo up`)
    ip(`-n ${namespace} link set eth0 up`)
    ip(`-n ${namespace} address add ${address}/32 dev eth0`)
    ip(`-n ${namespace} route add ${NODE_ADDRESS} dev eth0`)
    ip(`-n ${namespace} route add default via ${NODE_ADDRESS}`)
    ip(`route add ${address}/32 dev ${device}`)
  }

  #add(name: string): string {
    const namespace = this.namespaceOf(name)
    ip(`netns add ${namespace}`)
    this.#namespaces.set(name, openSync(`/run/netns/${namespace}`, 'r'))
    return namespace
  }
}

/** The kernel's number of a pinned link. */
export function linkId(path: string): number {
  const link = openPinned(path)
  if (link === null) throw new Error(`no link is pinned at ${path}`)
  try {
    const info = Buffer.alloc(64)
    libbpf().bpf_obj_get_info_by_fd(link, info, Uint32Array.of(info.length))
    return info.readUInt32LE(4)
  } finally {
    closeSync(link)
  }
}

const PING_ID = 0x4711
const MSG_DONTWAIT = 0x40
const sendto: (fd: number, data: Uint8Array, bytes: number, flags: number, to: Uint8Array, toBytes: number) => number =
  libc.func('sendto', 'int', ['int', 'void *', 'size_t', 'int', 'void *', 'uint32'])
const recv: (fd: number, data: Uint8Array, bytes: number, flags: number) => number = libc.func('recv', 'int', [
  'int',
  'void *',
  'size_t',
  'int',
])
const socket: (family: number, type: number, protocol: number) => number = libc.func('socket', 'int', [
  'int',
  'int',
  'int',
])

function rawIcmpSocket(): number {
  const fd = socket(2, 3, ICMP)
  if (fd < 0) throw new Error('a raw socket is refused')
  return fd
}

function sendTo(fd: number, message: Buffer, destination: string): void {
  const address = Buffer.alloc(16)
  address.writeUInt16LE(2, 0)
  address.set(destination.split('.').map(Number), 4)
  if (sendto(fd, message, message.length, 0, address, address.length) < 0)
    throw new Error(`cannot send to ${destination}`)
}

/** With their IP headers. */
function received(fd: number): readonly Buffer[] {
  const messages: Buffer[] = []
  for (;;) {
    const buffer = Buffer.alloc(256)
    const length = recv(fd, buffer, buffer.length, MSG_DONTWAIT)
    if (length < 0) return messages
    messages.push(buffer.subarray(0, length))
  }
}

export function ip(command: string): string {
  return execFileSync('ip', command.split(' '), { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
}
