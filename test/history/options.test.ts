import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { digestOf } from '../../events/canonical.ts'
import type { EventOf } from '../../events/catalogue.ts'
import { IpAddress, type Position } from '../../events/ids.ts'
import type { PolicyOptions } from '../../events/policy-options.ts'
import type { Json } from '../../events/schema.ts'
import { DEFAULT_POLICY_OPTIONS } from '../../projections/policy/default-options.ts'
import { EnginePolicyView } from '../../src/agent/engine-view.ts'
import { openSqliteLog } from '../../src/log/sqlite/log.ts'
import { NODE, Rig } from '../agent/rig.ts'
import { hindcast } from '../cli/recorded-log.ts'
import { VirtualClock } from '../doubles/clock.ts'
import { KERNEL_REASON } from '../kernel/laboratory.ts'
import { landing, SHIPS } from './agent-story.ts'

const folder = mkdtempSync(join(tmpdir(), 'hindcast-options-'))
const path = join(folder, 'log.db')
after(() => rmSync(folder, { recursive: true }))

type Turn = 'default' | 'never' | 'always' | 'again' | 'noProxy'
const TURNS: readonly (readonly [Turn, Partial<PolicyOptions>])[] = [
  ['default', {}],
  ['never', { enforcement: 'never' }],
  ['always', { enforcement: 'always', allowLocalhost: 'policy' }],
  ['again', {}],
  ['noProxy', { enableL7Proxy: false }],
]

type Moments = { readonly [turn in Turn]: Position }
let at: Moments
let maps: { readonly [turn in Turn]: readonly string[] }

/** One policy, and an agent that is started again and again with other options. */
before(async () => {
  const clock = new VirtualClock()
  await using log = openSqliteLog({ path, now: () => clock.now() })
  let options = DEFAULT_POLICY_OPTIONS
  await using rig = new Rig({ log, policies: () => new EnginePolicyView(NODE, options) })
  const endpoints = SHIPS.map(({ id, name, org, ipv4 }) => {
    const labels = [`k8s:class=${name.split('/')[1]}`, `k8s:org=${org}`, 'k8s:io.kubernetes.pod.namespace=default']
    return { id, name, labels, ipv4, device: `lxc${id}` }
  })
  await rig.operator.submit({ kind: 'add-endpoints', node: NODE, endpoints })
  const manifest = landing('POST /v1/request-landing')
  const resource = { kind: 'CiliumNetworkPolicy', namespace: 'default', name: 'rule1' } as const
  const wish = { kind: 'policy', resource, manifest, rules: 1, inputDigest: digestOf(manifest) } as const
  await rig.operator.submit({ kind: 'set-policies', wishes: [wish] })
  const [moments, found]: [Partial<Record<Turn, Position>>, Partial<Record<Turn, readonly string[]>>] = [{}, {}]
  for (const [turn, change] of TURNS) {
    options = { ...DEFAULT_POLICY_OPTIONS, ...change }
    const agent = await rig.start()
    await rig.quiet(agent)
    moments[turn] = (await log.head())!
    found[turn] = rig.map(863).map((row) => row.split(' ', 2).join(' '))
    await agent[Symbol.asyncDispose]()
  }
  at = moments as Moments
  maps = found as typeof maps
})

const run = (verb: readonly string[], ...more: readonly string[]) => hindcast(...verb, '--log', path, ...more)
const why = async (turn: Turn, from: string, ...more: readonly string[]) => {
  const asked = [
    'why',
    '--from',
    from,
    '--to',
    'default/deathstar',
    '--port',
    '80',
    ...more,
    '--at',
    String(at[turn]),
    '-o',
    'json',
  ]
  return JSON.parse((await run(asked)).out).items[0]
}

test('A21 an agent that starts with other options builds every endpoint anew: never opens what default closed, always closes what nobody speaks of', () => {
  const open = ['e:0:0:0/0 allow', 'i:0:0:0/0 allow']
  assert.equal(maps.default.length, 4)
  assert.deepEqual(maps.never, open)
  // Neither the host, nor anything outwards.
  assert.equal(maps.always.length, 2)
  assert.ok(
    maps.always.every((row) => row.startsWith('i:') && row.endsWith(':80/16 redirect')),
    maps.always.join(),
  )
  assert.deepEqual(maps.again, maps.default)
})

test('A22 where L7 is switched off an endpoint that a rule of L7 selects is not built, keeps what was in force, and the others go on', async () => {
  assert.deepEqual(maps.noProxy, maps.again)
  const failed = (await run(['log', '--type', 'EndpointRegenerationFailed', '-o', 'jsonl'])).out.trim().split('\n')
  assert.deepEqual(
    failed.map((line) => JSON.parse(line)).map(({ event }) => [event.endpoint, event.code]),
    [[863, 'feature-off']],
  )
  const judged = await why('noProxy', 'default/xwing')
  assert.match(
    judged.sides[1].unresolvable,
    /^feature-off: CiliumNetworkPolicy\/default\/rule1: L7 rules need the L7 proxy, which is switched off$/,
  )
})

test('T47 verdicts are judged by the options of the agent that ran: why, bisect, diff, status and plan', async () => {
  const allowed = async (turn: Turn, from: string): Promise<boolean> => (await why(turn, from)).allowed
  assert.deepEqual([await allowed('default', 'default/xwing'), await allowed('never', 'default/xwing')], [false, true])
  assert.deepEqual(
    [await allowed('always', 'default/xwing'), await allowed('always', 'default/tiefighter')],
    [false, false],
  )
  assert.deepEqual([await allowed('default', 'reserved:host'), await allowed('always', 'reserved:host')], [true, false])
  assert.deepEqual((await why('never', 'default/xwing')).sides[1].differs, false)
  const rows = await Promise.all(
    TURNS.map(
      async ([turn]) => JSON.parse((await run(['status', '--at', String(at[turn]), '-o', 'json'])).out).items[0],
    ),
  )
  assert.deepEqual(
    rows.map(({ enforcement }) => enforcement),
    ['default', 'never', 'always', 'default', 'default'],
  )
  const diff = JSON.parse((await run(['diff', `${at.default}..${at.never}`, '-o', 'json'])).out)
  const [node] = diff.nodes.filter(({ what }: { readonly what: string }) => what === 'node')
  assert.deepEqual(
    node.differences.filter(({ path: place }: { readonly path: string }) => place.startsWith('/options')),
    [{ path: '/options/enforcement', before: 'default', after: 'never' }],
  )
  const semantic = await run(['diff', `${at.default}..${at.never}`, '--semantic'])
  assert.match(semantic.out, /^\+ default\/deathstar ingress from everybody else ANY\/TCP$/m)
  assert.doesNotMatch(semantic.out, /^- /m)
  const range = ['bisect', '--good', String(at.never), '--bad', String(at.always), '--log', path]
  const { out } = await hindcast(...range, '--', 'allow', 'default/xwing', '->', 'default/deathstar:80')
  assert.match(out, /turned by (PolicyMapWritten|EndpointRegenerationSucceeded) at position/)
  const closed = join(folder, 'closed.json')
  const spec = { endpointSelector: {}, ingressDeny: [{ fromEntities: ['all'] }] }
  writeFileSync(closed, JSON.stringify({ kind: 'CiliumNetworkPolicy', metadata: { name: 'closed' }, spec }))
  const planned = async (turn: Turn): Promise<number> => {
    const asked = ['plan', '--at', String(at[turn]), '-f', closed, '--flows', '0', '--no-connections', '-o', 'json']
    return JSON.parse((await run(asked)).out).endpoints.flatMap((one: { semantics: object[] }) => one.semantics).length
  }
  assert.equal(await planned('never'), 0)
  assert.ok((await planned('default')) > 0)
})

test('T47 a log of agents with several options comes out as recorded, and one whose options were changed does not', async () => {
  const good = await run(['replay', '-o', 'json'])
  const { checked, mismatch } = JSON.parse(good.out)
  assert.deepEqual([good.code, mismatch, checked.builds], [0, null, 15])
  const { DatabaseSync } = await import('node:sqlite')
  const database = new DatabaseSync(path)
  const { position, body } = database
    .prepare("SELECT position, body FROM events WHERE type = 'AgentStarted' AND position > ? ORDER BY position")
    .get(at.default) as { readonly position: number; readonly body: string }
  const event = JSON.parse(body) as EventOf<'AgentStarted'>
  const other: Json = { ...(event as unknown as { readonly [key: string]: Json }), options: DEFAULT_POLICY_OPTIONS }
  database.prepare('UPDATE events SET body = ? WHERE position = ?').run(JSON.stringify(other), position)
  const bad = await run(['replay', '-o', 'json'])
  database.prepare('UPDATE events SET body = ? WHERE position = ?').run(body, position)
  database.close()
  const found = JSON.parse(bad.out).mismatch
  assert.deepEqual([bad.code, found.kind, found.endpoint], [4, 'regeneration', 863])
  assert.ok(
    BigInt(found.event.position) > at.default && BigInt(found.event.position) <= at.never,
    JSON.stringify(found),
  )
})

type Verdicts = Readonly<Record<string, string>>

/** Who asks whom, and what both the kernel's programs and the evaluator say, at the end of a log whose last agent had the options. */
async function inKernel(log: string, position: Position): Promise<Verdicts> {
  const packets = join(folder, 'options.json')
  const ends = [
    ['203.0.113.9', 'plain'],
    ['10.0.0.1', 'plain'],
    ['plain', '203.0.113.9'],
    ['203.0.113.9', 'young'],
    ['10.0.0.1', 'young'],
    ['young', '203.0.113.9'],
  ]
  writeFileSync(packets, JSON.stringify(ends.map(([from, to]) => ({ from, to, port: 443 }))))
  const args = ['replay', '--kernel', '--log', log, '--packets', packets, '--at', String(position), '-o', 'json']
  const { code, out, err } = await hindcast(...args)
  assert.equal(code, 0, `${out}${err}`)
  const found: readonly { packet: { from: string; to: string }; sides: { kernel: { verdict: string } }[] }[] =
    JSON.parse(out).packets
  return Object.fromEntries(
    found.map(({ packet: { from, to }, sides }) => [`${from} -> ${to}`, sides[0]!.kernel.verdict]),
  )
}

test('A21 the programs enforce as the options say: always isolates who has no policy, never nobody, and reserved:init is isolated by default', {
  skip: KERNEL_REASON ?? false,
}, async () => {
  const kernelLog = join(folder, 'kernel.db')
  const clock = new VirtualClock()
  await using log = openSqliteLog({ path: kernelLog, now: () => clock.now() })
  let options = DEFAULT_POLICY_OPTIONS
  const policies = () => new EnginePolicyView(NODE, options)
  await using rig = new Rig({ log, policies, options: { hostAddresses: [IpAddress('10.0.0.1')] } })
  const endpoints = [
    { id: 1, name: 'plain', labels: ['k8s:app=plain'], ipv4: '10.0.0.11', device: 'lxc1' },
    // As a pod whose labels are not known yet.
    { id: 2, name: 'young', labels: ['reserved:init'], ipv4: '10.0.0.12', device: 'lxc2' },
  ]
  await rig.operator.submit({ kind: 'add-endpoints', node: NODE, endpoints })
  const verdicts = async (enforcement: PolicyOptions['enforcement']): Promise<Verdicts> => {
    options = { ...DEFAULT_POLICY_OPTIONS, enforcement }
    const agent = await rig.start()
    await rig.quiet(agent)
    const position = (await log.head())!
    await agent[Symbol.asyncDispose]()
    return inKernel(kernelLog, position)
  }
  const [outside, host] = ['203.0.113.9', '10.0.0.1']
  const open = { [`${outside} -> plain`]: 'allow', [`${host} -> plain`]: 'allow', [`plain -> ${outside}`]: 'allow' }
  const closed = { [`${outside} -> plain`]: 'deny', [`${host} -> plain`]: 'allow', [`plain -> ${outside}`]: 'deny' }
  const young = { [`${outside} -> young`]: 'deny', [`${host} -> young`]: 'allow', [`young -> ${outside}`]: 'deny' }
  const born = { [`${outside} -> young`]: 'allow', [`${host} -> young`]: 'allow', [`young -> ${outside}`]: 'allow' }
  assert.deepEqual(await verdicts('default'), { ...open, ...young })
  assert.deepEqual(await verdicts('always'), { ...closed, ...young })
  assert.deepEqual(await verdicts('never'), { ...open, ...born })
})
