/**
 * What it takes to start the command: processor time of the whole process, so that a busy machine does not count, with the compile cache warm. Beside
 * it stand Node itself with nothing to do, and the command as it would be if every verb were loaded at every start.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { inTurns } from './measure.ts'
import { atMost, type Benchmark, type Figure, figure } from './report.ts'

const CLI = join(import.meta.dirname, '../../src/cli')
const COMMAND = join(CLI, 'hindcast.mjs')
const ROUNDS = 15
const WARM_UP = 2
/** Processor time; wall time where nothing else runs is about the same. */
const TARGET_MS = 150

export const benchmark: Benchmark = {
  title: 'starting the command: processor time of the whole process',
  run: async (): Promise<readonly Figure[]> => {
    const folder = mkdtempSync(join(tmpdir(), `hindcast-bench-start-${process.pid}-`))
    try {
      return await measure(folder)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  },
}

async function measure(folder: string): Promise<readonly Figure[]> {
  const state = join(folder, 'state')
  const env = { ...process.env, XDG_CACHE_HOME: join(folder, 'cache') }
  const run = (...args: readonly string[]): number => processorMs([COMMAND, ...args], env)
  const add = ['endpoint', 'add', '--name', 'xwing', '--labels', 'org=alliance', '--ipv4', '10.0.0.1', '--node', 'n']
  run(...add, '--state', state)
  const all = join(folder, 'all.mjs')
  writeFileSync(all, everyVerbLoaded())
  const cost = await inTurns(
    {
      node: () => processorMs(['-e', '0'], env),
      help: () => run('--help'),
      list: () => run('endpoint', 'list', '--state', state),
      tag: () => run('tag', 'here', '--dry-run', '--state', state),
      all: () => processorMs([all, '--help'], env),
    },
    { rounds: ROUNDS, warmUp: WARM_UP },
  )
  return [
    figure('node alone', cost.node, 'ms'),
    figure('hindcast --help', cost.help, 'ms', atMost(TARGET_MS)),
    figure('hindcast endpoint list', cost.list, 'ms', atMost(TARGET_MS)),
    figure('hindcast tag --dry-run', cost.tag, 'ms'),
    figure('hindcast --help, if every verb were loaded', cost.all, 'ms'),
    figure('--help, beside every verb loaded', cost.help / cost.all, 'of it'),
  ]
}

/** As hindcast.mjs, with the code of all verbs. */
function everyVerbLoaded(): string {
  const verbs = readdirSync(CLI, { recursive: true, encoding: 'utf8' }).filter(
    (file) => file.endsWith('.ts') && file !== 'hindcast.ts' && !file.startsWith('node/'),
  )
  const url = (file: string): string => JSON.stringify(pathToFileURL(join(CLI, file)).href)
  return `import module from 'node:module'
module.enableCompileCache(process.env.XDG_CACHE_HOME + '/hindcast/compiled')
await Promise.all([${verbs.map((file) => `import(${url(file)})`).join(', ')}])
await import(${url('hindcast.ts')})`
}

/** The process says at its end what it took. */
const TELL = `process.on('exit', () => {
  const { user, system } = process.cpuUsage()
  process._rawDebug('took ' + (user + system))
})`

function processorMs(args: readonly string[], env: NodeJS.ProcessEnv): number {
  const hook = `data:text/javascript,${encodeURIComponent(TELL)}`
  const { status, stderr } = spawnSync(process.execPath, ['--import', hook, ...args], { env, encoding: 'utf8' })
  const took = /^took ([0-9]+)$/m.exec(stderr)?.[1]
  if (status !== 0 || took === undefined) throw new Error(`${args.join(' ')} ended with ${status}: ${stderr}`)
  return Number(took) / 1_000
}
