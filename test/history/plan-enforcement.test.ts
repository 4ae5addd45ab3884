import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { hindcast, type Ran } from '../cli/recorded-log.ts'
import { INCIDENTS } from '../gallery/incidents.ts'
import { record } from '../gallery/stage.ts'

const folder = mkdtempSync(join(tmpdir(), 'hindcast-enforcement-'))
before(async () => {
  for (const incident of INCIDENTS.filter(({ name }) => name === 'audit-mode')) await record(folder, incident)
})
after(() => rmSync(folder, { recursive: true }))

const run = (...args: readonly string[]): Promise<Ran> => hindcast(...args, '--state', join(folder, 'audit-mode'))
const plan = (mode: string, ...more: readonly string[]): Promise<Ran> =>
  run('plan', '--enable-policy', mode, '--no-connections', '--flows', '0', ...more)

type Delta = {
  readonly key: object
  readonly before: { readonly verdict: string } | null
  readonly after: { readonly verdict: string } | null
}
const essence = (deltas: readonly Delta[]): readonly string[] =>
  deltas.map(({ key, before: was, after: is }) => JSON.stringify([key, was?.verdict, is?.verdict])).toSorted()

test('T74 plan --enable-policy says before what an agent with that option then does: maps, enforcement and verdicts of each endpoint', async () => {
  const { code, out } = await plan('never', '--at', 'tag:enforced', '-o', 'json')
  assert.equal(code, 1)
  const planned = JSON.parse(out)
  assert.deepEqual(planned.enforcement, [{ node: 'node1', before: 'default', after: 'never' }])
  assert.deepEqual([planned.endpoints.length, planned.unaffected], [1, 2])
  const done = JSON.parse((await run('diff', 'tag:enforced..', '-o', 'json')).out)
  const changed = done.endpoints.filter(({ map }: { map: readonly Delta[] }) => map.length > 0)
  const ids = (all: readonly { readonly endpoint: number }[]): readonly number[] => all.map(({ endpoint }) => endpoint)
  assert.deepEqual(ids(planned.endpoints), ids(changed))
  assert.deepEqual(essence(planned.endpoints[0].map), essence(changed[0].map))
  assert.deepEqual(planned.endpoints[0].ingressEnforced, { before: true, after: false })
  const semantic = JSON.parse((await run('diff', '--semantic', 'tag:enforced..', '-o', 'json')).out)
  assert.ok(semantic.differences.length > 0)
  assert.deepEqual(planned.endpoints[0].differences, semantic.differences)
})

test('T74 the other modes, nothing to change, and a policy with it', async () => {
  const always = JSON.parse((await plan('always', '--at', 'tag:enforced', '-o', 'json')).out)
  const enforced = always.endpoints.map(
    ({
      endpoint,
      ingressEnforced,
      egressEnforced,
    }: {
      endpoint: number
      ingressEnforced: object
      egressEnforced: object
    }) => [endpoint, ingressEnforced, egressEnforced],
  )
  const comes = { before: false, after: true }
  assert.deepEqual(enforced, [
    [775, comes, comes],
    [863, { before: true, after: true }, comes],
    [2216, comes, comes],
  ])
  const same = await plan('default', '--at', 'tag:enforced')
  assert.equal(same.code, 0)
  assert.match(same.out, /^0 endpoints would be regenerated, 3 would not\n/)
  const back = await plan('default')
  assert.equal(back.code, 1)
  assert.match(
    back.out,
    /^~ node node1 \/enforcement never -> default\n~ endpoint 863 .*\n {2}~ ingress would be enforced\n/,
  )
  // With the policy gone there is nothing to enforce again.
  const both = JSON.parse((await plan('default', '--delete', 'cnp/default/rule1', '-o', 'json')).out)
  assert.deepEqual([both.enforcement.length, both.policies[0].kind, both.endpoints], [1, 'removed', []])
  assert.equal((await run('plan')).code, 2)
  assert.equal((await plan('sometimes')).code, 2)
})

test('T20 what a build wrote followed from what it was asked for, not from what it happened to read last', async () => {
  const asked = ['bisect', '--good', 'tag:enforced', '-o', 'json', '--', 'deny', 'xwing', '->', 'deathstar:80']
  const state = ['--state', join(folder, 'audit-mode')]
  const turn = JSON.parse((await hindcast(...asked.slice(0, 5), ...state, ...asked.slice(5))).out)
  assert.deepEqual([turn.event.type, turn.cause.type], ['PolicyMapWritten', 'AgentStarted'])
  const gone = JSON.parse((await run('blame', '863', 'ingress:257:80/TCP', '-o', 'json')).out).items[0]
  assert.deepEqual([gone.value, gone.event.position, gone.cause], [null, turn.event.position, turn.cause])
})
