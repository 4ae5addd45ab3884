/** Wishes of all kinds over few names, so that things come, change, go and come again; for properties of what is folded from their events. */
import fc from 'fast-check'
import { digestOf } from '../../events/canonical.ts'
import type { FactRef } from '../../events/facts.ts'
import type { ResourceRef } from '../../events/fields.ts'
import { type Cidr, IdentityId, IpAddress, LabelText, type NodeName, Position } from '../../events/ids.ts'
import type { Json } from '../../events/schema.ts'
import type { Command } from '../../src/decide/command.ts'

const small: fc.Arbitrary<number> = fc.integer({ min: 1, max: 3 })
/** Identities of the cluster are given away from here on. */
const FIRST_IDENTITY = 256

const peersOf = (n: number): readonly Json[] => [
  { toEndpoints: [{ matchLabels: { app: `web-${n}` } }], toPorts: [{ ports: [{ port: 'http', protocol: 'TCP' }] }] },
  { toFQDNs: [{ matchName: `www${n}.example.com` }] },
  { toCIDRSet: [{ cidrGroupRef: `g${n}` }] },
  { toCIDR: [`10.0.${n}.0/24`] },
  { toServices: [{ k8sService: { serviceName: `s${n}`, namespace: 'default' } }] },
  { toEntities: ['world'] },
]

const policyResource = (n: number) => ({ kind: 'CiliumNetworkPolicy', namespace: 'default', name: `p${n}` }) as const

function policyOf(n: number, app: number, egress: readonly Json[]): Command {
  const resource = policyResource(n)
  const spec = { endpointSelector: { matchLabels: { app: `web-${app}` } }, egress }
  const manifest = { kind: resource.kind, metadata: { name: resource.name, namespace: 'default' }, spec }
  const wish = { kind: 'policy', resource, manifest, rules: 1, inputDigest: digestOf(manifest) } as const
  return { kind: 'set-policies', wishes: [wish] }
}

const setPolicy = fc
  .tuple(small, small, small, fc.nat(5))
  .map(([n, app, name, peer]) => policyOf(n, app, [peersOf(name)[peer]!]))

/** Policies that name everything that may be there, for somebody who is there: what is resolved after them says what is known. */
export function probes(): readonly Command[] {
  const all = [1, 2, 3]
  const who: Command = { kind: 'allocate-identity', labels: appLabels(9), wanted: null }
  return [who, policyOf(9, 9, all.flatMap(peersOf))]
}

const setGroup = fc.tuple(small, small).map(([n, net]): Command => {
  const ref = { kind: 'CiliumCIDRGroup', namespace: null, name: `g${n}` } as const
  const fact = { kind: 'cidr-group', ref, labels: {}, prefixes: [`10.${net}.0.0/16` as Cidr] } as const
  return { kind: 'set-policies', wishes: [{ kind: 'fact', inputDigest: digestOf(n), fact }] }
})

const setService = fc.tuple(small, small).map(([n, host]): Command => {
  const service = { kind: 'Service', namespace: 'default', name: `s${n}` } as const
  const labelled = { kind: 'service', ref: service, labels: {} } as const
  const ref = { kind: 'Endpoints', namespace: 'default', name: `s${n}` } as const
  const served = { kind: 'backends', ref, service: `s${n}`, addresses: [IpAddress(`203.0.113.${host}`)] } as const
  const inputDigest = digestOf([n, host])
  return {
    kind: 'set-policies',
    wishes: [
      { kind: 'fact', inputDigest, fact: labelled },
      { kind: 'fact', inputDigest, fact: served },
    ],
  }
})

const removalOf = (refOf: (n: number) => ResourceRef | FactRef): fc.Arbitrary<Command> =>
  small.map((n) => ({ kind: 'delete-policies', resources: [refOf(n)], ignoreMissing: true }))

const appLabels = (n: number): readonly LabelText[] => [
  LabelText(`k8s:app=web-${n}`),
  LabelText('k8s:io.kubernetes.pod.namespace=default'),
]

export function aCommand(...nodes: readonly NodeName[]): fc.Arbitrary<Command> {
  const at = fc.record({ node: fc.constantFrom(...nodes), n: small })
  return fc.oneof(
    setPolicy,
    setGroup,
    setService,
    removalOf(policyResource),
    removalOf((n) => ({ kind: 'CiliumCIDRGroup', namespace: null, name: `g${n}` })),
    removalOf((n) => ({ kind: 'Service', namespace: 'default', name: `s${n}` })),
    small.map((n): Command => ({ kind: 'tag-position', name: `t${n}`, position: Position(BigInt(n)), move: true })),
    small.map((n): Command => ({ kind: 'allocate-identity', labels: appLabels(n), wanted: null })),
    small.map((n): Command => ({ kind: 'release-identity', identity: IdentityId(FIRST_IDENTITY - 1 + n) })),
    at.map(({ node, n }): Command => {
      const ports = n % 2 === 0 ? [] : [{ name: 'http', protocol: 'TCP' as const, port: 8_000 + n }]
      const endpoint = { id: n, name: `default/pod-${n}`, labels: [`k8s:app=web-${n}`], namedPorts: ports }
      return { kind: 'add-endpoints', node, endpoints: [endpoint] }
    }),
    at.map(({ node, n }): Command => ({ kind: 'delete-endpoints', node, endpoints: [String(n)] })),
    at.map(({ node, n }): Command => ({ kind: 'allocate-prefixes', node, prefixes: [`10.0.${n}.0/24` as Cidr] })),
    fc.tuple(at, small).map(([{ node, n }, host]): Command => {
      const answer = { name: `www${n}.example.com`, addresses: [`192.0.2.${host}`] }
      return { kind: 'learn-dns', node, ...answer, ttlSeconds: 60, askedBy: null }
    }),
    at.map(({ node, n }): Command => ({ kind: 'forget-dns', node, name: `www${n}.example.com`, addresses: [] })),
  )
}
