import assert from 'node:assert/strict'
import { copyFileSync, createReadStream, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { gunzipSync, gzipSync } from 'node:zlib'
import type { StoredEvent } from '../../events/codec.ts'
import { Position, type Timestamp } from '../../events/ids.ts'
import { CapsuleLog } from '../../src/history/capsule/capsule-log.ts'
import { type Capsule, capsuleChunks, readCapsule } from '../../src/history/capsule/format.ts'
import { rangeOf, readOrigin } from '../../src/history/capsule/origin.ts'
import { stateDigest } from '../../src/history/capsule/state.ts'
import { signCheckpoint } from '../../src/history/checkpoint/checkpoint.ts'
import { newSignerKey, readVerifierKey, type VerifierKey } from '../../src/history/checkpoint/note.ts'
import { IN_MEMORY, openReadModel } from '../../src/readmodel/model.ts'
import { hindcast } from '../cli/recorded-log.ts'
import { agentStory, type Story } from './agent-story.ts'

const folder = mkdtempSync(join(tmpdir(), `hindcast-origin-${process.pid}-`))
const file = join(folder, 'middle.capsule')
let story: Story
let key: string
let verifier: VerifierKey
before(async () => {
  story = await agentStory(join(folder, 'story.db'))
  const { landing, exhaust } = story.at
  const range = ['--from', String(landing), '--to', String(exhaust)]
  assert.equal((await hindcast('capsule', 'export', file, '--log', story.path, '--no-flows', ...range)).code, 0)
  key = join(`${story.path}.checkpoints`, 'verifier.key')
  verifier = readVerifierKey(readFileSync(key, 'utf8'))
})
after(() => rmSync(folder, { recursive: true }))

const capsuleIn = (path: string): Promise<Capsule> => readCapsule(createReadStream(path))

let files = 0
async function fileOf(capsule: Capsule): Promise<string> {
  files += 1
  const path = join(folder, `${files}.capsule`)
  writeFileSync(path, Buffer.concat(await Array.fromAsync(capsuleChunks(capsule))))
  return path
}

/** With new digests of the states at both ends: somebody who knows how. */
async function remade(capsule: Capsule): Promise<Capsule> {
  const { from, to, engine } = capsule.header
  const begins = { position: Position(BigInt(from.position)), recordedAt: from.time as Timestamp }
  const log = new CapsuleLog({ location: 'remade', begins, engine, events: capsule.events })
  using model = await openReadModel(log, IN_MEMORY)
  const at = (position: string): ReturnType<typeof stateDigest> => stateDigest(model, Position(BigInt(position)))
  return { ...capsule, header: { ...capsule.header, stateAtStart: at(from.position), stateAtEnd: at(to.position) } }
}

const changing =
  (change: (stored: StoredEvent) => StoredEvent) =>
  (capsule: Capsule): Capsule => ({ ...capsule, events: capsule.events.map(change) })

test('T86 a capsule says whose log its events are of, and which of them nobody vouches for', async () => {
  const { landing, exhaust } = story.at
  const { code, out } = await hindcast('capsule', 'open', file, '--key', key)
  assert.equal(code, 0)
  const count = Number(exhaust) - Number(landing)
  const range = `the ${count} events after position ${landing} up to ${exhaust} are those of hindcast/`
  assert.match(out, new RegExp(`^${range}\\S+, as ${verifier.name}\\+${verifier.id} signed over [0-9]+ events`, 'm'))
  assert.match(out, /^not proved: the [0-9]+ events that the state at the start follows from$/m)
  const open = await hindcast('capsule', 'open', file)
  assert.match(open.out, /fit a checkpoint of hindcast\/\S+ that \S+ is said to have signed; --key tells whether/)
  const verified = await hindcast('verify', '--log', `capsule:${file}`, '--key', verifier.text, '-o', 'json')
  assert.equal(verified.code, 0)
  const { kind, events, checkpoint } = JSON.parse(verified.out)
  assert.deepEqual([kind, events], ['proved', count])
  const exported = await hindcast('checkpoint', 'export', '--log', story.path)
  assert.deepEqual([checkpoint.origin, String(checkpoint.size), checkpoint.root], exported.out.split('\n').slice(0, 3))
})

test('T86 whatever range it is, the events of the log and the hashes beside them lead to the signed root', async () => {
  const head = Number((await hindcast('log', '--log', story.path, '-o', 'jsonl')).out.trimEnd().split('\n').length)
  for (const [from, to] of [
    [1, 1],
    [1, 2],
    [1, head],
    [7, 8],
    [30, head - 3],
    [63, 64],
    [64, 65],
    [head, head],
  ] as const) {
    const path = join(folder, `${from}-${to}.capsule`)
    const ends = ['--from', String(from), '--to', String(to)]
    const { err } = await hindcast('capsule', 'export', path, '--log', story.path, '--no-flows', ...ends)
    assert.equal(err, '')
    const capsule = await capsuleIn(path)
    const reading = readOrigin(capsule, verifier)
    assert.deepEqual([reading.kind, rangeOf(capsule).length], ['proved', to - from], `${from} to ${to}`)
    const { left, right } = capsule.header.origin!
    assert.ok(left.length + right.length <= 3 * Math.ceil(Math.log2(head)), 'a few hashes')
  }
})

const FORGERIES: Readonly<Record<string, (capsule: Capsule) => Capsule>> = {
  'another actor': changing((stored) => ({ ...stored, meta: stored.meta.replace('leia', 'luke') })),
  'another time': changing((stored) => ({ ...stored, recordedAt: (stored.recordedAt + 1) as Timestamp })),
  'another id': changing((stored) => ({ ...stored, id: stored.id.replace(/.$/, 'f') as StoredEvent['id'] })),
  'an event taken out': (capsule) => ({
    ...capsule,
    events: capsule.events.toSpliced(-5, 1),
  }),
  'the last event taken out': (capsule) => {
    const events = capsule.events.slice(0, -1)
    const { position, recordedAt } = events.at(-1)!
    return { ...capsule, events, header: { ...capsule.header, to: { position: String(position), time: recordedAt } } }
  },
  'another place in the tree': withOrigin(({ before, ...origin }) => ({ ...origin, before: before + 1 })),
  'a hash less': withOrigin((origin) => ({ ...origin, right: origin.right.slice(1) })),
  'a hash more': withOrigin((origin) => ({ ...origin, left: [...origin.left, origin.left[0]!] })),
  'hashes that are none': withOrigin((origin) => ({ ...origin, left: origin.left.map(() => 'x') })),
  'a negative place': withOrigin((origin) => ({ ...origin, before: -1 })),
  'a note that is none': withOrigin((origin) => ({ ...origin, note: 'signed by me' })),
}

type Origin = NonNullable<Capsule['header']['origin']>
function withOrigin(change: (origin: Origin) => Origin): (capsule: Capsule) => Capsule {
  return (capsule) => ({ ...capsule, header: { ...capsule.header, origin: change(capsule.header.origin!) } })
}

for (const [what, forge] of Object.entries(FORGERIES)) {
  test(`T86 ${what} is found, though all digests were made anew, with and without the key, by every verb`, async () => {
    const path = await fileOf(await remade(forge(await capsuleIn(file))))
    for (const args of [
      ['capsule', 'open', path],
      ['capsule', 'open', path, '--key', key],
      ['verify', '--log', `capsule:${path}`, '--key', key],
      ['status', '--log', `capsule:${path}`],
    ]) {
      const { code, err } = await hindcast(...args)
      assert.deepEqual([code, /capsule-not-of-log/.test(err)], [4, true], `${args.join(' ')}: ${err}`)
    }
  })
}

test('T86 who signs what was changed with another key, or takes the signature away, is found by the key', async () => {
  const capsule = await capsuleIn(file)
  const forged = await remade(changing((stored) => ({ ...stored, meta: stored.meta.replace('leia', 'luke') }))(capsule))
  const reading = readOrigin(capsule, null)
  assert.equal(reading.kind, 'claimed')
  if (reading.kind !== 'claimed') return
  const other = newSignerKey(reading.checkpoint.origin)
  const resigned = withOrigin((origin) => ({ ...origin, note: signCheckpoint(reading.checkpoint, other) }))(capsule)
  const signed = await fileOf(resigned)
  assert.equal((await hindcast('capsule', 'open', signed)).code, 0)
  const { code, err } = await hindcast('verify', '--log', `capsule:${signed}`, '--key', key)
  assert.equal(code, 4)
  assert.match(err, /capsule-not-of-log: note-not-signed: no signature is by/)
  const bare = await fileOf({ ...forged, header: { ...forged.header, origin: null } })
  const opened = await hindcast('capsule', 'open', bare, '--key', key)
  assert.equal(opened.code, 0)
  assert.match(opened.out, /^nobody vouches for its events: it has no signed checkpoint in it/m)
  const verified = await hindcast('verify', '--log', `capsule:${bare}`, '--key', key)
  assert.deepEqual([verified.code, verified.out], [4, ''])
})

test('T86 a capsule under pseudonyms, and one of before there were origins, say that nobody vouches for them', async () => {
  const secret = join(folder, 'secret')
  writeFileSync(secret, 'sixteen bytes or more')
  const renamed = join(folder, 'renamed.capsule')
  const args = ['--log', story.path, '--no-flows', '--from', String(story.at.landing), '--pseudonyms', secret]
  assert.equal((await hindcast('capsule', 'export', renamed, ...args)).code, 0)
  const older = join(folder, 'older.capsule')
  const lines = gunzipSync(readFileSync(file)).toString().trimEnd().split('\n').slice(0, -1)
  const { origin: _, ...header } = JSON.parse(lines[0]!)
  const text = [JSON.stringify(header), ...lines.slice(1)].map((line) => `${line}\n`).join('')
  const { createHash } = await import('node:crypto')
  const digest = `sha256:${createHash('sha256').update(text).digest('hex')}`
  writeFileSync(older, gzipSync(`${text}${JSON.stringify({ digest })}\n`))
  for (const path of [renamed, older]) {
    const { code, out } = await hindcast('capsule', 'open', path)
    assert.equal(code, 0)
    assert.match(out, /^nobody vouches for its events/m)
    assert.deepEqual(JSON.parse((await hindcast('capsule', 'open', path, '-o', 'json')).out).origin, { kind: 'none' })
  }
})

test('T86 where nothing can be signed the capsule is written without, and that is said', async () => {
  const path = join(folder, 'unsigned.db')
  copyFileSync(story.path, path)
  writeFileSync(`${path}.checkpoints`, 'a file where the folder would be')
  const target = join(folder, 'unsigned.capsule')
  const { code, err } = await hindcast('capsule', 'export', target, '--log', path, '--no-flows', '--from', '20')
  assert.deepEqual([code, existsSync(target)], [0, true])
  assert.match(err, /^without proof of origin: /)
  const again = join(folder, 'again.capsule')
  const second = await hindcast(
    'capsule',
    'export',
    again,
    '--log',
    `capsule:${file}`,
    '--no-flows',
    '--from',
    String(story.at.landing),
  )
  assert.match(second.err, /without proof of origin: it is taken from a capsule/)
})

test('T86 a capsule is compared with the checkpoint in it and with no other, by a key that is given', async () => {
  for (const [args, expected] of [
    [[], /key-missing at --key/],
    [['some.checkpoint', '--key', key], /checkpoint-not-comparable/],
    [['--since', 'some.checkpoint', '--key', key], /checkpoint-not-comparable/],
    [['--key', 'nonsense'], /key-wrong at --key/],
  ] as const) {
    const { code, err } = await hindcast('verify', ...args, '--log', `capsule:${file}`)
    assert.equal(code, 2)
    assert.match(err, expected)
  }
})
