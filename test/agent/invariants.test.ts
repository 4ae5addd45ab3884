/** The checker of simulations sees what it is there to see. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { HindcastEvent } from '../../events/catalogue.ts'
import type { Recorded } from '../../events/recorded.ts'
import { Invariants } from './invariants.ts'
import { allow, policy, Rig } from './rig.ts'

const EMPIRE = 'k8s:org=empire'

/** One endpoint with an HTTP rule, and another that is only bumped. */
async function goodHistory(): Promise<readonly Recorded[]> {
  await using rig = new Rig()
  const agent = await rig.start()
  await rig.operator.addEndpoint(1, EMPIRE)
  await rig.operator.addEndpoint(2, 'k8s:org=alliance')
  await rig.quiet(agent)
  await rig.operator.setPolicy('landing', policy(EMPIRE, allow(EMPIRE, 80, { http: true }), allow('192.0.2.0/24')))
  await rig.quiet(agent)
  return [...(await rig.operator.history())]
}

function verdict(history: readonly Recorded[]): string {
  const invariants = new Invariants('node1')
  try {
    for (const recorded of history) invariants.check(recorded)
    invariants.checkSettled()
    return 'kept'
  } catch (error) {
    return (error instanceof Error ? error.message : String(error)).replace(/^[0-9]+ /, '')
  }
}

const without = (history: readonly Recorded[], gone: (event: HindcastEvent) => boolean): readonly Recorded[] =>
  history.filter(({ event }) => !gone(event))

const changed = (history: readonly Recorded[], change: (event: HindcastEvent) => HindcastEvent): readonly Recorded[] =>
  history.map((recorded) => ({ ...recorded, event: change(recorded.event) }))

test('A12 the checker keeps quiet about a good history and names what is wrong with others', async () => {
  const good = await goodHistory()
  assert.equal(verdict(good), 'kept')
  const isRedirect = (event: HindcastEvent): boolean =>
    event.type === 'PolicyMapWritten' && event.deltas.some(({ after }) => after?.verdict === 'redirect')
  const broken: readonly (readonly [RegExp, readonly Recorded[]])[] = [
    [/acknowledged the listener/, without(good, (event) => event.type === 'XdsAcked' && event.xds === 'lds')],
    [/acknowledged the network policy/, without(good, (event) => event.type === 'XdsAcked' && event.xds === 'npds')],
    [/map on the log is what is realised/, without(good, isRedirect)],
    [/a port that a listener has/, without(good, ({ type }) => type === 'ProxyPortAllocated')],
    [
      /in exactly one list/,
      changed(good, (event) => (event.type === 'PolicyReaction' ? { ...event, bump: [] } : event)),
    ],
    [/had no reaction/, without(good, ({ type }) => type === 'PolicyReaction' || type === 'EndpointRevisionBumped')],
    [/a build was asked for/, without(good, ({ type }) => type === 'EndpointRegenerationRequested')],
    [/one build runs at a time/, without(good, ({ type }) => /Succeeded|Bumped/.test(type))],
    [
      /a local identity is allocated|allocated identities/,
      without(good, (event) => event.type === 'IdentityAllocated' && event.scope === 'local'),
    ],
    [
      /not beyond the reactions/,
      changed(good, (event) =>
        event.type === 'EndpointRevisionBumped' ? { ...event, to: (event.to + 1) as typeof event.to } : event,
      ),
    ],
  ]
  for (const [expected, history] of broken) assert.match(verdict(history), expected)
})
