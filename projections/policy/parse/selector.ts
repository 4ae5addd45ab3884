/**
 * Label selectors, and the namespace that a policy puts into them (Cilium pkg/k8s/apis/cilium.io/utils, restated in SPEC.md).
 *
 * A key is `source:key`; without a source it matches every source.
 */
import { ascending } from '../../../events/order.ts'
import type { Json } from '../../../events/schema.ts'
import type { LabelRequirement, LabelSelector } from '../rule.ts'
import { type SourcedKey, sourcedKey } from './label.ts'
import { pointer, type Reader } from './reader.ts'

export const POD_NAMESPACE = 'io.kubernetes.pod.namespace'

/** Which selectors of which policy: null for bare rules, whose selectors stay as they are. */
export type Scope = {
  readonly kind: 'namespaced' | 'clusterwide' | 'bare'
  readonly namespace: string
  /** The subject selects reserved:init: such endpoints have no namespace yet. */
  readonly matchesInit: boolean
}

const OPERATORS: readonly string[] = ['In', 'NotIn', 'Exists', 'DoesNotExist']

/** How the keys of a selector are written, and what stands before them in an identity's labels. */
export type KeyStyle = { readonly read: (text: string) => SourcedKey; readonly prefix: string }

const CILIUM_KEYS: KeyStyle = { read: (text) => sourcedKey(text, 'any'), prefix: '' }

/** Requirements sorted, so that equal selectors are equal texts. */
export function readSelector(
  reader: Reader,
  value: Json | undefined,
  path: string,
  style: KeyStyle = CILIUM_KEYS,
): LabelSelector {
  const { labels, expressions } = readParts(reader, value, path, style)
  return selectorOf([...labels, ...expressions])
}

/** A subject lives in the policy's namespace, whatever its `matchLabels` say; its `matchExpressions` still narrow it. */
export function readSubject(
  reader: Reader,
  value: Json | undefined,
  path: string,
  scope: Pick<Scope, 'kind' | 'namespace'>,
): LabelSelector {
  const { labels, expressions } = readParts(reader, value, path, CILIUM_KEYS)
  const selector = selectorOf([...labels, ...expressions])
  if (scope.kind !== 'namespaced' || selectsInit(selector)) return selector
  const kept = labels.filter(({ source, key }) => !(source === 'k8s' && key === POD_NAMESPACE))
  return selectorOf([...kept, ...expressions, inNamespace(scope.namespace)])
}

export function selectorOf(requirements: readonly LabelRequirement[]): LabelSelector {
  if (requirements.length < 2) return { requirements }
  return { requirements: requirements.toSorted(compareRequirements) }
}

function compareRequirements(a: LabelRequirement, b: LabelRequirement): number {
  return (
    ascending(a.source, b.source) ||
    ascending(a.key, b.key) ||
    ascending(a.operator, b.operator) ||
    ascending(a.values.join(), b.values.join())
  )
}

type Parts = { readonly labels: readonly LabelRequirement[]; readonly expressions: readonly LabelRequirement[] }

function readParts(reader: Reader, value: Json | undefined, path: string, style: KeyStyle): Parts {
  const object = reader.object(value, path, ['matchLabels', 'matchExpressions'])
  const at = pointer(path, 'matchLabels')
  const labels = reader
    .dictionary(object, 'matchLabels', path)
    .map(([key, text]) => requirement(reader, pointer(at, key), style, key, 'In', [text]))
  const expressions =
    reader.each(object, 'matchExpressions', path, (item, itemPath) => readExpression(reader, item, itemPath, style)) ??
    []
  return { labels, expressions: expressions.filter((found) => found !== null) }
}

/** A peer is looked for in the policy's namespace, unless it names one, or something reserved. */
export function scopePeer(selector: LabelSelector, scope: Scope): LabelSelector {
  if (scope.kind === 'bare' || scope.matchesInit) return selector
  if (selector.requirements.some(({ source }) => source === 'reserved')) return selector
  if (
    selector.requirements.some(({ source, key }) => key === POD_NAMESPACE && (source === 'k8s' || source === 'any'))
  ) {
    return selector
  }
  const added =
    scope.kind === 'namespaced'
      ? inNamespace(scope.namespace)
      : ({ source: 'k8s', key: POD_NAMESPACE, operator: 'Exists', values: [] } as const)
  return selectorOf([...selector.requirements, added])
}

export function selectsInit(selector: LabelSelector): boolean {
  return selector.requirements.some(({ source, key }) => source === 'reserved' && key === 'init')
}

/** `any:app in (a,b)`: for people and as a key. */
export function requirementText({ source, key, operator, values }: LabelRequirement): string {
  return `${source}:${key} ${operator} (${values.join(',')})`
}

export function inNamespace(namespace: string): LabelRequirement {
  return { source: 'k8s', key: POD_NAMESPACE, operator: 'In', values: [namespace] }
}

function readExpression(reader: Reader, value: Json, path: string, style: KeyStyle): LabelRequirement | null {
  const object = reader.object(value, path, ['key', 'operator', 'values'])
  const key = reader.text(object, 'key', path) ?? ''
  const operator = reader.text(object, 'operator', path) ?? ''
  const values = reader.each(object, 'values', path, (item, at) => reader.asText(item, at)) ?? []
  if (key === '') {
    reader.refuse('selector-key-missing', pointer(path, 'key'), 'a label expression needs a key')
    return null
  }
  if (!isOperator(operator)) {
    reader.refuse(
      'selector-operator',
      pointer(path, 'operator'),
      `${operator || 'nothing'} is not one of ${OPERATORS.join(', ')}`,
    )
    return null
  }
  const takesValues = operator === 'In' || operator === 'NotIn'
  if (takesValues && values.length === 0) {
    reader.refuse('selector-values', pointer(path, 'values'), `${operator} needs at least one value`)
  }
  if (!takesValues && values.length > 0) {
    reader.refuse('selector-values', pointer(path, 'values'), `${operator} takes no values`)
  }
  return requirement(reader, path, style, key, operator, values)
}

function isOperator(text: string): text is LabelRequirement['operator'] {
  return OPERATORS.includes(text)
}

function requirement(
  reader: Reader,
  path: string,
  style: KeyStyle,
  extendedKey: string,
  operator: LabelRequirement['operator'],
  values: readonly string[],
): LabelRequirement {
  const { source, key } = style.read(extendedKey)
  if (!LABEL_SOURCE.test(source) || !isQualifiedName(key)) {
    reader.refuse('label-key', path, `${JSON.stringify(extendedKey)} is not a label key`)
  }
  for (const value of values) {
    if (value.length > LABEL_PART_MAX || !LABEL_VALUE.test(value)) {
      reader.refuse('label-value', path, `${JSON.stringify(value)} is not a label value`)
    }
  }
  return {
    source,
    key: `${style.prefix}${key}`,
    operator,
    values: values.length < 2 ? values : [...new Set(values)].toSorted(),
  }
}

/** As in Kubernetes (apimachinery pkg/util/validation): a name, or a DNS subdomain, a slash and a name. */
const LABEL_PART_MAX = 63
const LABEL_PREFIX_MAX = 253
const LABEL_VALUE = /^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$/
const LABEL_SOURCE = /^[a-z0-9-]+$/
const LABEL_PREFIX = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/

function isQualifiedName(key: string): boolean {
  const slash = key.indexOf('/')
  const name = key.slice(slash + 1)
  if (name === '' || name.length > LABEL_PART_MAX || !LABEL_VALUE.test(name)) return false
  return slash < 0 || (slash <= LABEL_PREFIX_MAX && LABEL_PREFIX.test(key.slice(0, slash)))
}
