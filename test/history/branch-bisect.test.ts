/** Bisect up to a branch: the command that turned it. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Desk } from './branch-desk.ts'

const desk = new Desk()
const { at, run, did, asked } = desk
before(async () => {
  await desk.open()
  await did('branch', 'create', 'calm', '--at', at('noFighters'))
  await did('branch', 'without', 'calm', await added('no-fighters'))
  await did('branch', 'delete', 'calm', 'cnp/rule1')
})
after(desk.close)

/** Position of the first event that set the policy. */
async function added(policy: string): Promise<string> {
  return (await desk.positionsOf(policy))[0]!
}

const EXPECTED = ['allow', 'tiefighter', '->', 'deathstar:80', 'POST', '/v1/request-landing']

test('T88 bisect finds the command of a branch, in words with its diff; or the event, where it had turned before the fork', async () => {
  const found = await asked(
    'bisect',
    '--good',
    at('noFighters'),
    '--bad',
    'branch:calm',
    '--',
    'deny',
    ...EXPECTED.slice(1),
  )
  assert.deepEqual(found.command, {
    branch: 'calm',
    number: 1,
    said: `command 1: without ${await added('no-fighters')} (PolicyAdded CiliumNetworkPolicy/default/no-fighters)`,
  })
  assert.deepEqual([found.held.position, found.changes.policies.length], ['branch:calm/0', 1])
  const second = await did(
    'bisect',
    '--good',
    'branch:calm/1',
    '--bad',
    'branch:calm',
    '--',
    'deny',
    'xwing',
    '->',
    'deathstar:80',
  )
  assert.match(
    second,
    /^held until branch:calm\/1 from .*\nturned by command 2: delete CiliumNetworkPolicy\/default\/rule1, of branch calm\n\n/m,
  )
  assert.match(second, /^- policy CiliumNetworkPolicy\/default\/rule1$/m)
  await did('branch', 'create', 'late', '--at', at('noFighters'))
  await did('branch', 'delete', 'late', 'cnp/rule1')
  const event = await asked('bisect', '--good', at('exhaust'), '--bad', 'branch:late', '--', ...EXPECTED)
  assert.deepEqual([event.command, event.cause.position], [null, await added('no-fighters')])
  const by = [
    'bisect',
    '--good',
    at('ships'),
    '--bad',
    'branch:calm/1',
    '--run',
    'test "$HINDCAST_AT" != branch:calm/1',
  ]
  const first = JSON.parse((await run(...by, '-o', 'json')).out)
  assert.deepEqual([first.command.number, first.held.position], [1, 'branch:calm/0'])
})

test('T88 a good moment that is not on the way to the branch, or an expectation that did not turn, is said', async () => {
  const beside = await run('bisect', '--good', at('gone'), '--bad', 'branch:calm', '--', ...EXPECTED)
  assert.deepEqual([beside.code, /is not on the way to branch:calm\/2/.test(beside.err)], [3, true])
  const never = await run(
    'bisect',
    '--good',
    at('noFighters'),
    '--bad',
    'branch:calm',
    '--',
    'allow',
    'xwing',
    '->',
    'tiefighter:80',
  )
  assert.deepEqual([never.code, /it still holds at branch:calm\/2/.test(never.err)], [3, true])
  const backwards = await run('bisect', '--good', 'branch:calm', '--bad', 'branch:calm/1', '--', ...EXPECTED)
  assert.equal(backwards.code, 2)
})
