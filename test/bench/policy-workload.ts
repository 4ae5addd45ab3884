/** Policies and identities of the recorded workloads: rules of which each takes one client, in the shapes that Go's engine was measured with. */
import { Cidr, IdentityId, LabelText } from '../../events/ids.ts'
import type { Json } from '../../events/schema.ts'
import type { KnownIdentity, PolicyChange } from '../../projections/policy/engine.ts'
import { readPolicy } from '../../projections/policy/parse/policy.ts'

export type Shape = 'l3' | 'shared-port' | 'distinct-ports' | 'mixed'

export const WEB: IdentityId = IdentityId(300)
const FIRST_CLIENT = 1000
const NAMESPACE = 'k8s:io.kubernetes.pod.namespace=default'
const CLUSTER = 'k8s:io.cilium.k8s.policy.cluster=default'
/** So many identities are taken by one rule of `distinct-ports`. */
const GROUP = 10

export function webIdentity(n = 0): KnownIdentity {
  const labels = ['k8s:app=web', CLUSTER, NAMESPACE, `k8s:web=${n}`].map(LabelText)
  return { id: IdentityId(WEB + n), labels, prefix: null }
}

export function client(n: number): KnownIdentity {
  const labels = [`k8s:app=client`, `k8s:client=${n}`, `k8s:group=${Math.floor(n / GROUP)}`, CLUSTER, NAMESPACE]
  return { id: IdentityId(FIRST_CLIENT + n), labels: labels.map(LabelText), prefix: null }
}

/** Another identity that the rule `n` takes as well. */
export function furtherClient(n: number): KnownIdentity {
  return { ...client(n), id: IdentityId(60_000 + n) }
}

/** Rule `n` of `mixed`: of ten rules two are HTTP, one is a prefix and one denies. */
export function policyObject(shape: Shape, n: number, web: string | null): Json {
  const subject = web === null ? { app: 'web' } : { app: 'web', web }
  const spec = { endpointSelector: { matchLabels: subject }, ...elementsOf(shape, n) }
  return {
    apiVersion: 'cilium.io/v2',
    kind: 'CiliumNetworkPolicy',
    metadata: { name: `p${n}`, namespace: 'default' },
    spec,
  }
}

export function policySet(shape: Shape, n: number, web: string | null): PolicyChange {
  const reading = readPolicy(policyObject(shape, n, web))
  if (reading.kind === 'refused') throw new Error(JSON.stringify(reading.problems))
  return { kind: 'policy-set', key: `CiliumNetworkPolicy/default/p${n}`, rules: reading.policy.rules }
}

/** The identities that `rules` rules of a shape speak of. */
export function identitiesOf(shape: Shape, rules: number): readonly KnownIdentity[] {
  const reserved = ['host', 'world', 'unmanaged', 'health', 'init', 'remote-node']
  const known = reserved.map((name, i): KnownIdentity => {
    return { id: IdentityId(i + 1), labels: [LabelText(`reserved:${name}`)], prefix: null }
  })
  const clients = Array.from({ length: rules }, (_, n) =>
    shape === 'mixed' && isPrefix(n) ? prefixIdentity(n) : client(n),
  )
  return [...known, ...clients]
}

function isPrefix(n: number): boolean {
  return n % 10 === 2
}

function prefixIdentity(n: number): KnownIdentity {
  return { id: IdentityId(2 ** 24 + 1 + n), labels: [], prefix: Cidr(prefixOf(n)) }
}

function prefixOf(n: number): string {
  return `10.${Math.floor(n / 65_536)}.${Math.floor(n / 256) % 256}.${n % 256}/32`
}

function elementsOf(shape: Shape, n: number): { readonly [key: string]: Json } {
  const from = { fromEndpoints: [{ matchLabels: { client: String(n) } }] }
  const port = { ports: [{ port: '80', protocol: 'TCP' }] }
  switch (shape) {
    case 'l3':
      return { ingress: [from] }
    case 'shared-port':
      return { ingress: [{ ...from, toPorts: [port] }] }
    case 'distinct-ports': {
      const group = { fromEndpoints: [{ matchLabels: { group: String(n % 100) } }] }
      return { ingress: [{ ...group, toPorts: [{ ports: [{ port: String(1000 + n), protocol: 'TCP' }] }] }] }
    }
    case 'mixed': {
      if (n % 10 < 2) {
        const rules = { http: [{ method: 'GET', path: `/v${n}/.*` }] }
        return { ingress: [{ ...from, toPorts: [{ ports: [{ port: '8080', protocol: 'TCP' }], rules }] }] }
      }
      if (isPrefix(n)) return { ingress: [{ fromCIDR: [prefixOf(n)] }] }
      if (n % 10 === 3) return { ingressDeny: [{ ...from, toPorts: [port] }] }
      return { ingress: [{ ...from, toPorts: [port] }] }
    }
  }
}
