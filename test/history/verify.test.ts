import assert from 'node:assert/strict'
import { copyFileSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, test } from 'node:test'
import { newSignerKey } from '../../src/history/checkpoint/note.ts'
import { hindcast, type RecordedLog, recordedLog } from '../cli/recorded-log.ts'

let log: RecordedLog
/** The checkpoint over everything, kept elsewhere. */
let exported: string
before(async () => {
  log = await recordedLog()
  const { out, code } = await hindcast('checkpoint', 'export', '--log', log.path)
  assert.equal(code, 0)
  exported = join(log.folder, 'kept-elsewhere.checkpoint')
  writeFileSync(exported, out)
})
after(() => log[Symbol.dispose]())

let copies = 0
/** A copy of the log on which someone ran some SQL. */
function tampered(sql: string): string {
  copies += 1
  const path = join(log.folder, `tampered-${copies}.db`)
  copyFileSync(log.path, path)
  const database = new DatabaseSync(path)
  database.exec(`PRAGMA foreign_keys = OFF; BEGIN; ${sql}; COMMIT`)
  database.close()
  return path
}

const key = (): string => join(`${log.path}.checkpoints`, 'verifier.key')

async function verified(path: string): Promise<{ readonly code: number; readonly out: string; readonly err: string }> {
  return hindcast('verify', '--log', path, '--since', exported, '--key', key())
}

/** Makes room at position 5 by moving what follows. */
const SHIFT =
  'UPDATE events SET position = -position - 1 WHERE position >= 5; UPDATE events SET position = -position WHERE position < 0'
const COPY_OF = (position: number): string =>
  `INSERT INTO events SELECT 5, stream, 99, recorded_at, id, type, v, body, meta FROM events WHERE position = ${position}`

const TAMPERINGS: Readonly<Record<string, readonly [sql: string, expected: RegExp]>> = {
  'a changed body': [
    "UPDATE events SET body = replace(body, 'deathstar', 'alderaan') WHERE position = 2",
    /root-differs/,
  ],
  'a changed actor': [
    "UPDATE events SET meta = replace(meta, 'vader', 'luke') WHERE type = 'PolicyDeleted'",
    /root-differs/,
  ],
  'a changed time': ['UPDATE events SET recorded_at = recorded_at - 1 WHERE position = 4', /root-differs/],
  'an event put in': [`${SHIFT}; ${COPY_OF(3)}`, /revision-gap at position 5.*root-differs/s],
  'an event taken out': ['DELETE FROM events WHERE position = 3', /revision-gap.*cut-off|cut-off.*revision-gap/s],
  'two events in the other order': [
    'UPDATE events SET position = 1000 WHERE position = 3; UPDATE events SET position = 3 WHERE position = 4; UPDATE events SET position = 4 WHERE position = 1000',
    /time-order at position 4.*root-differs/s,
  ],
  'the last events cut off': ['DELETE FROM events WHERE position > 12', /cut-off: .* there are 12/],
  'everything under another stream': [
    "UPDATE streams SET name = 'node-node2' WHERE name = 'node-node1'",
    /root-differs/,
  ],
}

test('T5 a log that nobody touched holds, and what was appended since does not matter', async () => {
  const { code, out } = await verified(log.path)
  assert.equal(code, 0)
  assert.match(out, new RegExp(`^${log.positions.length} events up to position ${log.positions.at(-1)}`))
  assert.match(out, /^holds .*kept-elsewhere\.checkpoint/m)
  const earlier = join(log.folder, 'earlier.checkpoint')
  writeFileSync(earlier, (await hindcast('checkpoint', 'export', '--at', 'rev:2', '--log', log.path)).out)
  const both = await hindcast('verify', earlier, exported, '--log', log.path, '-o', 'json')
  assert.deepEqual(
    JSON.parse(both.out).checkpoints.map(({ holds }: { readonly holds: boolean }) => holds),
    [true, true],
  )
})

for (const [what, [sql, expected]] of Object.entries(TAMPERINGS)) {
  test(`T5 verify finds ${what} and ends with 4`, async () => {
    const { code, out } = await verified(tampered(sql))
    assert.equal(code, 4)
    assert.match(out, expected)
    assert.match(out, /^BROKEN/m)
  })
}

test('T5 any one character changed in any event is found', async () => {
  for (const position of log.positions) {
    const path = tampered(
      `UPDATE events SET body = substr(body, 1, 9) || 'x' || substr(body, 11) WHERE position = ${position}`,
    )
    const { code, out } = await verified(path)
    assert.deepEqual([position, code], [position, 4])
    assert.match(out, /root-differs/)
  }
})

test('T5 between two checkpoints the change is narrowed down', async () => {
  const files: string[] = []
  for (const at of [4, 8, 12]) {
    files.push(join(log.folder, `at-${at}.checkpoint`))
    writeFileSync(files.at(-1)!, (await hindcast('checkpoint', 'export', '--at', String(at), '--log', log.path)).out)
  }
  const path = tampered("UPDATE events SET body = replace(body, '10.0.0', '10.0.1') WHERE position = 6")
  const { out } = await hindcast('verify', ...files, '--log', path, '--key', key())
  assert.match(out, /not those of .*at-8\.checkpoint; changed after position 4, at or before 8/)
})

test('T5 without a checkpoint the answer says how little was checked', async () => {
  const { code, out } = await hindcast('verify', '--log', tampered('DELETE FROM events WHERE position > 12'))
  assert.equal(code, 0)
  assert.match(out, /no checkpoint to compare with: only order and gaps were checked/)
})

test('T6 a checkpoint is signed by a key of the log, readable by its owner only, and kept beside the log', async () => {
  const folder = `${log.path}.checkpoints`
  assert.equal(statSync(join(folder, 'signer.key')).mode & 0o777, 0o600)
  assert.ok(readdirSync(folder).every((name) => /^(signer|verifier)\.key$|^[0-9]{16}\.checkpoint$/.test(name)))
  const listed = await hindcast('checkpoint', 'list', '--log', log.path, '-o', 'json')
  const last = JSON.parse(listed.out).items.at(-1)
  assert.deepEqual([last.size, last.position], [log.positions.length, String(log.positions.at(-1))])
  const printed = await hindcast('checkpoint', 'key', '--log', log.path)
  assert.equal(printed.out, readFileSync(key(), 'utf8'))
  assert.match(
    readFileSync(exported, 'utf8'),
    /^hindcast\/[0-9a-f-]{36}\n17\n\S{44}\nposition 17 2026-05-04T14:00:16\.000Z\n\n— hindcast\//,
  )
})

test('T6 a forged or foreign checkpoint is refused by name', async () => {
  const forged = join(log.folder, 'forged.checkpoint')
  writeFileSync(forged, readFileSync(exported, 'utf8').replace('\n17\n', '\n16\n'))
  const wrong = await hindcast('verify', forged, '--log', log.path)
  assert.deepEqual([wrong.code, wrong.err.includes('signature-wrong at')], [4, true])
  const other = await hindcast('verify', exported, '--log', log.path, '--key', newSignerKey('hindcast/x').verifier.text)
  assert.deepEqual([other.code, other.err.includes('note-not-signed at')], [4, true])
  using stranger = await recordedLog()
  const foreign = await hindcast('verify', exported, '--log', stranger.path, '--key', key())
  assert.equal(foreign.code, 4)
  assert.match(foreign.out, /other-log: /)
})

test('T7 an inclusion proof convinces without the log', async () => {
  for (const position of log.positions) {
    const proof = await hindcast('prove', String(position), '--log', log.path)
    assert.equal(proof.code, 0)
    const file = join(log.folder, 'event.proof')
    writeFileSync(file, proof.out)
    const nowhere = ['--log', join(log.folder, 'nowhere.db'), '--key', key()]
    const checked = await hindcast('verify', '--proof', file, ...nowhere)
    assert.deepEqual(
      [checked.code, checked.out.split('\n')[0]!.split(' ').slice(0, 4).join(' ')],
      [0, `event ${position} of 17`],
    )
    writeFileSync(file, proof.out.replace('index ', 'index 1'))
    assert.equal((await hindcast('verify', '--proof', file, ...nowhere)).code, 4)
    const otherEvent = Buffer.from('something that never happened').toString('base64')
    writeFileSync(file, proof.out.replace(/extra \S+/, `extra ${otherEvent}`))
    assert.equal((await hindcast('verify', '--proof', file, ...nowhere)).code, 4)
  }
})

test('T7 a consistency proof shows that an earlier checkpoint is the beginning of a later log', async () => {
  const earlier = join(log.folder, 'rev1.checkpoint')
  writeFileSync(earlier, (await hindcast('checkpoint', 'export', '--at', 'rev:1', '--log', log.path)).out)
  const file = join(log.folder, 'consistency.proof')
  writeFileSync(file, (await hindcast('prove', '--consistency', 'rev:1', 'rev:3', '--log', log.path)).out)
  const checked = await hindcast('verify', earlier, '--proof', file, '--log', log.path)
  assert.deepEqual(
    [checked.code, checked.out],
    [0, 'the first 13 events, up to position 13, are the beginning of the 17\n'],
  )
  const swapped = await hindcast('verify', exported, '--proof', file, '--log', log.path)
  assert.equal(swapped.code, 4)
})

test('T7 what cannot be proved is named', async () => {
  const beyond = await hindcast('prove', '99', '--log', log.path)
  assert.deepEqual([beyond.code, /the last one is 17/.test(beyond.err)], [3, true])
  assert.equal((await hindcast('prove', '--log', log.path)).code, 2)
  assert.equal((await hindcast('prove', '--consistency', '9', '5', '--log', log.path)).code, 2)
  rmSync(join(log.folder, 'event.proof'), { force: true })
  const missing = await hindcast('verify', '--proof', join(log.folder, 'event.proof'), '--log', log.path)
  assert.match(missing.err, new RegExp(`cannot read .*${basename('event.proof')}`))
})
