/**
 * protobufjs' generated code, made strict in both directions.
 *
 * Its `fromObject` ignores keys that it does not know and converts what has the wrong type, so a misspelled field would become a policy
 * without it. Here the message is read back and compared: what did not survive is a `TypeError` that names each place. Reading keeps what the
 * message does not declare, and refuses it: a receiver that cannot understand a field of a policy must not enforce the rest.
 *
 * Anys stand in their readable form, `{ '@type': url, ...fields }`, on our side, and as bytes on the wire.
 */
import protobuf from 'protobufjs/minimal.js'
import type { Instance, Static } from './gen/messages.js'

export type AnyTypes = ReadonlyMap<string, Static>
/** google.protobuf.Any as protobufjs spells it: `typeUrl` would be ignored. */
export type PackedAny = { readonly type_url: string; readonly value: Uint8Array }

const OBJECT_FORM = { defaults: true, arrays: true, objects: true, enums: String, longs: Number }
/** Problems that an error names; more help nobody. */
const PROBLEMS_MAX = 20

type Plain = { readonly [key: string]: unknown }

/** Throws `TypeError` where `value` has an unknown field, a wrong type, an unsafe integer or an Any of an unknown type. */
export function encodeStrict(type: Static, value: unknown, anys: AnyTypes): Uint8Array {
  if (!isPlain(value)) throw new TypeError('a message is an object')
  const packed = packAnys(value, anys) as Plain
  const message = type.fromObject(packed)
  const kept = type.toObject(message, OBJECT_FORM)
  if (!survived(packed, kept)) {
    const problems: string[] = []
    compare(packed, kept, '', problems)
    throw new TypeError(problems.slice(0, PROBLEMS_MAX).join('; '))
  }
  return type.encode(message).finish()
}

/** Throws `TypeError` or protobufjs' own error where the bytes are not the message, or hold more than the message declares. */
export function decodeStrict(type: Static, bytes: Uint8Array, anys: AnyTypes): Plain {
  const reader = protobuf.Reader.create(bytes)
  reader.discardUnknown = false
  const message = type.decode(reader)
  if (hasUnknown(message)) throw new TypeError(`${unknownAt(message, '') || '/'} has fields that are not known here`)
  return unpackAnys(type.toObject(message, OBJECT_FORM), anys) as Plain
}

/** Without comparing and without refusing: for the transport's own messages, which we build by typed functions. */
export function decodeLenient(type: Static, bytes: Uint8Array): Plain {
  return type.toObject(type.decode(bytes), OBJECT_FORM) as Plain
}

function packAnys(value: unknown, anys: AnyTypes): unknown {
  if (isPlain(value) && Object.hasOwn(value, '@type')) return packAny(value, anys)
  return mapInside(value, (inside) => packAnys(inside, anys))
}

/** What lists and objects hold, changed; where nothing changes the value itself, because most messages have no Any in them. */
function mapInside(value: unknown, change: (inside: unknown) => unknown): unknown {
  if (Array.isArray(value)) {
    const elements = value.map(change)
    return elements.some((element, index) => element !== value[index]) ? elements : value
  }
  if (!isPlain(value)) return value
  let copy: Record<string, unknown> | null = null
  for (const key of Object.keys(value)) {
    const field = value[key]
    if (typeof field !== 'object' || field === null) continue
    const changed = change(field)
    if (changed === field) continue
    copy ??= { ...value }
    copy[key] = changed
  }
  return copy ?? value
}

/** The only place where an Any is made. */
function packAny({ '@type': url, ...fields }: Plain, anys: AnyTypes): PackedAny {
  const type = typeof url === 'string' ? anys.get(url) : undefined
  if (type === undefined) throw new TypeError(`${String(url)} is not a type that travels in an Any here`)
  return { type_url: url as string, value: encodeStrict(type, fields, anys) }
}

function unpackAnys(value: unknown, anys: AnyTypes): unknown {
  if (isPlain(value) && isPackedAny(value)) {
    const type = anys.get(value.type_url)
    if (type === undefined) throw new TypeError(`${value.type_url || 'an empty type'} is not known here`)
    return { '@type': value.type_url, ...decodeStrict(type, value.value, anys) }
  }
  return mapInside(value, (inside) => unpackAnys(inside, anys))
}

/** Whether `compare` finds nothing, without the paths that only problems need. */
function survived(given: unknown, kept: unknown): boolean {
  if (given === null || given === undefined) return kept === null || kept === undefined
  if (kept === null || kept === undefined) return false
  if (given instanceof Uint8Array || Array.isArray(given)) return listSurvived(given, kept)
  if (!isPlain(given)) return given === kept
  if (!isPlain(kept) || (isPackedAny(kept) && kept.type_url === '')) return false
  for (const key of Object.keys(given)) {
    if (!survived(given[key], Object.hasOwn(kept, key) ? kept[key] : undefined)) return false
  }
  return true
}

function listSurvived(given: ArrayLike<unknown>, kept: unknown): boolean {
  if (!(Array.isArray(kept) || kept instanceof Uint8Array) || given.length !== kept.length) return false
  for (let index = 0; index < given.length; index++) {
    const element = given[index]
    if (element === null || element === undefined ? element !== kept[index] : !survived(element, kept[index]))
      return false
  }
  return true
}

function compare(given: unknown, kept: unknown, path: string, problems: string[]): void {
  if (given instanceof Uint8Array || Array.isArray(given)) compareList(given, kept, path, problems)
  else if (!isPlain(given)) {
    if (given !== kept) problems.push(`${path} is ${show(given)}, which the message would hold as ${show(kept)}`)
  } else if (!isPlain(kept)) problems.push(`${path} is not a message`)
  else compareFields(given, kept, path, problems)
}

function compareFields(given: Plain, kept: Plain, path: string, problems: string[]): void {
  if (isPackedAny(kept) && kept['type_url'] === '') problems.push(`${path} is an Any without a type`)
  for (const [key, field] of Object.entries(given)) {
    const inside = `${path}/${key}`
    const there = Object.hasOwn(kept, key) ? kept[key] : undefined
    if (field === null || field === undefined) {
      if (there !== null && there !== undefined) problems.push(`${inside} is null, but it is not a message`)
    } else if (there === undefined) problems.push(`${inside} is unknown`)
    else compare(field, there, inside, problems)
  }
}

function compareList(given: ArrayLike<unknown>, kept: unknown, path: string, problems: string[]): void {
  if (!Array.isArray(kept) && !(kept instanceof Uint8Array)) return void problems.push(`${path} is not a list`)
  if (given.length !== kept.length) return void problems.push(`${path} does not keep its length`)
  for (let index = 0; index < given.length; index++) compare(given[index], kept[index], `${path}/${index}`, problems)
}

function hasUnknown(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return false
  if (((value as Instance).$unknowns?.length ?? 0) > 0) return true
  if (Array.isArray(value)) return value.some(hasUnknown)
  for (const key of Object.keys(value)) if (hasUnknown((value as Plain)[key])) return true
  return false
}

/** Path of the first message that kept unknown fields; null where there is none. */
function unknownAt(value: unknown, path: string): string | null {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return null
  if (((value as Instance).$unknowns?.length ?? 0) > 0) return path
  for (const [key, field] of Object.entries(value)) {
    const found = unknownAt(field, `${path}/${key}`)
    if (found !== null) return found
  }
  return null
}

function isPackedAny(value: Plain): value is Plain & PackedAny {
  return typeof value['type_url'] === 'string' && value['value'] instanceof Uint8Array
}

function isPlain(value: unknown): value is Plain {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array)
}

function show(value: unknown): string {
  return value === undefined ? 'nothing' : JSON.stringify(value)
}
