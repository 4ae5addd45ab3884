import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { PolicyMapDelta } from '../../events/fields.ts'
import { IdentityId, IpAddress, Timestamp } from '../../events/ids.ts'
import type { Json } from '../../events/schema.ts'
import { policyMapKeyText } from '../../projections/datapath/policy-map.ts'
import { openFlowStore } from '../../src/flows/sqlite.ts'
import { openSqliteLog } from '../../src/log/sqlite/log.ts'
import type { NewFlow } from '../../src/ports/flows.ts'
import { hindcast } from '../cli/recorded-log.ts'
import { agentStory, type Story, type StoryMoment } from './agent-story.ts'

const folder = mkdtempSync(join(tmpdir(), 'hindcast-plan-'))
let story: Story
before(async () => {
  story = await agentStory(join(folder, 'log.db'))
})
after(() => rmSync(folder, { recursive: true }))

let files = 0
function file(manifest: Json | string): string {
  files += 1
  const path = join(folder, `policy-${files}.yaml`)
  writeFileSync(path, typeof manifest === 'string' ? manifest : JSON.stringify(manifest))
  return path
}

const plan = (at: StoryMoment, ...args: readonly string[]) =>
  hindcast('plan', '--at', String(story.at[at]), '--log', story.path, '--flows', '0', '--no-connections', ...args)

/** A policy as it was on the log. */
async function manifestAt(at: StoryMoment, name: string): Promise<Json> {
  const { out } = await hindcast('policy', 'get', '--at', String(story.at[at]), '--log', story.path, '-o', 'json')
  return JSON.parse(out).items.find((item: { metadata: { name: string } }) => item.metadata.name === name)
}

/** What a map's change does, but for the numbers of proxy ports. */
function essence(deltas: readonly PolicyMapDelta[]): readonly string[] {
  return deltas
    .map(
      ({ key, before: was, after: is }) =>
        `${policyMapKeyText(key)} ${was?.verdict} ${is?.verdict} ${is?.precedence} ${is?.origins}`,
    )
    .toSorted()
}

test('T30 what is planned is what the agent then does: maps, enforcement, endpoints, and what is newly allowed and denied', async () => {
  const steps: readonly (readonly [from: StoryMoment, to: StoryMoment, set: string | null, drop: string | null])[] = [
    ['ships', 'landing', 'rule1', null],
    ['landing', 'exhaust', 'rule1', null],
    ['exhaust', 'noFighters', 'no-fighters', null],
    ['noFighters', 'narrow', null, 'cnp/default/no-fighters'],
    ['narrow', 'gone', null, 'cnp/default/rule1'],
  ]
  for (const [from, to, set, drop] of steps) {
    const args = set === null ? ['--delete', drop!] : ['-f', file(await manifestAt(to, set))]
    const { code, out } = await plan(from, ...args, '-o', 'json')
    assert.equal(code, 1)
    const planned = JSON.parse(out)
    const range = `${story.at[from]}..${story.at[to]}`
    const done = JSON.parse((await hindcast('diff', range, '--log', story.path, '-o', 'json')).out)
    const rebuilt = done.endpoints.filter(
      ({ map, fields }: { map: unknown[]; fields: { path: string }[] }) =>
        map.length > 0 || fields.some(({ path }) => path !== '/revision'),
    )
    for (const { endpoint, map } of rebuilt) {
      const expected = planned.endpoints.find((one: { endpoint: number }) => one.endpoint === endpoint)
      assert.deepEqual(essence(expected.map), essence(map), range)
    }
    const semantic = JSON.parse((await hindcast('diff', range, '--semantic', '--log', story.path, '-o', 'json')).out)
    assert.deepEqual(
      planned.endpoints.flatMap((one: { differences: unknown[] }) => one.differences),
      semantic.differences,
    )
    assert.deepEqual([planned.endpoints.length, planned.unaffected], [1, 2])
  }
})

test('T30 the answer reads as a diff, names what it rests on, and changes nothing', async () => {
  const path = file(await manifestAt('landing', 'rule1'))
  const { out } = await plan('ships', '-f', path)
  assert.match(out, /^\+ policy CiliumNetworkPolicy\/default\/rule1\n {2}\+ \/kind/)
  assert.match(
    out,
    /^~ endpoint 863 default\/deathstar of node node1: 2 -> 4 entries\n {2}~ ingress would be enforced\n/m,
  )
  assert.match(out, /^ {2}\+ redirect ingress:TCP:80:$/m)
  assert.match(
    out,
    /^1 endpoint would be regenerated, 2 would not\nno recorded flows to ask\n\non top of position [0-9]+, .*, revision 1\n$/m,
  )
  const same = await plan('landing', '-f', path)
  assert.deepEqual([same.code, same.out.split('\n')[0]], [0, '= policy CiliumNetworkPolicy/default/rule1'])
  await using log = openSqliteLog({ path: story.path, now: () => Timestamp(0), readOnly: true })
  const heads = await log.head()
  await plan('gone', '-f', path)
  assert.equal(await log.head(), heads)
})

test('T31 a prefix that only the plan names gets an identity in the plan, and the entries show it', async () => {
  const manifest = {
    kind: 'CiliumNetworkPolicy',
    metadata: { name: 'outside', namespace: 'default' },
    spec: { endpointSelector: { matchLabels: { class: 'xwing' } }, egress: [{ toCIDR: ['192.0.2.0/24'] }] },
  }
  const { out } = await plan('ships', '-f', file(manifest), '-o', 'json')
  const { prefixes, endpoints } = JSON.parse(out)
  assert.deepEqual(
    prefixes.map(({ prefix }: { prefix: string }) => prefix),
    ['192.0.2.0/24'],
  )
  const [{ endpoint, map }] = endpoints
  assert.equal(endpoint, 775)
  assert.ok(
    map.some(
      (delta: PolicyMapDelta) => delta.key.identity === prefixes[0].identity && delta.after?.verdict === 'allow',
    ),
  )
  assert.match((await plan('ships', '-f', file(manifest))).out, /egress cidr:192\.0\.2\.0\/24 ANY allow/)
})

test('T31 what would be refused, and what is not there, is said instead of planned', async () => {
  const bad = await plan(
    'ships',
    '-f',
    file('kind: CiliumNetworkPolicy\nmetadata: {name: x}\nspec: {endpointSelector: {}, ingres: []}\n'),
  )
  assert.deepEqual([bad.code, bad.out], [2, ''])
  assert.match(bad.err, /these policies would be refused:\n.*\/spec\/ingres/)
  const none = await plan('ships', '--delete', 'cnp/default/rule1')
  assert.deepEqual(
    [none.code, /no-such-policy at --delete: CiliumNetworkPolicy\/default\/rule1/.test(none.err)],
    [3, true],
  )
  assert.equal((await plan('ships')).code, 2)
})

const side = (address: string, port: number, identity: number) => ({
  address: IpAddress(address),
  port,
  identity: IdentityId(identity),
})

function flow(kind: NewFlow['kind'], more: Partial<NewFlow>): NewFlow {
  return {
    time: Timestamp(1_700_000_000_000),
    stamp: { position: '1', revision: 1 },
    kind,
    verdict: 'FORWARDED',
    direction: 'ingress',
    endpoint: 863,
    source: side('10.0.0.123', 40_000, 258),
    destination: side('10.0.0.111', 80, 257),
    protocol: 6,
    dropReason: null,
    matchType: null,
    proxyPort: null,
    http: null,
    ...more,
  }
}

function http(method: string, path: string): NewFlow['http'] {
  return {
    method,
    host: 'deathstar',
    path,
    protocol: 'HTTP/1.1',
    status: 200,
    durationMs: null,
    missing: [],
    rejected: [],
  }
}

test('T32 recorded flows are judged under the plan: groups with counts, the window, and what could not be judged', async () => {
  {
    await using store = openFlowStore({ path: join(folder, 'flows-node1.db') })
    store.add([
      ...Array.from({ length: 5 }, () => flow('http-request', { http: http('PUT', '/v1/exhaust-port') })),
      ...Array.from({ length: 7 }, () => flow('http-request', { http: http('POST', '/v1/request-landing') })),
      ...Array.from({ length: 3 }, () => flow('policy-verdict', { source: side('10.0.0.209', 40_001, 256) })),
      flow('http-response', { http: http('PUT', '/v1/exhaust-port') }),
      flow('policy-verdict', { endpoint: 9 }),
      flow('policy-verdict', { source: side('10.9.9.9', 1, 0), time: Timestamp(1_700_000_060_000) }),
    ])
    await store.flush()
  }
  const path = file(await manifestAt('landing', 'rule1'))
  const args = ['plan', '--at', String(story.at.ships), '--log', story.path, '-f', path]
  const [report] = JSON.parse((await hindcast(...args, '-o', 'json')).out).flows
  assert.deepEqual(
    report.groups.map(
      ({
        request,
        change,
        count,
        identity,
      }: {
        request: string | null
        change: string
        count: number
        identity: number
      }) => [request, change, count, identity],
    ),
    [
      ['PUT /v1/exhaust-port', 'denied', 5, 258],
      [null, 'denied', 3, 256],
    ],
  )
  assert.deepEqual(report.coverage, {
    from: '2023-11-14T22:13:20.000Z',
    to: '2023-11-14T22:14:20.000Z',
    seen: 17,
    judged: 15,
    notJudged: { 'its endpoint is not there any more': 1, 'the identity of the other side is not known': 1 },
    window: { since: null, until: null, last: 10_000 },
    kept: { from: '2023-11-14T22:13:20.000Z', to: '2023-11-14T22:14:20.000Z' },
    leftOut: { before: false, after: false },
  })
  const { out } = await hindcast(...args)
  assert.match(
    out,
    /^8 of 15 judged flows would change \(17 seen, 2023-11-14T22:13:20\.000Z to .*\)\n {2}- 5 x endpoint 863 ingress from identity 258 \(k8s:class=tiefighter .*\) 80\/TCP PUT \/v1\/exhaust-port, 2023-11-14T22:13:20\.000Z\n/m,
  )
  const same = ['plan', '--at', String(story.at.landing), '--log', story.path, '-f', path, '-o', 'json']
  assert.deepEqual(JSON.parse((await hindcast(...same)).out).flows[0].groups, [])
})

test('T71 --since and --until narrow a plan to recorded flows of a window, all of them; what is kept beside it, and what is not kept, is said', async () => {
  const own = mkdtempSync(join(tmpdir(), 'hindcast-window-'))
  try {
    const { path, at } = await agentStory(join(own, 'log.db'))
    const hour = 3_600_000
    const begin = Date.parse('2026-05-04T00:00:00Z')
    {
      await using store = openFlowStore({ path: join(own, 'flows-node1.db') })
      // More than two pages of a store: flows at the beginning of each hour; at last the xwing.
      for (let index = 0; index < 24; index++) {
        const times = Array.from({ length: 900 }, (_, ms) => Timestamp(begin + index * hour + ms))
        store.add(times.map((time) => flow('policy-verdict', { time })))
        await store.flush()
      }
      store.add([
        flow('policy-verdict', { time: Timestamp(begin + 23 * hour + 899), source: side('10.0.0.209', 1, 256) }),
      ])
      await store.flush()
    }
    const policy = file(await manifestAt('landing', 'rule1'))
    const ask = async (...more: readonly string[]) => {
      const args = ['plan', '--at', String(at.ships), '--log', path, '-f', policy, '--no-connections', ...more]
      const [report] = JSON.parse((await hindcast(...args, '-o', 'json')).out).flows
      return { ...report, out: (await hindcast(...args)).out }
    }
    const [morning, day] = [await ask('--until', '2026-05-04T11:30:00Z'), await ask('--since', '2026-05-03')]
    assert.deepEqual([morning.groups, morning.coverage.seen, morning.coverage.judged], [[], 10_800, 10_800])
    assert.match(morning.out, /not looked at: flows of after that, which are kept up to 2026-05-04T23:00:00\.899Z/)
    const [group] = day.groups
    assert.deepEqual(
      [day.groups.length, day.coverage.seen, group.count, group.first, group.identity],
      [1, 21_601, 1, '2026-05-04T23:00:00.899Z', 256],
    )
    assert.match(day.out, /nothing is kept of before 2026-05-04T00:00:00\.000Z/)
    assert.ok(!day.out.includes('not looked at: flows'))
    const last = await ask('--flows', '1000')
    assert.deepEqual([last.coverage.seen, last.coverage.leftOut], [1_000, { before: true, after: false }])
    const none = await ask('--since', '2026-05-05T00:00:00Z')
    assert.deepEqual([none.coverage.seen, none.coverage.from, none.coverage.leftOut.before], [0, null, true])
    assert.equal((await hindcast('plan', '--log', path, '-f', policy, '--since', 'once')).code, 2)
    assert.equal((await hindcast('plan', '--log', path, '-f', policy, '--since', 'tag:none')).code, 3)
  } finally {
    rmSync(own, { recursive: true })
  }
})
