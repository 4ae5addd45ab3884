import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { checkNetworkPolicy } from '../../projections/l7/check.ts'
import type { HttpRequest } from '../../projections/l7/http-rule.ts'
import {
  compileNetworkPolicy,
  connectionVerdict,
  DENY_ALL,
  requestVerdict,
} from '../../projections/l7/network-policy.ts'
import { serverNameMatcher } from '../../projections/l7/server-name.ts'
import type { HeaderMatcher, NetworkPolicyMessage } from '../../projections/xds/messages.ts'
import { oracleAllows } from '../oracle/network-policy.ts'
import { portPolicies, probe, request } from './arbitrary.ts'
import { exact, headerMatch, http, ingress, portPolicy, present, regex, route } from './messages.ts'

const LUKE = 1001
const VADER = 1002
const at = { direction: 'ingress', port: 80, remote: LUKE, proxyPort: 10_000 } as const
const get = (path: string, more: Partial<HttpRequest> = {}): HttpRequest => ({
  method: 'GET',
  path,
  authority: 'death.star',
  headers: [],
  ...more,
})
const ask = (message: NetworkPolicyMessage, asked: HttpRequest, more: object = {}) =>
  requestVerdict(compileNetworkPolicy(message), { ...at, ...more, request: asked })

test('H2 a port that nothing covers is denied, a port without rules allows, and no policy denies', () => {
  const policy = ingress(portPolicy(80, []))
  assert.deepEqual(ask(policy, get('/')), {
    allowed: true,
    rule: null,
    reason: 'no-rules',
    mutations: [],
    missing: [],
    rejected: [],
  })
  assert.equal(ask(policy, get('/'), { port: 81 }).reason, 'no-port')
  assert.equal(ask(policy, get('/'), { direction: 'egress' }).allowed, false)
  assert.equal(requestVerdict(DENY_ALL, { ...at, request: get('/') }).allowed, false)
  assert.equal(connectionVerdict(DENY_ALL, at).allowed, false)
})

test('H3 rules of overlapping ranges and of port 0 hold together, and an empty list stays an allow', () => {
  const policy = ingress(
    portPolicy(80, [{ name: 'exact', remotePolicies: [LUKE] }]),
    portPolicy(70, [{ name: 'range', remotePolicies: [VADER] }], { endPort: 90 }),
    portPolicy(0, [{ name: 'any', deny: true, remotePolicies: [2] }]),
    portPolicy(443, []),
    portPolicy(80, [{ name: 'udp' }], { protocol: 'UDP' }),
  )
  const connect = (port: number, remote: number) =>
    connectionVerdict(compileNetworkPolicy(policy), { ...at, port, remote })
  assert.equal(connect(80, LUKE).rule, 'exact')
  assert.equal(connect(80, VADER).rule, 'range')
  assert.equal(connect(80, 3).reason, 'no-match')
  assert.equal(connect(90, LUKE).allowed, false)
  assert.equal(connect(90, VADER).allowed, true)
  assert.equal(connect(91, VADER).allowed, false)
  assert.deepEqual([connect(443, 2).allowed, connect(443, 2).rule], [false, 'any'])
  assert.equal(connect(443, 3).allowed, true)
})

test('H4 higher precedence wins, a denial wins within one, and an HTTP mismatch goes on below', () => {
  const policy = ingress(
    portPolicy(80, [
      { name: 'low', precedence: 1, remotePolicies: [LUKE] },
      { name: 'api', precedence: 5, remotePolicies: [LUKE, VADER], ...http(route('GET', '/api/.*')) },
      { name: 'empire', precedence: 3, deny: true, remotePolicies: [VADER] },
      { name: 'droid', precedence: 3, remotePolicies: [VADER] },
    ]),
  )
  assert.equal(ask(policy, get('/api/x')).rule, 'api')
  assert.equal(ask(policy, get('/other')).rule, 'low')
  assert.deepEqual([ask(policy, get('/api/x'), { remote: VADER }).allowed], [true])
  const denied = ask(policy, get('/other'), { remote: VADER })
  assert.deepEqual([denied.allowed, denied.rule, denied.reason], [false, 'empire', 'rule'])
})

test('H4 a rule for another listener says nothing, and one for another parser lets no request pass', () => {
  const policy = ingress(
    portPolicy(80, [
      { name: 'mine', proxyId: 10_001 },
      { name: 'kafka', l7Proto: 'kafka' },
    ]),
  )
  assert.equal(ask(policy, get('/')).allowed, false)
  assert.equal(ask(policy, get('/'), { proxyPort: 10_001 }).rule, 'mine')
  const connection = connectionVerdict(compileNetworkPolicy(policy), at)
  assert.deepEqual([connection.allowed, connection.parsers, connection.opaque.allowed], [true, ['kafka'], false])
})

test('H5 expressions match whole values: the method, the path with its query, the authority', () => {
  const policy = ingress(
    portPolicy(80, [http({ headers: [regex(':method', 'GET|PUT'), regex(':path', '/a|/b\\?x=[0-9]')] })]),
  )
  const answers = (['/a', '/b?x=7', '/b', '/a?', '/ab', '/a\n'] as const).map((path) => ask(policy, get(path)).allowed)
  assert.deepEqual(answers, [true, true, false, false, false, false])
  assert.equal(ask(policy, get('/a', { method: 'GETS' })).allowed, false)
  const host = ingress(portPolicy(80, [http({ headers: [regex(':authority', 'death\\.star')] })]))
  assert.equal(ask(host, get('/')).allowed, true)
  assert.equal(ask(host, get('/', { authority: 'deathxstar' })).allowed, false)
})

test('H5 header names match in any case, values are one joined by commas, and what is missing matches only absence', () => {
  const rule = (...headers: readonly HeaderMatcher[]) => ingress(portPolicy(80, [http({ headers })]))
  const sent = get('/', {
    headers: [
      ['X-Side', 'light'],
      ['x-side', 'dark'],
    ],
  })
  assert.equal(ask(rule(exact('x-side', 'light,dark')), sent).allowed, true)
  assert.equal(ask(rule(exact('x-side', 'light')), sent).allowed, false)
  assert.equal(ask(rule(present('x-side')), sent).allowed, true)
  assert.equal(ask(rule({ ...present('x-side'), invertMatch: true }), get('/')).allowed, true)
  assert.equal(ask(rule({ ...exact('x-side', 'dark'), invertMatch: true }), get('/')).allowed, false)
  assert.equal(ask(rule({ ...exact('x-side', 'dark'), invertMatch: true }), sent).allowed, true)
})

test('H5 an unreadable secret, as an inverted empty match, matches nothing', () => {
  const policy = ingress(portPolicy(80, [http({ headers: [{ ...exact('x-token', ''), invertMatch: true }] })]))
  for (const headers of [[], [['x-token', 'a']], [['x-token', '']]] as const) {
    assert.equal(ask(policy, get('/', { headers })).allowed, false)
  }
})

test('H5 a value above 8,192 characters matches no expression, inverted or not, alone or in a set', () => {
  const long = `/${'a'.repeat(8_192)}`
  const one = regex(':path', '/a*')
  const many = Array.from({ length: 20 }, (_, i) => ({ headers: [regex(':path', `/a*|/${i}`)] }))
  for (const rules of [[{ headers: [one] }], [{ headers: [{ ...one, invertMatch: true }] }], many]) {
    assert.equal(ask(ingress(portPolicy(80, [http(...rules)])), get(long)).allowed, false)
  }
  assert.equal(ask(ingress(portPolicy(80, [http(...many)])), get(long.slice(0, -1))).allowed, true)
})

test('H5 hundreds of expressions on one port answer as each alone', () => {
  const rules = Array.from({ length: 300 }, (_, i) => route('GET', `/sector/${i}/[a-z]+|/alt${i}`))
  const policy = compileNetworkPolicy(ingress(portPolicy(80, [http(...rules)])))
  const allowed = (path: string) => requestVerdict(policy, { ...at, request: get(path) }).allowed
  for (const i of [0, 7, 150, 299]) {
    assert.deepEqual([allowed(`/sector/${i}/x`), allowed(`/alt${i}`), allowed(`/sector/${i}/X`)], [true, true, false])
  }
  assert.equal(allowed('/alt300'), false)
})

test('H5 among many expressions the empty one is no wildcard, and a rule without a path still matches', () => {
  const rules = [route('GET', ''), ...Array.from({ length: 20 }, (_, i) => route('GET', `/${i}`))]
  const allowed = (more: readonly HeaderMatcher[], path: string, method = 'GET') =>
    ask(
      ingress(portPolicy(80, [http(...rules, ...more.map((matcher) => ({ headers: [matcher] })))])),
      get(path, { method }),
    ).allowed
  assert.deepEqual([allowed([], '/7'), allowed([], '/other'), allowed([], '')], [true, false, true])
  assert.equal(allowed([regex(':method', 'PUT')], '/other', 'PUT'), true)
  assert.equal(allowed([{ ...regex(':path', '/7'), invertMatch: true }], '/other', 'PUT'), true)
})

test('H6 header matches add, replace and delete, log, or stop the request', () => {
  const acting = (match: ReturnType<typeof headerMatch>, headers: HttpRequest['headers'] = []) =>
    ask(ingress(portPolicy(80, [http({ headerMatches: [match] })])), get('/', { headers }))
  const added = acting(headerMatch('x-side', 'light', { mismatchAction: 'ADD_ON_MISMATCH' }))
  assert.deepEqual(added.mutations, [{ kind: 'add', name: 'x-side', value: 'light' }])
  assert.deepEqual(added.missing, [{ name: 'x-side', value: 'light' }])
  const replaced = acting(headerMatch('x-side', 'light', { mismatchAction: 'REPLACE_ON_MISMATCH' }), [
    ['X-Side', 'dark'],
  ])
  assert.deepEqual(replaced.mutations, [{ kind: 'set', name: 'x-side', value: 'light' }])
  assert.deepEqual(replaced.rejected, [{ name: 'x-side', value: 'dark' }])
  const removed = acting(headerMatch('x-side', 'light', { mismatchAction: 'DELETE_ON_MISMATCH' }), [['x-side', 'dark']])
  assert.deepEqual(removed.mutations, [{ kind: 'remove', name: 'x-side' }])
  assert.deepEqual(acting(headerMatch('x-side', 'light', { mismatchAction: 'CONTINUE_ON_MISMATCH' })).mutations, [])
  assert.equal(acting(headerMatch('x-side', 'light')).allowed, false)
  assert.equal(
    acting(headerMatch('x-side', 'light', { matchAction: 'FAIL_ON_MATCH' }), [['x-side', 'light']]).allowed,
    false,
  )
  assert.deepEqual(acting(headerMatch('x-side', '', { matchAction: 'DELETE_ON_MATCH' }), [['x-side', 'a']]).mutations, [
    { kind: 'remove', name: 'x-side' },
  ])
})

test('H6 a rule that does not pass changes nothing, every passing rule of the deciding precedence acts, lower ones do not', () => {
  const add = (name: string) => headerMatch(name, '1', { mismatchAction: 'ADD_ON_MISMATCH' })
  const policy = ingress(
    portPolicy(80, [
      {
        precedence: 2,
        ...http({ headerMatches: [add('x-a'), headerMatch('x-none', '1')] }, { headerMatches: [add('x-b')] }),
      },
      { precedence: 2, ...http({ headerMatches: [add('x-c')] }) },
      { precedence: 1, ...http({ headerMatches: [add('x-d')] }) },
    ]),
  )
  assert.deepEqual(
    ask(policy, get('/')).mutations.map(({ name }) => name),
    ['x-b', 'x-c'],
  )
})

test('H6 a header value from a secret that is not served matches nothing and is not told', () => {
  const match = headerMatch('x-token', '', { valueSdsSecret: 'secrets/token', mismatchAction: 'REPLACE_ON_MISMATCH' })
  const verdict = ask(
    ingress(portPolicy(80, [http({ headerMatches: [match] })])),
    get('/', { headers: [['x-token', 'guess']] }),
  )
  assert.deepEqual(verdict.mutations, [{ kind: 'remove', name: 'x-token' }])
  assert.deepEqual(verdict.rejected, [{ name: 'x-token', value: '[redacted]' }])
  const failing = headerMatch('x-token', '', { valueSdsSecret: 'secrets/token' })
  const stopped = ask(
    ingress(portPolicy(80, [http({ headerMatches: [failing] })])),
    get('/', { headers: [['x-token', '']] }),
  )
  assert.equal(stopped.allowed, false)
})

test('H7 server names: ** is one or more labels, * is one label or part of one, case does not matter', () => {
  const table: readonly (readonly [pattern: string, name: string, matches: boolean])[] = [
    ['death.star', 'DEATH.star', true],
    ['death.star', 'x.death.star', false],
    ['*.star', 'death.star', true],
    ['*.star', 'x.death.star', false],
    ['*.star', 'star', false],
    ['**.star', 'x.death.star', true],
    ['**.star', 'star', false],
    ['**.star', 'death.star', true],
    ['d*h.star', 'dh.star', true],
    ['d*h.star', 'd.h.star', false],
    ['*eat*.star', 'death.star', true],
    ['**', 'a.b.c', true],
    ['**.b.**', 'a.b.b.c', true],
    ['death.star', 'death.star.', false],
    ['*', '', false],
    ['**.star', '.star', false],
  ]
  for (const [pattern, name, matches] of table)
    assert.equal(serverNameMatcher(pattern)!(name), matches, `${pattern} ${name}`)
  assert.equal(serverNameMatcher('a***b'), null)
})

test('H7 a rule with server names fits no connection that names none, and no plain request', () => {
  const policy = ingress(portPolicy(80, [{ name: 'sni', serverNames: ['death.star'] }]))
  const compiled = compileNetworkPolicy(policy)
  assert.equal(connectionVerdict(compiled, at).allowed, false)
  assert.equal(connectionVerdict(compiled, { ...at, serverName: 'death.star' }).rule, 'sni')
  assert.equal(ask(policy, get('/')).allowed, false)
})

test('H7 a connection that nobody can read is allowed only by rules that need no reading', () => {
  const policy = ingress(portPolicy(80, [http(route('GET', '/')), { name: 'plain', remotePolicies: [VADER] }]))
  const connect = (remote: number) =>
    connectionVerdict(compileNetworkPolicy(policy), { ...at, remote, serverName: 'a' })
  assert.deepEqual([connect(LUKE).allowed, connect(LUKE).opaque.allowed], [true, false])
  assert.deepEqual([connect(VADER).allowed, connect(VADER).opaque.rule], [true, 'plain'])
})

test('H1 everything that is wrong with a message is found, each with its path', () => {
  const message = ingress(
    portPolicy(0, [], { endPort: 9 }),
    portPolicy(90, [], { endPort: 80 }),
    portPolicy(80, [{ serverNames: ['a..b'], remotePolicies: [1, 1], proxyId: 70_000 }]),
    portPolicy(80, [http()]),
    portPolicy(81, [http({ headers: [regex(':path', '(')] }, { headers: [regex('bad name', 'a')] })]),
    portPolicy(83, [
      http({ headers: [regex(':path', 'a'.repeat(5_000))] }, { headers: [regex(':path', '.'.repeat(5_000))] }),
    ]),
    portPolicy(82, [http({ headerMatches: [headerMatch('Host', 'a', { mismatchAction: 'REPLACE_ON_MISMATCH' })] })]),
  )
  assert.deepEqual(
    checkNetworkPolicy(message).map(({ code, path }) => `${code} ${path}`),
    [
      'port-range-of-any /ingressPerPortPolicies/0',
      'port-range-inverted /ingressPerPortPolicies/1',
      'server-name-invalid /ingressPerPortPolicies/2/rules/0/serverNames/0',
      'identity-twice /ingressPerPortPolicies/2/rules/0/remotePolicies',
      'proxy-id-too-high /ingressPerPortPolicies/2/rules/0/proxyId',
      'port-range-twice /ingressPerPortPolicies/3',
      'l7-empty /ingressPerPortPolicies/3/rules/0/httpRules',
      'regex-invalid /ingressPerPortPolicies/4/rules/0/httpRules/httpRules/0/headers/0',
      'header-name-invalid /ingressPerPortPolicies/4/rules/0/httpRules/httpRules/1/headers/0',
      'regex-invalid /ingressPerPortPolicies/5/rules/0/httpRules/httpRules/1/headers/0',
      'header-not-mutable /ingressPerPortPolicies/6/rules/0/httpRules/httpRules/0/headerMatches/0',
    ],
  )
  assert.throws(() => compileNetworkPolicy(message), /port-range-inverted at .*; /)
})

test('H8 the compiled policy answers requests and connections as a plain walk over the message', () => {
  const once = fc.property(
    portPolicies,
    fc.array(fc.tuple(probe, request), { minLength: 20, maxLength: 20 }),
    (policies, asked) => {
      const compiled = compileNetworkPolicy(ingress(...policies))
      for (const [where, what] of asked) {
        const located = { direction: 'ingress', ...where } as const
        assert.equal(connectionVerdict(compiled, located).allowed, oracleAllows(policies, { ...where, request: null }))
        const verdict = requestVerdict(compiled, { ...located, request: what })
        assert.equal(verdict.allowed, oracleAllows(policies, { ...where, request: what }))
      }
    },
  )
  fc.assert(once, { numRuns: 500 })
})
