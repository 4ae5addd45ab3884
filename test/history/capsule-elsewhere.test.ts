/** A capsule on a machine that knows nothing of the one it comes from, and files that are none. */
import assert from 'node:assert/strict'
import { type SpawnSyncReturns, spawnSync } from 'node:child_process'
import {
  chmodSync,
  copyFileSync,
  createReadStream,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { after, before, test } from 'node:test'
import { gunzipSync, gzipSync } from 'node:zlib'
import { canonicalText, digestOfText } from '../../events/canonical.ts'
import { nodeStream, Position } from '../../events/ids.ts'
import type { Json } from '../../events/schema.ts'
import { keptModel } from '../../src/cli/capsule/cache.ts'
import { writeCapsuleFile } from '../../src/cli/capsule/file.ts'
import { version } from '../../src/cli/version.ts'
import { type Capsule, capsuleChunks, readCapsule } from '../../src/history/capsule/format.ts'
import { unpackedLines } from '../../src/history/capsule/packed-lines.ts'
import { writeLongLog } from '../bench/long-log.ts'
import { hindcast, type Ran } from '../cli/recorded-log.ts'
import { agentStory, type Story } from './agent-story.ts'

const folder = mkdtempSync(join(tmpdir(), 'hindcast-elsewhere-'))
const COMMAND = join(import.meta.dirname, '../../src/cli/hindcast.ts')
/** Of the process itself: what `resourceUsage` says begins with the memory of the one that forked it. */
const PRINT_PEAK = `data:text/javascript,${encodeURIComponent(
  "import fs from 'node:fs'; process.on('exit', () => fs.writeSync(2, fs.readFileSync('/proc/self/status', 'utf8')))",
)}`
const NOBODY = 65_534
let story: Story
let file: string
before(async () => {
  story = await agentStory(join(folder, 'story.db'))
  file = join(folder, 'incident.capsule')
  const { code, err } = await hindcast(
    'capsule',
    'export',
    file,
    '--log',
    story.path,
    '--from',
    String(story.at.landing),
  )
  assert.equal(code, 0, err)
})
after(() => rmSync(folder, { recursive: true }))

const capsuleIn = (path: string): Promise<Capsule> => readCapsule(createReadStream(path))

let files = 0
async function changed(change: (capsule: Capsule) => Capsule): Promise<string> {
  files += 1
  const path = join(folder, `changed-${files}.capsule`)
  const capsule = change(await capsuleIn(file))
  writeFileSync(path, Buffer.concat(await Array.fromAsync(capsuleChunks(capsule))))
  return path
}

/** The world does not read probes of a kernel, so the states at both ends stay. */
function withProbe({ header, events, flows }: Capsule): Capsule {
  const features = [feature('tcx', true), feature('ringbuf', false)]
  const body = canonicalText({ type: 'KernelProbed', v: 1, release: '6.18.5', features })
  const last = events.at(-1)!
  const position = Position(last.position + 1n)
  const probe = { ...last, position, stream: nodeStream(story.node), type: 'KernelProbed', v: 1, body }
  const to = { ...header.to, position: String(position) }
  return { header: { ...header, to, origin: null }, events: [...events, probe], flows }
}

const feature = (name: string, available: boolean): Json => ({ name, available, detail: '', since: '6.6' })

/** A process with another user and host name where this machine lets us, in a folder with nothing but the capsule, and no environment. */
function elsewhere(...args: readonly string[]): Ran {
  const place = mkdtempSync(join(tmpdir(), 'hindcast-far-'))
  try {
    chmodSync(place, 0o755)
    mkdirSync(join(place, 'home'))
    copyFileSync(file, join(place, 'here.capsule'))
    const node = [process.execPath, COMMAND, ...args]
    const script = `hostname mos-eisley && exec setpriv --reuid=${NOBODY} --regid=${NOBODY} --clear-groups "$@"`
    const apart = ['unshare', '--uts', 'sh', '-c', script, 'sh']
    const may = spawnSync(apart[0]!, [...apart.slice(1), 'true']).status === 0
    const [first, ...rest] = may ? [...apart, ...node] : node
    const env = { PATH: process.env['PATH'] ?? '', HOME: join(place, 'home') }
    const ran: SpawnSyncReturns<string> = spawnSync(first!, rest, { cwd: place, env, encoding: 'utf8' })
    assert.deepEqual(readdirSync(join(place, 'home')), [], 'nothing is left there')
    return { code: ran.status ?? -1, out: ran.stdout, err: ran.stderr }
  } finally {
    rmSync(place, { recursive: true })
  }
}

test('T69 on another machine, without the log, a capsule gives the same answers and digests', async () => {
  const at = ['--at', String(story.at.noFighters), '-o', 'json']
  const verbs = [
    ['why', '--from', 'tiefighter', '--to', 'deathstar', '--http', 'POST /v1/request-landing', ...at],
    ['bpf', 'policy', 'get', '--all', ...at],
    ['status', ...at],
    ['replay', '-o', 'json'],
    ['diff', `${story.at.landing}..${story.at.gone}`, '-o', 'json'],
  ]
  for (const verb of verbs) {
    const there = elsewhere(...verb, '--log', 'capsule:here.capsule')
    const here = await hindcast(...verb, '--log', `capsule:${file}`)
    assert.deepEqual(there, here, verb.join(' '))
    assert.ok(here.code === 0 || verb[0] === 'diff', here.err)
  }
  const opened = elsewhere('capsule', 'open', 'here.capsule', '-o', 'json')
  assert.deepEqual(JSON.parse(opened.out), JSON.parse((await hindcast('capsule', 'open', file, '-o', 'json')).out))
})

test('T69 capsule open says which program, agents and kernels it is of', async () => {
  const { nodes, engine, openedBy } = JSON.parse((await hindcast('capsule', 'open', file, '-o', 'json')).out)
  assert.deepEqual([engine, openedBy], [version(), version()])
  assert.equal(nodes.length, 1)
  assert.equal(nodes[0].agent.datapath, 'model')
  const told = await hindcast('capsule', 'open', await changed(withProbe))
  assert.match(told.out, /node node1: agent \S+, model datapath, kernel 6\.18\.5, 1 feature, without ringbuf/)
})

test('T69 a capsule of another version of the program opens with a warning, and replay says whose results it compares', async () => {
  const older = await changed((capsule) => ({ ...capsule, header: { ...capsule.header, engine: '0.0.1' } }))
  const { code, out, err } = await hindcast('status', '--log', `capsule:${older}`)
  assert.equal(code, 0)
  assert.equal(err, `capsule-of-another-engine: ${older} is by hindcast 0.0.1; what follows is said by ${version()}\n`)
  assert.equal(out, (await hindcast('status', '--log', `capsule:${file}`)).out)
  const other = await changed((capsule) => ({
    header: { ...capsule.header, engine: '0.0.1', projection: 'world@0', origin: null },
    flows: [],
    events: capsule.events.map((stored) =>
      stored.type === 'EndpointRegenerationSucceeded'
        ? { ...stored, body: stored.body.replace('"ingressEnforced":true', '"ingressEnforced":false') }
        : stored,
    ),
  }))
  const replayed = await hindcast('replay', '--log', `capsule:${other}`)
  assert.equal(replayed.code, 4)
  assert.match(replayed.err, /recorded is what hindcast 0\.0\.1 made, recomputed what .* makes of it/)
  assert.match(replayed.err, /capsule-not-compared/)
  assert.match((await hindcast('capsule', 'open', other)).out, /whole: its digest is as written/)
})

async function refusal(content: Uint8Array): Promise<Ran> {
  const path = join(folder, 'refused.capsule')
  writeFileSync(path, content)
  const ran = await hindcast('capsule', 'open', path)
  assert.deepEqual(await hindcast('status', '--log', `capsule:${path}`), ran)
  return ran
}

/** With the digest that the lines have. */
function signed(lines: readonly string[]): string {
  const text = lines.map((line) => `${line}\n`).join('')
  return `${text}${JSON.stringify({ digest: digestOfText(text) })}\n`
}

test('T69 what is no capsule, was cut off or is too large is refused by name (4)', async () => {
  const bytes = readFileSync(file)
  const text = gunzipSync(bytes).toString('utf8')
  const [head = ''] = text.split('\n')
  const short = (lines: string): Uint8Array => gzipSync(lines)
  const cases: readonly (readonly [code: string, bytes: Uint8Array])[] = [
    ['capsule-not-one', Buffer.alloc(0)],
    ['capsule-not-one', Buffer.from('what is this')],
    ['capsule-not-one', short('')],
    ['capsule-not-one', short('{"rebels":true}\n{}\n')],
    ['capsule-not-one', short('null\n{}\n')],
    ['capsule-not-one', short('not JSON\n{}\n')],
    ['capsule-newer', short(text.replace('"hindcastCapsule":1', '"hindcastCapsule":2'))],
    ['capsule-changed', bytes.subarray(0, Math.floor(bytes.length / 2))],
    ['capsule-changed', bytes.subarray(0, bytes.length - 1)],
    ['capsule-changed', short(`${head}\n`)],
    ['capsule-changed', short(text.trimEnd())],
    [
      'capsule-changed',
      short(signed([head.replace(/"from":\{[^}]*\}/, '"from":{}'), ...text.split('\n').slice(1, -2)])),
    ],
    ['capsule-changed', short(signed([head, ...text.split('\n').slice(1, -2).toReversed()]))],
    ['capsule-changed', short(signed([head, '["1"]', ...text.split('\n').slice(2, -2)]))],
    ['capsule-changed', short(signed([head, '["x",1,2,3,4,5,6,7,8]', ...text.split('\n').slice(2, -2)]))],
    ['capsule-too-large', short(`${head.replace(/"events":\d+/, '"events":2000000')}\n{}\n`)],
  ]
  for (const [index, [code, content]] of cases.entries()) {
    const { err, code: exit } = await refusal(content)
    assert.deepEqual([exit, err.split(':').slice(0, 2).join(':')], [4, `error: ${code}`], `case ${index}: ${err}`)
  }
})

/** As many megabytes of spaces, each followed by `end`. */
function bomb(megabytes: number, end: string): Uint8Array {
  return gzipSync(`${' '.repeat(1024 * 1024)}${end}`.repeat(megabytes), { level: 1 })
}

test('T69 a file that unpacks to more than the limit is given up there, in bounded memory', async () => {
  const path = join(folder, 'bomb.capsule')
  writeFileSync(path, bomb(150, ''))
  const ran = spawnSync(process.execPath, ['--import', PRINT_PEAK, COMMAND, 'capsule', 'open', path], {
    encoding: 'utf8',
  })
  assert.equal(ran.status, 4)
  assert.match(ran.stderr, /capsule-too-large: a line of over 67108864 bytes/)
  const peakKib = Number(/VmHWM:\s*(\d+) kB/.exec(ran.stderr)?.[1])
  assert.ok(peakKib > 0 && peakKib < 300 * 1024, `${peakKib} KiB`)
  const half = bomb(3, '\n')
  const lines = async (): Promise<number> => {
    let found = 0
    for await (const _ of unpackedLines(Readable.from([half, half]), 5_000_000)) found += 1
    return found
  }
  await assert.rejects(lines(), /capsule-too-large: more than 5000000 bytes of text/)
})

test('T69 the file of an export is there whole or not at all, and one that is there stays', async () => {
  const place = join(folder, 'target')
  mkdirSync(place)
  const path = join(place, 'x.capsule')
  const capsule = await capsuleIn(file)
  const stop = new AbortController()
  stop.abort()
  await assert.rejects(writeCapsuleFile(path, capsule, stop.signal), /interrupted/)
  const broken = { ...capsule, events: new Proxy(capsule.events, { get: () => assert.fail('out of luck') }) }
  await assert.rejects(writeCapsuleFile(path, broken, new AbortController().signal), /out of luck/)
  assert.deepEqual(readdirSync(place), [])
  const bytes = await writeCapsuleFile(path, capsule, new AbortController().signal)
  assert.equal(readFileSync(path).length, bytes)
  await assert.rejects(writeCapsuleFile(path, capsule, new AbortController().signal), /capsule-not-written/)
  assert.deepEqual(readdirSync(place), ['x.capsule'])
})

test("T69 what a large capsule came to is kept in the cache of the user, for this capsule and for nobody else's", async () => {
  const cache = join(folder, 'cache')
  const before = process.env['XDG_CACHE_HOME']
  process.env['XDG_CACHE_HOME'] = cache
  try {
    const large = await longCapsule()
    const ask = (path: string): Promise<Ran> => hindcast('bpf', 'policy', 'get', '7', '--log', `capsule:${path}`)
    const first = await ask(large)
    assert.equal(first.code, 0, first.err)
    const kept = readdirSync(join(cache, 'hindcast', 'capsules'))
    assert.equal(kept.filter((name) => name.endsWith('.checked')).length, 1)
    assert.deepEqual(await ask(large), first)
    const capsule = await capsuleIn(large)
    const events = capsule.events.map((stored) =>
      stored.type === 'PolicyMapWritten' ? { ...stored, body: stored.body.replaceAll('"allow"', '"deny"') } : stored,
    )
    const forged = join(folder, 'forged.capsule')
    writeFileSync(forged, Buffer.concat(await Array.fromAsync(capsuleChunks({ ...capsule, events }))))
    for (let time = 0; time < 2; time += 1) {
      const { code, err } = await ask(forged)
      assert.deepEqual([code, /capsule-(changed|not-of-log)/.test(err)], [4, true], err)
    }
    for (let number = 0; number < 20; number += 1) keptModel(digestOfText(`capsule ${number}`))?.checked()
    assert.equal(readdirSync(join(cache, 'hindcast', 'capsules')).filter((name) => name.endsWith('.checked')).length, 8)
    process.env['XDG_CACHE_HOME'] = '/dev/null'
    assert.deepEqual(await ask(large), first)
  } finally {
    if (before === undefined) delete process.env['XDG_CACHE_HOME']
    else process.env['XDG_CACHE_HOME'] = before
  }
})

async function longCapsule(): Promise<string> {
  const log = join(folder, 'long.db')
  await writeLongLog(log, 5_600)
  const path = join(folder, 'long.capsule')
  const { code, err } = await hindcast('capsule', 'export', path, '--log', log, '--from', '5500', '--no-flows')
  assert.equal(code, 0, err)
  return path
}
