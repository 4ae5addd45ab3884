import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Port } from '../../events/ids.ts'
import { resourceProblems, togetherProblems } from '../../projections/xds/check.ts'
import { httpListener } from '../../projections/xds/listeners.ts'
import type { NetworkPolicyMessage, PortNetworkPolicy, PortNetworkPolicyRule } from '../../projections/xds/messages.ts'
import { aPolicy } from './fixture.ts'

const withPorts = (...ports: readonly Partial<PortNetworkPolicy>[]): NetworkPolicyMessage => ({
  ...aPolicy(7),
  egressPerPortPolicies: ports.map((port) => ({ port: 80, endPort: 0, protocol: 'TCP', rules: [], ...port })),
})
const withRule = (rule: Partial<PortNetworkPolicyRule> & object): NetworkPolicyMessage =>
  withPorts({ rules: [{ ...aPolicy(7).ingressPerPortPolicies[0]!.rules[0]!, ...rule }] })
const withPath = (regex: string): NetworkPolicyMessage =>
  withRule({
    httpRules: {
      httpRules: [
        {
          headers: [{ name: ':path', invertMatch: false, stringMatch: { ignoreCase: false, safeRegex: { regex } } }],
          headerMatches: [],
        },
      ],
    },
  })

test('X22 a policy that Envoy takes has no problem', () => {
  for (const policy of [
    aPolicy(7, 1, 2),
    { ...aPolicy(7), endpointIps: ['fd00::7', '10.0.0.7'] },
    withPorts(
      { port: 0 },
      { port: 80 },
      { port: 80, protocol: 'UDP' },
      { port: 80, endPort: 90 },
      { port: 85, endPort: 99 },
    ),
    withRule({ serverNames: ['*.example.com', '**.example.com', 'a.b'] }),
    withPath('/v[0-9]+/.*'),
  ]) {
    assert.deepEqual(resourceProblems('npds', policy), [])
  }
})

test('X22 each thing that Envoy refuses in a policy is named', () => {
  const cases: readonly (readonly [NetworkPolicyMessage, RegExp])[] = [
    [{ ...aPolicy(7), endpointId: 0 }, /endpointId is 0/],
    [{ ...aPolicy(7), endpointIps: [] }, /0 addresses/],
    [{ ...aPolicy(7), endpointIps: ['10.0.0.1', '10.0.0.2', '10.0.0.3'] }, /3 addresses/],
    [{ ...aPolicy(7), endpointIps: ['10.0.0.256'] }, /not an address/],
    [withPorts({ port: 70_000 }), /port-too-high/],
    [withPorts({ port: 90, endPort: 80 }), /port-range-inverted/],
    [withPorts({ port: 0, endPort: 80 }), /port-range-of-any/],
    [withPorts({}, {}), /port-range-twice.*TCP 80-80/],
    [withPorts({ port: 80, endPort: 80 }, { port: 80 }), /port-range-twice/],
    [withRule({ remotePolicies: [5, 5] }), /identity-twice/],
    [withRule({ proxyId: 65_536 }), /proxy-id-too-high/],
    [withRule({ serverNames: ['a..b'] }), /server-name-invalid/],
    [withRule({ serverNames: [''] }), /server-name-invalid/],
    [withRule({ httpRules: { httpRules: [] } }), /l7-empty/],
    [withRule({ passPrecedence: 4 } as object), /passPrecedence is not supported/],
    [withPath('(?=look)'), /regex-invalid/],
    [withPath('('), /headers\/0: /],
  ]
  for (const [policy, problem] of cases) {
    const problems = resourceProblems('npds', policy)
    assert.equal(problems.length, 1, `${problem}: ${problems}`)
    assert.match(problems[0]!, problem)
  }
})

test('X22 hosts have whole prefixes, and a prefix belongs to one identity', () => {
  assert.deepEqual(resourceProblems('nphds', { policy: 1, hostAddresses: ['10.0.0.0/8', '10.0.0.1', 'fd00::/64'] }), [])
  const bad = resourceProblems('nphds', { policy: 1, hostAddresses: ['10.0.0.1/8', 'ten'] })
  assert.match(bad.join(), /10\.0\.0\.1\/8 has host bits.*ten is not/)
  const together = togetherProblems('nphds', [
    { policy: 1, hostAddresses: ['10.0.0.1'] },
    { policy: 2, hostAddresses: ['10.0.0.1/32'] },
  ])
  assert.deepEqual(together, ['prefix 10.0.0.1/32 is in 1 and in 2'])
})

test('X22 two policies share neither name nor address; two listeners no socket', () => {
  const policies = [aPolicy(7), { ...aPolicy(8), endpointIps: ['fd00::1', '10.0.0.7'] }, aPolicy(7)]
  assert.deepEqual(togetherProblems('npds', policies), [
    'address 10.0.0.7/32 is in 7 and in 8',
    'name 7 is in 7 and in 7',
    'address 10.0.0.7/32 is in 8 and in 7',
  ])
  const listener = (name: string) =>
    httpListener({ listener: name, direction: 'ingress', port: Port(14_567) }, { bpfRoot: '', ipcacheName: '' })
  assert.deepEqual(resourceProblems('lds', listener('a')), [])
  assert.equal(togetherProblems('lds', [listener('a'), listener('b')]).length, 2)
  const chains = listener('a').filterChains
  assert.match(
    resourceProblems('lds', { ...listener('a'), filterChains: [...chains, ...chains] })[0]!,
    /same connections/,
  )
  assert.match(resourceProblems('lds', { ...listener('a'), filterChains: [] })[0]!, /is empty/)
})
