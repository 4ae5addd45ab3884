/**
 * The log position and policy revision that a response was made at, as it travels: `control_plane.identifier` of every response is
 * `hindcast/<position>/<revision>`. Envoy shows the identifier in its statistics and otherwise ignores it; other control planes write what they
 * like there, and then there is no stamp.
 */
import type { XdsStamp } from '../ports/xds.ts'

const STAMP = /^hindcast\/(0|[1-9][0-9]*)\/([1-9][0-9]{0,14})$/

/** Throws `TypeError` where the position is not a decimal number or the revision is not one from 1 on. */
export function stampText({ position, revision }: XdsStamp): string {
  const text = `hindcast/${position}/${revision}`
  if (!STAMP.test(text)) throw new TypeError(`${text} is not a position and a revision`)
  return text
}

/** Null where another control plane wrote it. */
export function parseStamp(identifier: string | null): XdsStamp | null {
  const [, position, revision] = STAMP.exec(identifier ?? '') ?? []
  return position === undefined || revision === undefined ? null : { position, revision: Number(revision) }
}
