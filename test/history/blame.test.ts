import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { canonicalText } from '../../events/canonical.ts'
import { decodeEvent } from '../../events/codec.ts'
import type { Recorded } from '../../events/recorded.ts'
import { fold } from '../../projections/projection.ts'
import { world } from '../../projections/world.ts'
import { blame } from '../../src/history/blame.ts'
import { IN_MEMORY, openReadModel } from '../../src/readmodel/model.ts'
import { hindcast, type RecordedLog, recordedLog } from '../cli/recorded-log.ts'
import { randomLog } from './random-story.ts'

let log: RecordedLog
before(async () => {
  log = await recordedLog()
})
after(() => log[Symbol.dispose]())

const ask = (...args: readonly string[]) => hindcast(...args, '--log', log.path)
const KEY = 'ingress:29439:80/TCP'
const RULE = 'CiliumNetworkPolicy/default/rule1#/spec/ingress/0'

test('T17 diff says what came, went and changed, sorted, with labels, rules and both moments', async () => {
  const { code, out } = await ask('diff', 'rev:1..rev:2')
  assert.equal(code, 1)
  assert.deepEqual(out.split('\n'), [
    '~ policy revision 1 -> 2',
    '+ policy CiliumNetworkPolicy/default/rule1',
    '  + /kind "CiliumNetworkPolicy"',
    '  + /metadata {"name":"rule1","namespace":"default"}',
    '~ endpoint 863 default/deathstar',
    `  + ingress k8s:class=tiefighter k8s:org=empire 80/TCP redirect proxy 14567 precedence 1  ${RULE}`,
    '',
    'between 13 2026-05-04T14:00:12.000Z..15 2026-05-04T14:00:14.000Z',
    '',
  ])
  const back = await ask('diff', 'rev:2..rev:1', '-o', 'json')
  const { endpoints, policies } = JSON.parse(back.out)
  assert.deepEqual([policies[0].kind, endpoints[0].map[0].kind], ['removed', 'removed'])
  assert.deepEqual(endpoints[0].map[0].labels, ['k8s:class=tiefighter', 'k8s:org=empire'])
})

test('T17 diff is narrowed by endpoint and namespace, and ends with 0 where nothing is different', async () => {
  const all = JSON.parse((await ask('diff', '1..HEAD', '-o', 'json')).out)
  assert.deepEqual([all.identities.length, all.ipcache.length, all.endpoints.length], [3, 3, 3])
  const one = JSON.parse((await ask('diff', '1..', '--endpoint', '775', '-o', 'json')).out)
  assert.deepEqual([one.identities.length, one.endpoints[0].name, one.endpoints.length], [0, 'default/xwing', 1])
  const none = await ask('diff', '1..HEAD', '-n', 'kube-system')
  assert.match(none.out, /^~ policy revision 1 -> 3\n/)
  assert.deepEqual(
    [(await ask('diff', '9..9')).code, (await ask('diff', '9..9')).out.split('\n')[0]],
    [0, 'no difference'],
  )
  assert.equal((await ask('diff', '1..2..3')).code, 2)
  assert.equal((await ask('diff', '1..99')).code, 3)
})

test('T18 blame names event, rule, policy and person, for an entry that is there and for one that is gone', async () => {
  const there = JSON.parse((await ask('blame', '863', '--at', 'rev:2', '-o', 'json')).out)
  const [entry] = there.items
  assert.deepEqual([entry.event.position, entry.event.type, entry.rules[0].origin], ['15', 'PolicyMapWritten', RULE])
  assert.deepEqual([entry.rules[0].policy.position, entry.rules[0].policy.actor], ['14', 'user vader'])
  const gone = JSON.parse((await ask('blame', '863', KEY, '-o', 'json')).out).items[0]
  assert.deepEqual([gone.value, gone.event.position, gone.rules[0].origin], [null, '17', RULE])
  assert.deepEqual([gone.rules[0].policy.position, gone.rules[0].policy.type], ['16', 'PolicyDeleted'])
  const { out } = await ask('blame', '863', '--at', 'rev:2')
  assert.match(out, /^ENTRY +VERDICT +SINCE +TIME +RULES +BY +LABELS/)
  assert.match(out, new RegExp(`${KEY} +redirect 14567 +15 +2026-05-04T14:00:14.000Z +${RULE} +user vader +k8s:class`))
})

test('T18 history has every version, newest first; keys are taken in words and in the word of the log', async () => {
  for (const key of [KEY, 'i:29439:6:80/16']) {
    const { items } = JSON.parse((await ask('history', '863', key, '-o', 'json')).out)
    assert.deepEqual(
      items.map(({ value, event }: { value: { verdict: string } | null; event: { position: string } }) => [
        event.position,
        value?.verdict ?? 'gone',
      ]),
      [
        ['17', 'gone'],
        ['15', 'redirect'],
      ],
    )
  }
  const past = JSON.parse((await ask('history', '863', KEY, '--at', '16', '-o', 'json')).out)
  assert.equal(past.items.length, 1)
})

test('T18 what was never there is named, with what is', async () => {
  const never = await ask('blame', '863', 'ingress:29439:443/TCP', '--at', 'rev:2')
  assert.deepEqual([never.code, never.out], [3, ''])
  assert.match(
    never.err,
    /no-such-entry: ingress:29439:443\/TCP was never in the map of 863; its map has ingress:29439:80\/TCP/,
  )
  const endpoint = await ask('blame', '7')
  assert.deepEqual([endpoint.code, /there are 775, 863, 2216/.test(endpoint.err)], [3, true])
  for (const wrong of ['80/TCP', 'ingress:x:80/TCP', 'ingress:1:80-82/TCP', 'ingress:1:80', 'i:1:2']) {
    assert.deepEqual([wrong, (await ask('blame', '863', wrong)).code], [wrong, 2])
  }
})

test('T18 without the event that is blamed the entry would be another, unless a later event wrote it again', async () => {
  const random = await randomLog(42, 1_500)
  using model = await openReadModel(random, IN_MEMORY)
  const events: Recorded[] = []
  for await (const batch of random.readAll({ direction: 'forwards', after: null }))
    events.push(...batch.map(decodeEvent))
  const at = events.at(-1)!.position
  const state = fold(world, events)
  let checked = 0
  for (const [node, { endpoints }] of state.nodes) {
    for (const [endpoint, { policyMap }] of endpoints) {
      for (const { value, event, key } of await blame({ log: random, model }, { node, endpoint, key: null, at })) {
        const without = fold(
          world,
          events.filter(({ position }) => String(position) !== event.position),
        )
        const entries = [...(without.nodes.get(node)?.endpoints.get(endpoint)?.policyMap.values() ?? [])]
        const other = entries.find((entry) => canonicalText(entry.key) === canonicalText(key))?.value ?? null
        const present = [...policyMap.values()].find((entry) => canonicalText(entry.key) === canonicalText(key))
        assert.deepEqual(present?.value, value)
        if (canonicalText(other) === canonicalText(value)) {
          const later = events
            .filter(({ position }) => position > BigInt(event.position))
            .map((recorded) => recorded.event)
          assert.ok(later.some((each) => each.type === 'PolicyMapWritten' && each.endpoint === endpoint))
        } else checked += 1
      }
    }
  }
  assert.ok(checked > 10, `${checked} entries depend on the event that is blamed`)
})
