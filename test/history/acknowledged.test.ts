/** What the proxy was told, what it took of it, and which of the two a question about a moment is judged by. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { digestOf } from '../../events/canonical.ts'
import type { EventOf } from '../../events/catalogue.ts'
import { decodeEvent } from '../../events/codec.ts'
import { IdentityId, IpAddress, type Position, Timestamp } from '../../events/ids.ts'
import type { Recorded } from '../../events/recorded.ts'
import type { Json } from '../../events/schema.ts'
import { step } from '../../projections/projection.ts'
import { world } from '../../projections/world.ts'
import { acknowledged } from '../../projections/xds/view.ts'
import { EnginePolicyView } from '../../src/agent/engine-view.ts'
import { openFlowStore } from '../../src/flows/sqlite.ts'
import { openSqliteLog } from '../../src/log/sqlite/log.ts'
import { NODE, Rig } from '../agent/rig.ts'
import { hindcast } from '../cli/recorded-log.ts'
import { VirtualClock } from '../doubles/clock.ts'
import { turns } from '../doubles/gate.ts'
import { landing, SHIPS } from './agent-story.ts'

const folder = mkdtempSync(join(tmpdir(), 'hindcast-acknowledged-'))
const path = join(folder, 'log.db')
after(() => rmSync(folder, { recursive: true }))

const LAND = 'POST /v1/request-landing'
const EXHAUST = 'PUT /v1/exhaust-port'
/** The faked proxy refuses what contains the word. */
const REFUSED = 'PUT /v1/refused'

let events: readonly Recorded[]
let quiet: Position

/** A policy that the proxy takes, one that it refuses, and one that it says nothing about for a while. */
before(async () => {
  const clock = new VirtualClock()
  await using log = openSqliteLog({ path, now: () => clock.now() })
  await using rig = new Rig({ log, clock, policies: () => new EnginePolicyView(NODE) })
  const agent = await rig.start()
  const endpoints = SHIPS.map(({ id, name, org, ipv4 }) => {
    const labels = [`k8s:class=${name.split('/')[1]}`, `k8s:org=${org}`, 'k8s:io.kubernetes.pod.namespace=default']
    return { id, name, labels, ipv4, device: `lxc${id}` }
  })
  await rig.operator.submit({ kind: 'add-endpoints', node: NODE, endpoints })
  const set = async (...requests: readonly string[]): Promise<void> => {
    const manifest = landing(...requests)
    const resource = { kind: 'CiliumNetworkPolicy', namespace: 'default', name: 'rule1' } as const
    const wish = { kind: 'policy', resource, manifest, rules: 1, inputDigest: digestOf(manifest) } as const
    await rig.operator.submit({ kind: 'set-policies', wishes: [wish] })
  }
  await set(LAND)
  await rig.quiet(agent)
  await set(LAND, REFUSED)
  await rig.quiet(agent)
  rig.proxy.hung = true
  await set(LAND, EXHAUST)
  // The publication is on the log, and nothing moves until the proxy comes to itself.
  for (let last: Position | null = null; last !== (await log.head()); await turns(200)) last = await log.head()
  quiet = (await log.head())!
  rig.proxy.hung = false
  rig.xds.changed()
  await rig.quiet(agent)
  await agent[Symbol.asyncDispose]()
  const all: Recorded[] = []
  for await (const batch of log.readAll({ direction: 'forwards', after: null })) all.push(...batch.map(decodeEvent))
  events = all
})

/** Position of the last event of the type that holds the text, and that does so first. */
function at(type: Recorded['event']['type'], text: string): Position {
  const found = events.find(({ event }) => event.type === type && JSON.stringify(event).includes(text))
  assert.ok(found !== undefined, `${type} ${text}`)
  return found.position
}

async function why(position: Position, request: string) {
  const asked = ['why', '--from', 'default/tiefighter', '--to', 'default/deathstar', '--http', request]
  const { out } = await hindcast(...asked, '--at', String(position), '--log', path, '-o', 'json')
  return JSON.parse(out).items[0]
}

test('T48 at every position the network policy in force is the one that the proxy took last', () => {
  let [state, served, taken] = [world.initial, new Map<string, Json>(), new Map<string, Json>()]
  const versions = new Map<string, ReadonlyMap<string, Json>>()
  let lagging = 0
  for (const recorded of events) {
    const { event } = recorded
    state = step(world, state, recorded)
    if (event.type === 'XdsPublished' && event.xds === 'npds') {
      served = new Map(served)
      for (const { name, resource } of event.changed) served.set(name, resource)
      for (const name of event.removed) served.delete(name)
      versions.set(event.version, served)
    }
    if (event.type === 'XdsAcked' && event.xds === 'npds') taken = new Map(versions.get(event.version))
    const view = state.nodes.get(NODE)?.xds.get('npds')
    if (view === undefined) continue
    for (const { id } of SHIPS) {
      const name = String(id)
      assert.deepEqual(acknowledged(view, name), taken.get(name) ?? null)
      assert.equal(view.unacked.has(name), JSON.stringify(taken.get(name)) !== JSON.stringify(served.get(name)))
      if (view.unacked.has(name)) lagging += 1
    }
  }
  assert.ok(lagging > 5, `${lagging}`)
})

test('T48 a request is judged by what the proxy took; what was published and not taken is named with its position', async () => {
  const published = at('XdsPublished', EXHAUST.slice(4))
  const denied = await why(quiet, EXHAUST)
  const [, ingress] = denied.sides
  assert.equal(denied.allowed, false)
  assert.deepEqual(
    [ingress.underWay.since, ingress.underWay.refused, ingress.underWay.judged.allowed],
    [String(published), null, true],
  )
  assert.equal((await why(quiet, LAND)).allowed, true)
  const asked = ['why', '--from', 'default/tiefighter', '--to', 'default/deathstar', '--http', EXHAUST, '--log', path]
  const { out } = await hindcast(...asked, '--at', String(quiet))
  assert.match(
    out,
    new RegExp(
      `^ {2}the proxy goes by what it took last, version e1\\.[0-9]+: version e1\\.[0-9]+ was published at position ${published} and is not acknowledged, and would allow it$`,
      'm',
    ),
  )
  const end = await why(events.at(-1)!.position, EXHAUST)
  assert.deepEqual([end.allowed, end.sides[1].underWay], [true, null])
})

test('T48 a refusal is shown with the words of the proxy, and what was refused never was in force', async () => {
  const nacked = at('XdsNacked', '')
  const { detail } = events.find(({ position }) => position === nacked)!.event as EventOf<'XdsNacked'>
  const refused = await why(nacked, REFUSED)
  assert.equal(refused.allowed, false)
  assert.deepEqual(
    [refused.sides[1].underWay.refused.detail, refused.sides[1].underWay.refused.position],
    [detail, String(nacked)],
  )
  const failed = at('EndpointRegenerationFailed', 'npds-nacked')
  const later = await why(failed, REFUSED)
  assert.deepEqual(
    [later.allowed, later.sides[1].underWay, later.sides[1].differs, later.sides[1].failure.code],
    [false, null, true, 'npds-nacked'],
  )
  for (const { position } of events) {
    if (position > at('XdsAcked', '')) assert.equal((await why(position, REFUSED)).allowed, false, String(position))
  }
})

test('T49 bisect turns at the acknowledgement, shows what it put in force, and diff --semantic finds nothing before it', async () => {
  const published = at('XdsPublished', EXHAUST.slice(4))
  const range = ['bisect', '--good', String(published - 1n), '--bad', String(events.at(-1)!.position), '--log', path]
  const { out } = await hindcast(...range, '--', 'deny', 'tiefighter', '->', 'deathstar:80', ...EXHAUST.split(' '))
  assert.match(out, /^turned by XdsAcked at position [0-9]+, .*, following PolicyAdded at [0-9]+ by /m)
  assert.match(out, /^- unacknowledged xds npds 863$/m)
  assert.match(out, /^~ xds npds 863$/m)
  const semantic = async (from: Position, to: Position): Promise<string> =>
    (await hindcast('diff', `${from}..${to}`, '--semantic', '--log', path)).out
  assert.match(await semantic((published - 1n) as Position, quiet), /^nothing is newly allowed or denied$/m)
  assert.match(
    await semantic((published - 1n) as Position, quiet),
    new RegExp(
      `^! default/deathstar: version e1\\.[0-9]+, published at position ${published}, is not acknowledged`,
      'm',
    ),
  )
  assert.match(await semantic((published - 1n) as Position, events.at(-1)!.position), /such as PUT \/v1\/exhaust-port/)
  const plain = await hindcast('diff', `${published - 1n}..${quiet}`, '--log', path)
  assert.match(plain.out, /^\+ unacknowledged xds npds 863$/m)
})

test('T49 a recorded request is judged by the version that its proxy had taken, which its stamp names', async () => {
  const published = at('XdsPublished', EXHAUST.slice(4))
  const http = { method: 'PUT', host: 'deathstar', path: '/v1/exhaust-port', protocol: 'HTTP/1.1', status: 200 }
  await using store = openFlowStore({ path: join(folder, `flows-${NODE}.db`) })
  store.add([
    {
      time: Timestamp(1_700_000_000_000),
      stamp: { position: String(published), revision: 4 },
      kind: 'http-request',
      verdict: 'FORWARDED',
      direction: 'ingress',
      endpoint: 863,
      source: { address: IpAddress('10.0.0.123'), port: 40_000, identity: IdentityId(258) },
      destination: { address: IpAddress('10.0.0.111'), port: 80, identity: IdentityId(257) },
      protocol: 6,
      dropReason: null,
      matchType: null,
      proxyPort: null,
      http: { ...http, durationMs: null, missing: [], rejected: [] },
    },
  ])
  await store.flush()
  const { out } = await hindcast('why', '--flow', '1', '--log', path, '-o', 'json')
  const { recomputed, differs } = JSON.parse(out).items[0]
  assert.deepEqual([recomputed, differs], ['FORWARDED', false])
})
