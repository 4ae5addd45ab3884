/**
 * The bytes of an event that the tree hashes: three lines of UTF-8. First the header as a JSON list, then the body and the metadata as they
 * are stored, both canonical JSON. Anyone can make them with a shell and the SQLite tool.
 */
import type { StoredEvent } from '../../../events/codec.ts'
import { leafHash, type TreeHash } from './tree.ts'

/** Of this form of the bytes; the first element of the header. */
const LEAF_VERSION = 1

/** The header is put together by hand: `JSON.stringify` of a list takes longer than the hash. */
export function leafText({ position, stream, revision, recordedAt, id, type, v, body, meta }: StoredEvent): string {
  const place = `"${position}",${JSON.stringify(stream)},${revision},${recordedAt}`
  return `[${LEAF_VERSION},${place},${JSON.stringify(id)},${JSON.stringify(type)},${v}]\n${body}\n${meta}\n`
}

export function eventLeaf(stored: StoredEvent): TreeHash {
  return leafHash(leafText(stored))
}

/** Canonical JSON has no line break; a stored text that has one could be read as other fields. */
export function isOneLineEach({ body, meta }: StoredEvent): boolean {
  return !body.includes('\n') && !meta.includes('\n')
}
