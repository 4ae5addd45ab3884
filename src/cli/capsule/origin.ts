/** Whose events stand in a capsule: the proof that is put in, and what is said of it elsewhere. */

import type { Capsule } from '../../history/capsule/format.ts'
import {
  type CapsuleOrigin,
  checkedOrigin,
  type OriginClaim,
  type OriginReading,
  originOfRange,
} from '../../history/capsule/origin.ts'
import { hashText } from '../../history/merkle/tree.ts'
import { type EventLog, LogError } from '../../ports/log.ts'
import { type Place, pathOf } from '../compose.ts'
import { CliError, messageOf } from '../failure.ts'
import { signedToGoOn, withSignedTree } from '../integrity/signed-tree.ts'
import type { VerifyOptions } from '../integrity/verbs.ts'
import { givenKey } from '../integrity/verifier-key.ts'
import type { LogSink } from '../log-verb.ts'
import { counted } from '../render/counted.ts'
import { checkCapsuleFile } from './file.ts'

/** Null, and said, where nothing can be signed here. */
export async function originBeside(
  capsule: Capsule,
  { log, place, warn }: { readonly log: EventLog; readonly place: Place; readonly warn: (text: string) => void },
): Promise<CapsuleOrigin | null> {
  const without = (reason: string): null => {
    warn(`without proof of origin: ${reason}\n`)
    return null
  }
  if (log.begins !== undefined) return without('it is taken from a capsule')
  try {
    return await withSignedTree(place, warn, async (_, open) => {
      const tree = await open()
      return originOfRange(tree, capsule, await signedToGoOn(tree, tree.head, { place, warn }))
    })
  } catch (error) {
    const isExpected = error instanceof CliError || error instanceof LogError || error instanceof RangeError
    if (!isExpected) throw error
    return without(messageOf(error))
  }
}

/** `verify --log capsule:FILE`. Throws `CapsuleError`, `CliError`. */
export async function verifyCapsule(
  names: readonly string[],
  { key, since, output, ...place }: VerifyOptions,
  sink: LogSink,
): Promise<void> {
  if (names.length > 0 || since !== undefined)
    throw new CliError('usage', 'checkpoint-not-comparable: a capsule is compared with the checkpoint that is in it')
  if (key === undefined) throw new CliError('usage', 'key-missing at --key: of the log that the capsule was taken from')
  const { capsule, model } = await checkCapsuleFile(pathOf(place), sink.warn)
  model[Symbol.dispose]()
  const reading = checkedOrigin(capsule, givenKey(key))
  if (reading.kind === 'none') throw new CliError('integrity', `capsule-not-of-log: ${NO_ORIGIN}`)
  sink.write(output === 'json' ? `${JSON.stringify(plainOrigin(reading), null, 2)}\n` : originText(reading, capsule))
}

const NO_ORIGIN =
  'it has no signed checkpoint in it, as those under pseudonyms and those of logs where nothing could be signed'

/** For JSON. */
export function plainOrigin(reading: Exclude<OriginReading, { kind: 'refused' }>): object {
  if (reading.kind === 'none') return { kind: 'none' }
  const { kind, checkpoint, signers, events, others } = reading
  const { origin, size, root, position, time } = checkpoint
  const plain = { origin, size, root: hashText(root), position: String(position), time }
  return { kind, signers, events, others, checkpoint: plain }
}

/** Lines for people. */
export function originText(reading: Exclude<OriginReading, { kind: 'refused' }>, { header }: Capsule): string {
  if (reading.kind === 'none') return `nobody vouches for its events: ${NO_ORIGIN}\n`
  const { from, to } = header
  const range = `the ${counted(reading.events, 'event')} after position ${from.position} up to ${to.position}`
  return `${reading.kind === 'proved' ? provedText(range, reading) : claimedText(range, reading)}${othersText(reading)}\n`
}

function provedText(range: string, { checkpoint, signers }: OriginClaim): string {
  const { origin, size, position, time } = checkpoint
  return `${range} are those of ${origin}, as ${signers.join(', ')} signed over ${counted(size, 'event')} up to position ${position}, ${time}`
}

function claimedText(range: string, { checkpoint, signers }: OriginClaim): string {
  return `${range} fit a checkpoint of ${checkpoint.origin} that ${signers.join(', ')} is said to have signed; --key tells whether`
}

function othersText({ others }: OriginClaim): string {
  return others === 0 ? '' : `\nnot proved: the ${counted(others, 'event')} that the state at the start follows from`
}
