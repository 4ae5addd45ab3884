/** Manifests and what proxies are told, field by field. A text in a field that is not known here is an error: nothing passes because it was forgotten. */
import { canonicalText } from '../../../../events/canonical.ts'
import type { Json } from '../../../../events/schema.ts'
import type { Pseudonyms } from './names.ts'

type Fields = { readonly [key: string]: Json }
type Rename = (names: Pseudonyms, text: string) => string

/** Fixed words, ports, methods and regular expressions of paths. */
const KEPT = new Set([
  ...[
    'kind',
    'apiVersion',
    'port',
    'endPort',
    'protocol',
    'method',
    'path',
    'operator',
    'mode',
    'type',
    'family',
    'policyTypes',
  ],
  ...[
    'toEntities',
    'fromEntities',
    'mismatch',
    'role',
    'apiKey',
    'l7proto',
    'l7Proto',
    'matchAction',
    'mismatchAction',
  ],
])
const name: Rename = (names, text) => names.name(text)
const prefix: Rename = (names, text) => names.prefix(text)
const dns: Rename = (names, text) => names.dns(text)
const FIELDS: Readonly<Record<string, Rename>> = {
  ...{
    name,
    namespace: name,
    serviceName: name,
    cidrGroupRef: name,
    topic: name,
    clientId: name,
    value: name,
    uid: name,
  },
  ...{ toCIDR: prefix, fromCIDR: prefix, cidr: prefix, except: prefix, hostAddresses: prefix, endpointIps: prefix },
  ...{ matchName: dns, matchPattern: dns, serverNames: dns },
  host: hostRegex,
  headers: (names, text) => {
    const end = text.search(/[: ]/)
    return end < 0 ? text : `${text.slice(0, end)}: ${names.name(text.slice(end + 1).trim())}`
  },
}
/** People write there what they like, and no verdict follows from it. */
const LEFT_OUT = new Set(['annotations', 'description'])

export function pseudonymousManifest(names: Pseudonyms, manifest: Json, namespace: string | null): Json {
  if (!isFields(manifest)) throw new RangeError('a manifest that is no object')
  const { metadata, ...rest } = manifest
  const given = isFields(metadata) ? metadata : {}
  const { labels, ...others } = given
  const named = namespace === null ? others : { ...others, namespace }
  const marked = isFields(labels) ? { labels: dictionary(names, labels) } : {}
  return { ...(walk(names, rest, '') as Fields), metadata: { ...(walk(names, named, '') as Fields), ...marked } }
}

export function dictionary(names: Pseudonyms, labels: Fields): Fields {
  return Object.fromEntries(
    Object.entries(labels).map(([key, value]) => [
      names.selectorKey(key),
      names.labelValue(key.slice(key.search(/[:]/) + 1), String(value)),
    ]),
  )
}

function walk(names: Pseudonyms, value: Json, field: string): Json {
  if (typeof value === 'string') return text(names, value, field)
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map((one: Json) => walk(names, one, field))
  const fields = value as Fields
  return Object.fromEntries(
    Object.entries(fields).flatMap(([key, inner]): readonly (readonly [string, Json])[] => {
      if (LEFT_OUT.has(key) || key === 'labels') return []
      if (key === 'matchLabels' && isFields(inner)) return [[key, dictionary(names, inner)]]
      if (key === 'matchExpressions' && Array.isArray(inner)) return [[key, inner.map((one) => expression(names, one))]]
      if (key === 'name' && field === 'headerMatches') return [[key, inner]]
      return [[key, walk(names, inner, key)]]
    }),
  )
}

function text(names: Pseudonyms, value: string, field: string): string {
  if (KEPT.has(field)) return value
  const rename = Object.hasOwn(FIELDS, field) ? FIELDS[field] : undefined
  if (rename === undefined) throw new RangeError(`the field ${field} of a manifest`)
  return rename(names, value)
}

function expression(names: Pseudonyms, one: Json): Json {
  if (!isFields(one)) throw new RangeError('an expression that is no object')
  const { key, operator = null, values } = one
  const bare = String(key).slice(String(key).indexOf(':') + 1)
  const renamed = Array.isArray(values) ? { values: values.map((value) => names.labelValue(bare, String(value))) } : {}
  return { key: names.selectorKey(String(key)), operator, ...renamed }
}

/** What a proxy was told of an endpoint's policy. */
export function pseudonymousMessage(names: Pseudonyms, value: Json, field = ''): Json {
  if (typeof value === 'string') return /^[0-9]*$/.test(value) ? value : text(names, value, field)
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map((one: Json) => pseudonymousMessage(names, one, field))
  const fields = value as Fields
  if (field === 'headers' || field === 'headerMatches') return header(names, fields)
  return Object.fromEntries(
    Object.entries(fields).map(([key, inner]) => [
      key,
      key === 'name' && field === 'rules' ? ruleName(names, String(inner)) : pseudonymousMessage(names, inner, key),
    ]),
  )
}

/** The same resource where the order of lists and which of several origins names a rule do not count: both follow from the names. */
export function sameButForOrder(a: Json, b: Json): boolean {
  return canonicalText(unordered(a)) === canonicalText(unordered(b))
}

function unordered(value: Json): Json {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map((one: Json) => canonicalText(unordered(one))).toSorted()
  const fields = value as Fields
  return Object.fromEntries(
    Object.entries(fields).map(([key, inner]) => [
      key,
      key === 'name' && 'precedence' in fields ? '' : unordered(inner),
    ]),
  )
}

function ruleName(names: Pseudonyms, text: string): string {
  const [, origin = text, more = ''] = /^(.*?)( and [0-9]+ more)?$/s.exec(text) ?? []
  return `${origin === '' ? '' : pseudonymousOrigin(names, origin)}${more}`
}

/** `Kind/namespace/name#/pointer`, or one of the engine's own. */
export function pseudonymousOrigin(names: Pseudonyms, origin: string): string {
  if (origin.startsWith('reserved:')) return origin
  const [, kind, namespace = '', name = '', pointer] =
    /^([A-Za-z]+)\/([^/]*)\/([^#]*)#([/a-zA-Z0-9]*)$/s.exec(origin) ?? []
  if (kind === undefined) throw new RangeError(`the origin ${origin}`)
  return `${kind}/${namespace === '-' ? '-' : names.name(namespace)}/${names.name(name)}#${pointer}`
}

function header(names: Pseudonyms, fields: Fields): Json {
  const { name: header, stringMatch, value } = fields
  if (header === ':path' || header === ':method') return fields
  const said = typeof value === 'string' ? { ...fields, value: names.name(value) } : fields
  if (!isFields(stringMatch)) return said
  const { exact, safeRegex } = stringMatch
  if (typeof exact === 'string') return { ...said, stringMatch: { ...stringMatch, exact: names.name(exact) } }
  if (!isFields(safeRegex) || header !== ':authority') throw new RangeError(`the header ${String(header)}`)
  const { regex } = safeRegex
  return { ...said, stringMatch: { ...stringMatch, safeRegex: { regex: hostRegex(names, String(regex)) } } }
}

/** A regular expression of a host is one name with its dots escaped or not; others cannot be renamed. */
function hostRegex(names: Pseudonyms, regex: string): string {
  if (!/^[a-zA-Z0-9-]+(\\?\.[a-zA-Z0-9-]+)*$/.test(regex))
    throw new RangeError(`the regular expression of a host ${regex}`)
  return regex
    .split(/(\\?\.)/)
    .map((part) => (/^\\?\.$/.test(part) ? part : names.name(part.toLowerCase())))
    .join('')
}

export function isFields(value: Json | undefined): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
