import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { EndpointState } from '../../events/endpoint.ts'
import { transition } from '../../projections/endpoint/state-machine.ts'

const STATES: readonly EndpointState[] = [
  'waiting-for-identity',
  'waiting-to-regenerate',
  'regenerating',
  'restoring',
  'ready',
  'disconnecting',
  'disconnected',
  'invalid',
]

/** One row per state of departure, one column per state of arrival in the order of `STATES`: m moved, k kept, · refused. */
const ANYONE = `
none                    m··m····
waiting-for-identity    ····mm·m
waiting-to-regenerate   kk·m·m··
regenerating            mm·m·m··
restoring               ···m·m··
ready                   mm·m·m··
disconnecting           ······m·
disconnected            ········
invalid                 ········`

const BUILDER = `
none                    ········
waiting-for-identity    ········
waiting-to-regenerate   ··m·k···
regenerating            ····m···
restoring               ··m·····
ready                   ········
disconnecting           ········
disconnected            ········
invalid                 ········`

const LETTER = { moved: 'm', kept: 'k', refused: '·' } as const

for (const [by, expected] of [
  ['anyone', ANYONE],
  ['builder', BUILDER],
] as const) {
  test(`A1 every transition by ${by} is Cilium's`, () => {
    const rows = [null, ...STATES].map((from) => {
      const cells = STATES.map((to) => LETTER[transition(from, to, by).kind])
      return `${(from ?? 'none').padEnd(24)}${cells.join('')}`
    })
    assert.equal(`\n${rows.join('\n')}`, expected)
  })
}

test('A1 a refusal says who asked for what', () => {
  assert.deepEqual(transition('ready', 'regenerating', 'builder'), {
    kind: 'refused',
    reason: 'builder may not move an endpoint from ready to regenerating',
  })
})
