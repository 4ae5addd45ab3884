/**
 * Label selectors, and the namespace that a policy puts into them (Cilium pkg/k8s/apis/cilium.io/utils, restated in SPEC.md).
 *
 * A key is `source:key`; without a source it matches every source.
 */
import type { Json } from '../../../events/schema.ts'
import type { LabelRequirement, LabelSelector } from '../rule.ts'
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

/** Requirements sorted, so that equal selectors are equal texts. */
export function readSelector(reader: Reader, value: Json | undefined, path: string): LabelSelector {
  const object = reader.object(value, path, ['matchLabels', 'matchExpressions'])
  const labels = reader.dictionary(object, 'matchLabels', path).map(([key, text]) => requirement(key, 'In', [text]))
  const expressions =
    reader.each(object, 'matchExpressions', path, (item, at) => readExpression(reader, item, at)) ?? []
  return selectorOf([...labels, ...expressions.filter((found) => found !== null)])
}

export function selectorOf(requirements: readonly LabelRequirement[]): LabelSelector {
  return { requirements: requirements.toSorted((a, b) => (requirementText(a) < requirementText(b) ? -1 : 1)) }
}

/** A subject lives in the policy's namespace, whatever its `matchLabels` say. */
export function scopeSubject(selector: LabelSelector, scope: Scope): LabelSelector {
  if (scope.kind !== 'namespaced' || scope.matchesInit) return selector
  const kept = selector.requirements.filter(
    ({ source, key, operator }) => !(source === 'k8s' && key === POD_NAMESPACE && operator === 'In'),
  )
  return selectorOf([...kept, inNamespace(scope.namespace)])
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

function inNamespace(namespace: string): LabelRequirement {
  return { source: 'k8s', key: POD_NAMESPACE, operator: 'In', values: [namespace] }
}

function readExpression(reader: Reader, value: Json, path: string): LabelRequirement | null {
  const object = reader.object(value, path, ['key', 'operator', 'values'])
  const key = reader.text(object, 'key', path) ?? ''
  const operator = reader.text(object, 'operator', path) ?? ''
  const values = reader.each(object, 'values', path, (item, at) => reader.asText(item, at)) ?? []
  if (key === '') reader.refuse('selector-key-missing', pointer(path, 'key'), 'a label expression needs a key')
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
  return requirement(key, operator, values)
}

function isOperator(text: string): text is LabelRequirement['operator'] {
  return OPERATORS.includes(text)
}

function requirement(
  extendedKey: string,
  operator: LabelRequirement['operator'],
  values: readonly string[],
): LabelRequirement {
  const colon = extendedKey.indexOf(':')
  const source = colon > 0 ? extendedKey.slice(0, colon) : 'any'
  return { source, key: extendedKey.slice(colon + 1), operator, values: [...new Set(values)].toSorted() }
}
