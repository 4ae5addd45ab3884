/** Programs in the kernel: loading an object file on maps that exist, and running a program on a packet by hand. */
import { constants } from 'node:os'
import { address } from 'koffi'
import type { Digest } from '../../events/ids.ts'
import { DatapathError } from '../ports/datapath.ts'
import type { KernelMap } from './bpf-map.ts'
import type { CompiledObject } from './compile.ts'
import { checked, failureOf } from './failure.ts'
import { libbpf, type MapPointer, type ObjectPointer, type ProgramPointer, takePrinted } from './libbpf.ts'
import { closeFd, duplicateFd } from './libc.ts'
import type { MapSpec } from './maps.ts'

export type KernelProgram = {
  readonly name: string
  /** The kernel's: 16 hex digits over the instructions. */
  readonly tag: string
  readonly objectDigest: Digest
  readonly fd: number
}

/** The verifier's log of a refused program is a line an instruction and more; its end, which matters, is kept by newer kernels. */
const LOG_BYTES = 4 << 20
const LOG_LINES_IN_MESSAGE = 12
/** `struct bpf_prog_info`: type and id, then the tag. */
const PROGRAM_INFO_BYTES = 256
const TAG_AT = 8
const TAG_BYTES = 8
const NAME_AT = 64
const NAME_BYTES = 16

/** Every program of the object, verified. `maps` take the place of the object's maps of the same name. */
export function loadPrograms(
  object: CompiledObject,
  maps: ReadonlyMap<string, KernelMap>,
): ReadonlyMap<string, KernelProgram> {
  const pointer = openObject(object.path)
  try {
    useMaps(pointer, maps)
    loadObject(pointer)
    return new Map(programsOf(pointer).map((program) => [nameOf(program), kernelProgram(program, object.digest)]))
  } finally {
    libbpf().bpf_object__close(pointer)
  }
}

/** What the object file says of its maps, without loading anything. */
export function declaredMaps(path: string): readonly Omit<MapSpec, 'perCpu'>[] {
  const pointer = openObject(path)
  const library = libbpf()
  try {
    return mapsOf(pointer).map((map) => ({
      name: library.bpf_map__name(map),
      type: library.bpf_map__type(map),
      keySize: library.bpf_map__key_size(map),
      valueSize: library.bpf_map__value_size(map),
      maxEntries: library.bpf_map__max_entries(map),
      flags: library.bpf_map__map_flags(map),
    }))
  } finally {
    library.bpf_object__close(pointer)
  }
}

export type TestRun = {
  readonly packet: Uint8Array
  readonly mark?: number
  /** Times, for measuring; the packet and the context of the last run come back. */
  readonly repeat?: number
}

export type TestRunResult = {
  readonly action: number
  readonly packet: Buffer
  readonly mark: number
  /** Average of a run. */
  readonly durationNs: number
}

/** `struct __sk_buff` up to the fields that BPF_PROG_TEST_RUN looks at; `mark` is its third word. */
const CONTEXT_BYTES = 192
const MARK_AT = 8
/** `struct bpf_test_run_opts` of libbpf 1.1. */
const RUN_OPTIONS_BYTES = 80
const RUN = { dataIn: 8, dataOut: 16, sizeIn: 24, sizeOut: 28, contextIn: 32, contextOut: 40, contextSizeIn: 48 }
const RUN_AFTER = { contextSizeOut: 52, action: 56, repeat: 60, duration: 64 }

/** The kernel reads and writes these by the addresses in `options`; they live as long as the process, so nothing takes them away in between. */
const RUN_PACKET_MAX = 65_536
const input = Buffer.alloc(RUN_PACKET_MAX)
const output = Buffer.alloc(RUN_PACKET_MAX)
const contextIn = Buffer.alloc(CONTEXT_BYTES)
const contextOut = Buffer.alloc(CONTEXT_BYTES)

/** Runs the program on a packet that arrives at the loopback device of the current network namespace. */
export function testRun(program: KernelProgram, { packet, mark = 0, repeat = 1 }: TestRun): TestRunResult {
  input.set(packet)
  contextIn.writeUInt32LE(mark, MARK_AT)
  const options = Buffer.alloc(RUN_OPTIONS_BYTES)
  options.writeBigUInt64LE(BigInt(RUN_OPTIONS_BYTES), 0)
  options.writeBigUInt64LE(address(input), RUN.dataIn)
  options.writeBigUInt64LE(address(output), RUN.dataOut)
  options.writeUInt32LE(packet.length, RUN.sizeIn)
  options.writeUInt32LE(output.length, RUN.sizeOut)
  options.writeBigUInt64LE(address(contextIn), RUN.contextIn)
  options.writeBigUInt64LE(address(contextOut), RUN.contextOut)
  options.writeUInt32LE(CONTEXT_BYTES, RUN.contextSizeIn)
  options.writeUInt32LE(CONTEXT_BYTES, RUN_AFTER.contextSizeOut)
  options.writeUInt32LE(repeat, RUN_AFTER.repeat)
  checked(libbpf().bpf_prog_test_run_opts(program.fd, options), `running ${program.name}`)
  return {
    action: options.readUInt32LE(RUN_AFTER.action),
    packet: Buffer.from(output.subarray(0, options.readUInt32LE(RUN.sizeOut))),
    mark: contextOut.readUInt32LE(MARK_AT),
    durationNs: options.readUInt32LE(RUN_AFTER.duration),
  }
}

/** The kernel's tag of a loaded program. */
export function programTag(fd: number): string {
  return programInfo(fd).toString('hex', TAG_AT, TAG_AT + TAG_BYTES)
}

/** Name and tag of a program by the kernel's number; null where it has gone meanwhile. */
export function programById(id: number): Pick<KernelProgram, 'name' | 'tag'> | null {
  const fd = libbpf().bpf_prog_get_fd_by_id(id)
  if (fd === -constants.errno.ENOENT) return null
  checked(fd, `opening program ${id}`)
  try {
    const info = programInfo(fd)
    const name = info.toString('latin1', NAME_AT, NAME_AT + NAME_BYTES)
    return { name: name.slice(0, name.indexOf('\0')), tag: info.toString('hex', TAG_AT, TAG_AT + TAG_BYTES) }
  } finally {
    closeFd(fd)
  }
}

function programInfo(fd: number): Buffer {
  const info = Buffer.alloc(PROGRAM_INFO_BYTES)
  checked(libbpf().bpf_obj_get_info_by_fd(fd, info, Uint32Array.of(info.length)), 'reading a program')
  return info
}

function openObject(path: string): ObjectPointer {
  const pointer = libbpf().bpf_object__open_file(path, null)
  if (pointer === null) throw new DatapathError('kernel-error', `libbpf cannot read ${path}\n${takePrinted()}`)
  return pointer
}

function useMaps(object: ObjectPointer, maps: ReadonlyMap<string, KernelMap>): void {
  for (const pointer of mapsOf(object)) {
    const name = libbpf().bpf_map__name(pointer)
    const map = maps.get(name)
    if (map === undefined) throw new DatapathError('kernel-error', `the object has a map ${name} that is not known`)
    checked(libbpf().bpf_map__reuse_fd(pointer, map.fd), `using the map ${name}`)
  }
}

function loadObject(object: ObjectPointer): void {
  const logs = programsOf(object).map((program) => {
    const log = Buffer.alloc(LOG_BYTES)
    checked(libbpf().bpf_program__set_log_buf(program, log, log.length), 'setting a log buffer')
    return { name: nameOf(program), log }
  })
  const result = libbpf().bpf_object__load(object)
  if (result === 0) return
  const refused = logs.find(({ log }) => log[0] !== 0)
  if (refused === undefined) throw failureOf(-result, 'loading the programs')
  const log = refused.log.toString('utf8', 0, refused.log.indexOf(0))
  const last = log.trimEnd().split('\n').slice(-LOG_LINES_IN_MESSAGE).join('\n')
  throw new DatapathError('verifier-refused', `the kernel refused ${refused.name}\n${last}`, log)
}

function kernelProgram(program: ProgramPointer, objectDigest: Digest): KernelProgram {
  const fd = duplicateFd(libbpf().bpf_program__fd(program))
  try {
    return { name: nameOf(program), tag: programTag(fd), objectDigest, fd }
  } catch (error) {
    closeFd(fd)
    throw error
  }
}

function nameOf(program: ProgramPointer): string {
  return libbpf().bpf_program__name(program)
}

function programsOf(object: ObjectPointer): readonly ProgramPointer[] {
  return chain((after) => libbpf().bpf_object__next_program(object, after))
}

function mapsOf(object: ObjectPointer): readonly MapPointer[] {
  return chain((after) => libbpf().bpf_object__next_map(object, after))
}

function chain(next: (after: bigint | null) => bigint | null): readonly bigint[] {
  const found: bigint[] = []
  for (let pointer = next(null); pointer !== null; pointer = next(pointer)) found.push(pointer)
  return found
}
