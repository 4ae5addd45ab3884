/** Generated policies, identities and names, small enough that rules meet each other. */
import fc from 'fast-check'
import type { Json } from '../../events/schema.ts'
import type { VectorIdentity, VectorOptions } from '../vectors/read.ts'

type Dictionary = { readonly [key: string]: Json }

const APPS = ['web', 'client', 'db'] as const
const ENVS = ['test', 'live'] as const
const NAMESPACES = ['default', 'prod'] as const
const PREFIXES = [
  '10.0.0.0/8',
  '10.1.0.0/16',
  '10.1.2.0/24',
  '10.1.2.3/32',
  '10.128.0.0/9',
  '192.168.0.0/16',
  '192.168.7.0/24',
  '203.0.113.9/32',
  'fd00::/16',
  'fd00:1::/32',
  'fd00:1::9/128',
] as const

export const RESERVED: readonly VectorIdentity[] = [
  { id: 1, labels: ['reserved:host'] },
  { id: 2, labels: ['reserved:world'] },
  { id: 3, labels: ['reserved:unmanaged'] },
  { id: 4, labels: ['reserved:health'] },
  { id: 5, labels: ['reserved:init'] },
  { id: 6, labels: ['reserved:remote-node'] },
  { id: 7, labels: ['reserved:kube-apiserver', 'reserved:remote-node'] },
  { id: 8, labels: ['reserved:ingress'] },
]

export const PODS: readonly VectorIdentity[] = NAMESPACES.flatMap((namespace, n) =>
  APPS.flatMap((app, a) =>
    ENVS.map((env, e) => ({
      id: 1000 + n * 100 + a * 10 + e,
      labels: [
        `k8s:app=${app}`,
        `k8s:env=${env}`,
        'k8s:io.cilium.k8s.policy.cluster=default',
        `k8s:io.kubernetes.pod.namespace=${namespace}`,
      ],
    })),
  ),
)

const PREFIX_IDENTITIES: readonly VectorIdentity[] = PREFIXES.map((cidr, i) => ({ id: 16_777_217 + i, cidr }))

export const ALL_IDENTITIES: readonly VectorIdentity[] = [...RESERVED, ...PODS, ...PREFIX_IDENTITIES]

export const DNS: { readonly [name: string]: readonly string[] } = {
  'web.example.com': ['203.0.113.9'],
  'db.web.example.com': ['10.1.2.3', 'fd00:1::9'],
  'example.com': [],
}
export const SERVICES = [
  { namespace: 'default', name: 'db', labels: { kind: 'old' }, backends: ['10.1.2.3'] },
  { namespace: 'prod', name: 'db', labels: { kind: 'new' }, backends: ['203.0.113.9', 'fd00:1::9'] },
] as const
export const GROUPS: { readonly [name: string]: readonly string[] } = {
  office: ['10.1.0.0/16', 'fd00::/16'],
  lab: ['192.168.0.0/16'],
}
export const POD_PORTS = [
  [
    { name: 'http', port: 80, protocol: 'TCP' },
    { name: 'dns', port: 53, protocol: 'UDP' },
  ],
  [
    { name: 'http', port: 80, protocol: 'TCP' },
    { name: 'admin', port: 8080, protocol: 'TCP' },
  ],
  [{ name: 'admin', port: 9090, protocol: 'TCP' }],
] as const

const pick = <T>(...values: readonly T[]): fc.Arbitrary<T> => fc.constantFrom(...values)

const requirement: fc.Arbitrary<Dictionary> = fc.oneof(
  fc.record({
    key: pick('app', 'k8s:env', 'any:app'),
    operator: pick('In', 'NotIn'),
    values: fc.subarray<Json>([...APPS, ...ENVS], { minLength: 1 }),
  }),
  fc.record({
    key: pick('app', 'env', 'k8s:io.kubernetes.pod.namespace', 'cidr:10.0.0.0/8'),
    operator: pick('Exists', 'DoesNotExist'),
  }),
)

const selector: fc.Arbitrary<Dictionary> = fc.oneof(
  { weight: 1, arbitrary: fc.constant({}) },
  { weight: 4, arbitrary: fc.record({ matchLabels: fc.record({ app: pick(...APPS) }) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      matchLabels: fc.record({ env: pick(...ENVS), 'k8s:io.kubernetes.pod.namespace': pick(...NAMESPACES) }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      matchLabels: pick<Dictionary>({ 'reserved:host': '' }, { 'reserved:world': '' }, { 'reserved:remote-node': '' }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ matchExpressions: fc.array(requirement, { minLength: 1, maxLength: 2 }) }) },
)

const entity = pick(
  'all',
  'world',
  'cluster',
  'host',
  'remote-node',
  'ingress',
  'init',
  'health',
  'unmanaged',
  'kube-apiserver',
  'none',
)
const prefix = pick(...PREFIXES, '0.0.0.0/0', '::/0', '10.0.0.0/9')
const cidrSet: fc.Arbitrary<Dictionary> = fc.oneof(
  fc.record({ cidr: prefix }),
  fc.record({
    cidr: fc.constant('10.0.0.0/8'),
    except: fc.subarray<Json>(['10.1.0.0/16', '10.1.2.0/24', '10.128.0.0/9'], { minLength: 1 }),
  }),
  fc.record({ cidr: fc.constant('0.0.0.0/0'), except: fc.constant<Json>(['10.0.0.0/8']) }),
  fc.record({
    cidrGroupRef: pick('office', 'lab', 'nowhere'),
    except: fc.subarray<Json>(['10.1.2.0/24', '192.168.7.0/24']),
  }),
  fc.record({
    cidrGroupSelector: fc.constantFrom<Json>(
      {},
      { matchLabels: { office: '' } },
      { matchExpressions: [{ key: 'lab', operator: 'DoesNotExist' }] },
    ),
    except: fc.subarray<Json>(['10.1.2.0/24']),
  }),
)

function list(item: fc.Arbitrary<Json>): fc.Arbitrary<Json> {
  return fc.array(item, { minLength: 1, maxLength: 2 })
}

function peers(direction: 'ingress' | 'egress'): fc.Arbitrary<Dictionary> {
  const word = direction === 'ingress' ? 'from' : 'to'
  const named = (suffix: string, item: fc.Arbitrary<Json>): fc.Arbitrary<Dictionary> =>
    list(item).map((value) => ({ [`${word}${suffix}`]: value }))
  const common = [
    fc.constant<Dictionary>({}),
    fc.constant<Dictionary>({ [`${word}Endpoints`]: [] }),
    named('Endpoints', selector),
    named('Endpoints', selector),
    named('Entities', entity),
    named('CIDR', prefix),
    named('CIDRSet', cidrSet),
  ]
  if (direction === 'ingress') return fc.oneof(...common)
  return fc.oneof(
    ...common,
    named(
      'FQDNs',
      pick<Json>(
        { matchName: 'web.example.com' },
        { matchPattern: '*.example.com' },
        { matchPattern: '**.example.com' },
        { matchPattern: '*' },
      ),
    ),
    named(
      'Services',
      pick<Json>(
        { k8sService: { serviceName: 'db', namespace: 'default' } },
        { k8sService: { serviceName: 'db' } },
        { k8sServiceSelector: { selector: { matchLabels: { kind: 'new' } } } },
      ),
    ),
  )
}

const port: fc.Arbitrary<Dictionary> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ port: pick('80', '53', '8080'), protocol: pick('TCP', 'TCP', 'UDP', 'ANY', 'SCTP') }),
  },
  { weight: 1, arbitrary: fc.record({ port: fc.constant('0'), protocol: pick('TCP', 'UDP', 'ANY') }) },
  {
    weight: 2,
    arbitrary: fc.record({ port: pick('http', 'dns', 'admin', 'nothing'), protocol: pick('TCP', 'UDP', 'ANY') }),
  },
  {
    weight: 2,
    arbitrary: pick<Dictionary>(
      { port: '50', endPort: 90, protocol: 'TCP' },
      { port: '1', endPort: 65_534, protocol: 'TCP' },
      { port: '79', endPort: 81, protocol: 'ANY' },
    ),
  },
)

const httpRule: fc.Arbitrary<Dictionary> = fc.record(
  {
    method: pick('GET', 'GET|POST', 'PUT'),
    path: pick('/', '/v1/.*', '/health'),
    host: pick('web\\.example', '.*'),
    headers: fc.subarray<Json>(['X-A', 'X-B: 1'], { minLength: 1 }),
    headerMatches: pick<Json>(
      [{ name: 'x-c', value: '1' }],
      [{ name: 'x-c', mismatch: 'LOG', value: '1' }],
      [{ name: 'x-c' }],
    ),
  },
  { requiredKeys: [] },
)
const TCP_PORTS: Json[] = [
  { port: '80', protocol: 'TCP' },
  { port: '8080', protocol: 'TCP' },
  { port: 'http', protocol: 'TCP' },
  { port: '50', endPort: 90, protocol: 'TCP' },
]
const l7Ports: fc.Arbitrary<Dictionary> = fc.record({
  ports: fc.subarray<Json>(TCP_PORTS, { minLength: 1, maxLength: 2 }),
  rules: fc.record({ http: fc.array<Json>(httpRule, { minLength: 1, maxLength: 2 }) }),
})
const kafkaPorts: fc.Arbitrary<Dictionary> = pick('9092', '9092', '9092', '8080').map((number) => ({
  ports: [{ port: number, protocol: 'TCP' }],
  rules: { kafka: [{ topic: 'web' }] },
}))
const namePorts: fc.Arbitrary<Dictionary> = fc.constant({
  ports: [{ port: '443', protocol: 'TCP' }],
  serverNames: ['web.example.com'],
})

function portsOf(deny: 'allow' | 'deny'): fc.Arbitrary<Dictionary> {
  const plain: fc.Arbitrary<Dictionary> = fc.record({ ports: fc.array<Json>(port, { minLength: 0, maxLength: 2 }) })
  const rules =
    deny === 'deny'
      ? plain
      : fc.oneof(plain, plain, plain, l7Ports, l7Ports, l7Ports, l7Ports, l7Ports, kafkaPorts, namePorts)
  return fc.oneof(
    { weight: 2, arbitrary: fc.constant<Dictionary>({}) },
    { weight: 5, arbitrary: list(rules).map((toPorts): Dictionary => ({ toPorts })) },
    {
      weight: 1,
      arbitrary: list(
        fc.record({ fields: list(fc.record({ family: pick('IPv4', 'IPv6'), type: pick(0, 8, 128) })) }),
      ).map((icmps): Dictionary => ({ icmps })),
    },
  )
}

function elements(direction: 'ingress' | 'egress', verdict: 'allow' | 'deny'): fc.Arbitrary<Json> {
  const requires = fc.oneof(
    { weight: 12, arbitrary: fc.constant<Dictionary>({}) },
    {
      weight: 1,
      arbitrary: list(selector).map(
        (value): Dictionary => ({ [direction === 'ingress' ? 'fromRequires' : 'toRequires']: value }),
      ),
    },
  )
  const auth = fc.oneof(
    { weight: 12, arbitrary: fc.constant<Dictionary>({}) },
    {
      weight: verdict === 'allow' ? 1 : 0,
      arbitrary: fc.constant<Dictionary>({ authentication: { mode: 'required' } }),
    },
  )
  return fc.tuple(peers(direction), portsOf(verdict), requires, auth).map((parts): Json => Object.assign({}, ...parts))
}

const spec: fc.Arbitrary<Dictionary> = fc.record(
  {
    ingress: fc.array(elements('ingress', 'allow'), { maxLength: 3 }),
    egress: fc.array(elements('egress', 'allow'), { maxLength: 3 }),
    ingressDeny: fc.array(elements('ingress', 'deny'), { maxLength: 2 }),
    egressDeny: fc.array(elements('egress', 'deny'), { maxLength: 2 }),
    enableDefaultDeny: pick<Json>({}, { ingress: false, egress: false }, { ingress: true }),
  },
  { requiredKeys: ['ingress'] },
)

const subject: fc.Arbitrary<Dictionary> = pick<Dictionary>(
  { endpointSelector: {} },
  { endpointSelector: { matchLabels: { app: 'web' } } },
  { endpointSelector: { matchExpressions: [{ key: 'env', operator: 'In', values: ['test', 'live'] }] } },
)

/** A CiliumNetworkPolicy, a clusterwide one, or one for nodes; a few are refused when read. */
export const policies: fc.Arbitrary<Json> = fc
  .tuple(
    subject,
    spec,
    pick('CiliumNetworkPolicy', 'CiliumNetworkPolicy', 'CiliumClusterwideNetworkPolicy', 'node'),
    pick(...NAMESPACES),
  )
  .map(([who, rule, kind, namespace]): Json => {
    if (kind === 'node')
      return policyObject('CiliumClusterwideNetworkPolicy', { name: 'p' }, { nodeSelector: {}, ...rule })
    const metadata = kind === 'CiliumNetworkPolicy' ? { name: 'p', namespace } : { name: 'p' }
    return policyObject(kind, metadata, { ...who, ...rule })
  })

const httpElement = (direction: 'ingress' | 'egress'): fc.Arbitrary<Json> => {
  const plain = fc.constant<Dictionary>({ toPorts: [{ ports: [{ port: '80', protocol: 'TCP' }] }] })
  const http = l7Ports.map((ports): Dictionary => ({ toPorts: [ports] }))
  const ports = fc.oneof(
    { weight: 6, arbitrary: http },
    { weight: 1, arbitrary: plain },
    { weight: 1, arbitrary: fc.constant<Dictionary>({}) },
  )
  return fc.tuple(peers(direction), ports).map((parts): Json => Object.assign({}, ...parts))
}

/** Mostly HTTP rules, for every pod of a namespace. */
export const httpPolicies: fc.Arbitrary<Json> = fc
  .record({
    ingress: fc.array(httpElement('ingress'), { minLength: 1, maxLength: 3 }),
    egress: fc.array(httpElement('egress'), { minLength: 1, maxLength: 3 }),
    ingressDeny: fc.array(elements('ingress', 'deny'), { maxLength: 1 }),
  })
  .map((rule) =>
    policyObject('CiliumNetworkPolicy', { name: 'p', namespace: 'default' }, { endpointSelector: {}, ...rule }),
  )

function policyObject(kind: string, metadata: Dictionary, rule: Dictionary): Json {
  return { apiVersion: 'cilium.io/v2', kind, metadata, spec: rule }
}

export const options: fc.Arbitrary<Partial<VectorOptions>> = fc.record({
  enforcement: pick('default' as const, 'default' as const, 'default' as const, 'always' as const, 'never' as const),
  allowLocalhost: pick('always' as const, 'policy' as const),
  enableRemoteNodeIdentity: fc.boolean(),
  enableHostFirewall: fc.boolean(),
  clusterName: fc.constant('default'),
})

/** Where subjects may stand: pods, a node's host, and one that has no labels yet. */
export const SUBJECTS: readonly number[] = [1000, 1001, 1010, 1100, 1, 5]

export const PROBE_PORTS: readonly (readonly [protocol: number, port: number])[] = [
  [6, 80],
  [6, 79],
  [6, 53],
  [6, 85],
  [6, 443],
  [6, 8080],
  [6, 9090],
  [6, 9092],
  [6, 65_535],
  [17, 53],
  [17, 80],
  [132, 80],
  [1, 8],
  [1, 0],
  [58, 128],
  [2, 0],
]

export type Request = {
  readonly method: string
  readonly path: string
  readonly authority: string
  readonly headers: readonly (readonly [string, string])[]
}

export const REQUESTS: readonly Request[] = [
  { method: 'GET', path: '/', authority: 'web.example', headers: [] },
  { method: 'POST', path: '/v1/x', authority: 'db.example', headers: [['x-a', '']] },
  {
    method: 'PUT',
    path: '/health',
    authority: 'web.example',
    headers: [
      ['X-B', '1'],
      ['X-C', '1'],
    ],
  },
  {
    method: 'GET',
    path: '/v1/x?y=1',
    authority: 'web.example',
    headers: [
      ['x-a', 'z'],
      ['x-b', '1'],
      ['x-c', '1'],
    ],
  },
]
