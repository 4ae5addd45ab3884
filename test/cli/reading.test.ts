import assert from 'node:assert/strict'
import { chmodSync, copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { runCommand } from '../../src/cli/program.ts'
import { hindcast, READING_VERBS, type RecordedLog, recordedLog, silentSink } from './recorded-log.ts'

let log: RecordedLog
before(async () => {
  log = await recordedLog()
})
after(() => log[Symbol.dispose]())

test('C1 bpf policy get prints the map in the columns of Cilium', async () => {
  const { code, out } = await hindcast('bpf', 'policy', 'get', '863', '--at', 'rev:2', '--log', log.path)
  assert.equal(code, 0)
  const [header, first, second] = out.split('\n').map((line) => line.trimEnd())
  assert.match(
    header!,
    /^POLICY {3}DIRECTION {3}LABELS \(source:key\[=value\]\) {3}PORT\/PROTO {3}PROXY PORT {3}AUTH TYPE/,
  )
  assert.match(first!, /^Allow +Ingress +k8s:class=tiefighter +80\/TCP +14567 +disabled +- +- +24$/)
  assert.equal(second!.trim(), 'k8s:org=empire')
})

test('C1 an empty policy map is said as Cilium says it, and -n prints numbers', async () => {
  const empty = await hindcast('bpf', 'policy', 'get', '863', '--log', log.path)
  assert.match(empty.out, /^Policy stats empty\. Perhaps the policy enforcement is disabled\?/)
  const numeric = await hindcast('bpf', 'policy', 'get', '863', '-n', '--at', 'rev:2', '--log', log.path)
  assert.match(numeric.out, /IDENTITY/)
  assert.match(numeric.out, /29439/)
})

test('C1 bpf ipcache list and endpoint list read as in Cilium', async () => {
  const ipcache = await hindcast('bpf', 'ipcache', 'list', '--log', log.path)
  assert.match(ipcache.out, /^IP PREFIX\/ADDRESS {3}IDENTITY/)
  assert.match(ipcache.out, /10\.0\.0\.209\/32 +identity=5513 encryptkey=0 tunnelendpoint=0\.0\.0\.0 flags=<none>/)
  const endpoints = await hindcast('endpoint', 'list', '--log', log.path)
  assert.match(endpoints.out, /^ENDPOINT {3}POLICY \(ingress\) {3}POLICY \(egress\) {3}IDENTITY/)
  assert.match(endpoints.out, /863 +Disabled +Disabled +2033 +k8s:class=deathstar +10\.0\.0\.111/)
})

test('C2 every answer says the position, time and revision that it is true at', async () => {
  for (const verb of READING_VERBS) {
    const { out } = await hindcast(...verb, '--at', 'rev:2', '--log', log.path)
    assert.match(out, /at position \d+, 2026-05-04T14:00:14\.000Z, revision 2\n$/, verb.join(' '))
    const json = await hindcast(...verb, '--at', 'rev:2', '--log', log.path, '-o', 'json')
    const { position, revision, time, items } = JSON.parse(json.out)
    assert.match(position, /^[0-9]+$/)
    assert.deepEqual([revision, time, Array.isArray(items)], [2, '2026-05-04T14:00:14.000Z', true])
    assert.ok(
      items.every((item: object) => !('type' in item && 'v' in item)),
      `${verb.join(' ')} shows things, not events`,
    )
    assert.deepEqual(Object.keys(JSON.parse(json.out)).slice(0, 3), ['position', 'time', 'revision'])
  }
})

test('C3 a moment is a position, a time, a duration, rev:N', async () => {
  const revisionAt = async (at: string): Promise<number> =>
    JSON.parse((await hindcast('policy', 'get', '--at', at, '--log', log.path, '-o', 'json')).out).revision
  assert.equal(await revisionAt(String(log.positions[13])), 2)
  assert.equal(await revisionAt('2026-05-04T14:00:13Z'), 2)
  assert.equal(await revisionAt('2026-05-04T16:00:12.999+02:00'), 1)
  assert.equal(await revisionAt('rev:1'), 1)
  assert.equal(await revisionAt('0s'), 3)
})

test('C4 a moment beyond the log ends with 3 and names the nearest', async () => {
  const beyond = await hindcast('status', '--at', '99999999', '--log', log.path)
  assert.deepEqual([beyond.code, beyond.out], [3, ''])
  assert.match(beyond.err, new RegExp(`the last one is ${log.positions.at(-1)}, 2026-05-04T14:00:16`))
  const early = await hindcast('status', '--at', '2020-01-01T00:00:00Z', '--log', log.path)
  assert.equal(early.code, 3)
  assert.match(early.err, /the log begins 2026-05-04T14:00:00\.000Z/)
  const revision = await hindcast('status', '--at', 'rev:9', '--log', log.path)
  assert.match(revision.err, /there is no revision 9; the nearest is 3/)
  const endpoint = await hindcast('bpf', 'policy', 'get', '7', '--log', log.path)
  assert.equal(endpoint.code, 3)
  assert.match(endpoint.err, /no-such-endpoint: 7; there are 775, 863, 2216/)
})

test('C5 wrong usage ends with 2 and one sentence', async () => {
  const wrong: readonly (readonly string[])[] = [
    ['status', '--at', 'yesterday'],
    ['bpf', 'policy', 'get', '0'],
    ['bpf', 'policy', 'get', '70000'],
    ['bpf', 'policy', 'get'],
    ['xds', 'get', 'cds'],
    ['status', '-o', 'xml'],
    ['status', '--log', 'ftp://x'],
    ['log', '--type', 'DeathStarExploded'],
    ['log', '--since', 'soon'],
    ['launch'],
  ]
  for (const args of wrong) {
    const { code, out, err } = await hindcast(...args, ...(args.includes('--log') ? [] : ['--log', log.path]))
    assert.deepEqual([args.join(' '), code, out], [args.join(' '), 2, ''])
    assert.match(err, /^error: /)
  }
  const unknown = await hindcast('bpf', 'policy', 'get', '--newest-first', '--log', log.path)
  assert.equal(
    unknown.err,
    "error: unknown option '--newest-first'\n(hindcast bpf policy get --help says what it takes)\n",
  )
})

test('C6 a damaged log ends with 4, a missing one with 5, each with its path', async () => {
  const damaged = join(log.folder, 'damaged.db')
  writeFileSync(damaged, 'not a database at all, but long enough to look at'.repeat(100))
  const corrupt = await hindcast('status', '--log', damaged)
  assert.equal(corrupt.code, 4)
  assert.match(corrupt.err, /log-corrupt: .*damaged\.db/)
  const missing = await hindcast('status', '--log', join(log.folder, 'missing.db'))
  assert.equal(missing.code, 5)
  assert.match(missing.err, /missing\.db does not exist/)
})

test('C7 a copied log file alone, not to be written, answers the same at every position', async () => {
  const folder = join(log.folder, 'copy')
  mkdirSync(folder)
  const copy = join(folder, 'elsewhere.db')
  copyFileSync(log.path, copy)
  chmodSync(copy, 0o444)
  for (const position of log.positions) {
    for (const verb of READING_VERBS) {
      const args = [...verb, '--at', String(position)]
      assert.deepEqual(await hindcast(...args, '--log', `sqlite:${copy}`), await hindcast(...args, '--log', log.path))
    }
  }
})

test('C8 log --follow prints what is there and what comes until it is stopped', async () => {
  const stop = new AbortController()
  const state = join(log.folder, 'followed')
  const add = (name: string) => hindcast('endpoint', 'add', '--name', name, '--labels', 'a=b', '--state', state)
  await add('xwing')
  const seen: string[] = []
  const follow = ['log', '--follow', '--type', 'EndpointCreated', '-o', 'jsonl', '--state', state]
  const write = (text: string): void => {
    seen.push(
      ...text
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line).event.name),
    )
    if (seen.length === 1) void add('ywing')
    else stop.abort()
  }
  assert.equal(await runCommand(follow, { ...silentSink(), write, stop: stop.signal }), 0)
  assert.deepEqual(seen, ['default/xwing', 'default/ywing'])
})

test('C8 log prints the events in order, filtered by type, stream and time', async () => {
  const all = await hindcast('log', '--log', log.path, '-o', 'jsonl')
  assert.equal(all.out.trimEnd().split('\n').length, log.positions.length)
  const typed = await hindcast('log', '--log', log.path, '-o', 'jsonl', '--type', 'PolicyAdded', 'PolicyDeleted')
  const types = typed.out
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line).event.type)
  assert.deepEqual(types, ['PolicyAdded', 'PolicyDeleted'])
  const some = await hindcast('log', '--log', log.path, '--since', '2026-05-04T14:00:15Z', '--stream', 'policy')
  assert.equal(some.out.split('\n').length, 3)
  assert.match(some.out, /PolicyDeleted/)
  const early = await hindcast('log', '--log', log.path, '--since', '2020-01-01T00:00:00Z')
  assert.match(early.err, /the log begins at position/)
})

test('C20 endpoints and policies are chosen by namespace', async () => {
  const at = ['--at', 'rev:2', '--log', log.path, '-o', 'json']
  const count = async (...args: readonly string[]): Promise<number> =>
    JSON.parse((await hindcast(...args, ...at)).out).items.length
  assert.equal(await count('endpoint', 'list', '-n', 'default'), 3)
  assert.equal(await count('endpoint', 'list', '-n', 'empire'), 0)
  assert.equal(await count('policy', 'get', '-n', 'default'), 1)
  assert.equal(await count('policy', 'get', '-n', 'empire'), 0)
})
