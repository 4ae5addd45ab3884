/** Agents that share one log on KurrentDB: the protocol double, the official client, the production agent; datapaths and proxies are doubles. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { EndpointId, NodeName } from '../../events/ids.ts'
import type { Json } from '../../events/schema.ts'
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

let clusters = 0
async function two(): Promise<Two> {
  clusters += 1
  await using stack = new AsyncDisposableStack()
  const double = stack.use(await KurrentDouble.start())
  const start = (name: NodeName): Promise<ClusterNode> =>
    ClusterNode.start({ name, url: `${double.url}&prefix=c${clusters}`, folder, deadlineMs: 1_000 })
  const endor = stack.use(await start(ENDOR))
  const hoth = stack.use(await start(HOTH))
  const kept = stack.move()
  return { double, endor, hoth, [Symbol.asyncDispose]: () => kept.disposeAsync() }
}

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
    folder: mkdtempSync(join(folder, 'late-')),
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
