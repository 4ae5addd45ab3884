/**
 * Which of an endpoint's labels make its identity: Cilium's default label filter (1.13 pkg/labelsfilter/filter.go).
 *
 * The first line that fits the start of the key decides; a label that no line fits counts. Current Cilium leaves out a few more labels (of
 * stateful sets and indexed jobs). Here they count: leaving a label out would take an endpoint from under a policy that selects by it.
 */
import type { LabelText } from '../../events/ids.ts'

type Line = { readonly prefix: string; readonly counts: boolean }

const counts = (prefix: string): Line => ({ prefix, counts: true })
const ignored = (prefix: string): Line => ({ prefix, counts: false })

const LINES: readonly Line[] = [
  counts('io.kubernetes.pod.namespace'),
  counts('io.cilium.k8s.namespace.labels'),
  counts('app.kubernetes.io'),
  ignored('io.kubernetes'),
  ignored('kubernetes.io'),
  ignored('k8s.io'),
  ignored('pod-template-generation'),
  ignored('pod-template-hash'),
  ignored('controller-revision-hash'),
  ignored('annotation'),
  ignored('etcd_node'),
]
const BETA = 'beta.kubernetes.io'

/** Sorted and unique. */
export function identityLabels(labels: readonly LabelText[]): readonly LabelText[] {
  return [...new Set(labels.filter(makesIdentity))].toSorted()
}

function makesIdentity(label: LabelText): boolean {
  if (label.startsWith('reserved:')) return true
  const key = labelKey(label)
  const line = LINES.find(({ prefix }) => key.startsWith(prefix))
  return line?.counts ?? !key.includes(BETA)
}

/** `io.kubernetes.pod.namespace` of `k8s:io.kubernetes.pod.namespace=default`. */
function labelKey(label: string): string {
  const start = label.indexOf(':') + 1
  const end = label.indexOf('=', start)
  return end < 0 ? label.slice(start) : label.slice(start, end)
}
