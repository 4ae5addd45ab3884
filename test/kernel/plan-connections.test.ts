/** Which connections a plan would cut, asked of the kernel's own connection table; and then the plan is made so, and the programs are asked. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { EndpointId } from '../../events/ids.ts'
import type { Json } from '../../events/schema.ts'
import { worldFrom } from '../../src/history/state-at.ts'
import { ACK, type PacketSpec, packet, SYN, TCP, UDP } from '../../src/kernel/packet.ts'
import { openSqliteLog } from '../../src/log/sqlite/log.ts'
import { NODE } from '../agent/rig.ts'
import { hindcast } from '../cli/recorded-log.ts'
import { Scene } from '../contract/drift.ts'
import { VirtualClock } from '../doubles/clock.ts'
import { DROP, KERNEL_REASON, type Laboratory, PASS } from './laboratory.ts'
import { placed } from './placed.ts'

const DEATHSTAR = '10.0.0.111'
const TIEFIGHTER = '10.0.0.123'
const XWING = '10.0.0.209'
const OUTSIDE = '192.0.2.7'

function policy(...ingress: readonly Json[]): Json {
  const spec = { endpointSelector: { matchLabels: { class: 'deathstar' } }, ingress }
  return { kind: 'CiliumNetworkPolicy', metadata: { name: 'rule1', namespace: 'default' }, spec }
}

const ports = (port: string): Json => [{ ports: [{ port, protocol: 'TCP' }] }]
const EMPIRE: Json = { fromEndpoints: [{ matchLabels: { org: 'empire' } }] }
const WIDE = policy(
  EMPIRE,
  { fromEndpoints: [{ matchLabels: { class: 'xwing' } }], toPorts: ports('22') },
  { fromEntities: ['world'], toPorts: ports('80') },
)
const NARROW = policy(
  { ...(EMPIRE as object), toPorts: ports('80') },
  { fromCIDR: ['192.0.2.0/24'], toPorts: ports('80') },
)

type Connection = { readonly name: string; readonly spec: PacketSpec; readonly isCut: boolean }

const connection = (
  name: string,
  source: string,
  port: number,
  more: { readonly protocol?: number; readonly isCut: boolean },
): Connection => {
  const { protocol = TCP, isCut } = more
  return {
    name,
    isCut,
    spec: { source, destination: DEATHSTAR, protocol, sourcePort: 40_000 + port, destinationPort: port },
  }
}

const CONNECTIONS: readonly Connection[] = [
  connection('what stays allowed', TIEFIGHTER, 80, { isCut: false }),
  connection('another port', TIEFIGHTER, 443, { isCut: true }),
  connection('another protocol', TIEFIGHTER, 81, { protocol: UDP, isCut: true }),
  connection('another ship', XWING, 22, { isCut: true }),
  connection('from a prefix that only the plan names', OUTSIDE, 80, { isCut: false }),
  connection('from elsewhere', '198.51.100.3', 80, { isCut: true }),
]

function sent(lab: Laboratory, { spec }: Connection, tcpFlags: number): number {
  return lab.run('to_pod', packet(spec.protocol === TCP ? { ...spec, tcpFlags } : spec)).action
}

/** The pods' devices are the one at which test packets arrive. */
async function standAtLoopback(lab: Laboratory, scene: Scene): Promise<void> {
  await scene.model.catchUp(scene.rig.log)
  const world = worldFrom(scene.model, (await scene.rig.log.head())!)
  const view = world.nodes.get(NODE)?.endpoints.get(EndpointId(863))
  await lab.pod({ endpoint: 863, identity: view!.identity!, address: DEATHSTAR })
}

test('T45 what plan and branch show say of the kernel’s own connections is what its programs then do', {
  skip: KERNEL_REASON ?? false,
}, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'hindcast-plan-kernel-'))
  await using opened = await placed()
  const { lab } = opened
  const path = join(folder, 'log.db')
  const clock = new VirtualClock()
  await using log = openSqliteLog({ path, now: () => clock.now() })
  await using scene = await Scene.open(opened.datapath, log)
  await scene.policy(WIDE)
  await standAtLoopback(lab, scene)
  for (const one of CONNECTIONS) assert.equal(sent(lab, one, SYN), PASS, one.name)
  const file = join(folder, 'narrow.json')
  writeFileSync(file, JSON.stringify(NARROW))
  const where = ['--log', path, '--bpffs', lab.options.bpffs, '--flows', '0', '--connections', '-o', 'json']
  const plan = await hindcast('plan', '-f', file, ...where)
  assert.equal(plan.code, 1, plan.err)
  const [report] = JSON.parse(plan.out).connections
  const groups = report.groups.map(({ identity: _, ...group }: { identity: number }) => group)
  const cut = CONNECTIONS.filter(({ isCut }) => isCut).map(({ spec }) => ({
    ...{ node: NODE, endpoint: 863, direction: 'ingress', protocol: spec.protocol, port: spec.destinationPort },
    ...{ change: 'cut', count: 1 },
  }))
  const inOrder = (list: readonly unknown[]) =>
    list.map((one) => JSON.stringify(one, Object.keys(one as object).toSorted())).toSorted()
  assert.deepEqual(inOrder(groups), inOrder(cut))
  assert.deepEqual([report.coverage.seen, report.coverage.judged], [CONNECTIONS.length, CONNECTIONS.length])
  assert.equal((await hindcast('branch', 'create', 'narrow', '--log', path)).code, 0)
  assert.equal((await hindcast('branch', 'apply', 'narrow', '-f', file, '--log', path)).code, 0)
  const shown = await hindcast('branch', 'show', 'narrow', ...where)
  assert.deepEqual(JSON.parse(shown.out).connections, JSON.parse(plan.out).connections, shown.err)
  await scene.policy(NARROW)
  await standAtLoopback(lab, scene)
  for (const one of CONNECTIONS) assert.equal(sent(lab, one, ACK), one.isCut ? DROP : PASS, one.name)
  const late = await hindcast('branch', 'show', 'narrow', ...where)
  assert.deepEqual(
    [late.code, /connections are those of now, and the moment is not the head/.test(late.err)],
    [2, true],
  )
  rmSync(folder, { recursive: true })
})
