/**
 * The bytes of an event that the tree hashes: three lines of UTF-8. First the header as a JSON list, then the body and the metadata as they
 * are stored, both canonical JSON. Anyone can make them with a shell and the SQLite tool.
 */
import type { StoredEvent } from '../../../events/codec.ts'
import { LEAF_PREFIX_BYTES, leafHash, prefixedHash, type TreeHash } from './tree.ts'

/** Of this form of the bytes; the first element of the header. */
const LEAF_VERSION = 1
/** Of one UTF-16 unit. */
const UTF8_BYTES_MAX = 3

export function leafText(stored: StoredEvent): string {
  return `${headerText(stored)}\n${stored.body}\n${stored.meta}\n`
}

/** Of nearly every event; larger ones are hashed as text. */
const SCRATCH_BYTES = 256 * 1024
const scratch = Buffer.alloc(SCRATCH_BYTES)
const LINE_END = 0x0a

/** The parts are written side by side into one place that is used again: put together as text each event would be copied twice. */
export function eventLeaf(stored: StoredEvent): TreeHash {
  const { body, meta } = stored
  const header = headerText(stored)
  if ((header.length + body.length + meta.length) * UTF8_BYTES_MAX + 4 > SCRATCH_BYTES)
    return leafHash(leafText(stored))
  let end = LEAF_PREFIX_BYTES
  for (const line of [header, body, meta]) {
    end += scratch.write(line, end)
    scratch[end] = LINE_END
    end += 1
  }
  return prefixedHash(scratch.subarray(0, end))
}

/** Put together by hand: `JSON.stringify` of a list takes longer than the hash. */
function headerText({ position, stream, revision, recordedAt, id, type, v }: StoredEvent): string {
  const place = `"${position}",${JSON.stringify(stream)},${revision},${recordedAt}`
  return `[${LEAF_VERSION},${place},${JSON.stringify(id)},${JSON.stringify(type)},${v}]`
}

/** Canonical JSON has no line break; a stored text that has one could be read as other fields. */
export function isOneLineEach({ body, meta }: StoredEvent): boolean {
  return !body.includes('\n') && !meta.includes('\n')
}
