/**
 * What this kernel and this process can do, tried and not read from a version number. Nothing stays behind: maps and links end with their
 * descriptors, and the link that is tried lets every packet pass.
 */
import { execFile } from 'node:child_process'
import { release } from 'node:os'
import { promisify } from 'node:util'
import { IpAddress } from '../../events/ids.ts'
import { DatapathError, type ProbeReport } from '../ports/datapath.ts'
import { createMap } from './bpf-map.ts'
import { checked } from './failure.ts'
import { libbpf } from './libbpf.ts'
import { closeFd, interfaceIndex, SystemError } from './libc.ts'
import {
  BPF_MAP_TYPE_ARRAY,
  CONNTRACK_TCP,
  EVENTS,
  IPCACHE,
  type MapSpec,
  POLICY,
  POLICY_MAPS,
  POLICY_STATS,
} from './maps.ts'
import { LOOKUP_AND_ASSIGN, LOOKUP_ONLY, NEXT, RETURN } from './probe-programs.ts'
import { transparentSockets } from './transparent-sockets.ts'

type Feature = ProbeReport['features'][number]
/** Throws with the reason where the feature is not there; else says what was done. */
type Attempt = { readonly name: string; readonly since: string; readonly attempt: () => string | Promise<string> }

const BPF_PROG_TYPE_SCHED_CLS = 3
const BPF_TCX_INGRESS = 46

const run = promisify(execFile)

const ATTEMPTS: readonly Attempt[] = [
  { name: 'libbpf', since: '1.0', attempt: () => `${libbpf().libbpf_num_possible_cpus()} possible CPUs` },
  { name: 'lpm-trie', since: '4.11', attempt: () => mapAttempt(IPCACHE) },
  { name: 'lru-hash', since: '4.10', attempt: () => mapAttempt(CONNTRACK_TCP) },
  { name: 'lru-percpu-hash', since: '4.10', attempt: () => mapAttempt(POLICY_STATS) },
  { name: 'map-in-map', since: '4.12', attempt: mapInMapAttempt },
  { name: 'map-batch', since: '5.6', attempt: batchAttempt },
  { name: 'ring-buffer', since: '5.8', attempt: () => mapAttempt(EVENTS) },
  { name: 'tc-program', since: '4.1', attempt: () => programAttempt(RETURN) },
  { name: 'socket-lookup', since: '5.2', attempt: () => programAttempt(LOOKUP_ONLY) },
  { name: 'socket-assign', since: '5.7', attempt: () => programAttempt(LOOKUP_AND_ASSIGN) },
  { name: 'tcx-link', since: '6.6', attempt: tcxAttempt },
  { name: 'transparent-socket', since: '2.6.28', attempt: transparentAttempt },
  { name: 'iproute2', since: '-', attempt: async () => (await run('ip', ['-V'])).stdout.trim() },
  { name: 'clang-bpf', since: '-', attempt: clangAttempt },
]

export async function probeKernel(): Promise<ProbeReport> {
  const features: Feature[] = []
  for (const { name, since, attempt } of ATTEMPTS) features.push({ name, since, ...(await outcomeOf(attempt)) })
  return { release: release(), features }
}

/** Names without which the kernel datapath cannot be used; tcx has clsact for a substitute, and clang matters where nothing is compiled yet. */
const REQUIRED: ReadonlySet<string> = new Set([
  'libbpf',
  'lpm-trie',
  'lru-hash',
  'lru-percpu-hash',
  'map-in-map',
  'map-batch',
  'ring-buffer',
  'tc-program',
  'socket-lookup',
  'socket-assign',
])

/** The first reason against the kernel datapath in one line, or null. */
export function reasonAgainstKernel({ features }: ProbeReport): string | null {
  const missing = features.find(({ name, available }) => REQUIRED.has(name) && !available)
  return missing === undefined ? null : `${missing.name} (Linux ${missing.since}): ${missing.detail}`
}

async function outcomeOf(attempt: Attempt['attempt']): Promise<Pick<Feature, 'available' | 'detail'>> {
  try {
    return { available: true, detail: await attempt() }
  } catch (error) {
    if (!(error instanceof Error)) throw error
    return { available: false, detail: error.message.split('\n', 1)[0]! }
  }
}

/** Enough to try, and little to allocate; for the ring a page. */
const MAP_ENTRIES_MAX = 4096

function mapAttempt(spec: MapSpec): string {
  using _ = createMap({ ...spec, maxEntries: Math.min(spec.maxEntries, MAP_ENTRIES_MAX) })
  return 'a map was made'
}

function mapInMapAttempt(): string {
  using inner = createMap({ ...POLICY, maxEntries: 1 })
  using outer = createMap({ ...POLICY_MAPS, maxEntries: 1 }, inner.fd)
  const slot = Buffer.alloc(4)
  const value = Buffer.alloc(4)
  value.writeUInt32LE(inner.fd)
  outer.update(slot, value)
  return 'a map was put into a map'
}

function batchAttempt(): string {
  const spec: MapSpec = {
    ...POLICY,
    name: 'probe',
    type: BPF_MAP_TYPE_ARRAY,
    keySize: 4,
    valueSize: 4,
    maxEntries: 2,
    flags: 0,
  }
  using map = createMap(spec)
  map.updateBatch(new Uint8Array(Uint32Array.of(0, 1).buffer), new Uint8Array(8))
  return `${map.entries().length} entries were written and read at once`
}

function programAttempt(instructions: readonly Buffer[]): string {
  closeFd(loadProgram(instructions))
  return 'a program was verified'
}

function tcxAttempt(): string {
  const index = interfaceIndex('lo')
  if (index === null) throw new DatapathError('no-device', 'there is no loopback device')
  const program = loadProgram(NEXT)
  try {
    closeFd(checked(libbpf().bpf_link_create(program, index, BPF_TCX_INGRESS, null), 'linking a program to lo'))
    return 'a program was linked to lo and removed'
  } finally {
    closeFd(program)
  }
}

function transparentAttempt(): string {
  try {
    closeFd(transparentSockets.listen(IpAddress('127.0.0.1'), 0))
    return 'a transparent socket was bound'
  } catch (error) {
    if (error instanceof SystemError) throw new DatapathError('no-privilege', error.message, '', { cause: error })
    throw error
  }
}

async function clangAttempt(): Promise<string> {
  const { stdout } = await run('clang', ['--print-targets'])
  if (!/\bbpf\b/.test(stdout)) throw new DatapathError('no-compiler', 'clang has no BPF target')
  return (await run('clang', ['--version'])).stdout.split('\n', 1)[0]!
}

function loadProgram(instructions: readonly Buffer[]): number {
  const bytes = Buffer.concat(instructions)
  const { length } = instructions
  const fd = libbpf().bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS, 'probe', 'Apache-2.0', bytes, length, null)
  return checked(fd, 'loading a program')
}
