import assert from 'node:assert/strict'
import { test } from 'node:test'
import { IdentityId, Port } from '../../events/ids.ts'
import type { PolicyOptions } from '../../events/policy-options.ts'
import type { Json } from '../../events/schema.ts'
import { portPrefixes } from '../../projections/policy/resolve/port-range.ts'
import { matchesDnsPattern } from '../../projections/policy/select/dns-name.ts'
import {
  answer,
  CLIENT,
  cluster,
  DB,
  ingressTexts,
  mapOf,
  NARROW,
  resolved,
  rulesOf,
  WEB,
  WIDE,
} from './small-cluster.ts'
import { knownIdentity } from './vector-engine.ts'

type Spec = { readonly [key: string]: Json }
const fromClient: Spec = { fromEndpoints: [{ matchLabels: { app: 'client' } }] }
const fromDb: Spec = { fromEndpoints: [{ matchLabels: { app: 'db' } }] }
const tcp = (port: string, further: Spec = {}): Spec => ({ ports: [{ port, protocol: 'TCP', ...further }] })
const http = (path: string): Spec => ({ http: [{ path }] })

test('R2 a port range becomes the fewest prefixes, and every port of it is covered once', () => {
  assert.deepEqual(portPrefixes(80, 80), [{ port: 80, bits: 16 }])
  assert.deepEqual(
    portPrefixes(50, 90).map(({ port, bits }) => `${port}/${bits}`),
    ['50/15', '52/14', '56/13', '64/12', '80/13', '88/15', '90/16'],
  )
  assert.equal(portPrefixes(1, 65_534).length, 30)
  for (const [first, last] of [
    [1, 65_535],
    [3, 3],
    [1000, 2047],
    [65_535, 65_535],
  ] as const) {
    const ports = portPrefixes(first, last).flatMap(({ port, bits }) =>
      Array.from({ length: 2 ** (16 - bits) }, (_, i) => port + i),
    )
    assert.deepEqual(
      ports,
      Array.from({ length: last - first + 1 }, (_, i) => first + i),
    )
  }
})

test('R2 a port without protocol is three keys; port 0 is the whole protocol; without ports the key is the identity alone', () => {
  const policy = resolved(
    cluster([
      { ingress: [{ ...fromClient, toPorts: [{ ports: [{ port: '53' }, { port: '0', protocol: 'UDP' }] }] }] },
      { ingress: [{ fromEndpoints: [{ matchLabels: { app: 'db' } }] }] },
    ]),
  )
  assert.deepEqual(ingressTexts(policy), [
    '1001 6/53-16 allow',
    '1001 17/0-0 allow',
    '1001 132/53-16 allow',
    '1002 0/0-0 allow',
  ])
})

test('R3 a deny is stronger than a redirect, a redirect than an allow, wherever they stand', () => {
  const policy = resolved(
    cluster([
      { ingress: [{ ...fromClient, toPorts: [tcp('80')] }] },
      { ingress: [{ toPorts: [{ ...tcp('80'), rules: http('/') }] }] },
      { ingressDeny: [{ fromEndpoints: [{ matchLabels: { app: 'db' } }] }] },
    ]),
  )
  assert.equal(answer(policy, CLIENT, 80), 'redirect')
  assert.equal(answer(policy, DB, 80), 'deny')
  assert.deepEqual(ingressTexts(policy), ['0 6/80-16 redirect', '1002 0/0-0 deny'])
  const [redirect] = policy.redirects
  assert.deepEqual(redirect, { id: 'ingress:TCP:80:', direction: 'ingress', protocol: 'TCP', port: 80, parser: 'http' })
  assert.equal(policy.entries.find(({ redirect: id }) => id === redirect?.id)?.precedence, 0xffff_ff00 + 255 - 101)
})

test('R3 a key that a broader one makes needless is left out; a stronger one stays', () => {
  const policy = resolved(
    cluster([
      { ingress: [fromClient] },
      { ingress: [{ ...fromClient, toPorts: [tcp('80'), { ...tcp('81'), rules: http('/') }] }] },
      { ingress: [{ toPorts: [tcp('50', { endPort: 90 })] }] },
      { ingressDeny: [{ ...fromClient, toPorts: [tcp('22')] }] },
    ]),
  )
  assert.deepEqual(
    ingressTexts(policy).filter((text) => text.startsWith('1001')),
    ['1001 0/0-0 allow', '1001 6/22-16 deny', '1001 6/81-16 redirect'],
  )
})

test('R3 authentication that a rule asks for is not lost to a broader rule', () => {
  const policy = resolved(
    cluster([
      { ingress: [fromClient] },
      { ingress: [{ ...fromClient, toPorts: [tcp('80')], authentication: { mode: 'required' } }] },
    ]),
  )
  const own = policy.entries.filter(({ key }) => key.identity === CLIENT && key.direction === 'ingress')
  assert.deepEqual(
    own.map(({ key, authType }) => [key.port, authType]),
    [
      [0, 0],
      [80, 1],
    ],
  )
})

test('R3 a redirect is not lost to a narrower allow that asks for authentication', () => {
  const range = { ...tcp('50', { endPort: 90 }), rules: http('/') }
  const single = { ...fromClient, toPorts: [tcp('80')], authentication: { mode: 'required' } }
  for (const peers of [fromClient, {}]) {
    const policy = resolved(cluster([{ ingress: [{ ...peers, toPorts: [range] }] }, { ingress: [single] }]))
    assert.equal(answer(policy, CLIENT, 80), 'redirect')
    const own = policy.entries.find(({ key }) => key.identity === CLIENT && key.port === 80 && key.portBits === 16)
    assert.deepEqual(
      [own?.verdict, own?.authType, own?.redirect, own?.origins],
      ['redirect', 1, 'ingress:TCP:50-90:', ['p0#/spec/ingress/0', 'p1#/spec/ingress/0']],
    )
  }
})

test('R4 a denied prefix is denied with every narrower one, whatever is allowed around it', () => {
  const policy = resolved(
    cluster([{ ingress: [{ fromEntities: ['world'] }] }, { ingressDeny: [{ fromCIDR: ['10.0.0.0/8'] }] }]),
  )
  assert.deepEqual(
    [WIDE, NARROW, 2].map((id) => answer(policy, id, 80)),
    ['deny', 'deny', 'allow'],
  )
})

test('R4 an exception takes out what is inside it and what it is part of', () => {
  const set = (except: string): Spec => ({ ingress: [{ fromCIDRSet: [{ cidr: '10.0.0.0/8', except: [except] }] }] })
  const inside = resolved(cluster([{ ...set('10.1.0.0/16') }]))
  assert.deepEqual(
    [WIDE, NARROW].map((id) => answer(inside, id, 80)),
    ['deny', 'deny'],
  )
  const beside = resolved(cluster([{ ...set('10.2.0.0/16') }]))
  assert.deepEqual(
    [WIDE, NARROW].map((id) => answer(beside, id, 80)),
    ['deny', 'allow'],
  )
})

test('R4 whom nobody knows is taken by what takes everyone, and by nothing else', () => {
  const narrow = resolved(cluster([{ ingress: [{ fromEntities: ['world', 'cluster'] }, { fromEndpoints: [{}] }] }]))
  assert.equal(answer(narrow, 999, 80), 'deny')
  assert.equal(answer(resolved(cluster([{ ingress: [{ toPorts: [tcp('80')] }] }])), 999, 80), 'allow')
  assert.equal(answer(resolved(cluster([{ ingress: [{ fromEntities: ['all'] }] }])), 999, 80), 'allow')
})

test('R4 remote nodes that count as the host are denied with it, also when the host comes later', () => {
  const denyHost = { ingressDeny: [{ fromEndpoints: [{ matchLabels: { 'reserved:host': '' } }] }] }
  const engine = cluster([denyHost], { enableRemoteNodeIdentity: false })
  assert.deepEqual(
    [1, 6].map((id) => answer(resolved(engine), id, 80)),
    ['deny', 'deny'],
  )
  engine.apply({ kind: 'identities', added: [], removed: [IdentityId(1)] })
  assert.equal(answer(resolved(engine), 6, 80), 'allow')
  const host = knownIdentity({ id: 1, labels: ['reserved:host'] })
  assert.ok(engine.apply({ kind: 'identities', added: [host], removed: [] }).has(IdentityId(WEB)))
  assert.equal(answer(resolved(engine), 6, 80), 'deny')
})

test('R5 a direction is enforced where a rule speaks of it, or as the options say', () => {
  const enforced = (
    options: Partial<PolicyOptions>,
    specs: Parameters<typeof cluster>[0],
    id = WEB,
  ): readonly boolean[] => {
    const { ingressEnforced, egressEnforced } = resolved(cluster(specs, options), id)
    return [ingressEnforced, egressEnforced]
  }
  assert.deepEqual(enforced({}, []), [false, false])
  assert.deepEqual(enforced({}, [{ ingress: [{}] }]), [true, false])
  assert.deepEqual(enforced({}, [{ egressDeny: [{ toPorts: [tcp('80')] }] }]), [false, true])
  assert.deepEqual(enforced({ enforcement: 'always' }, []), [true, true])
  assert.deepEqual(enforced({ enforcement: 'never' }, [{ ingress: [{}] }]), [false, false])
  assert.deepEqual(enforced({}, [], 5), [true, true])
  assert.deepEqual(enforced({}, [{ nodeSelector: {}, ingress: [{}] }], 1), [false, false])
  assert.deepEqual(enforced({ enableHostFirewall: true }, [{ nodeSelector: {}, ingress: [{}] }], 1), [true, false])
})

test('R5 where no rule switches default deny on, rules hold and the rest is allowed, at L7 too', () => {
  const rule = {
    enableDefaultDeny: { ingress: false },
    ingress: [{ ...fromClient, toPorts: [{ ...tcp('80'), rules: http('/a') }] }],
    ingressDeny: [{ fromEndpoints: [{ matchLabels: { app: 'db' } }] }],
  }
  const policy = resolved(cluster([rule]))
  assert.deepEqual(
    [answer(policy, CLIENT, 80), answer(policy, CLIENT, 81), answer(policy, DB, 80)],
    ['redirect', 'allow', 'deny'],
  )
  const both = resolved(cluster([rule, { ingress: [{}] }]))
  assert.equal(answer(both, CLIENT, 81), 'deny')
  const [port] = both.networkPolicy.ingress.filter((one) => one.port === 80)
  assert.deepEqual(port?.rules[0]?.httpRules?.httpRules.at(-1), { headers: [], headerMatches: [] })
})

test('R5 the host is let in without a rule, at L7 too, except where a rule speaks of exactly the host', () => {
  const everyone = { ingress: [{ toPorts: [{ ...tcp('80'), rules: http('/a') }] }] }
  const names = (specs: Parameters<typeof cluster>[0], port: number): readonly string[] =>
    resolved(cluster(specs))
      .networkPolicy.ingress.find((one) => one.port === port)
      ?.rules.map(({ name }) => name) ?? []
  assert.deepEqual(names([everyone], 0), ['reserved:allow-localhost-ingress'])
  const host = { ingress: [{ fromEntities: ['host'], toPorts: [{ ...tcp('81'), rules: http('/a') }] }] }
  assert.deepEqual(names([everyone, host], 0), [])
  assert.ok(names([everyone, host], 80).includes('reserved:allow-localhost-ingress'))
  assert.deepEqual(names([everyone, host], 81), ['p1#/spec/ingress/0'])
})

test('R6 rules that contradict each other make the whole policy unresolvable, and both are named', () => {
  const kafka = { ingress: [{ ...fromClient, toPorts: [{ ...tcp('80'), rules: { kafka: [{ topic: 'a' }] } }] }] }
  const other = {
    ingress: [{ fromEndpoints: [{ matchLabels: { app: 'db' } }], toPorts: [{ ...tcp('80'), rules: http('/') }] }],
  }
  const policy = cluster([kafka, other]).resolve({ identity: IdentityId(WEB), namedPorts: [] })
  assert.deepEqual(policy, {
    kind: 'unresolvable',
    code: 'parser-conflict',
    reason: 'cannot merge conflicting L7 parsers (kafka/http) on 80/TCP',
    origins: ['p0#/spec/ingress/0', 'p1#/spec/ingress/0'],
  })
})

test('R6 rules contradict each other also where one of them takes nobody by now', () => {
  const kafka = {
    ingress: [{ fromEntities: ['none'], toPorts: [{ ...tcp('80'), rules: { kafka: [{ topic: 'a' }] } }] }],
  }
  const other = { ingress: [{ ...fromDb, toPorts: [{ ...tcp('80'), rules: http('/') }] }] }
  const policy = cluster([kafka, other]).resolve({ identity: IdentityId(WEB), namedPorts: [] })
  assert.equal(policy.kind === 'unresolvable' && policy.code, 'parser-conflict')
})

test('R6 an identity that nobody knows has no policy, rather than an open one', () => {
  const policy = cluster([]).resolve({ identity: IdentityId(4711), namedPorts: [] })
  assert.equal(policy.kind === 'unresolvable' && policy.code, 'identity-unknown')
})

test('R7 a selector that takes nobody gives no rule to the proxy, and no port is open to everyone by an empty list', () => {
  const nobody = { fromEndpoints: [{ matchLabels: { app: 'nobody' } }], toPorts: [{ ...tcp('80'), rules: http('/') }] }
  const { networkPolicy } = resolved(cluster([{ ingress: [nobody] }], { allowLocalhost: 'policy' }))
  assert.deepEqual(networkPolicy.ingress, [])
  assert.deepEqual(networkPolicy.egress, [{ port: 0, endPort: 0, protocol: 'TCP', rules: [] }])
})

test('R7 L3-only rules are port 0, plain allows of a port are one rule, remotes are ascending', () => {
  const { networkPolicy } = resolved(
    cluster(
      [
        { ingress: [{ ...fromDb, toPorts: [tcp('80')] }, { ...fromClient, toPorts: [tcp('80')] }, fromClient] },
        { ingressDeny: [{ ...fromDb, toPorts: [{ ports: [{ port: '80', endPort: 90, protocol: 'TCP' }] }] }] },
      ],
      { allowLocalhost: 'policy' },
    ),
  )
  assert.deepEqual(
    networkPolicy.ingress.map(({ port, endPort, rules }) => [
      port,
      endPort,
      rules.map(({ deny = false, remotePolicies, name }) => [deny, remotePolicies, name]),
    ]),
    [
      [0, 0, [[false, [CLIENT], 'p0#/spec/ingress/2']]],
      [80, 0, [[false, [CLIENT, DB], 'p0#/spec/ingress/0 and 1 more']]],
      [80, 90, [[true, [DB], 'p1#/spec/ingressDeny/0']]],
    ],
  )
})

test('R8 an entry names the elements that ask for what it is, and nobody else', () => {
  const policy = resolved(
    cluster([
      { ingress: [{ ...fromClient, toPorts: [{ ...tcp('80'), rules: http('/a') }] }] },
      { ingress: [{ ...fromClient, toPorts: [{ ...tcp('80'), rules: http('/b') }, tcp('81')] }] },
      { ingress: [{ ...fromClient, toPorts: [tcp('80')] }] },
    ]),
  )
  const own = policy.entries.filter(({ key }) => key.identity === CLIENT && key.direction === 'ingress')
  assert.deepEqual(
    own.map(({ key, origins }) => [key.port, origins]),
    [
      [80, ['p0#/spec/ingress/0', 'p1#/spec/ingress/0']],
      [81, ['p1#/spec/ingress/0']],
    ],
  )
})

test('R9 the prefixes that rules need are known, with exceptions cut out', () => {
  const engine = cluster([
    { egress: [{ toCIDRSet: [{ cidr: '10.0.0.0/30', except: ['10.0.0.1/32'] }] }, { toCIDR: ['0.0.0.0/0'] }] },
    {
      egress: [
        { toFQDNs: [{ matchPattern: '*.example.com' }] },
        { toServices: [{ k8sService: { serviceName: 'db' } }] },
      ],
    },
  ])
  engine.apply({ kind: 'dns', name: 'Web.Example.com.', addresses: ['203.0.113.9'] })
  const service = { namespace: 'default', name: 'db', labels: {}, backends: ['fd00::9'] }
  engine.apply({ kind: 'service', key: 'default/db', service })
  const required = engine.requiredPrefixes()
  assert.deepEqual([...required], ['10.0.0.0/32', '10.0.0.2/31', '203.0.113.9/32', 'fd00::9/128'])
  assert.equal(engine.requiredPrefixes(), required)
  engine.apply({ kind: 'dns', name: 'web.example.com', addresses: null })
  engine.apply({ kind: 'policy-removed', key: 'p0' })
  assert.deepEqual([...engine.requiredPrefixes()], ['fd00::9/128'])
})

test('R9 DNS patterns: a star stays inside a label, two in front are one label or more, one alone is every name', () => {
  const taken = (pattern: string): readonly string[] =>
    ['example.com', 'a.example.com', 'b.a.example.com', 'xample.com'].filter((name) => matchesDnsPattern(pattern, name))
  assert.deepEqual(taken('*.example.com'), ['a.example.com'])
  assert.deepEqual(taken('**.example.com'), ['a.example.com', 'b.a.example.com'])
  assert.deepEqual(taken('*xample.com'), ['example.com', 'xample.com'])
  assert.equal(taken('*').length, 4)
  assert.equal(matchesDnsPattern('*a*a*a*a*a*a*b', 'a'.repeat(60)), false)
})

test('R10 a policy that does not fit into its map is refused by the selector that fills it, and announced before', () => {
  const ports = Array.from({ length: 40 }, (_, i) => ({ port: String(1000 + i * 2), protocol: 'TCP' }))
  const fromMany = { fromEndpoints: [{ matchLabels: { app: 'many' } }] }
  const many = Array.from({ length: 400 }, (_, i) =>
    knownIdentity({ id: 5000 + i, labels: ['k8s:app=many', 'k8s:io.kubernetes.pod.namespace=default', `k8s:n=${i}`] }),
  )
  const engine = cluster([{ ingress: [{ ...fromMany, toPorts: [{ ports }] }] }])
  engine.apply({ kind: 'identities', added: many, removed: [] })
  const { entries, pressure } = resolved(engine)
  assert.equal(entries.length, 16_002)
  assert.deepEqual([pressure?.entries, pressure?.max], [16_002, 16_384])
  assert.match(pressure?.selector ?? '', /app In \(many\)/)
  const oneMore = { ingress: [{ ...fromMany, toPorts: [{ ports: [{ port: '80', protocol: 'UDP' }] }] }] }
  engine.apply({ kind: 'policy-set', key: 'more', rules: rulesOf(oneMore) })
  const full = engine.resolve({ identity: IdentityId(WEB), namedPorts: [] })
  assert.ok(full.kind === 'unresolvable')
  assert.equal(full.code, 'map-too-large')
  assert.match(full.reason, /app In \(many\)/)
  engine.apply({ kind: 'identities', added: [], removed: many.slice(0, 100).map(({ id }) => id) })
  assert.equal(resolved(engine).pressure, null)
})

test('R10 forty ports for hundreds of selectors that take everybody end in a refusal, and the engine goes on', () => {
  const ports = Array.from({ length: 40 }, (_, i) => ({ port: String(1000 + i * 3), endPort: 1500 + i * 3 }))
  const fromEndpoints = Array.from({ length: 200 }, (_, i) => ({
    matchExpressions: [{ key: 'n', operator: 'NotIn', values: [String(i)] }],
  }))
  const many = Array.from({ length: 1000 }, (_, i) =>
    knownIdentity({ id: 5000 + i, labels: ['k8s:io.kubernetes.pod.namespace=default', `k8s:n=${i}`] }),
  )
  const engine = cluster([{ ingress: [{ fromEndpoints, toPorts: [{ ports }] }] }])
  engine.apply({ kind: 'identities', added: many, removed: [] })
  const policy = engine.resolve({ identity: IdentityId(WEB), namedPorts: [] })
  assert.ok(policy.kind === 'unresolvable')
  assert.deepEqual([policy.code, policy.origins], ['map-too-large', ['p0#/spec/ingress/0']])
  engine.apply({ kind: 'policy-removed', key: 'p0' })
  assert.equal(resolved(engine).entries.length, 2)
})

test('R10 exceptions nested in exceptions cost what they cut, not what they multiply', () => {
  const except = Array.from(
    { length: 500 },
    (_, i) => `10.${i % 256}.${(i * 7) % 256}.${(i * 3) % 256}/${8 + (i % 25)}`,
  ).map((text) => text.replace(/^10\.[0-9]+\.[0-9]+\.[0-9]+\/8$/, '10.1.2.3/32'))
  const engine = cluster([{ egress: [{ toCIDRSet: [{ cidr: '10.0.0.0/8', except }] }] }])
  assert.ok(engine.requiredPrefixes().size <= 128 * except.length)
  assert.equal(resolved(engine).entries.filter(({ key }) => key.direction === 'egress').length, 0)
})

test('R2 every key of a resolved policy stands in the map once', () => {
  const policy = resolved(cluster([{ ingress: [fromClient] }]))
  assert.equal(mapOf(policy).size, policy.entries.length)
  assert.equal(new Set(policy.entries.map(({ key }) => JSON.stringify(key))).size, policy.entries.length)
})

test('R5 a port name means the port of the subject on ingress, and the one port on which all pods agree on egress', () => {
  const engine = cluster([
    { ingress: [{ ...fromClient, toPorts: [tcp('http')] }], egress: [{ toPorts: [tcp('http')] }] },
  ])
  const egress = (): readonly number[] =>
    resolved(engine).entries.flatMap(({ key }) => (key.direction === 'egress' ? [key.port] : []))
  assert.equal(answer(resolved(engine), CLIENT, 80), 'allow')
  assert.deepEqual(egress(), [])
  const ports = (port: number): readonly [{ readonly name: string; readonly port: Port; readonly protocol: 'TCP' }] => [
    { name: 'http', port: Port(port), protocol: 'TCP' },
  ]
  engine.apply({ kind: 'pod-ports', pod: 'a', ports: ports(8080) })
  engine.apply({ kind: 'pod-ports', pod: 'b', ports: ports(8080) })
  assert.deepEqual(egress(), [8080])
  engine.apply({ kind: 'pod-ports', pod: 'b', ports: ports(80) })
  assert.deepEqual(egress(), [])
  engine.apply({ kind: 'pod-ports', pod: 'b', ports: [] })
  assert.deepEqual(egress(), [8080])
})
