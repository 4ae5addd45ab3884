/** Two machines, each with its agent on the kernel, one log on a server between them: real processes, real packets from pod to pod. */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { eventually } from '../doubles/eventually.ts'
import { KERNEL_REASON } from '../kernel/laboratory.ts'
import { ENDOR, HOTH, Machines, type Pod } from './machines.ts'

const DEATHSTAR: Pod = { id: 1, name: 'deathstar', labels: ['org=empire', 'class=deathstar'] }
const TIEFIGHTER: Pod = { id: 2, name: 'tiefighter', labels: ['org=empire', 'class=tiefighter'] }
const XWING: Pod = { id: 3, name: 'xwing', labels: ['org=alliance', 'class=xwing'] }
const PATIENCE_MS = 60_000

const POLICY = `apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: rule1, namespace: default}
spec:
  endpointSelector: {matchLabels: {org: empire, class: deathstar}}
  ingress:
    - fromEndpoints: [{matchLabels: {org: empire}}]
      toPorts:
        - ports: [{port: "80", protocol: TCP}]
          rules: {http: [{method: POST, path: /v1/request-landing}]}
`

test('N6 two machines share one log: what is applied through one is enforced by the other on real packets, and both tell the same story', {
  skip: KERNEL_REASON ?? false,
  timeout: 240_000,
}, async () => {
  await using machines = await Machines.start()
  const rule = join(machines.folder, 'rule1.yaml')
  writeFileSync(rule, POLICY)
  for (const machine of [ENDOR, HOTH]) machines.agent(machine)
  const here = [machines.pod(ENDOR, DEATHSTAR)]
  const there = [machines.pod(HOTH, TIEFIGHTER), machines.pod(HOTH, XWING)]
  await machines.deathstar(ENDOR, DEATHSTAR)
  for (const [machine, pods] of [
    [ENDOR, here],
    [HOTH, there],
  ] as const) {
    const file = join(machines.folder, `${machine.name}.json`)
    writeFileSync(file, JSON.stringify(pods))
    const added = await machines.hindcast(machine, 'endpoint', 'add', '-f', file, '--node', machine.name)
    assert.equal(added.code, 0, added.err)
  }
  const landing = `http://${ENDOR.pods}.1/v1/request-landing`
  const settled = (revision: number) =>
    eventually(async () => {
      const { out } = await machines.hindcast(HOTH, 'status')
      assert.match(out, new RegExp(`all 2 nodes enforce revision ${revision}\n`), out)
      assert.match(out, /endor +started +kernel +default +1 +1 /)
      assert.match(out, /hoth +started +kernel +default +2 +2 /)
    }, PATIENCE_MS)
  await settled(1)
  assert.equal(await machines.ask(XWING, 'POST', landing), '200', 'no policy, no denial')
  const applied = await machines.hindcast(HOTH, 'apply', '-f', rule)
  assert.match(applied.out, /rule1 added, revision 2/, applied.err)
  await settled(2)
  const enforced = async (): Promise<readonly string[]> => [
    await machines.ask(TIEFIGHTER, 'POST', landing),
    await machines.ask(TIEFIGHTER, 'PUT', `http://${ENDOR.pods}.1/v1/exhaust-port`),
    await machines.ask(XWING, 'POST', landing),
  ]
  assert.deepEqual(await enforced(), ['200', '403', 'nothing within 1500 ms'])
  const questions = [
    ['status'],
    ['why', '--from', 'xwing', '--to', 'deathstar', '--port', '80'],
    ['log', '--until', new Date().toISOString()],
    ['bpf', 'ipcache', 'list', '--node', 'endor'],
  ]
  for (const question of questions) {
    const [one, other] = [await machines.hindcast(ENDOR, ...question), await machines.hindcast(HOTH, ...question)]
    assert.equal(one.err, '')
    assert.deepEqual(one, other, question.join(' '))
  }
  await machines.stopServer()
  assert.deepEqual(await enforced(), ['200', '403', 'nothing within 1500 ms'], 'enforcement needs no server')
  await eventually(() => assert.match(machines.agentLog(ENDOR), /the log is away: the last good policy, revision 2/))
})
