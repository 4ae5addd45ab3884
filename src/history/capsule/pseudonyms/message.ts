/** What a proxy was told of policies and addresses, under pseudonyms. A text in a field that is not known here is an error. */
import { canonicalText } from '../../../../events/canonical.ts'
import type { Json } from '../../../../events/schema.ts'
import { headerValue, hostExpression } from './http.ts'
import { type Fields, isFields, protocolRule, pseudonymousOrigin } from './manifest.ts'
import type { Pseudonyms } from './names.ts'

type Rename = (names: Pseudonyms, text: string) => string

const kept: Rename = (_, text) => text
const name: Rename = (names, text) => names.name(text)
const address: Rename = (names, text) => names.prefix(text)
const TEXTS: Readonly<Record<string, Rename>> = {
  ...{ protocol: kept, l7Proto: kept },
  ...{ endpointIps: address, hostAddresses: address },
  ...{ clientId: name, topic: name },
  serverNames: (names, text) => names.dns(text),
}

export function pseudonymousMessage(names: Pseudonyms, value: Json, field = ''): Json {
  if (typeof value === 'string') return value === '' ? value : text(names, value, field)
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map((one: Json) => pseudonymousMessage(names, one, field))
  const fields = value as Fields
  if (field === 'headers') return header(names, fields)
  if (field === 'rule') return protocolRule(names, fields)
  if (field === 'headerMatches') return headerMatch(names, fields)
  return Object.fromEntries(
    Object.entries(fields).map(([key, inner]) => [
      key,
      key === 'name' && field === 'rules' ? ruleName(names, String(inner)) : pseudonymousMessage(names, inner, key),
    ]),
  )
}

function text(names: Pseudonyms, value: string, field: string): string {
  const rename = Object.hasOwn(TEXTS, field) ? TEXTS[field] : undefined
  if (rename === undefined) throw new RangeError(`the field ${field} of what a proxy is told`)
  return rename(names, value)
}

function ruleName(names: Pseudonyms, text: string): string {
  const [, origin = text, more = ''] = /^(.*?)( and [0-9]+ more)?$/s.exec(text) ?? []
  return `${origin === '' ? '' : pseudonymousOrigin(names, origin)}${more}`
}

/** A matcher of a request's header. */
function header(names: Pseudonyms, fields: Fields): Json {
  const of = String(fields['name'])
  const { stringMatch } = fields
  if (of === ':path' || of === ':method' || !isFields(stringMatch)) return fields
  const { exact, safeRegex } = stringMatch
  if (typeof exact === 'string') {
    return { ...fields, stringMatch: { ...stringMatch, exact: headerValue(names, of, exact) } }
  }
  if (!isFields(safeRegex) || of !== ':authority') throw new RangeError(`the header ${of}`)
  const regex = hostExpression(names, String(safeRegex['regex']))
  return { ...fields, stringMatch: { ...stringMatch, safeRegex: { regex } } }
}

function headerMatch(names: Pseudonyms, { valueSdsSecret, ...fields }: Fields): Json {
  if (valueSdsSecret !== '' && valueSdsSecret !== undefined) throw new RangeError('a secret of a header')
  const value = headerValue(names, String(fields['name']), String(fields['value']))
  return { ...fields, value, ...(valueSdsSecret === undefined ? {} : { valueSdsSecret }) }
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
