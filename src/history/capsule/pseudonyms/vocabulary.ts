/** Words that are nobody's: keys that Kubernetes and Cilium give a meaning, and the components that every cluster has. They stay as they are. */
import { WELL_KNOWN_LABELS } from '../../../../projections/identity/reserved.ts'

const WELL_KNOWN = WELL_KNOWN_LABELS.map((label) => /^k8s:([^=]*)=(.*)$/.exec(label)!)
/** With the items of a TLS secret. */
const WELL_KNOWN_WORDS: ReadonlySet<string> = new Set([
  ...WELL_KNOWN.map(([, , value]) => value!),
  ...['tls.crt', 'tls.key', 'ca.crt'],
])

export function isWellKnownWord(text: string): boolean {
  return WELL_KNOWN_WORDS.has(text)
}

export const NAMESPACE_LABELS = 'io.cilium.k8s.namespace.labels.'

const KEYS: ReadonlySet<string> = new Set([
  ...WELL_KNOWN.map(([, key]) => key!),
  ...['cluster', 'serviceaccount', 'derived-from', 'name', 'namespace', 'uid'].map(
    (end) => `io.cilium.k8s.policy.${end}`,
  ),
  'io.kubernetes.pod.namespace',
  'io.kubernetes.pod.name',
  'kubernetes.io/metadata.name',
  ...['name', 'instance', 'version', 'component', 'part-of', 'managed-by', 'created-by'].map(
    (end) => `app.kubernetes.io/${end}`,
  ),
  ...['hostname', 'os', 'arch'].map((end) => `kubernetes.io/${end}`),
  ...['os', 'arch', 'instance-type'].map((end) => `beta.kubernetes.io/${end}`),
  'topology.kubernetes.io/zone',
  'topology.kubernetes.io/region',
  'node-role.kubernetes.io/control-plane',
  'statefulset.kubernetes.io/pod-name',
  'apps.kubernetes.io/pod-index',
  'batch.kubernetes.io/job-completion-index',
  'pod-template-generation',
  'pod-template-hash',
  'controller-revision-hash',
  'etcd_node',
])

export function isKnownKey(key: string): boolean {
  return KEYS.has(key)
}

/** How keys begin by which it is decided whether they count for an identity (projections/identity/label-filter.ts). */
export const KEY_BEGINNINGS: readonly string[] = [
  'io.kubernetes.pod.namespace',
  'io.cilium.k8s.namespace.labels',
  'app.kubernetes.io',
  'io.kubernetes',
  'kubernetes.io',
  'k8s.io',
  'pod-template-generation',
  'pod-template-hash',
  'controller-revision-hash',
  'annotation',
  'etcd_node',
]
/** And what decides where it stands anywhere in them. */
export const KEY_MIDDLE = 'beta.kubernetes.io'

/** Where a label may come from. */
export const SOURCES: ReadonlySet<string> = new Set([
  'k8s',
  'any',
  'reserved',
  'cidr',
  'fqdn',
  'cidrgroup',
  'unspec',
  'container',
  'cilium-generated',
  'node',
])

export const CLUSTER_KEY = 'io.cilium.k8s.policy.cluster'

/** Values that say which kind of object a rule is of, and the name of a cluster that was given none. */
export function isKnownValue(key: string, value: string): boolean {
  if (key === CLUSTER_KEY) return value === 'default'
  return key === 'io.cilium.k8s.policy.derived-from' && /^(Cilium(Clusterwide)?)?NetworkPolicy$/.test(value)
}
