import assert from 'node:assert/strict'
import { copyFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, test } from 'node:test'
import { writeLongLog } from '../bench/long-log.ts'
import { hindcast } from '../cli/recorded-log.ts'

/** Signed, and then some more. */
const SIGNED = 6_000
const EVENTS = 6_500
const folder = mkdtempSync(join(tmpdir(), `hindcast-since-${process.pid}-`))
const original = join(folder, 'original.db')
/** Kept elsewhere: over the first `SIGNED` events, and over all. */
const [first, second] = [join(folder, 'first.checkpoint'), join(folder, 'second.checkpoint')]
const key = join(`${original}.checkpoints`, 'verifier.key')

before(async () => {
  await writeLongLog(original, EVENTS)
  writeFileSync(first, (await hindcast('checkpoint', 'export', '--at', String(SIGNED), '--log', original)).out)
  writeFileSync(second, (await hindcast('checkpoint', 'export', '--log', original)).out)
})
after(() => rmSync(folder, { recursive: true }))

let copies = 0
/** The log, its tree and its checkpoints, after someone ran some SQL on log and tree. */
function copy({ log = '', tree = '' }: { readonly log?: string; readonly tree?: string } = {}): string {
  copies += 1
  const path = join(folder, `copy-${copies}.db`)
  copyFileSync(original, path)
  copyFileSync(`${original}.tree`, `${path}.tree`)
  cpSync(`${original}.checkpoints`, `${path}.checkpoints`, { recursive: true })
  for (const [file, sql] of [
    [path, log],
    [`${path}.tree`, tree],
  ] as const) {
    const database = new DatabaseSync(file)
    database.exec(`PRAGMA foreign_keys = OFF; BEGIN; ${sql}; COMMIT`)
    database.close()
  }
  return path
}

const BODY = "UPDATE events SET body = replace(body, '1', '7') WHERE position ="

test('T84 verify --since reads what came after the checkpoint and says what it did not read again', async () => {
  const { code, out } = await hindcast('verify', '--since', first, '--log', original)
  assert.equal(code, 0)
  assert.match(out, /^6500 events up to position 6500/)
  assert.match(
    out,
    /^not read again: the 6000 events up to position 6000; their stored tree has the root that .*first\.checkpoint signed$/m,
  )
  assert.match(out, /^holds .*first\.checkpoint \(6000 events\)$/m)
  const both = JSON.parse((await hindcast('verify', second, '--since', first, '--log', original, '-o', 'json')).out)
  assert.deepEqual(both.notRead, { events: SIGNED, position: String(SIGNED), checkpoint: first })
  assert.deepEqual(
    both.checkpoints.map(({ size, holds }: { readonly size: number; readonly holds: boolean }) => [size, holds]),
    [
      [SIGNED, true],
      [EVENTS, true],
    ],
  )
  assert.equal(both.root, JSON.parse((await hindcast('verify', '--log', original, '-o', 'json')).out).root)
})

const SINCE: Readonly<Record<string, readonly [sql: string, expected: RegExp]>> = {
  'a changed body': [`${BODY} 6100`, /root-differs.*changed after position 6000, at or before 6500/],
  'an event taken out': ['DELETE FROM events WHERE position = 6100', /revision-gap at position .*cut-off/s],
  'the first one after it taken out': [
    'DELETE FROM events WHERE position = 6001',
    /revision-gap at position .*cut-off/s,
  ],
  'a time that goes back': ['UPDATE events SET recorded_at = 5 WHERE position = 6001', /time-order at position 6001/],
  'events cut off': ['DELETE FROM events WHERE position > 6200', /cut-off: .*signed over 6500 events.*there are 6200/],
}

for (const [what, [sql, expected]] of Object.entries(SINCE)) {
  test(`T84 verify --since finds ${what} after the checkpoint`, async () => {
    const { code, out } = await hindcast('verify', second, '--since', first, '--log', copy({ log: sql }), '--key', key)
    assert.equal(code, 4)
    assert.match(out, /^not read again: the 6000 events/m)
    assert.match(out, expected)
  })
}

test('T84 what was changed before the checkpoint is found by the whole verify, which names the events', async () => {
  const path = copy({ log: `${BODY} 3000` })
  const partial = await hindcast('verify', '--since', first, '--log', path, '--key', key)
  assert.equal(partial.code, 0)
  const { code, out } = await hindcast('verify', '--log', path)
  assert.equal(code, 4)
  assert.match(out, /^root-differs/m)
  assert.match(
    out,
    /stored-tree-differs at position 3072: .* events 2817 to 3072: the events were changed since it was written, or the file/,
  )
  assert.equal((await hindcast('verify', '--log', path)).out, out, 'what it shows is still there')
})

test('T84 verify finds a stored tree that lies, and makes it anew where a checkpoint speaks for the events', async () => {
  const path = copy({ tree: 'UPDATE subtrees SET hash = zeroblob(32) WHERE number = 4' })
  const { code, out } = await hindcast('verify', '--log', path)
  assert.equal(code, 4)
  assert.match(
    out,
    /stored-tree-differs at position 1280: .* events 1025 to 1280: a checkpoint speaks for the events, so the file was changed/,
  )
  assert.deepEqual(
    [(await hindcast('verify', '--log', path)).code, (await hindcast('verify', '--log', path)).code],
    [0, 0],
  )
  const since = await hindcast('verify', '--since', first, '--log', path, '--key', key)
  assert.match(since.out, /^not read again/m)
})

test('T84 a log that lost its end is seen by the stored tree alone', async () => {
  const path = copy({ log: 'DELETE FROM events WHERE position > 5000' })
  rmSync(`${path}.checkpoints`, { recursive: true })
  const { code, out } = await hindcast('verify', '--log', path)
  assert.equal(code, 4)
  assert.match(out, /cut-off: .*\.tree was written when there were 6400 events or more; there are 5000/)
})

test('T84 where no stored tree leads to the checkpoint, verify --since reads everything', async () => {
  for (const path of [
    copy({ tree: 'DELETE FROM subtrees' }),
    copy({ tree: 'UPDATE subtrees SET hash = zeroblob(32)' }),
  ]) {
    const { out } = await hindcast('verify', '--since', first, '--log', path, '--key', key)
    assert.match(out, /^everything was read: no stored tree leads to the checkpoint$/m)
    assert.match(out, /^holds .*first\.checkpoint/m)
  }
  const changed = copy({ log: `${BODY} 3000`, tree: 'DELETE FROM subtrees' })
  const { code, out } = await hindcast('verify', '--since', first, '--log', changed, '--key', key)
  assert.equal(code, 4)
  assert.match(out, /root-differs/)
})

test('T84 proofs and checkpoints read what is new, and their readers need nothing of that', async () => {
  const path = copy()
  for (const args of [
    ['prove', '17'],
    ['prove', '6499'],
    ['prove', '--consistency', '6000', 'HEAD'],
  ]) {
    const { out, code } = await hindcast(...args, '--log', path)
    assert.equal(code, 0)
    const proof = join(folder, 'proof')
    writeFileSync(proof, out)
    const earlier = args.includes('--consistency') ? [first] : []
    assert.equal((await hindcast('verify', ...earlier, '--proof', proof, '--key', key)).code, 0)
  }
  const again = await hindcast('checkpoint', 'export', '--at', String(SIGNED), '--log', path)
  assert.equal(
    again.out.split('\n')[2],
    (await hindcast('checkpoint', 'export', '--at', '6000', '--log', original)).out.split('\n')[2],
  )
})

test('T84 a proof for which much had to be read leaves the checkpoint from which the next one goes on', async () => {
  const path = join(folder, 'long.db')
  await writeLongLog(path, 21_000)
  const read = async (): Promise<readonly string[]> => {
    assert.equal((await hindcast('prove', '17', '--log', path)).code, 0)
    return readdirSync(`${path}.checkpoints`).filter((name) => name.endsWith('.checkpoint'))
  }
  assert.deepEqual(await read(), ['0000000000021000.checkpoint'])
  assert.equal((await hindcast('tag', 'more', '--log', path)).code, 0)
  assert.deepEqual(await read(), ['0000000000021000.checkpoint'], 'little was read')
})

test('T84 nothing is signed over a log that contradicts what was signed before', async () => {
  const path = copy({ log: `${BODY} 3000`, tree: 'DELETE FROM subtrees' })
  for (const args of [
    ['checkpoint', 'export'],
    ['prove', '17'],
  ]) {
    const { code, out, err } = await hindcast(...args, '--log', path)
    assert.deepEqual([code, out], [4, ''])
    assert.match(err, /root-differs: the first 6000 events are not those .*nothing was signed/)
  }
})

test('T84 a tree file that cannot be used costs a whole reading and no answer', async () => {
  const path = copy()
  for (const suffix of ['', '-wal', '-shm']) rmSync(`${path}.tree${suffix}`, { force: true })
  mkdirSync(`${path}.tree`)
  const { code, out, err } = await hindcast('verify', '--since', first, '--log', path, '--key', key)
  assert.equal(code, 0)
  assert.match(err, /^no stored tree, the log is read from its beginning: /)
  assert.match(out, /^everything was read/m)
  const short = join(folder, 'short.db')
  await writeLongLog(short, 2_100)
  assert.equal((await hindcast('verify', '--log', short)).code, 0)
  assert.equal(existsSync(`${short}.tree`), false, 'a short log leaves nothing behind')
})
