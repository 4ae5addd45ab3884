/** The metadata of a Kubernetes object, reduced to what counts here. */
import type { Json } from '../../../events/schema.ts'
import { type JsonObject, pointer, type Reader } from './reader.ts'

const FIELDS: readonly string[] = [
  'name',
  'generateName',
  'namespace',
  'selfLink',
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'labels',
  'annotations',
  'ownerReferences',
  'finalizers',
  'managedFields',
]

/** DNS-1123 subdomain (RFC 1123): the name of an object. Neither `/` nor `#`, which origins use to separate. */
const OBJECT_NAME = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/
const OBJECT_NAME_MAX = 253
/** DNS-1123 label. */
const NAMESPACE = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/
const DEFAULT_NAMESPACE = 'default'

export type Metadata = {
  /** Empty where the object has none, which is a problem. */
  readonly name: string
  /** Null for kinds that have none. */
  readonly namespace: string | null
  readonly uid: string | null
  readonly labels: { readonly [key: string]: string }
  /** Name, namespace, uid, labels and annotations, as far as they are given; the namespace always where the kind has one. */
  readonly manifest: JsonObject
}

export type Scope = 'namespaced' | 'clusterwide' | 'bare'

export function readMetadata(
  reader: Reader,
  value: Json | undefined,
  { kind, scope }: { readonly kind: string; readonly scope: Scope },
): Metadata {
  const path = '/metadata'
  const object = reader.object(value, path, FIELDS)
  const name = reader.text(object, 'name', path) ?? ''
  if (name === '') reader.refuse('name-missing', pointer(path, 'name'), `a ${kind} must have a name`)
  else if (name.length > OBJECT_NAME_MAX || !OBJECT_NAME.test(name)) {
    reader.refuse('name-invalid', pointer(path, 'name'), `${JSON.stringify(name)} is not a DNS subdomain name`)
  }
  const namespace = readNamespace(reader, object, path, { kind, scope })
  const uid = reader.text(object, 'uid', path) || null
  const [labels, annotations] = [
    readTexts(reader, object, 'labels', path),
    readTexts(reader, object, 'annotations', path),
  ]
  const kept = {
    name,
    ...(namespace === null ? {} : { namespace }),
    ...(uid === null ? {} : { uid }),
    ...(Object.keys(labels).length === 0 ? {} : { labels }),
    ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
  }
  return { name, namespace, uid, labels, manifest: kept }
}

function readNamespace(
  reader: Reader,
  object: JsonObject,
  path: string,
  { kind, scope }: { readonly kind: string; readonly scope: Scope },
): string | null {
  const given = reader.text(object, 'namespace', path) ?? ''
  const at = pointer(path, 'namespace')
  if (scope !== 'namespaced') {
    if (given !== '') reader.refuseBySchema('namespace-not-allowed', at, `a ${kind} has no namespace`)
    return null
  }
  if (given !== '' && !NAMESPACE.test(given)) {
    reader.refuse('namespace-invalid', at, `${JSON.stringify(given)} is not a DNS label`)
  }
  return given === '' ? DEFAULT_NAMESPACE : given
}

function readTexts(reader: Reader, object: JsonObject, key: string, path: string): { readonly [key: string]: string } {
  return Object.fromEntries(reader.dictionary(object, key, path))
}
