import assert from 'node:assert/strict'
import { test } from 'node:test'
import { IdentityId } from '../../events/ids.ts'
import type { PolicyEngine } from '../../projections/policy/engine.ts'
import { explain, explainRequest } from '../../projections/policy/explain.ts'
import { CLIENT, cluster, DB, WEB } from './small-cluster.ts'

const SUBJECT = { identity: IdentityId(WEB), namedPorts: [] }
const get = (path: string) => ({ method: 'GET', path, authority: 'web', headers: [] }) as const

const api = {
  ingress: [
    {
      fromEndpoints: [{ matchLabels: { app: 'client' } }],
      toPorts: [
        {
          ports: [{ port: '80', protocol: 'TCP' }],
          rules: { http: [{ method: 'GET', path: '/v1/.*' }, { path: '/health' }] },
        },
      ],
    },
  ],
}
const noDb = { ingressDeny: [{ fromEndpoints: [{ matchLabels: { app: 'db' } }] }] }

function explained(
  engine: PolicyEngine,
  identity: number,
  port: number,
): Extract<ReturnType<typeof explain>, { readonly kind: 'explained' }> {
  const found = explain(engine, SUBJECT, { direction: 'ingress', identity, protocol: 6, port })
  assert.ok(found.kind === 'explained')
  return found
}

test('R8 a verdict is explained by the entry that decides and the elements it comes from', () => {
  const { verdict, matchType, rules, considered } = explained(cluster([api, noDb]), CLIENT, 80)
  assert.deepEqual([verdict, matchType, rules], ['redirect', 'L3-L4', ['p0#/spec/ingress/0']])
  assert.deepEqual(
    considered.map(({ origin, effect, decides, lacks }) => [origin, effect, decides, lacks]),
    [
      ['p0#/spec/ingress/0', 'redirect', true, []],
      ['p1#/spec/ingressDeny/0', 'deny', false, ['peer']],
    ],
  )
  assert.deepEqual(explained(cluster([api, noDb]), DB, 80).rules, ['p1#/spec/ingressDeny/0'])
})

test('R8 default deny names who isolates and which rules came nearest, with what they lack', () => {
  const requires = { ingress: [{ fromRequires: [{ matchLabels: { env: 'live' } }] }] }
  const far = {
    ingress: [
      { fromEndpoints: [{ matchLabels: { app: 'db' } }], toPorts: [{ ports: [{ port: '53', protocol: 'UDP' }] }] },
    ],
  }
  const closed = explained(cluster([api, far]), CLIENT, 81)
  assert.deepEqual([closed.verdict, closed.entry, closed.isolatedBy], ['deny', null, ['p0#/spec', 'p1#/spec']])
  assert.deepEqual(
    closed.nearest.map(({ origin, lacks }) => [origin, lacks]),
    [['p0#/spec/ingress/0', ['port']]],
  )
  const narrowed = explained(cluster([api, requires]), CLIENT, 80)
  assert.deepEqual(
    narrowed.nearest.map(({ lacks }) => lacks),
    [['requirement']],
  )
  assert.deepEqual(explained(cluster([], { enforcement: 'always' }), CLIENT, 80).isolatedBy, [
    'reserved:enforcement-always',
  ])
})

test('R8 what nobody enforces is allowed for a reason that says so', () => {
  const open = explained(cluster([]), CLIENT, 80)
  assert.deepEqual([open.verdict, open.rules, open.isolatedBy], ['allow', ['reserved:allow-any-ingress'], []])
})

test('R8 a request is explained by the rule that lets it pass, or by what each rule misses', () => {
  const ask = (identity: number, path: string) =>
    explainRequest(cluster([api, noDb]), SUBJECT, { direction: 'ingress', identity, port: 80, request: get(path) })
  const passed = ask(CLIENT, '/v1/planets')
  assert.deepEqual([passed.allowed, passed.rule], [true, 'p0#/spec/ingress/0'])
  const denied = ask(CLIENT, '/v2')
  assert.deepEqual([denied.allowed, denied.reason], [false, 'no-match'])
  assert.deepEqual(denied.considered, [
    { origin: 'p0#/spec/ingress/0', rule: 0, unmet: [':path /v1/.*'] },
    { origin: 'p0#/spec/ingress/0', rule: 1, unmet: [':path /health'] },
  ])
  assert.equal(ask(DB, '/health').reason, 'connection-denied')
})

test('R8 an unresolvable policy explains itself', () => {
  const found = explain(
    cluster([]),
    { identity: IdentityId(4711), namedPorts: [] },
    { direction: 'egress', identity: 2, protocol: 6, port: 1 },
  )
  assert.equal(found.kind === 'unresolvable' && found.policy.code, 'identity-unknown')
})
