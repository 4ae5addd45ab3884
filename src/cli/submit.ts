/**
 * A wish to the log: read what it rests on, decide, append at the revisions that were read; where another writer was faster, read on and decide
 * again. Needs no running agent.
 */
import { randomUUID } from 'node:crypto'
import { userInfo } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import type { HindcastEvent } from '../../events/catalogue.ts'
import { encodeEvent } from '../../events/codec.ts'
import { CorrelationId, EventId, POLICY_STREAM, type Position, type Timestamp } from '../../events/ids.ts'
import type { Actor, Source } from '../../events/recorded.ts'
import type { Ledger } from '../../projections/ledger/ledger.ts'
import { type Command, decide, streamsOf } from '../decide/command.ts'
import type { Decision } from '../decide/decision.ts'
import { type EventLog, LogError } from '../ports/log.ts'
import type { SavedStates } from '../ports/saved-states.ts'
import { LedgerReader } from './ledger-reader.ts'

export type Submission = {
  readonly log: EventLog
  readonly command: Command
  readonly source: (event: HindcastEvent) => Source
  /** Decide and append nothing. */
  readonly dryRun: boolean
  /** Of earlier writers; left out: everything is folded. */
  readonly states?: SavedStates
}

export type Submitted = {
  readonly decision: Decision
  /** As the log stood when it was decided. */
  readonly before: Ledger
  /** One for each event of the decision, or of its record; empty where nothing was appended. */
  readonly positions: readonly Position[]
  readonly recordedAt: Timestamp | null
}

/** A busy agent appends to its node's stream all the time; so many losses in a row mean that something is wrong. */
const ATTEMPTS_MAX = 100
/** The pause after a conflict grows up to this, and is drawn at random so that two writers do not meet again. */
const PAUSE_MAX_MS = 50

/** Throws `LogError`, `DecodeError`. */
export async function submit(submission: Submission): Promise<Submitted> {
  const { log, command, states = null } = submission
  // Every answer says the policy revision, so that stream is always read.
  const streams = [...new Set([...streamsOf(command), POLICY_STREAM])]
  const known = new LedgerReader({ log, streams, states })
  const submitted = await decideAndAppend(submission, known)
  await known.save()
  return submitted
}

async function decideAndAppend({ log, command, source, dryRun }: Submission, known: LedgerReader): Promise<Submitted> {
  const correlation = CorrelationId(randomUUID())
  const actor = whoAmI()
  for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt++) {
    await known.readOn()
    const decision = decide(command, known.ledger)
    const wanted = decision.kind === 'decided' ? decision.appends : decision.record
    const base = { decision, before: known.ledger }
    if (wanted.length === 0 || dryRun) return { ...base, positions: [], recordedAt: null }
    const batch = wanted.map(({ stream, events }) => ({
      stream,
      expected: known.expected(stream),
      events: events.map((event) =>
        encodeEvent({
          id: EventId(randomUUID()),
          event,
          context: { actor, source: source(event), correlation, cause: null },
        }),
      ),
    }))
    const outcome = await log.append(batch)
    if (outcome.kind === 'appended') {
      return { ...base, positions: outcome.positions, recordedAt: outcome.recordedAt }
    }
    await sleep(Math.random() * Math.min(PAUSE_MAX_MS, attempt))
  }
  throw new LogError('log-locked', `${log.location}: other writers were faster ${ATTEMPTS_MAX} times in a row`)
}

/** The login; behind sudo also who is behind it. */
export function whoAmI(): Actor {
  const behind = process.env['SUDO_USER']
  const name = loginName()
  return { kind: 'user', name: behind && behind !== name ? `${behind} as ${name}` : name }
}

function loginName(): string {
  try {
    return userInfo().username
  } catch {
    // A container may run as a uid without an entry in passwd.
    return `uid ${process.getuid?.() ?? 'unknown'}`
  }
}
