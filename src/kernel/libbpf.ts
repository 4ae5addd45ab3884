/**
 * libbpf.so.1, as far as it is used: typed calls, nothing kept. Since libbpf 1.0 they answer with a negative errno.
 *
 * What libbpf prints is kept (its last lines) and becomes part of the next error; nothing goes to standard error.
 */
import koffi, { type LibraryHandle } from 'koffi'
import { formatted } from './libc.ts'
import { lazyLibrary, type Pointer, type Signatures } from './native.ts'

export type ObjectPointer = Pointer
export type ProgramPointer = Pointer
export type MapPointer = Pointer

type Bytes = Uint8Array

export type Libbpf = {
  readonly bpf_object__open_file: (path: string, options: null) => ObjectPointer | null
  readonly bpf_object__load: (object: ObjectPointer) => number
  readonly bpf_object__close: (object: ObjectPointer) => void
  readonly bpf_object__next_program: (object: ObjectPointer, after: ProgramPointer | null) => ProgramPointer | null
  readonly bpf_object__next_map: (object: ObjectPointer, after: MapPointer | null) => MapPointer | null
  readonly bpf_program__name: (program: ProgramPointer) => string
  readonly bpf_program__fd: (program: ProgramPointer) => number
  readonly bpf_program__set_log_buf: (program: ProgramPointer, log: Bytes, bytes: number) => number
  readonly bpf_map__name: (map: MapPointer) => string
  readonly bpf_map__type: (map: MapPointer) => number
  readonly bpf_map__key_size: (map: MapPointer) => number
  readonly bpf_map__value_size: (map: MapPointer) => number
  readonly bpf_map__max_entries: (map: MapPointer) => number
  readonly bpf_map__map_flags: (map: MapPointer) => number
  readonly bpf_map__reuse_fd: (map: MapPointer, fd: number) => number
  readonly bpf_map_create: (
    type: number,
    name: string,
    keySize: number,
    valueSize: number,
    maxEntries: number,
    options: Bytes,
  ) => number
  readonly bpf_prog_load: (
    type: number,
    name: string,
    license: string,
    instructions: Bytes,
    count: number,
    options: null,
  ) => number
  readonly bpf_map_update_elem: (fd: number, key: Bytes, value: Bytes, flags: number) => number
  readonly bpf_map_lookup_elem: (fd: number, key: Bytes, value: Bytes) => number
  readonly bpf_map_delete_elem: (fd: number, key: Bytes) => number
  readonly bpf_map_get_next_key: (fd: number, key: Bytes | null, next: Bytes) => number
  readonly bpf_map_update_batch: (fd: number, keys: Bytes, values: Bytes, count: Uint32Array, options: Bytes) => number
  readonly bpf_map_delete_batch: (fd: number, keys: Bytes, count: Uint32Array, options: Bytes) => number
  readonly bpf_map_lookup_batch: (
    fd: number,
    cursorIn: Bytes | null,
    cursorOut: Bytes,
    keys: Bytes,
    values: Bytes,
    count: Uint32Array,
    options: Bytes,
  ) => number
  readonly bpf_obj_pin: (fd: number, path: string) => number
  readonly bpf_obj_get: (path: string) => number
  readonly bpf_obj_get_info_by_fd: (fd: number, info: Bytes, bytes: Uint32Array) => number
  readonly bpf_prog_get_fd_by_id: (id: number) => number
  readonly bpf_prog_query_opts: (target: number, attachType: number, options: Bytes) => number
  readonly bpf_link_create: (program: number, target: number, attachType: number, options: null) => number
  readonly bpf_link_update: (link: number, program: number, options: null) => number
  readonly bpf_prog_test_run_opts: (program: number, options: Bytes) => number
  readonly bpf_tc_hook_create: (hook: Bytes) => number
  readonly bpf_tc_hook_destroy: (hook: Bytes) => number
  readonly bpf_tc_attach: (hook: Bytes, options: Bytes) => number
  readonly bpf_tc_detach: (hook: Bytes, options: Bytes) => number
  readonly bpf_tc_query: (hook: Bytes, options: Bytes) => number
  readonly ring_buffer__new: (fd: number, take: Pointer, context: null, options: null) => Pointer | null
  readonly ring_buffer__consume: (ring: Pointer) => number
  readonly ring_buffer__free: (ring: Pointer) => void
  readonly libbpf_num_possible_cpus: () => number
}

const SIGNATURES: Signatures<Libbpf> = {
  bpf_object__open_file: 'p sp',
  bpf_object__load: 'i p',
  bpf_object__close: 'v p',
  bpf_object__next_program: 'p pp',
  bpf_object__next_map: 'p pp',
  bpf_program__name: 's p',
  bpf_program__fd: 'i p',
  bpf_program__set_log_buf: 'i ppl',
  bpf_map__name: 's p',
  bpf_map__type: 'i p',
  bpf_map__key_size: 'u p',
  bpf_map__value_size: 'u p',
  bpf_map__max_entries: 'u p',
  bpf_map__map_flags: 'u p',
  bpf_map__reuse_fd: 'i pi',
  bpf_map_create: 'i isuuup',
  bpf_prog_load: 'i issplp',
  bpf_map_update_elem: 'i ippl',
  bpf_map_lookup_elem: 'i ipp',
  bpf_map_delete_elem: 'i ip',
  bpf_map_get_next_key: 'i ipp',
  bpf_map_update_batch: 'i ipppp',
  bpf_map_delete_batch: 'i ippp',
  bpf_map_lookup_batch: 'i ipppppp',
  bpf_obj_pin: 'i is',
  bpf_obj_get: 'i s',
  bpf_obj_get_info_by_fd: 'i ipp',
  bpf_prog_get_fd_by_id: 'i u',
  bpf_prog_query_opts: 'i iip',
  bpf_link_create: 'i iiip',
  bpf_link_update: 'i iip',
  bpf_prog_test_run_opts: 'i ip',
  bpf_tc_hook_create: 'i p',
  bpf_tc_hook_destroy: 'i p',
  bpf_tc_attach: 'i pp',
  bpf_tc_detach: 'i pp',
  bpf_tc_query: 'i pp',
  ring_buffer__new: 'p ippp',
  ring_buffer__consume: 'i p',
  ring_buffer__free: 'v p',
  libbpf_num_possible_cpus: 'i ',
}

/** Enough for the reason of a refusal; the verifier's log has a buffer of its own. */
const PRINTED_LINES_MAX = 40

const printed: string[] = []

export const libbpf: () => Libbpf = lazyLibrary<Libbpf>('libbpf.so.1', SIGNATURES, capturePrinting)

/** What libbpf said since the last call, at most `PRINTED_LINES_MAX` lines. */
export function takePrinted(): string {
  return printed.splice(0).join('\n')
}

/** Never unregistered: libbpf keeps the pointer for the life of the process. */
function capturePrinting(library: LibraryHandle): void {
  const type = koffi.pointer(koffi.proto('int', ['int', 'void *', 'void *']))
  const callback = koffi.register((level: number, format: Pointer, values: Pointer): number => {
    if (level <= LEVEL_INFO) keepPrinted(formatted(format, values))
    return 0
  }, type)
  library.func('libbpf_set_print', 'void *', [type])(callback)
}

/** LIBBPF_WARN is 0, LIBBPF_INFO 1, LIBBPF_DEBUG 2. */
const LEVEL_INFO = 1

function keepPrinted(message: string): void {
  printed.push(...message.trimEnd().split('\n'))
  printed.splice(0, printed.length - PRINTED_LINES_MAX)
}
