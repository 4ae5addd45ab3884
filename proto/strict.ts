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
  const problems: string[] = []
  compare(packed, type.toObject(message, OBJECT_FORM), '', problems)
  if (problems.length > 0) throw new TypeError(problems.slice(0, PROBLEMS_MAX).join('; '))
  return type.encode(message).finish()
}

/** Throws `TypeError` or protobufjs' own error where the bytes are not the message, or hold more than the message declares. */
export function decodeStrict(type: Static, bytes: Uint8Array, anys: AnyTypes): Plain {
  const reader = protobuf.Reader.create(bytes)
  reader.discardUnknown = false
  const message = type.decode(reader)
  const unknown = unknownAt(message, '')
  if (unknown !== null) throw new TypeError(`${unknown || '/'} has fields that are not known here`)
  return unpackAnys(type.toObject(message, OBJECT_FORM), anys) as Plain
}

/** Without comparing and without refusing: for the transport's own messages, which we build by typed functions. */
export function decodeLenient(type: Static, bytes: Uint8Array): Plain {
  return type.toObject(type.decode(bytes), OBJECT_FORM) as Plain
}

function packAnys(value: unknown, anys: AnyTypes): unknown {
  if (Array.isArray(value)) return value.map((element) => packAnys(element, anys))
  if (!isPlain(value)) return value
  if (Object.hasOwn(value, '@type')) return packAny(value, anys)
  return Object.fromEntries(Object.entries(value).map(([key, field]) => [key, packAnys(field, anys)]))
}

/** The only place where an Any is made. */
function packAny({ '@type': url, ...fields }: Plain, anys: AnyTypes): PackedAny {
  const type = typeof url === 'string' ? anys.get(url) : undefined
  if (type === undefined) throw new TypeError(`${String(url)} is not a type that travels in an Any here`)
  return { type_url: url as string, value: encodeStrict(type, fields, anys) }
}

function unpackAnys(value: unknown, anys: AnyTypes): unknown {
  if (Array.isArray(value)) return value.map((element) => unpackAnys(element, anys))
  if (!isPlain(value)) return value
  if (isPackedAny(value)) {
    const type = anys.get(value.type_url)
    if (type === undefined) throw new TypeError(`${value.type_url || 'an empty type'} is not known here`)
    return { '@type': value.type_url, ...decodeStrict(type, value.value, anys) }
  }
  return Object.fromEntries(Object.entries(value).map(([key, field]) => [key, unpackAnys(field, anys)]))
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
