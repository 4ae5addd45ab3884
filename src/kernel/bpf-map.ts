/**
 * A BPF map by its descriptor: single keys, batches and whole contents.
 *
 * A batch is one system call. Deleting what is not there is fine. Reading a whole map while the kernel writes to it may see a key twice
 * or miss one that comes and goes; keys seen twice are returned once.
 */
import { constants } from 'node:os'
import { setImmediate } from 'node:timers/promises'
import { checked, failureOf } from './failure.ts'
import { libbpf } from './libbpf.ts'
import { closeFd } from './libc.ts'
import type { MapSpec } from './maps.ts'

const { ENOENT, ENOSPC } = constants.errno

/** `struct bpf_map_create_opts` of libbpf 1.1: the offsets of what is set. */
const CREATE_OPTIONS_BYTES = 56
const CREATE_INNER_MAP_FD = 24
const CREATE_MAP_FLAGS = 28
/** `struct bpf_map_batch_opts`: size, element flags, flags. */
const BATCH_OPTIONS = wordsWithSize(24)
/** BPF_OBJ_NAME_LEN without its final zero. */
const NAME_MAX = 15
/** Entries a read: one system call each, and what a hash bucket may hold at once. */
const READ_BATCH = 4096

export class KernelMap implements Disposable {
  readonly fd: number
  readonly spec: MapSpec
  /** Bytes of a value as a system call sees it: per-CPU maps give one for each possible CPU, each rounded up to 8. */
  readonly #valueBytes: number

  constructor(fd: number, spec: MapSpec) {
    this.fd = fd
    this.spec = spec
    this.#valueBytes = spec.perCpu ? Math.ceil(spec.valueSize / 8) * 8 * possibleCpus() : spec.valueSize
  }

  update(key: Uint8Array, value: Uint8Array): void {
    checked(libbpf().bpf_map_update_elem(this.fd, key, value, 0), `writing to ${this.spec.name}`)
  }

  /** Whether the key was there. */
  remove(key: Uint8Array): boolean {
    const result = libbpf().bpf_map_delete_elem(this.fd, key)
    if (result === -ENOENT) return false
    checked(result, `removing from ${this.spec.name}`)
    return true
  }

  lookup(key: Uint8Array): Buffer | null {
    return this.reader()(key)
  }

  /** For many lookups: each answer is gone with the next one. */
  reader(): (key: Uint8Array) => Buffer | null {
    const value = Buffer.alloc(this.#valueBytes)
    const { bpf_map_lookup_elem: lookup } = libbpf()
    return (key) => {
      const result = lookup(this.fd, key, value)
      if (result === -ENOENT) return null
      checked(result, `reading ${this.spec.name}`)
      return value
    }
  }

  /** Keys and values one after another. */
  updateBatch(keys: Uint8Array, values: Uint8Array): void {
    const count = Uint32Array.of(keys.length / this.spec.keySize)
    if (count[0] === 0) return
    const result = libbpf().bpf_map_update_batch(this.fd, keys, values, count, BATCH_OPTIONS)
    checked(result, `writing to ${this.spec.name}, ${count[0]} entries done`)
  }

  removeBatch(keys: Uint8Array): void {
    let rest = keys
    while (rest.length > 0) {
      const count = Uint32Array.of(rest.length / this.spec.keySize)
      const result = libbpf().bpf_map_delete_batch(this.fd, rest, count, BATCH_OPTIONS)
      if (result === 0) return
      if (result !== -ENOENT) throw failureOf(-result, `removing from ${this.spec.name}`)
      // It stopped at a key that is not there: on with the one after it.
      rest = rest.subarray((count[0]! + 1) * this.spec.keySize)
    }
  }

  /** Everything in it, in the kernel's order. */
  entries(): readonly { readonly key: Buffer; readonly value: Buffer }[] {
    const found = new Map<string, { key: Buffer; value: Buffer }>()
    for (const { keys, values, count } of this.#batches()) {
      for (let i = 0; i < count; i++) {
        const key = keys.subarray(i * this.spec.keySize, (i + 1) * this.spec.keySize)
        const value = values.subarray(i * this.#valueBytes, (i + 1) * this.#valueBytes)
        found.set(key.toString('latin1'), { key, value })
      }
    }
    return [...found.values()]
  }

  /** Removes every entry whose key is so. A map of half a million entries is walked in turns of the event loop. */
  async removeWhere(matches: (key: Buffer) => boolean): Promise<void> {
    const { keySize } = this.spec
    const doomed: Buffer[] = []
    for (const { keys, count } of this.#batches()) {
      for (let i = 0; i < count; i++) {
        const key = keys.subarray(i * keySize, (i + 1) * keySize)
        if (matches(key)) doomed.push(key)
      }
      await setImmediate()
    }
    this.removeBatch(Buffer.concat(doomed))
  }

  [Symbol.dispose](): void {
    closeFd(this.fd)
  }

  *#batches(): Generator<{ readonly keys: Buffer; readonly values: Buffer; readonly count: number }> {
    let size = READ_BATCH
    let cursor: Buffer | null = null
    while (true) {
      const keys = Buffer.alloc(size * this.spec.keySize)
      const values = Buffer.alloc(size * this.#valueBytes)
      const next = Buffer.alloc(Math.max(this.spec.keySize, 4))
      const count = Uint32Array.of(size)
      const result = libbpf().bpf_map_lookup_batch(this.fd, cursor, next, keys, values, count, BATCH_OPTIONS)
      if (result === -ENOSPC) {
        size *= 2 // one bucket holds more than the batch
        continue
      }
      if (result !== -ENOENT) checked(result, `reading ${this.spec.name}`)
      yield { keys, values, count: count[0]! }
      if (result === -ENOENT) return
      cursor = next
    }
  }
}

/** `innerFd` is an example of the maps that a map of maps holds. */
export function createMap(spec: MapSpec, innerFd = 0): KernelMap {
  const options = wordsWithSize(CREATE_OPTIONS_BYTES)
  options.writeUInt32LE(innerFd, CREATE_INNER_MAP_FD)
  options.writeUInt32LE(spec.flags, CREATE_MAP_FLAGS)
  const name = spec.name.slice(0, NAME_MAX)
  const fd = libbpf().bpf_map_create(spec.type, name, spec.keySize, spec.valueSize, spec.maxEntries, options)
  return new KernelMap(checked(fd, `creating the map ${spec.name}`), spec)
}

function possibleCpus(): number {
  return checked(libbpf().libbpf_num_possible_cpus(), 'counting CPUs')
}

/** A zeroed options struct that begins with its own size, as libbpf's do. */
function wordsWithSize(bytes: number): Buffer {
  const words = Buffer.alloc(bytes)
  words.writeUInt32LE(bytes, 0)
  return words
}
