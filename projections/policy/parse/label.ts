/** Labels as texts: `source:key=value`, and what Cilium makes of the short forms (pkg/labels/labels.go). */

import type { ResourceRef } from '../../../events/fields.ts'
import type { Json } from '../../../events/schema.ts'
import { isJsonObject, type JsonObject, pointer, type Reader } from './reader.ts'

export type SourcedKey = { readonly source: string; readonly key: string }

/** `k8s:app`; `$host` and `reserved.host` are `reserved:host`; a key without source gets `fallback`. */
export function sourcedKey(text: string, fallback: string): SourcedKey {
  const plain = text.startsWith('$') ? `reserved:${text.slice(1)}` : text
  const colon = plain.indexOf(':')
  if (colon > 0) return { source: plain.slice(0, colon), key: plain.slice(colon + 1) }
  if (colon < 0 && plain.startsWith('reserved.')) return { source: 'reserved', key: plain.slice('reserved.'.length) }
  return { source: fallback, key: plain.slice(colon + 1) }
}

export function labelText({ source, key }: SourcedKey, value: string): string {
  return value === '' ? `${source}:${key}` : `${source}:${key}=${value}`
}

/** `labels` of a rule: objects in Kubernetes, where the schema knows nothing else, and texts in bare rules. */
export function readLabels(
  reader: Reader,
  object: JsonObject,
  path: string,
  kind: 'namespaced' | 'clusterwide' | 'bare',
): readonly string[] {
  const labels = reader.each(object, 'labels', path, (item, at) => {
    if (isJsonObject(item)) return readLabelObject(reader, item, at)
    if (kind !== 'bare') reader.refuseBySchema('label-as-text', at, 'a label is an object with key, value and source')
    return readLabelText(reader, item, at)
  })
  return labels ?? []
}

function readLabelObject(reader: Reader, value: JsonObject, path: string): string {
  const object = reader.object(value, path, ['key', 'value', 'source'])
  const key = reader.text(object, 'key', path) ?? ''
  if (key === '') reader.refuse('label-key-missing', pointer(path, 'key'), 'a label needs a key')
  const source = reader.text(object, 'source', path) || 'unspec'
  return labelText({ source, key }, reader.text(object, 'value', path) ?? '')
}

function readLabelText(reader: Reader, value: Json, path: string): string {
  const text = reader.asText(value, path)
  const equals = text.indexOf('=')
  const label = sourcedKey(equals < 0 ? text : text.slice(0, equals), 'unspec')
  if (label.key === '') reader.refuse('label-key-missing', path, 'a label needs a key')
  return labelText(label, equals < 0 ? '' : text.slice(equals + 1))
}

/** Labels that tell which object a rule comes from. */
export function derivedFrom({ kind, namespace, name }: ResourceRef, uid: string | null): readonly string[] {
  const label = (key: string, value: string | null): readonly string[] =>
    value === null ? [] : [`k8s:io.cilium.k8s.policy.${key}=${value}`]
  return [
    ...label('derived-from', kind),
    ...label('name', name),
    ...label('namespace', namespace),
    ...label('uid', uid),
  ]
}
