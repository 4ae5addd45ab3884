import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { digestOf } from '../../events/canonical.ts'
import { decodeEvent } from '../../events/codec.ts'
import { EndpointId, endpointStream, IdentityId, NodeName, nodeStream } from '../../events/ids.ts'
import type { XdsType } from '../../events/node.ts'
import type { Recorded } from '../../events/recorded.ts'
import type { Json } from '../../events/schema.ts'
import { DEFAULT_POLICY_OPTIONS } from '../../projections/policy/default-options.ts'
import { xdsStatus } from '../../src/history/xds/status.ts'
import { openMemoryLog } from '../../src/log/memory.ts'
import { IN_MEMORY, openReadModel } from '../../src/readmodel/model.ts'
import { hindcast, type Ran } from '../cli/recorded-log.ts'
import { VirtualClock } from '../doubles/clock.ts'
import { CLIENT } from '../doubles/xds.ts'
import { INCIDENTS } from '../gallery/incidents.ts'
import { record } from '../gallery/stage.ts'
import { chance, type Step, tell } from './random-story.ts'

const folder = mkdtempSync(join(tmpdir(), 'hindcast-xds-'))
const PLAYED = ['lost-listener', 'refused-by-proxy', 'stuck-build']
before(async () => {
  for (const incident of INCIDENTS.filter(({ name }) => PLAYED.includes(name))) await record(folder, incident)
})
after(() => rmSync(folder, { recursive: true }))

const ask = (incident: string, ...args: readonly string[]): Promise<Ran> =>
  hindcast('xds', ...args, '--state', join(folder, incident))

test('T75 xds status says what each proxy runs beside what it is served, and since which event a policy map points where nobody listens', async () => {
  const at = ['--at', '2026-05-04T15:30:00Z']
  const { code, out } = await ask('lost-listener', 'status', ...at, '-o', 'json')
  assert.equal(code, 1)
  const [{ proxies, disagreements, served }] = JSON.parse(out).items
  assert.deepEqual(
    proxies[0].types.map(
      ({ xds, state, runs, differs }: { xds: string; state: string; runs: string; differs: string[] }) => [
        xds,
        state,
        runs,
        differs,
      ],
    ),
    [
      ['lds', 'refused', null, []],
      ['npds', 'current', 'e1.7', []],
      ['nphds', 'current', 'e1.4', []],
    ],
  )
  assert.equal(served.length, 3)
  const [{ what, endpoint, proxyPort, to, rules, refused, since }, ...more] = disagreements
  assert.deepEqual(more, [])
  assert.deepEqual([what, endpoint, proxyPort, to], ['no-listener', 863, 10_000, [80]])
  assert.deepEqual(rules, ['CiliumNetworkPolicy/default/rule1#/spec/ingress/0'])
  assert.match(refused[0], /address already in use$/)
  // The proxy went: from then on nobody listened.
  const steps = JSON.parse((await ask('lost-listener', 'history', '-o', 'json')).out).items
  const gone = steps.find(({ kind }: { kind: string }) => kind === 'disconnected')
  assert.deepEqual([since.position, since.type], [gone.event.position, 'ProxyConnectionChanged'])
  const earlier = await ask('lost-listener', 'status', '--at', '2026-05-04T14:30:00Z')
  assert.deepEqual([earlier.code, earlier.out.includes('!')], [0, false])
  assert.match(earlier.out, / lds +e1\.6 +e1\.6 +current /)
})

test('T75 why says where the connection goes to a proxy that refused its listeners', async () => {
  const asked = [
    'why',
    '--from',
    'tiefighter',
    '--to',
    'deathstar',
    '--port',
    '80',
    '--state',
    join(folder, 'lost-listener'),
  ]
  const refusedAt = async (at: string): Promise<unknown> => {
    const { sides } = JSON.parse((await hindcast(...asked, '--at', at, '-o', 'json')).out).items[0]
    return sides.map(({ listeners }: { listeners: { version: string } | null }) => listeners?.version ?? null)
  }
  assert.deepEqual(await refusedAt('2026-05-04T14:30:00Z'), [null, null])
  assert.deepEqual(await refusedAt('2026-05-04T15:30:00Z'), [null, 'e1.6'])
})

test('T75 a proxy that has not answered is behind, with the rules of the policy that it lacks', async () => {
  const { code, out } = await ask('stuck-build', 'status', '-o', 'json')
  assert.equal(code, 1)
  const [{ proxies, disagreements }] = JSON.parse(out).items
  const npds = proxies[0].types.find(({ xds }: { xds: string }) => xds === 'npds')
  assert.deepEqual([npds.state, npds.differs], ['behind', ['863']])
  const [{ what, endpoint, serves, runs, rules, since }] = disagreements
  assert.deepEqual([what, endpoint, since.type], ['policy-behind', 863, 'XdsPublished'])
  assert.deepEqual([serves, runs, rules.length], [npds.serves, npds.runs, 1])
})

test('T75 xds history names of each refusal the resource, its rules, what was said and what the proxy goes on with', async () => {
  const { code, out } = await ask('refused-by-proxy', 'history', 'npds', '--refused', '-o', 'json')
  assert.equal(code, 0)
  const { items } = JSON.parse(out)
  assert.equal(items.length, 2)
  for (const { kind, client, detail, runs, resources } of items) {
    assert.deepEqual([kind, client, detail], ['refused', CLIENT, 'resource 863 is refused'])
    assert.match(runs, /^e1\.[0-9]+$/)
    const rules = ['CiliumNetworkPolicy/default/rule1#/spec/ingress/0']
    assert.deepEqual(resources, [{ name: '863', gone: false, rules }])
  }
  const all = JSON.parse((await ask('refused-by-proxy', 'history', '-o', 'json')).out).items
  const lines = (await ask('refused-by-proxy', 'history', '-o', 'jsonl')).out.trim().split('\n')
  assert.deepEqual(
    lines.map((line) => JSON.parse(line)),
    all,
  )
  assert.ok(
    ['agent-started', 'published', 'acked', 'refused'].every((kind) =>
      all.some((step: { kind: string }) => step.kind === kind),
    ),
  )
  const range = ['--from', items[0].event.position, '--to', items[1].event.position, '--refused']
  assert.equal((await ask('refused-by-proxy', 'history', '-o', 'jsonl', ...range)).out.trim().split('\n').length, 1)
  const own = JSON.parse((await ask('refused-by-proxy', 'history', '--endpoint', '775', '-o', 'json')).out).items
  assert.ok(
    own.length > 0 &&
      own.every(({ resources }: { resources: { name: string }[] }) => resources.some(({ name }) => name === '775')),
  )
  const table = (await ask('refused-by-proxy', 'history', '--refused')).out
  assert.match(
    table,
    /refused +npds .*: resource 863 is refused; it runs e1\.7\n {10}~ 863 {2}CiliumNetworkPolicy\/default\/rule1#\/spec\/ingress\/0\n/,
  )
  assert.equal((await ask('refused-by-proxy', 'history', 'eds')).code, 2)
  assert.equal((await ask('refused-by-proxy', 'status', '--at', 'tag:none')).code, 3)
})

const NODE = NodeName('node1')
const CLIENTS = ['envoy-a', 'envoy-b']
const digest = digestOf('any')
const TYPES: readonly XdsType[] = ['npds', 'lds']

/** Proxies come, answer to any version, refuse, and go; maps get redirects and lose them. */
function proxyStory(seed: number, length: number): readonly Step[] {
  const dice = chance(seed)
  const versions: Record<XdsType, string[]> = { npds: [], lds: [], nphds: [] }
  const stream = nodeStream(NODE)
  const created = (id: number): Step => [
    stream,
    {
      ...{ type: 'EndpointCreated', v: 1, endpoint: EndpointId(id), name: `default/ship${id}`, labels: [] },
      ...{ ipv4: null, ipv6: null, device: null, mac: null, nodeMac: null, namedPorts: [] },
    },
  ]
  const started: Step = [
    stream,
    {
      type: 'AgentStarted',
      v: 2,
      node: NODE,
      version: '1',
      datapath: 'model',
      reason: '',
      options: DEFAULT_POLICY_OPTIONS,
    },
  ]
  const published = (): Step => {
    const xds = TYPES[dice(2)]!
    const version = `1.${versions[xds].length}`
    versions[xds].push(version)
    const name = xds === 'npds' ? String(1 + dice(2)) : `listener:${10_000 + dice(2)}`
    const address = { socketAddress: { address: '127.0.0.1', portValue: 10_000 + dice(2) } }
    const resource: Json = xds === 'npds' ? { n: dice(3) } : { address }
    const gone = dice(5) === 0
    const changed = gone ? [] : [{ name, resource }]
    return [stream, { type: 'XdsPublished', v: 1, xds, version, digest, changed, removed: gone ? [name] : [] }]
  }
  const answered = (): Step => {
    const xds = TYPES[dice(2)]!
    const known = versions[xds]
    if (known.length === 0) return published()
    // Nearly always the last one.
    const version = dice(3) === 0 ? known[dice(known.length)]! : known.at(-1)!
    const head = { xds, version, nonce: version, client: CLIENTS[dice(2)]! }
    if (dice(3) > 0) return [stream, { type: 'XdsAcked', v: 1, ...head }]
    const running = dice(2) === 0 ? null : known[dice(known.length)]!
    return [stream, { type: 'XdsNacked', v: 1, ...head, running, detail: 'no' }]
  }
  const written = (): Step => {
    const endpoint = EndpointId(1 + dice(2))
    const key = { direction: 'ingress', identity: IdentityId(300), protocol: 6, port: 80, portBits: 16 } as const
    const value = {
      verdict: 'redirect',
      proxyPort: 10_000 + dice(2),
      precedence: 1,
      authType: 0,
      origins: ['rule'],
    } as const
    const deltas = [{ key, before: null, after: dice(3) === 0 ? null : value }]
    return [
      endpointStream(NODE, endpoint),
      { type: 'PolicyMapWritten', v: 1, endpoint, build: 1, deltas, entries: 0, digest },
    ]
  }
  return Array.from({ length }, (_, index): Step => {
    if (index === 0) return started
    if (index < 3) return created(index)
    switch (dice(10)) {
      case 0:
        return [stream, { type: 'ProxyConnectionChanged', v: 1, client: CLIENTS[dice(2)]!, connected: dice(3) > 0 }]
      case 1:
        return dice(4) === 0 ? started : written()
      case 2:
        return dice(6) === 0
          ? [stream, { type: 'EndpointDeleted', v: 1, endpoint: EndpointId(1 + dice(2)) }]
          : created(1 + dice(2))
      case 3:
      case 4:
        return written()
      case 5:
      case 6:
        return published()
      default:
        return answered()
    }
  })
}

/** Of one type up to a publication, from the first one on. */
function resourcesAt(events: readonly Recorded[], xds: XdsType, version: string | null): ReadonlyMap<string, string> {
  const resources = new Map<string, string>()
  for (const { event } of events) {
    if (event.type !== 'XdsPublished' || event.xds !== xds) continue
    for (const { name, resource } of event.changed) resources.set(name, JSON.stringify(resource))
    for (const name of event.removed) resources.delete(name)
    if (event.version === version) return resources
  }
  return version === null ? resources : new Map()
}

/** The keys of what does not go together after the last of these events. */
function wrongs(events: readonly Recorded[]): ReadonlySet<string> {
  const running = new Map<string, Map<XdsType, string | null>>()
  const ports = new Map<number, number | null>()
  for (const { event } of events) {
    if (event.type === 'AgentStarted') running.clear()
    if (event.type === 'ProxyConnectionChanged' && !event.connected) running.delete(event.client)
    if (event.type === 'ProxyConnectionChanged' && event.connected) running.set(event.client, new Map())
    if (event.type === 'XdsAcked' || event.type === 'XdsNacked') {
      const runs = event.type === 'XdsAcked' ? event.version : event.running
      running.set(event.client, new Map(running.get(event.client)).set(event.xds, runs))
    }
    if (event.type === 'EndpointCreated') ports.set(event.endpoint, null)
    if (event.type === 'EndpointDeleted') ports.delete(event.endpoint)
    if (event.type === 'PolicyMapWritten' && ports.has(event.endpoint))
      ports.set(event.endpoint, event.deltas[0]!.after?.proxyPort ?? null)
  }
  const found = new Set<string>()
  const isServed = events.some(({ event }) => event.type === 'XdsPublished' && event.xds === 'npds')
  for (const [endpoint, port] of ports) {
    if (port === null) continue
    const listening = [...running.values()].some((types) => {
      const runs = types.get('lds') ?? null
      return runs !== null && [...resourcesAt(events, 'lds', runs).values()].some((text) => text.includes(`:${port}}`))
    })
    if (!listening) found.add(`${endpoint} ingress ${port}`)
    for (const [client, types] of running) {
      const runs = types.get('npds') ?? null
      const has = runs === null ? undefined : resourcesAt(events, 'npds', runs).get(String(endpoint))
      if (isServed && has !== resourcesAt(events, 'npds', null).get(String(endpoint)))
        found.add(`${endpoint} policy ${client}`)
    }
  }
  return found
}

test('T75 at every position of random stories the disagreements, and since when, are those that a plain recount gives', async () => {
  let checked = 0
  for (let seed = 1; seed <= 6; seed++) {
    const log = openMemoryLog({ now: () => new VirtualClock().now() })
    await tell(log, proxyStory(seed, 90))
    using model = await openReadModel(log, IN_MEMORY)
    const events: Recorded[] = []
    for await (const batch of log.readAll({ direction: 'forwards', after: null }))
      events.push(...batch.map(decodeEvent))
    const expected = events.map((_, index) => wrongs(events.slice(0, index + 1)))
    for (const [index, { position }] of events.entries()) {
      const { disagreements } = await xdsStatus({ log, model }, NODE, position)
      const found = disagreements.map((one) => {
        const key =
          one.what === 'no-listener'
            ? `${one.endpoint} ingress ${one.proxyPort}`
            : `${one.endpoint} policy ${one.client}`
        return `${key} since ${one.since.position}`
      })
      const wanted = [...expected[index]!].map((key) => {
        const before = expected.slice(0, index + 1).findLastIndex((keys) => !keys.has(key))
        return `${key} since ${events[before + 1]!.position}`
      })
      assert.deepEqual(found.toSorted(), wanted.toSorted(), `seed ${seed}, position ${position}`)
      checked += wanted.length
    }
  }
  assert.ok(checked > 300, `${checked} disagreements`)
})
