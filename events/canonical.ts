/**
 * One text for one value: JSON with object keys sorted by code unit, no blanks, no undefined. Equal values have equal texts and
 * so equal digests, whatever order their keys were written in.
 */

import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js'
import { Digest } from './ids.ts'

/** Throws on anything that JSON cannot say: undefined, functions, bigint, NaN, infinities. */
export function canonicalText(value: unknown): string {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return JSON.stringify(value)
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new TypeError(`${value} has no JSON form`)
    return JSON.stringify(value)
  }
  if (Array.isArray(value)) return canonicalList(value)
  if (typeof value === 'object') return canonicalObject(value as { readonly [key: string]: unknown })
  throw new TypeError(`a ${typeof value} has no JSON form`)
}

export function digestOf(value: unknown): Digest {
  return digestOfBytes(utf8ToBytes(canonicalText(value)))
}

export function digestOfText(text: string): Digest {
  return digestOfBytes(utf8ToBytes(text))
}

function digestOfBytes(bytes: Uint8Array): Digest {
  return Digest(`sha256:${bytesToHex(sha256(bytes))}`)
}

/** Without an array an element and an entry a key: every event that is written and every digest passes here. */
function canonicalList(value: readonly unknown[]): string {
  let text = '['
  for (let index = 0; index < value.length; index += 1) {
    text += index === 0 ? canonicalText(value[index]) : `,${canonicalText(value[index])}`
  }
  return `${text}]`
}

/** `toSorted` without a comparison orders by code unit. */
function canonicalObject(value: { readonly [key: string]: unknown }): string {
  let text = '{'
  for (const key of Object.keys(value).toSorted()) {
    text += `${text === '{' ? '' : ','}${JSON.stringify(key)}:${canonicalText(value[key])}`
  }
  return `${text}}`
}
