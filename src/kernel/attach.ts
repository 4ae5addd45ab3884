/**
 * Programs at devices: tcx links where the kernel has them (6.6), clsact filters elsewhere.
 *
 * A link that is pinned keeps its program attached after the process. Putting another program in its place is one step, so no packet passes
 * between the two.
 */
import { existsSync } from 'node:fs'
import { constants } from 'node:os'
import { address } from 'koffi'
import { type AttachPaths, openPinned, pin, unpin } from './bpffs.ts'
import { checked } from './failure.ts'
import { libbpf, takePrinted } from './libbpf.ts'
import { closeFd } from './libc.ts'

export type Hook = 'ingress' | 'egress'
export type AttachKind = 'tcx' | 'clsact'

const { EINVAL, EEXIST, ENODEV, ENOENT } = constants.errno

/** What hangs at a device: our own place in it first. `id` is the kernel's number of the program. */
export type Attachment = { readonly id: number; readonly attach: AttachKind; readonly own: boolean }

/** Values of `enum bpf_attach_type`, since Linux 6.6. */
const BPF_TCX_INGRESS = 46
const BPF_TCX_EGRESS = 47
/** `struct bpf_link_info`: type, id, program id, padding, then for tcx the device. */
const LINK_INFO_BYTES = 64
const LINK_PROGRAM_AT = 8
const LINK_IFINDEX_AT = 16
/** `struct bpf_prog_query_opts` of libbpf 1.1: size, flags, attach flags, ids, count, flags of each. */
const QUERY_OPTIONS_BYTES = 40
const QUERY_IDS_AT = 16
const QUERY_COUNT_AT = 24
/** BPF_MPROG_MAX of the kernel: so many programs has a hook at most. */
const PROGRAMS_MAX = 64

const TC_INGRESS = 1
const TC_EGRESS = 2
const TC_REPLACE = 1
/** First in order; the handle ("HC") tells our filter from others of that priority. */
const TC_PRIORITY = 1
const TC_HANDLE = 0x4843
const TC_HOOK_BYTES = 24
const TC_OPTIONS_BYTES = 32
const TC_PROGRAM_ID_AT = 16

/** Attaches by tcx, or by clsact where the kernel does not know tcx. */
export function attachProgram(options: {
  readonly program: number
  readonly ifindex: number
  readonly hook: Hook
  readonly paths: AttachPaths
  readonly kinds: readonly AttachKind[]
}): { readonly attach: AttachKind; readonly pinnedAt: string } {
  const { program, ifindex, hook, paths, kinds } = options
  if (kinds.includes('tcx') && attachTcx(program, ifindex, hook, paths.link)) {
    return { attach: 'tcx', pinnedAt: paths.link }
  }
  attachClsact(program, ifindex, hook)
  pin(program, paths.program)
  return { attach: 'clsact', pinnedAt: paths.program }
}

/** Takes the program away, whichever way it was attached. What is not there is fine; so is a device that is gone. */
export function detachProgram(ifindex: number | null, hook: Hook, paths: AttachPaths): void {
  unpin(paths.link)
  if (ifindex !== null && existsSync(paths.program)) {
    const result = libbpf().bpf_tc_detach(tcHook(ifindex, hook), tcOptions(0, 0))
    if (result !== -ENOENT && result !== -EINVAL && result !== -ENODEV)
      checked(result, `detaching from device ${ifindex}`)
  }
  unpin(paths.program)
  takePrinted()
}

/** Programs at one hook of a device, by tcx and in our place of clsact. A link that has lost its device is none. */
export function attachmentsAt(ifindex: number, hook: Hook, paths: AttachPaths): readonly Attachment[] {
  const own = linkedProgram(paths.link, ifindex)
  const ids = tcxPrograms(ifindex, hook)
  const filter = existsSync(paths.program) ? clsactProgram(ifindex, hook) : null
  return [
    ...ids.map((id) => ({ id, attach: 'tcx', own: id === own }) as const),
    ...(filter === null ? [] : [{ id: filter, attach: 'clsact', own: true } as const]),
  ]
}

/** The program of a pinned link; null where there is no link, or none to this device. */
function linkedProgram(linkPath: string, ifindex: number): number | null {
  const link = openPinned(linkPath)
  if (link === null) return null
  try {
    const info = linkInfo(link)
    return info.readUInt32LE(LINK_IFINDEX_AT) === ifindex ? info.readUInt32LE(LINK_PROGRAM_AT) : null
  } finally {
    closeFd(link)
  }
}

/** None where the kernel does not know tcx. */
function tcxPrograms(ifindex: number, hook: Hook): readonly number[] {
  const ids = new Uint32Array(PROGRAMS_MAX)
  const options = Buffer.alloc(QUERY_OPTIONS_BYTES)
  options.writeUInt32LE(QUERY_OPTIONS_BYTES, 0)
  options.writeBigUInt64LE(address(ids), QUERY_IDS_AT)
  options.writeUInt32LE(PROGRAMS_MAX, QUERY_COUNT_AT)
  const type = hook === 'ingress' ? BPF_TCX_INGRESS : BPF_TCX_EGRESS
  const result = libbpf().bpf_prog_query_opts(ifindex, type, options)
  if (result === -EINVAL || result === -ENOENT) return []
  checked(result, `asking what is attached to device ${ifindex}`)
  return [...ids.subarray(0, options.readUInt32LE(QUERY_COUNT_AT))]
}

function clsactProgram(ifindex: number, hook: Hook): number | null {
  const options = tcOptions(0, 0)
  const result = libbpf().bpf_tc_query(tcHook(ifindex, hook), options)
  if (result === -ENOENT || result === -EINVAL) {
    takePrinted()
    return null
  }
  checked(result, `asking for the filter of device ${ifindex}`)
  return options.readUInt32LE(TC_PROGRAM_ID_AT)
}

/** False where the kernel does not know tcx. */
function attachTcx(program: number, ifindex: number, hook: Hook, linkPath: string): boolean {
  if (replaceInLink(program, ifindex, linkPath)) return true
  const type = hook === 'ingress' ? BPF_TCX_INGRESS : BPF_TCX_EGRESS
  const link = libbpf().bpf_link_create(program, ifindex, type, null)
  if (link === -EINVAL) {
    takePrinted()
    return false
  }
  checked(link, `attaching to device ${ifindex}`)
  try {
    pin(link, linkPath)
  } finally {
    closeFd(link)
  }
  return true
}

/** False where no link is pinned, or one to a device that is gone. */
function replaceInLink(program: number, ifindex: number, linkPath: string): boolean {
  const link = openPinned(linkPath)
  if (link === null) return false
  try {
    if (linkedDevice(link) !== ifindex) return false
    checked(libbpf().bpf_link_update(link, program, null), `replacing the program of ${linkPath}`)
    return true
  } finally {
    closeFd(link)
  }
}

/** 0 where the device is gone. */
function linkedDevice(link: number): number {
  return linkInfo(link).readUInt32LE(LINK_IFINDEX_AT)
}

function linkInfo(link: number): Buffer {
  const info = Buffer.alloc(LINK_INFO_BYTES)
  checked(libbpf().bpf_obj_get_info_by_fd(link, info, Uint32Array.of(info.length)), 'reading a link')
  return info
}

function attachClsact(program: number, ifindex: number, hook: Hook): void {
  const created = libbpf().bpf_tc_hook_create(tcHook(ifindex, hook))
  if (created !== -EEXIST) checked(created, `adding clsact to device ${ifindex}`)
  takePrinted()
  checked(
    libbpf().bpf_tc_attach(tcHook(ifindex, hook), tcOptions(program, TC_REPLACE)),
    `attaching to device ${ifindex}`,
  )
}

/** `struct bpf_tc_hook`: size, device, attach point, parent. */
function tcHook(ifindex: number, hook: Hook): Buffer {
  const bytes = Buffer.alloc(TC_HOOK_BYTES)
  bytes.writeUInt32LE(TC_HOOK_BYTES, 0)
  bytes.writeUInt32LE(ifindex, 8)
  bytes.writeUInt32LE(hook === 'ingress' ? TC_INGRESS : TC_EGRESS, 12)
  return bytes
}

/** `struct bpf_tc_opts`: size, program, flags, program id, handle, priority. */
function tcOptions(program: number, flags: number): Buffer {
  const bytes = Buffer.alloc(TC_OPTIONS_BYTES)
  bytes.writeUInt32LE(TC_OPTIONS_BYTES, 0)
  bytes.writeUInt32LE(program, 8)
  bytes.writeUInt32LE(flags, 12)
  bytes.writeUInt32LE(TC_HANDLE, 20)
  bytes.writeUInt32LE(TC_PRIORITY, 24)
  return bytes
}
