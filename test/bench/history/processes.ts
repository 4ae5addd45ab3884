/** What a verb takes as a process of its own, started as `hindcast` is: the most memory that it held, and its processor time. */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Position } from '../../../events/ids.ts'
import type { History } from '../../../src/history/history.ts'
import { SETTLED_EVENTS, vanished } from './questions.ts'

export type Usage = { readonly mib: number; readonly cpuMs: number }

const ROOT = join(import.meta.dirname, '../../..')
const COMMAND = join(ROOT, 'src/cli/hindcast.mjs')
const PRINT_USAGE = join(import.meta.dirname, 'print-usage.ts')

/** Throws where it fails; that something is different (1) is an answer. */
export function usageOf(file: string, args: readonly string[]): Usage {
  const command = [...flags(), '--import', PRINT_USAGE, file, ...args]
  const { status, stderr } = spawnSync(process.execPath, command, {
    encoding: 'utf8',
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const found = /max-rss-kib ([0-9]+) cpu-us ([0-9]+)/.exec(stderr)
  if (status === null || status > 1 || found === null)
    throw new Error(`${args.join(' ')} ended with ${status}: ${stderr}`)
  return { mib: Number(found[1]) / 1_024, cpuMs: Number(found[2]) / 1_000 }
}

export function verb(log: string, ...args: readonly string[]): Usage {
  return usageOf(COMMAND, [...args, '--log', log])
}

/** Each reading verb once, as a person would ask it. */
export function verbs(log: string, history: History, head: Position): Readonly<Record<string, Usage>> {
  const { port, endpoint } = vanished(history, head)
  const pod = `default/pod-${endpoint - 1}`
  const [policy] = [...history.model.entities('policy', head).keys()].filter((name) => name.startsWith('policy '))
  const name = policy!.split('/').at(-1)!
  const time = new Date(1_700_000_000_000 + Math.ceil(Number(head) / 2_000) * 1_000).toISOString()
  const asked = {
    status: ['status', '--at', 'HEAD~2000'],
    why: ['why', '--from', 'default/pod-0', '--to', pod, '--port', String(port)],
    blame: ['blame', String(endpoint)],
    history: ['history', String(endpoint), `ingress:1000:${port}/TCP`],
    diff: ['diff', 'HEAD~500..HEAD'],
    'diff --semantic': ['diff', 'HEAD~50..HEAD', '--semantic'],
    bisect: ['bisect', '--good', String(SETTLED_EVENTS), '--', 'allow', 'default/pod-0', '->', `${pod}:${port}`],
    'log --since': ['log', '--since', time],
    plan: ['plan', '--delete', `cnp/default/${name}`],
    'policy get': ['policy', 'get'],
    'bpf policy get': ['bpf', 'policy', 'get', String(endpoint)],
  }
  return Object.fromEntries(Object.entries(asked).map(([what, args]) => [what, withLog(log, args)]))
}

/** Before the expectation, where there is one. */
function withLog(log: string, [first, ...rest]: readonly string[]): Usage {
  const words = first === 'bpf' || first === 'policy' ? rest.length : 0
  return usageOf(COMMAND, [first!, ...rest.slice(0, words), '--log', log, ...rest.slice(words)])
}

/** Those of the command's first line, so that it is measured as it is run. */
function flags(): readonly string[] {
  const [line] = readFileSync(COMMAND, 'utf8').split('\n', 1)
  return line!.split(' ').filter((word) => word.startsWith('--'))
}
