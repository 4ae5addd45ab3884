/**
 * Where everything that outlives the process is pinned: `<bpffs>/<name>/` with `maps/`, `policy/` (one map for each endpoint) and
 * `links/` (two for each endpoint).
 *
 * Pinned maps and links keep enforcing when the process ends, and the next one finds them by their paths.
 */
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statfsSync } from 'node:fs'
import { constants } from 'node:os'
import { join } from 'node:path'
import { EndpointId } from '../../events/ids.ts'
import { DatapathError } from '../ports/datapath.ts'
import { checked } from './failure.ts'
import { libbpf } from './libbpf.ts'
import { mount, SystemError } from './libc.ts'
import type { MapSpec } from './maps.ts'

const BPF_FS_MAGIC = 0xcafe4a11

/** Where what keeps a program attached is pinned: the link, or, where a filter holds the program, the program itself. */
export type AttachPaths = { readonly link: string; readonly program: string }

export type PinFolder = {
  readonly root: string
  readonly mapPath: (spec: MapSpec) => string
  readonly policyPath: (endpoint: EndpointId) => string
  readonly attachPaths: (endpoint: EndpointId, hook: 'ingress' | 'egress') => AttachPaths
}

export function pinFolder({ bpffs, name }: { readonly bpffs: string; readonly name: string }): PinFolder {
  const root = join(bpffs, name)
  return {
    root,
    mapPath: (spec) => join(root, 'maps', spec.name),
    policyPath: (endpoint) => join(root, 'policy', `cilium_policy_v2_${padded(endpoint)}`),
    attachPaths: (endpoint, hook) => ({
      link: join(root, 'links', `${hook}_${padded(endpoint)}`),
      program: join(root, 'programs', `${hook}_${padded(endpoint)}`),
    }),
  }
}

/** Mounts a BPF file system at `bpffs` where none is, and makes the folders. */
export function preparePinFolder(bpffs: string, { root }: PinFolder): void {
  makeFolder(bpffs)
  if (!isBpffs(bpffs)) mountBpffs(bpffs)
  for (const folder of ['maps', 'policy', 'links', 'programs']) makeFolder(join(root, folder))
}

function isBpffs(path: string): boolean {
  return existsSync(path) && statfsSync(path).type === BPF_FS_MAGIC
}

/** Replaces what is pinned at the path, in one step. */
export function pin(fd: number, path: string): void {
  const next = `${path}_next`
  rmSync(next, { force: true })
  checked(libbpf().bpf_obj_pin(fd, next), `pinning ${path}`)
  renameSync(next, path)
}

/** False where something is pinned there already: another process was first. */
export function pinNew(fd: number, path: string): boolean {
  const result = libbpf().bpf_obj_pin(fd, path)
  if (result === -constants.errno.EEXIST) return false
  checked(result, `pinning ${path}`)
  return true
}

/** The descriptor of what is pinned there, or null. */
export function openPinned(path: string): number | null {
  if (!existsSync(path)) return null
  return checked(libbpf().bpf_obj_get(path), `opening ${path}`)
}

export function unpin(path: string): void {
  rmSync(path, { force: true })
}

/** Endpoints that have a policy map, ascending. */
export function pinnedEndpoints({ root }: PinFolder): readonly EndpointId[] {
  const folder = join(root, 'policy')
  if (!existsSync(folder)) return []
  return readdirSync(folder)
    .flatMap((name) => /^cilium_policy_v2_([0-9]{5})$/.exec(name)?.[1] ?? [])
    .map((digits) => EndpointId(Number(digits)))
    .toSorted((a, b) => a - b)
}

/** Takes the whole folder away: enforcement ends with its last link. */
export function removePinFolder({ root }: PinFolder): void {
  rmSync(root, { recursive: true, force: true })
}

function mountBpffs(path: string): void {
  try {
    mount('bpf', path)
  } catch (error) {
    if (!(error instanceof SystemError)) throw error
    const code = error.code === 'EPERM' || error.code === 'EACCES' ? 'no-privilege' : 'kernel-error'
    throw new DatapathError(code, `a BPF file system cannot be mounted at ${path}: ${error.message}`, '', {
      cause: error,
    })
  }
}

function makeFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true })
  } catch (error) {
    if (!(error instanceof Error)) throw error
    const denied = 'code' in error && (error.code === 'EPERM' || error.code === 'EACCES')
    throw new DatapathError(denied ? 'no-privilege' : 'kernel-error', error.message, '', { cause: error })
  }
}

function padded(endpoint: EndpointId): string {
  return String(endpoint).padStart(5, '0')
}
