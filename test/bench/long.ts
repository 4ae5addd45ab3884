/**
 * What it costs to write to a long log and to start an agent on it, beside a short log of the same 1,000 endpoints: 10,000 and 1,000,000 events, or as
 * many as HINDCAST_BENCH_EVENTS says. First without anything beside the log, so that everything is folded, then with what the first one left there.
 * Processor time of processes of their own; the proxy of the agent takes everything, its datapath is the model.
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { encodeEvent } from '../../events/codec.ts'
import { CorrelationId, nodeStream, POLICY_STREAM, PolicyRevision } from '../../events/ids.ts'
import { systemClock } from '../../src/agent/system-clock.ts'
import { openSqliteLog } from '../../src/log/sqlite/log.ts'
import { NODE, writeLongLog } from './long-log.ts'
import { median } from './measure.ts'
import { atMost, type Benchmark, type Figure, figure } from './report.ts'
import type { Started } from './start-agent.ts'

const SHORT = 10_000
const LONG = Number(process.env['HINDCAST_BENCH_EVENTS'] || 1_000_000)
const COMMAND = join(import.meta.dirname, '../../src/cli/hindcast.mjs')
const AGENT = join(import.meta.dirname, 'start-agent.ts')
const ROUNDS = 5
/** Nothing that grows with the log is left: what remains is chance. */
const RATIO_MAX = 1.5

type Found = {
  readonly writing: { readonly first: number; readonly next: number }
  readonly agent: { readonly first: Started; readonly next: Started }
}

export const benchmark: Benchmark = {
  title: 'writing verbs and the start of an agent: short log beside long log',
  run: async (say) => {
    const folder = mkdtempSync(join(tmpdir(), `hindcast-bench-long-${process.pid}-`))
    try {
      const short = await measured(join(folder, 'short'), SHORT, say)
      const long = await measured(join(folder, 'long'), LONG, say)
      return [...figuresOf('10k', short), ...figuresOf(`${LONG / 1e6}M`, long), ...ratios(short, long)]
    } finally {
      rmSync(folder, { recursive: true })
    }
  },
}

async function measured(state: string, events: number, say: (line: string) => void): Promise<Found> {
  mkdirSync(state)
  const path = join(state, 'log.db')
  say(`writing ${events} events`)
  await writeLongLog(path, events)
  await react(path)
  say('a writing verb')
  const tag = (): number => processorMs([COMMAND, 'tag', 'here', '--dry-run', '--state', state])
  const writing = { first: tag(), next: median(Array.from({ length: ROUNDS }, tag)) }
  say('an agent')
  const agent = { first: started(path), next: started(path) }
  return { writing, agent }
}

/** The generated log has builds and no reactions: now its node has reacted to everything. */
async function react(path: string): Promise<void> {
  await using log = openSqliteLog({ path, now: systemClock.now })
  let revision = PolicyRevision(1)
  for await (const [last] of log.readStream(POLICY_STREAM, { direction: 'backwards', after: null, limit: 1 })) {
    revision = (JSON.parse(last?.body ?? '{}') as { readonly revision: PolicyRevision }).revision
  }
  const lists = { identities: [], regenerate: [], bump: [], skipped: [] }
  const event = { type: 'PolicyReaction', v: 1, revision, previousRevision: PolicyRevision(1), ...lists } as const
  const actor = { kind: 'agent', name: NODE } as const
  const source = { kind: 'agent', detail: 'bench' } as const
  const context = { actor, source, correlation: CorrelationId(systemClock.newId()), cause: null }
  const events = [encodeEvent({ id: systemClock.newId(), event, context })]
  await log.append([{ stream: nodeStream(NODE), expected: 'any', events }])
}

function started(path: string): Started {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--expose-gc', AGENT, path], { encoding: 'utf8' })
  if (status !== 0) throw new Error(`the agent ended with ${status}: ${stderr.slice(-2_000)}`)
  return JSON.parse(stdout) as Started
}

/** The process says at its end what it took. */
const TELL = `process.on('exit', () => {
  const { user, system } = process.cpuUsage()
  process._rawDebug('took ' + (user + system))
})`

function processorMs(args: readonly string[]): number {
  const hook = `data:text/javascript,${encodeURIComponent(TELL)}`
  const { status, stderr } = spawnSync(process.execPath, ['--import', hook, ...args], { encoding: 'utf8' })
  const took = /^took ([0-9]+)$/m.exec(stderr)?.[1]
  if (status !== 0 || took === undefined) throw new Error(`${args.join(' ')} ended with ${status}: ${stderr}`)
  return Number(took) / 1_000
}

function figuresOf(name: string, { writing, agent }: Found): readonly Figure[] {
  return [
    figure(`${name}: a writing verb, streams folded`, writing.first, 'ms'),
    figure(`${name}: a writing verb, with what is saved`, writing.next, 'ms'),
    figure(`${name}: an agent started, log folded`, agent.first.cpuMs, 'ms'),
    figure(`${name}: an agent started, from a checkpoint`, agent.next.cpuMs, 'ms'),
    figure(`${name}: memory once started, log folded`, agent.first.residentMiB, 'MiB'),
    figure(`${name}: memory once started, from a checkpoint`, agent.next.residentMiB, 'MiB'),
  ]
}

function ratios(short: Found, long: Found): readonly Figure[] {
  const name = `${LONG / 1e6}M beside 10k`
  const memory = long.agent.next.residentMiB / short.agent.next.residentMiB
  return [
    figure(`${name}: a writing verb`, long.writing.next / short.writing.next, '×', atMost(RATIO_MAX)),
    figure(`${name}: an agent's start`, long.agent.next.cpuMs / short.agent.next.cpuMs, '×', atMost(RATIO_MAX)),
    figure(`${name}: an agent's memory`, memory, '×', atMost(RATIO_MAX)),
  ]
}
