import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  HOLD_MAX_MS,
  NO_SUBSCRIPTION,
  next,
  onRequest,
  REFUSALS_FREE,
  type Served,
  type Subscription,
  type SubscriptionRequest,
  standing,
} from '../../src/xds/subscription.ts'

type Says = Partial<SubscriptionRequest> & { readonly nack?: string }

const request = ({ nack, ...says }: Says = {}): SubscriptionRequest => ({
  versionInfo: '',
  resourceNames: [],
  responseNonce: '',
  errorDetail: nack === undefined ? null : { message: nack },
  ...says,
})

/** `a1` is resource `a` with content 1. */
const served = (order: number, ...contents: readonly string[]): Served => ({
  version: `e.${order}`,
  order,
  resources: new Map(contents.map((content) => [content[0]!, Buffer.from(content)])),
})

/** Steps on one stream, in words: what was answered, then what was sent. */
class Walk {
  subscription: Subscription = NO_SUBSCRIPTION
  now = 0

  ask(says: Says = {}): string {
    const { after, answer } = onRequest(this.subscription, request(says), this.now)
    this.subscription = after
    return answer.kind
  }

  sends(what: Served | null): string {
    const step = next(this.subscription, what, this.now)
    this.subscription = step.after
    if (step.next.kind === 'wait') return `wait ${step.next.waitMs}`
    if (step.next.kind === 'nothing') return 'nothing'
    if (step.next.kind === 'covered') return `covered ${step.next.version}`
    const { nonce, version, resources } = step.next.response
    return `${nonce} ${version} ${[...resources.values()].map((bytes) => Buffer.from(bytes)).join(' ')}`.trimEnd()
  }
}

const begun = (what: Served, says: Says = {}): Walk => {
  const walk = new Walk()
  walk.ask(says)
  walk.sends(what)
  return walk
}

test('X11 the first request is answered even when it names our version and a nonce of another stream', () => {
  const walk = new Walk()
  assert.equal(walk.ask({ versionInfo: 'e.3', responseNonce: '17' }), 'first')
  assert.equal(walk.sends(served(3, 'a1')), '1 e.3 a1')
})

test('X11 before anything is published the answer waits, and then comes', () => {
  const walk = new Walk()
  assert.equal(walk.sends(served(1, 'a1')), 'nothing', 'nobody asked')
  walk.ask()
  assert.equal(walk.sends(null), 'nothing')
  assert.equal(walk.ask({ responseNonce: '9' }), 'names', 'no nonce can be stale yet')
  assert.equal(walk.sends(served(1)), '1 e.1', 'an empty world is an answer')
})

test('X12 a stale nonce changes nothing and is not answered', () => {
  const walk = begun(served(1, 'a1', 'b1'))
  for (const says of [
    { responseNonce: '0' },
    { responseNonce: '' },
    { responseNonce: '0', resourceNames: ['b'] },
    { responseNonce: '2', nack: 'no' },
  ]) {
    assert.equal(walk.ask(says), 'stale')
  }
  assert.equal(walk.sends(served(2, 'a2')), 'nothing', 'the first response is still unanswered')
  assert.equal(walk.ask({ responseNonce: '1' }), 'acked')
  assert.equal(walk.sends(served(2, 'a2')), '2 e.2 a2', 'and everything is still wanted')
})

test('X13 a refusal is known by its error alone, whatever version it names', () => {
  const cases = [
    [{ responseNonce: '1', versionInfo: 'e.1', nack: 'bad' }, 'nacked'],
    [{ responseNonce: '1', versionInfo: '', nack: '' }, 'nacked'],
    [{ responseNonce: '1', versionInfo: '' }, 'acked'],
    [{ responseNonce: '1', versionInfo: 'e.0' }, 'acked'],
  ] as const
  for (const [says, kind] of cases) assert.equal(begun(served(1, 'a1')).ask(says), kind, JSON.stringify(says))
})

test('X13 what was refused is not sent again until it changes', () => {
  const walk = begun(served(1, 'a1'))
  walk.ask({ responseNonce: '1', nack: 'bad' })
  assert.equal(walk.sends(served(1, 'a1')), 'nothing')
  assert.equal(walk.sends(served(2, 'a1')), 'nothing', 'another version of the same')
  assert.equal(standing(walk.subscription, 2), 'nacked', 'the refusal holds for it too')
  assert.equal(walk.sends(served(3, 'a3')), '2 e.3 a3')
})

test('X14 nothing is sent again after an acknowledgement, also for a version that changes nothing', () => {
  const walk = begun(served(1, 'a1'))
  walk.ask({ responseNonce: '1' })
  assert.equal(walk.sends(served(1, 'a1')), 'nothing')
  assert.equal(walk.sends(served(2, 'a1')), 'covered e.2')
  assert.equal(walk.sends(served(2, 'a1')), 'nothing', 'which is said once')
  assert.equal(standing(walk.subscription, 2), 'acked')
  assert.equal(walk.ask({ responseNonce: '1' }), 'names', 'a repeated acknowledgement is none')
})

test('X14 what is published while a response is unanswered becomes one response', () => {
  const walk = begun(served(1, 'a1'))
  for (const order of [2, 3, 4]) assert.equal(walk.sends(served(order, `a${order}`)), 'nothing')
  walk.ask({ responseNonce: '1' })
  assert.equal(walk.sends(served(4, 'a4')), '2 e.4 a4')
})

test('X14 what changed and changed back meanwhile is not sent', () => {
  const walk = begun(served(1, 'a1'))
  assert.equal(walk.sends(served(2, 'a2')), 'nothing')
  walk.ask({ responseNonce: '1' })
  assert.equal(walk.sends(served(3, 'a1')), 'covered e.3')
  assert.equal(standing(walk.subscription, 3), 'acked')
})

test('X15 names choose; only their changes are sent, but all of them', () => {
  const walk = begun(served(1, 'a1', 'b1', 'c1'), { resourceNames: ['a', 'b', 'x', 'a'] })
  assert.deepEqual([...walk.subscription.last!.resources.keys()], ['a', 'b'], 'each once, and what there is')
  walk.ask({ responseNonce: '1', resourceNames: ['a', 'b', 'x'] })
  assert.equal(walk.sends(served(2, 'a1', 'b1', 'c2')), 'covered e.2')
  assert.equal(standing(walk.subscription, 2), 'acked')
  assert.equal(walk.sends(served(3, 'a1', 'b3')), '2 e.3 a1 b3')
  walk.ask({ responseNonce: '2', resourceNames: ['a', 'b', 'x'] })
  assert.equal(walk.sends(served(4, 'a1', 'b3', 'x4')), '3 e.4 a1 b3 x4', 'one that came into being')
  walk.ask({ responseNonce: '3', resourceNames: ['a', 'b', 'x'] })
  assert.equal(walk.sends(served(5, 'a1', 'b3')), '4 e.5 a1 b3', 'and one that went')
})

test('X15 a newly named resource is sent, also where it was sent before', () => {
  const world = served(1, 'a1', 'b1')
  const walk = begun(world, { resourceNames: ['a'] })
  walk.ask({ responseNonce: '1', resourceNames: ['a', 'b'] })
  assert.equal(walk.sends(world), '2 e.1 a1 b1')
  walk.ask({ responseNonce: '2', resourceNames: ['b'] })
  assert.equal(walk.sends(world), 'nothing', 'fewer names need no answer')
  walk.ask({ responseNonce: '2', resourceNames: ['a', 'b'] })
  assert.equal(walk.sends(world), '3 e.1 a1 b1')
})

test('X15 an empty list means everything until a name was given, and nothing after', () => {
  const world = served(1, 'a1', 'b1')
  const walk = begun(world)
  walk.ask({ responseNonce: '1', resourceNames: ['a'] })
  assert.equal(walk.sends(world), '2 e.1 a1', 'naming one ends the wildcard')
  walk.ask({ responseNonce: '2', resourceNames: [] })
  assert.equal(walk.sends(served(2, 'a2', 'b2')), 'nothing', 'unsubscribed')
  walk.ask({ responseNonce: '2', resourceNames: ['*'] })
  assert.equal(walk.sends(served(2, 'a2', 'b2')), '3 e.2 a2 b2', 'a star is everything, said aloud')
  walk.ask({ responseNonce: '3', resourceNames: [] })
  assert.equal(walk.sends(served(3, 'a3')), 'nothing')
})

test('X16 a client that refuses everything in the same words hears less and less, and a change of mind ends it', () => {
  const walk = begun(served(1, 'a1'))
  const waits: string[] = []
  for (let order = 2; order < 14; order += 1) {
    walk.ask({ responseNonce: walk.subscription.last!.nonce, nack: 'bad' })
    const said = walk.sends(served(order, `a${order}`))
    if (!said.startsWith('wait')) continue
    waits.push(said)
    walk.now = walk.subscription.holdUntilMs
    assert.match(walk.sends(served(order, `a${order}`)), /^[0-9]+ e/, 'after the wait it is sent')
  }
  assert.equal(waits.length, 12 - REFUSALS_FREE)
  assert.deepEqual(waits.slice(0, 3), ['wait 100', 'wait 200', 'wait 400'])
  assert.equal(waits.at(-1), `wait ${HOLD_MAX_MS}`)
  walk.ask({ responseNonce: walk.subscription.last!.nonce, nack: 'worse' })
  assert.match(walk.sends(served(90, 'a90')), / e\.90 /, 'another refusal is news')
  walk.ask({ responseNonce: walk.subscription.last!.nonce })
  assert.equal(walk.subscription.refusals, 0)
})

test('X17 whoever acknowledged a later version has the earlier; a refusal counts until then', () => {
  const walk = begun(served(2, 'a2'))
  assert.equal(standing(walk.subscription, 2), 'waiting')
  walk.ask({ responseNonce: '1', nack: 'bad' })
  assert.equal(standing(walk.subscription, 2), 'nacked')
  assert.equal(standing(walk.subscription, 3), 'waiting')
  walk.sends(served(4, 'a4'))
  assert.equal(standing(walk.subscription, 2), 'nacked', 'while the repaired one is on its way')
  walk.ask({ responseNonce: '2' })
  assert.equal(standing(walk.subscription, 2), 'acked')
  walk.sends(served(5, 'a5'))
  walk.ask({ responseNonce: '3', nack: 'bad' })
  assert.equal(standing(walk.subscription, 4), 'acked')
  assert.equal(standing(walk.subscription, 5), 'nacked')
})

test('X14 in any history a client that answers is told the truth, once a change, and never twice the same', () => {
  const step = fc.oneof(
    fc.record({ do: fc.constant('publish' as const), contents: fc.subarray(['a1', 'a2', 'b1', 'c1']) }),
    fc.record({ do: fc.constantFrom('ack' as const, 'nack' as const, 'stale' as const) }),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const walk = new Walk()
      let [order, world, told] = [1, served(1, 'a1'), '']
      walk.ask()
      const send = (): void => {
        const said = walk.sends(world)
        if (/^(nothing|wait|covered)/.test(said)) return
        const contents = said.split(' ').slice(2).join(' ')
        assert.ok(order === 1 || contents !== told, 'not the same twice')
        told = contents
      }
      send()
      for (const each of steps) {
        if (each.do === 'publish') {
          order += 1
          world = served(order, ...new Map(each.contents.map((content) => [content[0]!, content])).values())
        } else {
          const nonce = each.do === 'stale' ? 'x' : walk.subscription.last!.nonce
          walk.ask(each.do === 'nack' ? { responseNonce: nonce, nack: String(order) } : { responseNonce: nonce })
        }
        send()
      }
      walk.ask({ responseNonce: walk.subscription.last!.nonce })
      walk.now = walk.subscription.holdUntilMs
      send()
      assert.equal(told, [...world.resources.values()].join(' '), 'in the end it knows what is served')
    }),
  )
})
