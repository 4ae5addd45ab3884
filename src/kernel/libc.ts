/** The C library, as far as Node does not offer it: sockets with options, mounts, devices, foreign memory. glibc's name; musl is not tried. */
import { getSystemErrorName } from 'node:util'
import koffi from 'koffi'
import { lazyLibrary, type Pointer } from './native.ts'

export const AF_INET = 2
export const SOCK_STREAM = 1
export const SOCK_NONBLOCK = 0o4000
export const SOCK_CLOEXEC = 0o2000000
export const SOL_SOCKET = 1
export const SO_REUSEADDR = 2
export const SO_MARK = 36
export const SOL_IP = 0
export const IP_TRANSPARENT = 19
export const IP_BIND_ADDRESS_NO_PORT = 24
const EINPROGRESS = 115

const F_DUPFD_CLOEXEC = 1030

/** A refused call, as Node's own errors look: `code` is the symbolic name. */
export class SystemError extends Error {
  override readonly name = 'SystemError'
  readonly code: string
  readonly errno: number
  readonly syscall: string

  constructor(syscall: string, errno: number, detail: string) {
    const code = getSystemErrorName(-errno)
    super(`${syscall} ${detail}: ${code}`)
    this.code = code
    this.errno = errno
    this.syscall = syscall
  }
}

type Libc = {
  readonly socket: (family: number, type: number, protocol: number) => number
  readonly bind: (fd: number, address: Uint8Array, length: number) => number
  readonly connect: (fd: number, address: Uint8Array, length: number) => number
  readonly listen: (fd: number, backlog: number) => number
  readonly setsockopt: (fd: number, level: number, name: number, value: Int32Array, length: number) => number
  readonly close: (fd: number) => number
  readonly fcntl: (fd: number, command: number, argument: number) => number
  readonly mount: (source: string, target: string, type: string, flags: number, data: null) => number
  readonly umount2: (target: string, flags: number) => number
  readonly if_nametoindex: (name: string) => number
  readonly if_indextoname: (index: number, name: Uint8Array) => Pointer | null
  readonly memcpy: (to: Uint8Array, from: Pointer, bytes: number) => Pointer
  readonly vsnprintf: (buffer: Uint8Array, bytes: number, format: Pointer, values: Pointer) => number
}

const libc: () => Libc = lazyLibrary<Libc>('libc.so.6', {
  socket: 'i iii',
  bind: 'i ipu',
  connect: 'i ipu',
  listen: 'i ii',
  setsockopt: 'i iiipu',
  close: 'i i',
  fcntl: 'i iii',
  mount: 'i ssslp',
  umount2: 'i si',
  if_nametoindex: 'u s',
  if_indextoname: 'p up',
  memcpy: 'p ppl',
  vsnprintf: 'i plpp',
})

export function openSocket(family: number, type: number): number {
  return checked('socket', libc().socket(family, type, 0), '')
}

export function bindSocket(fd: number, address: Uint8Array, shown: string): void {
  checked('bind', libc().bind(fd, address, address.length), shown)
}

/** True where the connection is under way or made. */
export function connectSocket(fd: number, address: Uint8Array, shown: string): void {
  if (libc().connect(fd, address, address.length) === 0) return
  const errno = koffi.errno()
  if (errno !== EINPROGRESS) throw new SystemError('connect', errno, shown)
}

export function listenSocket(fd: number, backlog: number): void {
  checked('listen', libc().listen(fd, backlog), '')
}

export function setSocketOption(fd: number, level: number, name: number, value: number, shown: string): void {
  checked('setsockopt', libc().setsockopt(fd, level, name, Int32Array.of(value), 4), shown)
}

/** Closing what is closed already is a bug of the caller that the kernel answers; nothing follows from it here. */
export function closeFd(fd: number): void {
  libc().close(fd)
}

/** Another descriptor of the same thing, closed on exec. */
export function duplicateFd(fd: number): number {
  return checked('fcntl', libc().fcntl(fd, F_DUPFD_CLOEXEC, 3), 'F_DUPFD_CLOEXEC')
}

/** A copy of memory that is not JavaScript's. */
export function copyMemory(from: Pointer, bytes: number): Buffer {
  const copy = Buffer.alloc(bytes)
  libc().memcpy(copy, from, bytes)
  return copy
}

export function mount(type: string, target: string): void {
  checked('mount', libc().mount(type, target, type, 0, null), `${type} at ${target}`)
}

export function unmount(target: string): void {
  checked('umount2', libc().umount2(target, 0), target)
}

/** In the network namespace of this thread; null where there is no such device. */
export function interfaceIndex(device: string): number | null {
  return libc().if_nametoindex(device) || null
}

/** Null where there is no such device in the network namespace of this thread. */
export function interfaceName(index: number): string | null {
  const name = Buffer.alloc(IF_NAMESIZE)
  return libc().if_indextoname(index, name) === null ? null : name.toString('utf8', 0, name.indexOf(0))
}

const IF_NAMESIZE = 16

/** A C format with its `va_list`, at most `TEXT_MAX` bytes of it. */
export function formatted(format: Pointer, values: Pointer): string {
  const length = libc().vsnprintf(text, TEXT_MAX, format, values)
  return text.toString('utf8', 0, Math.max(0, Math.min(length, TEXT_MAX - 1)))
}

/** libbpf prints a whole verifier log at once; its end is cut, the log itself is read from its own buffer. */
const TEXT_MAX = 65_536
const text = Buffer.alloc(TEXT_MAX)

function checked(syscall: string, result: number, shown: string): number {
  if (result < 0) throw new SystemError(syscall, koffi.errno(), shown)
  return result
}
