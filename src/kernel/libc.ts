/** The C library, as far as Node does not offer it: sockets with options, mounts, devices, foreign memory. glibc's name; musl is not tried. */
import { getSystemErrorName } from 'node:util'
import koffi from 'koffi'

const library = koffi.load('libc.so.6')

export type Pointer = bigint

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
export const EINPROGRESS = 115

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

const sysSocket: (family: number, type: number, protocol: number) => number = library.func('socket', 'int', [
  'int',
  'int',
  'int',
])
const sysBind: (fd: number, address: Uint8Array, length: number) => number = library.func('bind', 'int', [
  'int',
  'void *',
  'uint32',
])
const sysConnect: (fd: number, address: Uint8Array, length: number) => number = library.func('connect', 'int', [
  'int',
  'void *',
  'uint32',
])
const sysListen: (fd: number, backlog: number) => number = library.func('listen', 'int', ['int', 'int'])
const sysSetsockopt: (fd: number, level: number, name: number, value: Int32Array, length: number) => number =
  library.func('setsockopt', 'int', ['int', 'int', 'int', 'void *', 'uint32'])
const sysClose: (fd: number) => number = library.func('close', 'int', ['int'])
const sysFcntl: (fd: number, command: number, argument: number) => number = library.func('fcntl', 'int', [
  'int',
  'int',
  'int',
])
const sysMount: (source: string, target: string, type: string, flags: number, data: null) => number = library.func(
  'mount',
  'int',
  ['str', 'str', 'str', 'ulong', 'void *'],
)
const sysUmount: (target: string, flags: number) => number = library.func('umount2', 'int', ['str', 'int'])
const sysIfIndex: (name: string) => number = library.func('if_nametoindex', 'uint', ['str'])
const sysMemcpy: (to: Uint8Array, from: Pointer, bytes: number) => Pointer = library.func('memcpy', 'void *', [
  'void *',
  'void *',
  'size_t',
])
const sysVsnprintf: (buffer: Uint8Array, bytes: number, format: Pointer, values: Pointer) => number = library.func(
  'vsnprintf',
  'int',
  ['void *', 'size_t', 'void *', 'void *'],
)

export function openSocket(family: number, type: number): number {
  return checked('socket', sysSocket(family, type, 0), '')
}

export function bindSocket(fd: number, address: Uint8Array, shown: string): void {
  checked('bind', sysBind(fd, address, address.length), shown)
}

/** True where the connection is under way or made. */
export function connectSocket(fd: number, address: Uint8Array, shown: string): void {
  if (sysConnect(fd, address, address.length) === 0) return
  const errno = koffi.errno()
  if (errno !== EINPROGRESS) throw new SystemError('connect', errno, shown)
}

export function listenSocket(fd: number, backlog: number): void {
  checked('listen', sysListen(fd, backlog), '')
}

export function setSocketOption(fd: number, level: number, name: number, value: number, shown: string): void {
  checked('setsockopt', sysSetsockopt(fd, level, name, Int32Array.of(value), 4), shown)
}

/** Closing what is closed already is a bug of the caller that the kernel answers; nothing follows from it here. */
export function closeFd(fd: number): void {
  sysClose(fd)
}

/** Another descriptor of the same thing, closed on exec. */
export function duplicateFd(fd: number): number {
  return checked('fcntl', sysFcntl(fd, F_DUPFD_CLOEXEC, 3), 'F_DUPFD_CLOEXEC')
}

/** A copy of memory that is not JavaScript's. */
export function copyMemory(from: Pointer, bytes: number): Buffer {
  const copy = Buffer.alloc(bytes)
  sysMemcpy(copy, from, bytes)
  return copy
}

export function mount(type: string, target: string): void {
  checked('mount', sysMount(type, target, type, 0, null), `${type} at ${target}`)
}

export function unmount(target: string): void {
  checked('umount2', sysUmount(target, 0), target)
}

/** In the network namespace of this thread; null where there is no such device. */
export function interfaceIndex(device: string): number | null {
  return sysIfIndex(device) || null
}

/** A C format with its `va_list`, at most `TEXT_MAX` bytes of it. */
export function formatted(format: Pointer, values: Pointer): string {
  const length = sysVsnprintf(text, TEXT_MAX, format, values)
  return text.toString('utf8', 0, Math.max(0, Math.min(length, TEXT_MAX - 1)))
}

/** libbpf prints a whole verifier log at once; its end is cut, the log itself is read from its own buffer. */
const TEXT_MAX = 65_536
const text = Buffer.alloc(TEXT_MAX)

function checked(syscall: string, result: number, shown: string): number {
  if (result < 0) throw new SystemError(syscall, koffi.errno(), shown)
  return result
}
