/** What a real node meets: ports that others took, devices that are not there. What is meant keeps being enforced, and the log says what happened. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { NODE } from '../../src/demo/cast.ts'
import { inNamespace } from '../../src/demo/network.ts'
import { firstLine } from '../../src/demo/process.ts'
import { KERNEL_REASON } from '../kernel/laboratory.ts'
import { RULES, Siege } from './siege.ts'

const skip = KERNEL_REASON ?? false
const LIMIT_MS = 30_000

/** Somebody else's server on a port of the node. */
async function occupy(siege: Siege, port: number): Promise<void> {
  const script = `require('node:net').createServer().listen(${port}, '127.0.0.1', () => console.log('ready'))`
  await firstLine(siege.start([...inNamespace(siege.node), process.execPath, '-e', script]), 'ready')
}

async function told(
  siege: Siege,
  ...types: readonly string[]
): Promise<readonly { readonly [key: string]: unknown }[]> {
  const out = await siege.console.must('log', '-o', 'jsonl', '--type', ...types)
  return out
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line).event)
}

async function until(what: string, condition: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + LIMIT_MS
  while (!(await condition())) {
    assert.ok(performance.now() < end, `waited ${LIMIT_MS} ms for ${what}`)
    await sleep(50)
  }
}

async function ports(siege: Siege): Promise<readonly string[]> {
  const events = await told(siege, 'ProxyPortAllocated', 'ProxyPortReleased')
  return events.map(({ type, port }) => `${type} ${port}`)
}

const LAND = { from: 'tiefighter', method: 'POST', path: '/v1/request-landing' } as const
const EXHAUST = { ...LAND, method: 'PUT', path: '/v1/exhaust-port' } as const

async function assertEnforced(siege: Siege): Promise<void> {
  const [landing, exhaust] = [await siege.stage.send(LAND), await siege.stage.send(EXHAUST)]
  assert.deepEqual(
    [landing, exhaust].map((reply) => (reply.kind === 'answered' ? reply.status : reply.reason)),
    [200, 403],
  )
  const drift = await siege.stage.drift(siege.state)
  assert.equal(drift?.none, true, drift?.output)
}

test('A19 a proxy port that somebody has taken is given up for another, at first and after a restart', {
  skip,
}, async () => {
  await using siege = new Siege()
  await siege.prepare()
  await occupy(siege, 10_000)
  {
    await using agent = siege.agent()
    await siege.console.must('endpoint', 'add', '--node', NODE, '-f', siege.stage.endpointFile)
    await siege.apply('rules', RULES)
    await siege.inForce(agent)
    assert.deepEqual(await ports(siege), [
      'ProxyPortAllocated 10000',
      'ProxyPortReleased 10000',
      'ProxyPortAllocated 10001',
    ])
    await assertEnforced(siege)
    await agent.kill()
  }
  await occupy(siege, 10_001)
  const { position } = await siege.where()
  await using successor = siege.agent()
  await until('another port', async () => (await ports(siege)).at(-1) === 'ProxyPortAllocated 10002')
  await siege.inForce(successor, position)
  await assertEnforced(siege)
})

test('A20 a device that is not there fails the builds of its endpoint only, until it is there', { skip }, async () => {
  await using siege = new Siege()
  await siege.prepare()
  await using agent = siege.agent()
  await siege.console.must('endpoint', 'add', '--node', NODE, '-f', siege.stage.endpointFile)
  await siege.apply('rules', RULES)
  await siege.inForce(agent)
  const ghost = join(siege.state, 'ghost.json')
  const mac = '02:00:00:00:00:99'
  const one = { id: 4242, name: 'default/ghost', labels: ['org=empire'], ipv4: '10.0.0.99' }
  writeFileSync(ghost, JSON.stringify([{ ...one, device: 'lxc4242', mac, nodeMac: mac }]))
  await siege.console.must('endpoint', 'add', '--node', NODE, '-f', ghost)
  await until('a failed build', async () => (await told(siege, 'EndpointRegenerationFailed')).length > 0)
  const [failure] = await told(siege, 'EndpointRegenerationFailed')
  assert.deepEqual([failure?.['endpoint'], failure?.['code'], failure?.['retryInMs']], [4242, 'no-device', 2_000])
  assert.match(String(failure?.['reason']), /there is no device lxc4242/)
  await assertEnforced(siege)
  const veth = ['link', 'add', 'lxc4242', 'type', 'veth', 'peer', 'name', 'ghost']
  execFileSync('ip', ['-n', siege.node, ...veth])
  await siege.inForce(agent)
  await assertEnforced(siege)
})
