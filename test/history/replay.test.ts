import assert from 'node:assert/strict'
import { copyFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, test } from 'node:test'
import { digestOf } from '../../events/canonical.ts'
import type { Json } from '../../events/schema.ts'
import { EnginePolicyView } from '../../src/agent/engine-view.ts'
import { replay } from '../../src/history/replay/replay.ts'
import { NODE, Rig } from '../agent/rig.ts'
import { hindcast } from '../cli/recorded-log.ts'
import { MemoryStates } from '../doubles/saved-states.ts'
import { agentStory, type Story } from './agent-story.ts'
import { chance } from './random-story.ts'

const folder = mkdtempSync(join(tmpdir(), 'hindcast-replay-'))
let story: Story
before(async () => {
  story = await agentStory(join(folder, 'log.db'))
})
after(() => rmSync(folder, { recursive: true }))

type Sided = { readonly origins: readonly string[] } | null

let copies = 0
/** A copy of the story with the body of one event changed. */
function changed(position: bigint | number, change: (body: Record<string, Json>) => void): string {
  copies += 1
  const path = join(folder, `changed-${copies}.db`)
  copyFileSync(story.path, path)
  const database = new DatabaseSync(path)
  const row = database.prepare('SELECT body FROM events WHERE position = ?').get(position) as { readonly body: string }
  const body = JSON.parse(row.body)
  change(body)
  database.prepare('UPDATE events SET body = ? WHERE position = ?').run(JSON.stringify(body), position)
  database.close()
  return path
}

/** The first event of a type at or after a position. */
function find(type: string, from: bigint): number {
  const database = new DatabaseSync(story.path, { readOnly: true })
  const row = database
    .prepare('SELECT min(position) AS found FROM events WHERE type = ? AND position >= ?')
    .get(type, from)
  database.close()
  return (row as { readonly found: number }).found
}

const run = (path: string, ...more: readonly string[]) => hindcast('replay', '--log', path, ...more)

test('T23 a log comes out as it was recorded: every build, map write and reaction', async () => {
  const { code, out } = await run(story.path)
  assert.equal(code, 0)
  assert.match(
    out,
    /^[0-9]+ events, 1 node: 8 builds, 7 map writes, 5 reactions done again\neverything comes out as recorded\n$/,
  )
  const part = JSON.parse(
    (await run(story.path, '--from', String(story.at.landing), '--to', String(story.at.narrow), '-o', 'json')).out,
  )
  assert.deepEqual(part.checked, { maps: 2, builds: 4, reactions: 3, notRecomputed: 0 })
  const one = JSON.parse((await run(story.path, '--endpoint', '775', '-o', 'json')).out)
  assert.deepEqual([one.checked.builds, one.checked.maps], [1, 1])
})

test('T23 so does any log that an agent wrote: endpoints and policies that come and go, agents that start again, from checkpoints too', async () => {
  for (const seed of [70, 71, 72, 73, 74, 75, 76, 77, 78, 79]) {
    const kept = seed % 2 === 0 ? { states: new MemoryStates(), options: { checkpointEveryEvents: 15 } } : {}
    await using rig = new Rig({ policies: () => new EnginePolicyView(NODE), ...kept })
    let agent = await rig.start()
    const dice = chance(seed)
    const { operator } = rig
    const names = ['a', 'b', 'c']
    for (let turn = 0; turn < 40; turn += 1) {
      const id = 1 + dice(5)
      const name = names[dice(3)]!
      const kind = dice(7)
      if (kind < 2) await operator.addEndpoint(id, `k8s:team=${dice(3)}`).catch(() => null)
      else if (kind === 2) await operator.deleteEndpoint(id).catch(() => null)
      else if (kind < 6) await operator.submit({ kind: 'set-policies', wishes: [wish(name, dice)] })
      else {
        await agent[Symbol.asyncDispose]()
        agent = await rig.start()
      }
      if (dice(2) === 0) await rig.quiet(agent)
    }
    await rig.quiet(agent)
    const found = await replay({ log: rig.log, from: null, to: null, endpoint: null, nodes: [NODE] })
    assert.equal(found.mismatch, null, JSON.stringify(found.mismatch, null, 2))
    assert.ok(found.checked.builds > 20 && found.checked.reactions > 5, JSON.stringify(found.checked))
    assert.ok(found.checked.notRecomputed <= found.checked.builds / 10)
  }
})

type Dice = ReturnType<typeof chance>

function wish(name: string, dice: Dice) {
  const selector = (): Json => ({ matchLabels: { team: String(dice(3)) } })
  const http = dice(2) === 0 ? {} : { rules: { http: [{ method: 'GET', path: `/v${dice(4)}/.*` }] } }
  const toPorts: Json = [{ ports: [{ port: String(80 + dice(3)), protocol: 'TCP' }], ...http }]
  const manifest: Json = {
    kind: 'CiliumNetworkPolicy',
    metadata: { name, namespace: 'default' },
    spec: { endpointSelector: selector(), ingress: [{ fromEndpoints: [selector()], toPorts }] },
  }
  const resource = { kind: 'CiliumNetworkPolicy', namespace: 'default', name } as const
  return { kind: 'policy', resource, manifest, rules: 1, inputDigest: digestOf(manifest) } as const
}

test('T24 another meaning of a policy is found at the first build that shows it, with both results and the rules that differ', async () => {
  const path = changed(find('PolicyAdded', 1n), (body) => {
    const text = JSON.stringify(body['manifest']).replace('"80"', '"8080"')
    body['manifest'] = JSON.parse(text)
  })
  const { code, out } = await run(path)
  assert.equal(code, 4)
  assert.match(
    out,
    /^regeneration of endpoint 863 of node node1 at position [0-9]+, .*, EndpointRegenerationSucceeded: the policy map would be sha256/m,
  )
  assert.match(
    out,
    /^ {2}- ingress k8s:class=tiefighter .* 80\/TCP redirect .* CiliumNetworkPolicy\/default\/rule1#\/spec\/ingress\/0$/m,
  )
  assert.match(out, /^ {2}\+ ingress k8s:class=tiefighter .* 8080\/TCP deny .*$/m)
  const json = await run(path, '-o', 'json')
  assert.equal(json.code, 4)
  const { entries } = JSON.parse(json.out).mismatch
  const origins = entries.flatMap(({ before: was, after: is }: { before: Sided; after: Sided }) => (was ?? is)!.origins)
  assert.ok(entries.length >= 4 && origins.includes('CiliumNetworkPolicy/default/rule1#/spec/ingress/0'))
})

test('T24 a map write that does not add up, and a publication that does not, are found where they stand', async () => {
  const written = find('PolicyMapWritten', story.at.landing)
  const path = changed(written, (body) => {
    body['digest'] = digestOf('something else')
  })
  const map = JSON.parse((await run(path, '-o', 'json')).out).mismatch
  assert.deepEqual([map.kind, map.event.position], ['policy-map', String(written)])
  const published = find('XdsPublished', story.at.landing)
  const other = changed(published, (body) => {
    body['changed'] = [{ name: '863', resource: {} }]
  })
  const log = JSON.parse((await run(other, '-o', 'json')).out).mismatch
  assert.deepEqual([log.kind, log.event.position], ['log', String(published)])
})

test('T24 a request that the proxy was not told about is found, though no map shows it', async () => {
  const path = changed(find('PolicyAdded', story.at.landing), (body) => {
    body['manifest'] = JSON.parse(JSON.stringify(body['manifest']).replace('PUT', 'PATCH'))
  })
  const found = JSON.parse((await run(path, '-o', 'json')).out).mismatch
  assert.deepEqual(
    [found.kind, found.endpoint, found.event.position],
    ['network-policy', 863, String(story.at.exhaust)],
  )
  const table = await run(path)
  assert.equal(table.code, 4)
  assert.match(table.out, /^ {2}- ingress 80\/TCP CiliumNetworkPolicy\/default\/rule1#\/spec\/ingress\/0 .*$/m)
  assert.match(table.out, /^ {2}\+ ingress 80\/TCP CiliumNetworkPolicy\/default\/rule1#\/spec\/ingress\/0 .*$/m)
})

test('T25 an endpoint that was bumped though its policy changed is found: realised revision and map would lie', async () => {
  const reaction = find('PolicyReaction', story.at.landing)
  const path = changed(reaction, (body) => {
    body['bump'] = [...(body['regenerate'] as Json[]), ...(body['bump'] as Json[])].map((one) => ({
      ...(one as object),
      reason: 'not-selected',
    }))
    body['regenerate'] = []
  })
  const found = JSON.parse((await run(path, '-o', 'json')).out).mismatch
  assert.deepEqual(
    [found.kind, found.endpoint, found.recorded, found.recomputed],
    ['reaction', 863, ['bump'], 'regenerate'],
  )
  assert.match(found.reason, /would be regenerated/)
  const forgotten = changed(reaction, (body) => {
    body['bump'] = (body['bump'] as Json[]).slice(1)
  })
  const missing = JSON.parse((await run(forgotten, '-o', 'json')).out).mismatch
  assert.deepEqual([missing.kind, missing.recorded], ['reaction', []])
  const identities = changed(reaction, (body) => {
    body['identities'] = []
  })
  assert.match(
    (await run(identities)).out,
    /reaction of node node1 at position .*: the policies of other identities changed/,
  )
})

test('T26 replay --into writes what was there at a moment, the same files for the same state', async () => {
  const [first, second] = [join(folder, 'into-1'), join(folder, 'into-2')]
  for (const [to, into] of [
    [story.at.landing, first],
    [story.at.narrow, second],
  ] as const) {
    assert.equal((await run(story.path, '--to', String(to), '--into', into)).code, 0)
  }
  const map = (into: string): string => readFileSync(join(into, 'nodes/node1/endpoints/863/policy-map.json'), 'utf8')
  assert.equal(map(first), map(second))
  const { entries, digest } = JSON.parse(map(first))
  assert.deepEqual([entries.length, digest.slice(0, 7)], [4, 'sha256:'])
  assert.deepEqual(readdirSync(join(first, 'policies')), ['CiliumNetworkPolicy%2Fdefault%2Frule1.json'])
  const npds = JSON.parse(readFileSync(join(first, 'nodes/node1/xds/npds/863.json'), 'utf8'))
  assert.equal(npds.endpointId, 863)
  assert.equal((await run(story.path, '--into', first)).code, 2)
  const gone = join(folder, 'into-3')
  await run(story.path, '--to', String(story.at.gone), '--into', gone)
  assert.ok(!existsSync(join(gone, 'policies')))
})
