/** Agents that share one log on KurrentDB: the protocol double, the official client, the production agent; datapaths and proxies are doubles. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { EndpointId, NodeName } from '../../events/ids.ts'
import type { Recorded } from '../../events/recorded.ts'
import type { Json } from '../../events/schema.ts'
import { ipcacheOfNode } from '../../projections/ipcache.ts'
import { fold } from '../../projections/projection.ts'
import { world as worldProjection } from '../../projections/world.ts'
import { Invariants } from '../agent/invariants.ts'
import { hindcast } from '../cli/recorded-log.ts'
import { eventually } from '../doubles/eventually.ts'
import { KurrentDouble } from '../doubles/kurrentdb/double.ts'
import { ClusterNode } from './node.ts'

const folder = mkdtempSync(join(tmpdir(), `hindcast-cluster-${process.pid}-`))
after(() => rmSync(folder, { recursive: true }))

const [ENDOR, HOTH] = [NodeName('endor'), NodeName('hoth')]

const landing = (port: string): Json => ({
  apiVersion: 'cilium.io/v2',
  kind: 'CiliumNetworkPolicy',
  metadata: { name: 'rule1', namespace: 'default' },
  spec: {
    endpointSelector: { matchLabels: { org: 'empire', class: 'deathstar' } },
    ingress: [
      { fromEndpoints: [{ matchLabels: { org: 'empire' } }], toPorts: [{ ports: [{ port, protocol: 'TCP' }] }] },
    ],
  },
})

const DEATHSTAR = ['org=empire', 'class=deathstar'] as const
const TIEFIGHTER = ['org=empire', 'class=tiefighter'] as const

type Two = AsyncDisposable & { readonly double: KurrentDouble; readonly endor: ClusterNode; readonly hoth: ClusterNode }

const freshFolder = (): string => mkdtempSync(join(folder, 'state-'))

async function two(): Promise<Two> {
  await using stack = new AsyncDisposableStack()
  const double = stack.use(await KurrentDouble.start())
  const own = freshFolder()
  const start = (name: NodeName): Promise<ClusterNode> =>
    ClusterNode.start({ name, url: double.url, folder: own, deadlineMs: 1_000 })
  const endor = stack.use(await start(ENDOR))
  const hoth = stack.use(await start(HOTH))
  const kept = stack.move()
  return { double, endor, hoth, [Symbol.asyncDispose]: () => kept.disposeAsync() }
}

/** By key of its labels, the numbers that the history gave to each label set. */
function numbersOf(history: readonly Recorded[]): ReadonlyMap<string, readonly number[]> {
  const allocated = history.flatMap(({ event }) =>
    event.type === 'IdentityAllocated' && event.scope === 'cluster' ? [event] : [],
  )
  const byLabels = Map.groupBy(allocated, ({ labels }) => labels.join())
  return new Map([...byLabels].map(([labels, events]) => [labels, events.map(({ identity }) => identity)]))
}

test('N1 a label set that nodes see at once gets one identity, and two label sets never the same number', async () => {
  await using cluster = await two()
  const { endor, hoth } = cluster
  const ids = Array.from({ length: 8 }, (_, index) => index + 1)
  const add = (node: ClusterNode, host: number) =>
    ids.map(
      (id) => () => node.add(id, [`squad=${id % 4}`, `wing=${id < 5 ? 'both' : node.name}`], `10.0.${host}.${id}`),
    )
  for (const [index, one] of add(endor, 1).entries()) await Promise.all([one(), add(hoth, 2)[index]?.()])
  await eventually(() => {
    assert.equal(endor.pinned.specs.size, 8)
    assert.equal(hoth.pinned.specs.size, 8)
  })
  const numbers = numbersOf(await endor.history())
  assert.equal(numbers.size, 4 + 4 + 4, 'four that both have, four of each')
  assert.ok([...numbers.values()].every((given) => given.length === 1))
  assert.equal(new Set([...numbers.values()].flat()).size, numbers.size)
  for (const id of ids.filter((each) => each < 5)) {
    const [here, there] = [endor, hoth].map(({ pinned }) => pinned.specs.get(EndpointId(id))?.identity)
    assert.equal(here, there, `endpoint ${id}`)
  }
})

test('N2 a policy that is applied on one node is enforced on all; endpoints of one id on two nodes are two', async () => {
  await using cluster = await two()
  const { endor, hoth } = cluster
  await endor.add(1, DEATHSTAR, '10.0.1.1')
  await hoth.add(1, DEATHSTAR, '10.0.2.1')
  await hoth.add(2, TIEFIGHTER, '10.0.2.2')
  await hoth.apply(landing('80'))
  const both = await eventually(() => {
    const [here, there] = [endor.map(1), hoth.map(1)]
    assert.ok(
      here.some((entry) => /^i:.*:80\//.test(entry)),
      here.join(),
    )
    assert.deepEqual(there, here)
    return here
  })
  await endor.apply(landing('8080'))
  await eventually(() => {
    assert.notDeepEqual(hoth.map(1), both)
    assert.deepEqual(endor.map(1), hoth.map(1))
  })
  await hoth.submit({ kind: 'delete-endpoints', node: HOTH, endpoints: ['1'] })
  await eventually(() => assert.deepEqual(hoth.map(1), []))
  assert.notDeepEqual(endor.map(1), [])
})

test('N3 each node knows the addresses of all: they are on the log once, and go with their endpoint', async () => {
  await using cluster = await two()
  const { endor, hoth } = cluster
  await endor.add(1, DEATHSTAR, '10.0.1.1')
  await hoth.add(1, TIEFIGHTER, '10.0.2.1')
  await eventually(() => {
    assert.equal(endor.ipcache().length, 2)
    assert.deepEqual(endor.ipcache(), hoth.ipcache())
  })
  const history = await endor.history()
  const upserts = history.filter(({ event }) => event.type === 'IpcacheUpserted').map(({ stream }) => stream)
  assert.deepEqual(upserts.toSorted(), ['node-endor', 'node-hoth'])
  const world = fold(worldProjection, history)
  for (const node of [ENDOR, HOTH]) {
    const view = [...ipcacheOfNode(world, node).values()].map(({ prefix, identity }) => `${prefix} ${identity}`)
    assert.deepEqual(view.toSorted(), endor.ipcache(), 'what a reader of the log works out')
  }
  await hoth.submit({ kind: 'delete-endpoints', node: HOTH, endpoints: ['1'] })
  await eventually(() => assert.deepEqual([endor.ipcache().length, hoth.ipcache().length], [1, 1]))
})

test('N4 a node that was away catches up in order, and answers every revision that it missed', async () => {
  await using stack = new AsyncDisposableStack()
  const double = stack.use(await KurrentDouble.start())
  const start = (name: NodeName) => ClusterNode.start({ name, url: double.url, folder: freshFolder() })
  const endor = stack.use(await start(ENDOR))
  const away = stack.use(await start(HOTH))
  await away.add(1, DEATHSTAR, '10.0.2.1')
  await eventually(() => assert.ok(away.pinned.specs.has(EndpointId(1))))
  await away[Symbol.asyncDispose]()
  for (const port of ['80', '8080', '443']) await endor.apply(landing(port))
  const back = stack.use(await start(HOTH))
  await eventually(() => assert.ok(back.map(1).some((entry) => entry.includes(':443/'))))
  const history = await back.history()
  const answered = history.flatMap(({ event, stream }) =>
    event.type === 'PolicyReaction' && stream === 'node-hoth' ? [event.revision] : [],
  )
  assert.deepEqual(answered, [2, 3, 4])
  const invariants = [ENDOR, HOTH].map((node) => new Invariants(node))
  for (const one of invariants) {
    for (const recorded of history) one.check(recorded)
    one.checkSettled()
  }
})

test('N5 status tells from every node which node is behind, by how much and since when', async () => {
  await using stack = new AsyncDisposableStack()
  const double = stack.use(await KurrentDouble.start())
  const start = (name: NodeName) => ClusterNode.start({ name, url: double.url, folder: freshFolder() })
  const endor = stack.use(await start(ENDOR))
  const hoth = stack.use(await start(HOTH))
  for (const node of [endor, hoth]) await node.add(1, DEATHSTAR, `10.0.${node === endor ? 1 : 2}.1`)
  await endor.apply(landing('80'))
  await eventually(() => assert.deepEqual([endor.map(1).length, hoth.map(1).length], [3, 3]))
  const status = () => hindcast('status', '--log', double.url, '--state', freshFolder())
  await eventually(async () => assert.match((await status()).out, /all 2 nodes enforce revision 2\n/))
  await hoth[Symbol.asyncDispose]()
  await endor.apply(landing('8080'))
  await endor.apply(landing('443'))
  const changes = (await endor.history()).filter(({ event }) => event.type === 'PolicyAdded')
  const since = new Date(changes[1]?.recordedAt ?? 0).toISOString()
  await eventually(async () => {
    const { out } = await status()
    assert.match(
      out,
      new RegExp(`1 of 2 nodes enforce revision 4\\nhoth is behind with 1 of 1 endpoint, 2 revisions, since ${since}`),
    )
    assert.match(out, /^endor +started +model +default +1 +1 +0 +0 *$/m)
  })
})

test('L28 an agent that loses its server keeps its last good policy, allocates nothing, says so, and goes on when it is back', async () => {
  await using cluster = await two()
  const { double, endor } = cluster
  await endor.apply(landing('80'))
  await endor.add(1, DEATHSTAR, '10.0.1.1')
  const held = await eventually(() => {
    const map = endor.map(1)
    assert.ok(map.some((entry) => entry.includes('80')))
    return map
  })
  await double.down()
  await eventually(() => assert.match(endor.said.join(''), /the log is away: the last good policy, revision 2, stays/))
  const before = (await endor.history()).length
  await assert.rejects(() => endor.add(2, TIEFIGHTER, '10.0.1.2'), { code: 'log-unavailable' })
  assert.deepEqual(endor.map(1), held)
  assert.equal((await endor.history()).length, before, 'nothing is allocated, nothing is decided')
  await double.up()
  await eventually(() => assert.match(endor.said.join(''), /the log is back/))
  await eventually(() => endor.add(2, TIEFIGHTER, '10.0.1.2'))
  await endor.apply(landing('8080'))
  await eventually(() =>
    assert.ok(
      endor.map(1).some((entry) => entry.includes('8080')),
      endor.map(1).join(),
    ),
  )
})

test('L28 an agent that starts while its server is away waits with what its copy holds, and starts when it is back', async () => {
  await using stack = new AsyncDisposableStack()
  const double = stack.use(await KurrentDouble.start())
  const options = {
    name: ENDOR,
    url: `${double.url}&prefix=late`,
    folder: freshFolder(),
    deadlineMs: 500,
  }
  const first = await ClusterNode.start(options)
  await first.add(1, DEATHSTAR, '10.0.1.1')
  await eventually(() => assert.ok(first.pinned.maps.has(EndpointId(1))))
  await first[Symbol.asyncDispose]()
  await double.down()
  let started = false
  const starting = ClusterNode.start(options).then((node) => {
    started = true
    return stack.use(node)
  })
  await sleep(1_500)
  assert.equal(started, false)
  await double.up()
  const second = await starting
  assert.ok((await second.history()).some(({ event }) => event.type === 'AgentStarted'))
})
