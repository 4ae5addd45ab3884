/** Manifests under pseudonyms, field by field. A field that is not known here is an error: nothing passes because it was forgotten. */
import type { Json } from '../../../../events/schema.ts'
import { headerText, hostExpression } from './http.ts'
import { labelSet, labelValue, selectorKey } from './labels.ts'
import type { Pseudonyms } from './names.ts'

export type Fields = { readonly [key: string]: Json }
type Rename = (names: Pseudonyms, text: string) => string

/** Objects and lists that only hold others, and flags. */
const STRUCTURE: ReadonlySet<string> = new Set([
  ...['spec', 'specs', 'endpointSelector', 'nodeSelector', 'podSelector', 'namespaceSelector', 'ipBlock'],
  ...['ingress', 'egress', 'ingressDeny', 'egressDeny', 'enableDefaultDeny', 'from', 'to'],
  ...['fromEndpoints', 'toEndpoints', 'fromRequires', 'toRequires', 'fromNodes', 'toNodes'],
  ...['fromCIDRSet', 'toCIDRSet', 'cidrGroupSelector', 'toFQDNs', 'toServices', 'k8sService', 'k8sServiceSelector'],
  ...['selector', 'toPorts', 'ports', 'icmps', 'fields', 'rules', 'http', 'kafka', 'dns', 'headerMatches', 'secret'],
  ...['terminatingTLS', 'originatingTLS', 'listener', 'envoyConfig', 'priority', 'authentication', 'auth', 'log'],
])
/** Fixed words, numbers, methods and regular expressions of paths. */
const KEPT: ReadonlySet<string> = new Set([
  ...['kind', 'apiVersion', 'endPort', 'protocol', 'method', 'path', 'operator', 'mode', 'type', 'family'],
  ...['policyTypes', 'toEntities', 'fromEntities', 'mismatch', 'role', 'apiKey', 'l7proto'],
])
const name: Rename = (names, text) => names.name(text)
const prefix: Rename = (names, text) => names.prefix(text)
const dns: Rename = (names, text) => names.dns(text)
const RENAMED: Readonly<Record<string, Rename>> = {
  ...{ name, namespace: name, uid: name, serviceName: name, cidrGroupRef: name },
  ...{ topic: name, clientID: name, value: name, trustedCA: name, certificate: name, privateKey: name },
  ...{ toCIDR: prefix, fromCIDR: prefix, cidr: prefix, except: prefix },
  ...{ matchName: dns, matchPattern: dns, serverNames: dns },
  port: (names, text) => names.port(text),
  host: hostExpression,
  headers: headerText,
}
/** People write there what they like, and no verdict follows from it. */
const LEFT_OUT: ReadonlySet<string> = new Set(['annotations', 'description', 'labels'])

export function pseudonymousManifest(names: Pseudonyms, manifest: Json, namespace: string | null): Json {
  if (!isFields(manifest)) throw new RangeError('a manifest that is no object')
  const { metadata, ...rest } = manifest
  const given = isFields(metadata) ? metadata : {}
  const named = namespace === null ? given : { ...given, namespace }
  const marked = isFields(given['labels'] ?? null) ? { labels: texts(names, given['labels'] as Fields) } : {}
  return { ...walkFields(names, rest), metadata: { ...walkFields(names, named), ...marked } }
}

function texts(names: Pseudonyms, given: Fields): Fields {
  return labelSet(names, Object.fromEntries(Object.entries(given).map(([key, value]) => [key, String(value)])))
}

function walk(names: Pseudonyms, value: Json, field: string): Json {
  if (typeof value === 'string') return value === '' ? value : text(names, value, field)
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map((one: Json) => walk(names, one, field))
  return field === 'headerMatches' ? headerMatch(names, value as Fields) : walkFields(names, value as Fields)
}

function walkFields(names: Pseudonyms, fields: Fields): Fields {
  return Object.fromEntries(
    Object.entries(fields).flatMap(([key, inner]): readonly (readonly [string, Json])[] => {
      if (LEFT_OUT.has(key)) return []
      if (key === 'matchLabels' && isFields(inner)) return [[key, texts(names, inner)]]
      if (key === 'matchExpressions' && Array.isArray(inner)) return [[key, inner.map((one) => expression(names, one))]]
      if (key === 'l7' && Array.isArray(inner)) return [[key, inner.map((one) => protocolRule(names, one))]]
      if (inner !== null && !STRUCTURE.has(key) && !KEPT.has(key) && !Object.hasOwn(RENAMED, key))
        throw new RangeError(`the field ${key} of a manifest`)
      return [[key, walk(names, inner, key)]]
    }),
  )
}

function text(names: Pseudonyms, value: string, field: string): string {
  if (KEPT.has(field)) return value
  const rename = Object.hasOwn(RENAMED, field) ? RENAMED[field] : undefined
  if (rename === undefined) throw new RangeError(`a text in the field ${field} of a manifest`)
  return rename(names, value)
}

/** Fields of a protocol are named by it, as headers are. */
export function protocolRule(names: Pseudonyms, rule: Json): Json {
  if (!isFields(rule)) throw new RangeError('a rule of a protocol that is no object')
  return Object.fromEntries(Object.entries(rule).map(([key, value]) => [key, names.name(String(value))]))
}

/** Its name is that of a header, which stays. */
function headerMatch(names: Pseudonyms, { name: header, ...rest }: Fields): Fields {
  return { ...(header === undefined ? {} : { name: header }), ...walkFields(names, rest) }
}

function expression(names: Pseudonyms, one: Json): Json {
  if (!isFields(one)) throw new RangeError('an expression that is no object')
  const { key, operator = null, values } = one
  const written = String(key)
  const bare = written.slice(written.indexOf(':') + 1)
  const renamed = Array.isArray(values) ? { values: values.map((value) => labelValue(names, bare, String(value))) } : {}
  return { key: selectorKey(names, written), operator, ...renamed }
}

/** `Kind/namespace/name#/pointer`, or one of the engine's own. */
export function pseudonymousOrigin(names: Pseudonyms, origin: string): string {
  if (origin.startsWith('reserved:')) return origin
  const [, kind, namespace = '', of = '', pointer] =
    /^([A-Za-z]+)\/([^/]*)\/([^#]*)#([/a-zA-Z0-9]*)$/s.exec(origin) ?? []
  if (kind === undefined) throw new RangeError(`the origin ${origin}`)
  return `${kind}/${namespace === '-' ? '-' : names.name(namespace)}/${names.name(of)}#${pointer}`
}

export function isFields(value: Json | undefined): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
