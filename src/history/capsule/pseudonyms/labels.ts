/** Labels under pseudonyms, as identities carry them and as selectors ask for them: what met before meets afterwards. */
import { Cidr, LabelText } from '../../../../events/ids.ts'
import { prefixLabels } from '../../../../projections/identity/prefix-labels.ts'
import { parsePrefix, prefixText } from '../../../../projections/ip/prefix.ts'
import { sourcedKey } from '../../../../projections/policy/parse/label.ts'
import type { Pseudonyms } from './names.ts'
import { isKnownKey, isKnownValue, KEY_BEGINNINGS, KEY_MIDDLE, NAMESPACE_LABELS, SOURCES } from './vocabulary.ts'

/** Without its source. Whether it counts for an identity stays as it is. */
export function labelKey(names: Pseudonyms, key: string): string {
  if (key.startsWith(NAMESPACE_LABELS)) {
    return `${NAMESPACE_LABELS}${labelKey(names, key.slice(NAMESPACE_LABELS.length))}`
  }
  if (isKnownKey(key)) return key
  const beginning = KEY_BEGINNINGS.find((start) => key.startsWith(start))
  if (beginning !== undefined) return `${beginning}${after(names, key.slice(beginning.length))}`
  const middle = key.indexOf(KEY_MIDDLE)
  if (middle < 0) return parts(names, key)
  const before = key.slice(0, middle).replace(/\.$/, '')
  const start = before === '' ? '' : `${parts(names, before)}.`
  return `${start}${KEY_MIDDLE}${after(names, key.slice(middle + KEY_MIDDLE.length))}`
}

/** What follows a known beginning, with what parts them. */
function after(names: Pseudonyms, rest: string): string {
  const [, separator = '', text = ''] = /^([./]?)(.*)$/s.exec(rest) ?? []
  return text === '' ? separator : `${separator}${parts(names, text)}`
}

function parts(names: Pseudonyms, key: string): string {
  return key
    .split('/')
    .map((part) => names.labelPart(part))
    .join('/')
}

export function labelValue(names: Pseudonyms, key: string, value: string): string {
  return isKnownValue(key, value) ? value : names.labelPart(value)
}

/** As selectors write it: `source:key`, `$reserved`, `reserved.name` or a key. */
export function selectorKey(names: Pseudonyms, text: string): string {
  const { source, key } = sourcedKey(text, '')
  if (source === 'reserved') return text
  if (source === '') return prefixKey(names, key) ?? labelKey(names, key)
  if (source === 'cidr') {
    const renamed = prefixKey(names, key)
    if (renamed === null) throw new RangeError(`the label ${text} in a selector`)
    return `cidr:${renamed}`
  }
  if (source === 'fqdn') return `fqdn:${names.dns(key)}`
  return `${labelSource(names, source)}:${labelKey(names, key)}`
}

/** `10.0.0.0/8` or `fd00--0/16`, as a label's key says a prefix; null where it says none. */
function prefixKey(names: Pseudonyms, key: string): string | null {
  const prefix = /^[0-9a-f.-]+\/[0-9]+$/i.test(key) ? parsePrefix(key.replaceAll('-', ':')) : null
  return prefix === null ? null : prefixLabel(Cidr(names.prefix(prefixText(prefix)))).slice('cidr:'.length)
}

/** `source:key=value`. */
export function label(names: Pseudonyms, text: LabelText): LabelText {
  if (text.startsWith('reserved:')) return text
  const [, source = '', key = '', value] = /^([^:]*):([^=]*)(?:=(.*))?$/s.exec(text) ?? []
  if (source === 'fqdn') return LabelText(`fqdn:${names.dns(key)}`)
  if (source === 'cidr') return LabelText(selectorKey(names, text))
  const end = value === undefined ? '' : `=${labelValue(names, key, value)}`
  return LabelText(`${labelSource(names, source)}:${labelKey(names, key)}${end}`)
}

/** Of an identity; those of its prefix (as it was) follow from the renamed one. */
export function labels(names: Pseudonyms, all: readonly LabelText[], prefix: Cidr | null): readonly LabelText[] {
  const isOfPrefix = (text: LabelText): boolean => prefix !== null && text.startsWith('cidr:')
  const others = all.filter((text) => !isOfPrefix(text)).map((text) => label(names, text))
  const own =
    prefix === null || !all.some(isOfPrefix) ? [] : prefixLabels(Cidr(names.prefix(prefix))).filter(isOfPrefix)
  return [...new Set([...own, ...others])].toSorted()
}

/** Labels of a group, a service or a manifest, by key. */
export function labelSet<Value extends string>(
  names: Pseudonyms,
  given: { readonly [key: string]: Value },
): { readonly [key: string]: string } {
  return Object.fromEntries(
    Object.entries(given).map(([key, value]) => [
      selectorKey(names, key),
      labelValue(names, sourcedKey(key, '').key, value),
    ]),
  )
}

function labelSource(names: Pseudonyms, source: string): string {
  return SOURCES.has(source) ? source : names.name(source)
}

function prefixLabel(prefix: Cidr): LabelText {
  const { length } = parsePrefix(prefix)!
  return prefixLabels(prefix).find((text) => text.endsWith(`/${length}`))!
}
