/** Generated NPDS policies and probes, over few values so that rules meet each other and the probes. */
import fc from 'fast-check'
import type { PortNetworkPolicy, PortNetworkPolicyRule } from '../../projections/xds/messages.ts'
import type { OracleProbe, OracleRequest } from '../oracle/network-policy.ts'
import { exact, headerMatch, http, portPolicy, portRule, present, regex } from './messages.ts'

export const REMOTES = [1, 2, 1001, 1002, 1003] as const
export const PORTS = [79, 80, 81, 443, 8080, 8081, 9000] as const
const PATHS = [
  '/',
  '/public',
  '/public/1',
  '/private',
  '/api/v1/users/7?x=1',
  '/api/v1',
  '/a',
  '/b',
  '/ab',
  '/public\n',
]
const EXPRESSIONS = [
  '/public.*',
  '/a|/b',
  '/api/v[0-9]+/users/[0-9]+.*',
  '/[a-z]+',
  '/',
  '.*',
  '/private',
  '(?i)/PUBLIC',
  '/public/[0-9]',
  '/api/.*',
  '/x',
  '^/a$',
]
const METHODS = ['GET', 'POST', 'PUT', 'get', 'GETX']
const HOSTS = ['web', 'db', 'web:80', 'web.star.wars']
const HEADERS = ['x-token', 'x-side', 'accept'] as const
const VALUES = ['light', 'dark', 'a', ''] as const
const NAMES = ['death.star', 'x.death.star', 'a.b.star', 'star', ''] as const

const matcher = fc.oneof(
  fc.constantFrom(...EXPRESSIONS).map((text) => regex(':path', text)),
  fc.constantFrom('GET', 'GET|POST', 'P.*', 'G').map((text) => regex(':method', text)),
  fc.constantFrom('web', 'web(:80)?', '.*star.*').map((text) => regex(':authority', text)),
  fc.tuple(fc.constantFrom(...HEADERS), fc.constantFrom(...VALUES), fc.boolean()).map(([name, value, invertMatch]) => ({
    ...exact(name, value),
    invertMatch,
  })),
  fc.tuple(fc.constantFrom(...HEADERS), fc.boolean()).map(([name, invertMatch]) => ({ ...present(name), invertMatch })),
)

const match = fc
  .record({
    name: fc.constantFrom(...HEADERS),
    value: fc.constantFrom(...VALUES),
    matchAction: fc.constantFrom('CONTINUE_ON_MATCH' as const, 'FAIL_ON_MATCH' as const, 'DELETE_ON_MATCH' as const),
    mismatchAction: fc.constantFrom(
      'FAIL_ON_MISMATCH' as const,
      'CONTINUE_ON_MISMATCH' as const,
      'ADD_ON_MISMATCH' as const,
      'DELETE_ON_MISMATCH' as const,
      'REPLACE_ON_MISMATCH' as const,
    ),
  })
  .map(({ name, value, ...actions }) => headerMatch(name, value, actions))

const httpRule = fc.record({
  headers: fc.array(matcher, { maxLength: 3 }),
  headerMatches: fc.oneof(
    { weight: 3, arbitrary: fc.constant([]) },
    { weight: 1, arbitrary: fc.array(match, { maxLength: 2 }) },
  ),
})

const rule: fc.Arbitrary<PortNetworkPolicyRule> = fc
  .record({
    deny: fc.oneof({ weight: 5, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
    precedence: fc.integer({ min: 0, max: 3 }),
    remotePolicies: fc.subarray([...REMOTES], { maxLength: 3 }),
    name: fc.constantFrom('rule-a', 'rule-b', ''),
    proxyId: fc.constantFrom(0, 0, 0, 10_001),
    serverNames: fc.oneof(
      { weight: 4, arbitrary: fc.constant([]) },
      { weight: 1, arbitrary: fc.subarray(['death.star', '*.star', '**.star', 'd*h.star'], { maxLength: 2 }) },
    ),
    httpRules: fc.oneof(
      { weight: 1, arbitrary: fc.constant([]) },
      { weight: 3, arbitrary: fc.array(httpRule, { minLength: 1, maxLength: 14 }) },
    ),
  })
  .map(({ httpRules, deny, ...rest }) =>
    portRule({ ...rest, ...(deny ? { deny } : httpRules.length === 0 ? {} : http(...httpRules)) }),
  )

const policy = fc
  .record({
    port: fc.constantFrom(0, ...PORTS),
    length: fc.constantFrom(0, 0, 1, 400),
    rules: fc.array(rule, { maxLength: 4 }),
    protocol: fc.constantFrom('TCP' as const, 'TCP' as const, 'UDP' as const),
  })
  .map(({ port, length, rules, protocol }) =>
    portPolicy(port, rules, { protocol, endPort: port === 0 || length === 0 ? 0 : port + length }),
  )

/** No range twice: such an update is refused. */
export const portPolicies: fc.Arbitrary<readonly PortNetworkPolicy[]> = fc.uniqueArray(policy, {
  maxLength: 5,
  selector: ({ port, endPort, protocol }) => `${protocol} ${port} ${endPort === 0 ? port : endPort}`,
})

export const request: fc.Arbitrary<OracleRequest> = fc.record({
  method: fc.constantFrom(...METHODS),
  path: fc.constantFrom(...PATHS),
  authority: fc.constantFrom(...HOSTS),
  headers: fc.array(fc.tuple(fc.constantFrom('X-Token', ...HEADERS), fc.constantFrom(...VALUES)), { maxLength: 3 }),
})

export const probe: fc.Arbitrary<Omit<OracleProbe, 'request'>> = fc.record({
  port: fc.constantFrom(...PORTS, 500, 1),
  remote: fc.constantFrom(...REMOTES, 999),
  serverName: fc.constantFrom(...NAMES),
  proxyPort: fc.constantFrom(10_000, 10_001),
})
