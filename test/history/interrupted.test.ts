/** Ctrl-C and kill at any moment of a long verb: nothing half is left in its place, and the next run answers right. */
import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statfsSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, test } from 'node:test'
import { Timestamp } from '../../events/ids.ts'
import { openSqliteLog } from '../../src/log/sqlite/log.ts'
import { hindcast, type Ran } from '../cli/recorded-log.ts'
import { agentStory } from './agent-story.ts'
import { command, type Ended } from './command-process.ts'
import { chance, randomStory, tellTimes } from './random-story.ts'

const SEED = Number(process.env['INTERRUPT_SEED'] ?? 96)
/** INTERRUPT_EVENTS=100000 for longer verbs. */
const EVENTS = Number(process.env['INTERRUPT_EVENTS'] ?? 12_000)
/** Above what is indexed in memory. */
const OTHER_EVENTS = 6_000
const DISTINCT_EVENTS = 1_000

const folder = mkdtempSync(join(tmpdir(), `hindcast-interrupted-${process.pid}-`))
after(() => rmSync(folder, { recursive: true }))
const long = join(folder, 'long.db')
const other = join(folder, 'other.db')
const story = join(folder, 'story.db')
const dice = chance(SEED)

before(async () => {
  await write(long, EVENTS)
  await write(other, OTHER_EVENTS)
  await agentStory(story)
})

/** Few names and many changes, so that reading takes long and answers are short. */
async function write(path: string, events: number): Promise<void> {
  let time = 1_700_000_000_000
  const now = (): Timestamp => {
    time += 1
    return Timestamp(time)
  }
  await using log = openSqliteLog({ path, now })
  await tellTimes(log, randomStory(SEED, DISTINCT_EVENTS), Math.ceil(events / DISTINCT_EVENTS))
}

function withoutReadModel(log: string): void {
  for (const suffix of ['', '-wal', '-shm']) rmSync(`${log}.readmodel${suffix}`, { force: true })
}

/** Verbs that read all of the log; of each, how long it takes undisturbed and what it says is found first. */
type Long = {
  readonly words: readonly string[]
  /** Made before each run. */
  readonly prepare?: () => void
  /** What stands at its target afterwards. */
  readonly target?: string
}

const capsule = join(folder, 'incident.capsule')
const files = join(folder, 'files')
const LONG: readonly Long[] = [
  { words: ['blame', '3', '--node', 'node1', '-o', 'json', '--log', long], prepare: () => withoutReadModel(long) },
  { words: ['blame', '2', '--node', 'node1', '-o', 'json', '--log', long], prepare: () => withoutReadModel(long) },
  { words: ['verify', '-o', 'json', '--log', long] },
  { words: ['replay', '--from', 'HEAD~3', '-o', 'json', '--log', story] },
  { words: ['bisect', '--good', '9000', '--run', 'test "$HINDCAST_AT" -lt 11111', '-o', 'json', '--log', long] },
  {
    words: ['capsule', 'export', capsule, '--from', 'HEAD~100', '--no-flows', '--log', story],
    prepare: () => rmSync(capsule, { force: true }),
    target: capsule,
  },
  {
    words: ['replay', '--into', files, '--log', story],
    prepare: () => rmSync(files, { recursive: true, force: true }),
    target: files,
  },
]

function contents(path: string): string {
  return execFileSync('sh', ['-c', 'cd "$0" && find . -type f | LC_ALL=C sort | xargs cat | sha256sum', path], {
    encoding: 'utf8',
  })
}

/** Nothing is there, or all of it. A folder is whole where `moment.json` is. */
async function assertWholeOrNothing({ target }: Long): Promise<void> {
  if (target === capsule && existsSync(capsule)) assert.equal((await hindcast('capsule', 'open', capsule)).code, 0)
  if (target === files && existsSync(files)) {
    const names = readdirSync(files).filter((name) => !name.startsWith('.writing-'))
    assert.ok(names.length === 0 || names.includes('moment.json') || names.length < 4, names.join(' '))
  }
}

/** The signal's end, or the right answer where it was faster. */
function assertEnded(ended: Ended, whole: Ran, what: string): void {
  if (ended.signal === null) assert.deepEqual([ended.code, ended.out], [whole.code, whole.out], `${what}: ${ended.err}`)
}

/** Undisturbed, in this process. */
async function wholeRun(one: Long): Promise<Ran & { readonly tookMs: number; readonly files: string }> {
  one.prepare?.()
  const began = performance.now()
  const found = await hindcast(...one.words)
  return { ...found, tookMs: performance.now() - began, files: one.target === files ? contents(files) : '' }
}

test('T94 a verb ends at once by Ctrl-C or kill, at any moment; nothing half is at its target, and the next run answers right', async (context) => {
  context.diagnostic(`INTERRUPT_SEED=${SEED}`)
  const began = performance.now()
  await command(['version'])
  const startMs = performance.now() - began
  let interrupted = 0
  for (const [index, one] of LONG.entries()) {
    const whole = await wholeRun(one)
    for (const signal of index % 2 === 0 ? (['SIGINT'] as const) : (['SIGKILL', 'SIGINT'] as const)) {
      one.prepare?.()
      const afterMs = Math.floor(startMs / 2) + dice(Math.floor(startMs / 2 + whole.tookMs))
      const what = `${one.words.join(' ')} with ${signal} after ${afterMs} ms`
      const ended = await command(one.words, { signal, afterMs })
      if (ended.signal !== null) interrupted += 1
      assertEnded(ended, whole, what)
      await assertWholeOrNothing(one)
      if (one.target === capsule) rmSync(capsule, { force: true })
      if (ended.signal === null) one.prepare?.()
      const again = await hindcast(...one.words)
      assert.deepEqual([again.code, again.out], [whole.code, whole.out], `${what}, and again: ${again.err}`)
      if (one.target === files) assert.equal(contents(files), whole.files)
    }
  }
  assert.ok(interrupted >= LONG.length / 2, `${interrupted} runs were interrupted`)
})

test('T94 processes that build the read model at once, one of them killed, give the same answers', async () => {
  withoutReadModel(long)
  const words = ['endpoint', 'list', '--node', 'node1', '-o', 'json', '--log', long]
  const killed = command(words, { signal: 'SIGKILL', afterMs: 500 + dice(1_000) })
  const others = await Promise.all([command(words), command(words)])
  await killed
  withoutReadModel(long)
  const alone = await hindcast(...words)
  for (const { code, out, err } of others) assert.deepEqual([code, out, err], [0, alone.out, ''])
})

test('T94 what follows the log goes on until it is told to stop, and then ends with 0', async () => {
  using child = spawn(process.execPath, [
    join(import.meta.dirname, '../../src/cli/hindcast.ts'),
    ...['log', '--follow', '--type', 'PositionTagged', '--log', other],
  ])
  const said: string[] = []
  child.stdout.on('data', (data: Buffer) => said.push(String(data)))
  const closed = once(child, 'close')
  await once(child.stdout, 'data')
  await hindcast('tag', 'while-followed', '--log', other)
  while (!said.join('').includes('PositionTagged')) {
    assert.equal(child.exitCode, null)
    await once(child.stdout, 'data', { signal: AbortSignal.timeout(20_000) })
  }
  child.kill('SIGINT')
  await closed
  assert.deepEqual([child.exitCode, child.signalCode], [0, null])
})

/** Both ways: what the read model of `other` may not be taken for. */
const UNTRUSTED: readonly (readonly [string, (readModel: string) => void])[] = [
  ['another log', (path) => copyFileSync(`${long}.readmodel`, path)],
  [
    'another version',
    (path) => {
      using database = new DatabaseSync(path)
      database.exec("UPDATE meta SET value = 'world@0' WHERE name = 'projection'; UPDATE vals SET json = '0'")
    },
  ],
  ['half a file', (path) => writeFileSync(path, execFileSync('head', ['-c', '30000', path]))],
  ['no database', (path) => writeFileSync(path, 'somebody put this here')],
]

test('T94 a read model of another log or version, or half a file, is made anew by the next process', async () => {
  const words = ['blame', '2', '--node', 'node1', '-o', 'json', '--log', other]
  await hindcast('blame', '2', '--node', 'node1', '--log', long)
  const right = await hindcast(...words)
  assert.equal(right.code, 0)
  for (const [what, spoil] of UNTRUSTED) {
    for (const suffix of ['-wal', '-shm']) rmSync(`${other}.readmodel${suffix}`, { force: true })
    spoil(`${other}.readmodel`)
    const { code, out, err } = await command(words)
    assert.deepEqual({ code, out, err }, right, what)
  }
})

/** For what SQLite keeps beside a log that is read; too little for anything else. */
const ROOM_KIB = 100

function mounted(path: string, kibibytes: number): Disposable | null {
  mkdirSync(path)
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${kibibytes}k`, 'tmpfs', path], { stdio: 'pipe' })
  } catch {
    return null
  }
  return { [Symbol.dispose]: () => void execFileSync('umount', ['--lazy', path]) }
}

test('T94 on a full disk every verb answers the same, says that it kept nothing, and leaves the room that there was', async (context) => {
  const place = join(folder, 'full')
  using disk = mounted(place, Math.ceil(statSync(long).size / 1_024) + ROOM_KIB)
  if (disk === null) return context.skip('this process may not mount')
  const log = join(place, 'log.db')
  copyFileSync(long, log)
  const right = await hindcast('blame', '2', '--node', 'node1', '-o', 'json', '--log', long)
  const found: Ran = await hindcast('blame', '2', '--node', 'node1', '-o', 'json', '--log', log)
  assert.deepEqual([found.code, found.out === right.out], [0, true], found.err)
  assert.match(found.err, /^no read model at .*, the whole log is folded in memory: .*full/)
  assert.ok(statfsSync(place).bavail * statfsSync(place).bsize > (ROOM_KIB / 2) * 1_024)
  const target = join(place, 'incident.capsule')
  const capsule = await hindcast('capsule', 'export', target, '--from', '1', '--no-flows', '--log', log)
  assert.deepEqual([capsule.code, existsSync(target)], [5, false], capsule.err)
  assert.match(capsule.err, /capsule-not-written: .*ENOSPC/)
  const into = await hindcast('replay', '--into', join(place, 'files'), '--log', log)
  assert.equal(into.code, 5)
  assert.match(into.err, /cannot write at --into: .*ENOSPC/)
  assert.deepEqual(readdirSync(join(place, 'files')), [])
})
