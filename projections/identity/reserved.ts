/**
 * Label sets with fixed numbers: Cilium's reserved identities and its well-known ones of cluster components (pkg/identity/numericidentity.go,
 * reserved.go). They need no allocation.
 */
import { IdentityId, LabelText } from '../../events/ids.ts'

export const RESERVED_IDENTITIES: ReadonlyMap<IdentityId, readonly LabelText[]> = new Map(
  (
    [
      [1, ['host']],
      [2, ['world']],
      [3, ['unmanaged']],
      [4, ['health']],
      [5, ['init']],
      [6, ['remote-node']],
      [7, ['kube-apiserver', 'remote-node']],
      [8, ['ingress']],
      [9, ['world-ipv4']],
      [10, ['world-ipv6']],
    ] as const
  ).map(([id, names]) => [IdentityId(id), names.map((name) => LabelText(`reserved:${name}`))]),
)

/** Numbers below are Cilium's own; from here to 255 they are the user's to fix. */
export const USER_RESERVED_MIN = 128
export const CLUSTER_IDENTITY_MIN = 256
export const CLUSTER_IDENTITY_MAX = 0xffff
/** Node-local numbers stand for prefixes; the bit marks their scope. */
export const LOCAL_IDENTITY_MIN: number = 2 ** 24 + 1
export const LOCAL_IDENTITY_MAX: number = 2 ** 25 - 1

type Component = {
  /** The plain number; with the namespace's own name among the labels it is eight higher (Kubernetes 1.21 and newer). */
  readonly id: number
  readonly account: string
  readonly labels: readonly string[]
}

const SECOND_SET = 8
const NAMESPACE = 'k8s:io.kubernetes.pod.namespace=kube-system'
const NAMESPACE_NAME = 'k8s:io.cilium.k8s.namespace.labels.kubernetes.io/metadata.name=kube-system'
const KUBE_DNS = 'k8s:k8s-app=kube-dns'

const COMPONENTS: readonly Component[] = [
  { id: 102, account: 'kube-dns', labels: [KUBE_DNS] },
  { id: 103, account: 'kube-dns', labels: [KUBE_DNS, 'k8s:eks.amazonaws.com/component=kube-dns'] },
  { id: 104, account: 'coredns', labels: [KUBE_DNS] },
  { id: 106, account: 'coredns', labels: [KUBE_DNS, 'k8s:eks.amazonaws.com/component=coredns'] },
  {
    id: 105,
    account: 'cilium-operator',
    labels: [
      'k8s:name=cilium-operator',
      'k8s:io.cilium/app=operator',
      'k8s:app.kubernetes.io/part-of=cilium',
      'k8s:app.kubernetes.io/name=cilium-operator',
    ],
  },
]

const WELL_KNOWN: ReadonlyMap<string, IdentityId> = new Map(
  COMPONENTS.flatMap(({ id, account, labels }) => {
    const base = [
      ...labels,
      NAMESPACE,
      `k8s:io.cilium.k8s.policy.serviceaccount=${account}`,
      'k8s:io.cilium.k8s.policy.cluster=default',
    ]
    return [
      [keyOf(base), IdentityId(id)],
      [keyOf([...base, NAMESPACE_NAME]), IdentityId(id + SECOND_SET)],
    ] as const
  }),
)

/** Labels of components that every cluster has and that carry a fixed meaning: nobody's own. */
export const WELL_KNOWN_LABELS: readonly string[] = [
  ...new Set([
    ...COMPONENTS.flatMap(({ account, labels }) => [...labels, `k8s:io.cilium.k8s.policy.serviceaccount=${account}`]),
    NAMESPACE,
    NAMESPACE_NAME,
  ]),
]

/** Null for a label set without a fixed number. The host and remote nodes stay what they are whatever else they carry. */
export function fixedIdentityOf(labels: readonly LabelText[]): IdentityId | null {
  const names = new Set<string>(labels)
  if (names.has('reserved:host')) return IdentityId(1)
  if (names.has('reserved:remote-node')) return IdentityId(names.has('reserved:kube-apiserver') ? 7 : 6)
  const wellKnown = WELL_KNOWN.get(keyOf(labels))
  if (wellKnown !== undefined) return wellKnown
  if (names.size !== 1) return null
  for (const [id, [only, ...more]] of RESERVED_IDENTITIES) {
    if (only !== undefined && names.has(only) && more.length === 0) return id
  }
  return names.has('reserved:kube-apiserver') ? IdentityId(7) : null
}

/** One text for one label set. */
export function keyOf(labels: readonly string[]): string {
  return [...new Set(labels)].toSorted().join(';')
}
