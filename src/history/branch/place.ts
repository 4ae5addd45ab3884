/**
 * Places on branches, as positions. The world of a branch is asked with the verbs that ask the log, so what happens on a branch needs positions: they
 * stand above those of every log, say their branch, its fork and the command that they follow, and so need no table.
 *
 * From the top: the bytes of the branch's name, 64 bits of the fork plus one (0: the empty log), 32 bits of the command (0: what was on its way at the
 * fork), 32 bits of the step.
 */
import { Position } from '../../../events/ids.ts'

export type BranchPlace = {
  readonly name: string
  /** Null is the empty log. */
  readonly fork: Position | null
  readonly command: number
  readonly step: number
}

const PART_BITS = 32n
const PART_MAX = 2 ** 32 - 1
const FORK_BITS = 64n
const NAME_SHIFT = FORK_BITS + PART_BITS * 2n

/** After everything that follows from a command. */
export const LAST_STEP: number = PART_MAX

export function positionOn({ name, fork, command, step }: BranchPlace): Position {
  const word = BigInt(`0x${Buffer.from(name, 'ascii').toString('hex')}`)
  const stand = fork === null ? 0n : fork + 1n
  const head = (word << FORK_BITS) | BigInt.asUintN(Number(FORK_BITS), stand)
  return Position((((head << PART_BITS) | BigInt(command)) << PART_BITS) | BigInt(step))
}

/** Null for a position of the log. */
export function placeOf(position: Position): BranchPlace | null {
  const word = position >> NAME_SHIFT
  if (word === 0n) return null
  const part = (shift: bigint, bits: bigint): bigint => BigInt.asUintN(Number(bits), position >> shift)
  const stand = part(PART_BITS * 2n, FORK_BITS)
  return {
    name: Buffer.from(word.toString(16), 'hex').toString('ascii'),
    fork: stand === 0n ? null : Position(stand - 1n),
    command: Number(part(PART_BITS, PART_BITS)),
    step: Number(part(0n, PART_BITS)),
  }
}

/** Decimal, or `branch:NAME/COMMAND`, which also is what a person writes after `--at`. */
export function positionText(position: Position): string {
  const place = placeOf(position)
  return place === null ? String(position) : `branch:${place.name}/${place.command}`
}
