/** What a branch touches and somebody changed on the log between its fork and a later moment: who, when, what. */
import { Position } from '../../../events/ids.ts'
import { serviceKey } from '../../../projections/facts/shared.ts'
import { type EventRef, eventAt, refOf } from '../event-at.ts'
import type { History } from '../history.ts'
import type { Branch, BranchCommand } from './branch.ts'
import { eventsOf, isSame, policySubject, type Subject, subjectKey, subjectOfEvent, subjectText } from './subject.ts'
import { wantedAfter } from './wanted.ts'

export type Conflict = {
  /** In the words of `subjectText`. */
  readonly what: string
  /** Numbers of the branch's commands that are about it. */
  readonly commands: readonly number[]
  readonly happened: 'added' | 'changed' | 'deleted'
  /** Its events since the fork, oldest first. */
  readonly events: readonly EventRef[]
}

/** None where everything that the branch touches is at `onto` as it was at the fork. Throws `BranchContradiction`, `DecodeError`. */
export async function conflictsOf(history: History, branch: Branch, onto: Position): Promise<readonly Conflict[]> {
  const fork = branch.fork === null ? null : Position(BigInt(branch.fork))
  const touched = [...(await wantedAfter(history, branch, branch.commands.length)).values()]
  const about = await commandsBySubject(history, branch)
  const conflicts: Conflict[] = []
  for (const { subject, atFork } of touched) {
    const now = history.model.versions({ ...subject, upTo: onto, limit: 1 })[0]?.value ?? null
    if (isSame(subject, atFork, now)) continue
    const events = (await eventsOf(history, subject, onto)).filter(({ position }) => fork === null || position > fork)
    conflicts.push({
      what: subjectText(subject),
      commands: about.get(subjectKey(subject)) ?? [],
      happened: now === null ? 'deleted' : atFork === null ? 'added' : 'changed',
      events: events.map(refOf),
    })
  }
  return conflicts
}

async function commandsBySubject(
  history: History,
  { commands }: Branch,
): Promise<ReadonlyMap<string, readonly number[]>> {
  const found = new Map<string, number[]>()
  for (const [index, command] of commands.entries()) {
    const subject = await subjectOfCommand(history, command)
    if (subject === null) continue
    const key = subjectKey(subject)
    found.set(key, [...(found.get(key) ?? []), index + 1])
  }
  return found
}

/** Null for a slice that is to go: whose it was only the services say. */
async function subjectOfCommand(history: History, command: BranchCommand): Promise<Subject | null> {
  switch (command.kind) {
    case 'set':
    case 'delete':
    case 'edit':
      return policySubject(command.resource)
    case 'set-fact': {
      const { fact } = command
      return factSubject(fact.ref, fact.kind === 'backends' ? fact.service : fact.ref.name)
    }
    case 'delete-fact':
      return command.ref.kind === 'EndpointSlice' ? null : factSubject(command.ref, command.ref.name)
    case 'without': {
      const recorded = await eventAt(history, Position(BigInt(command.position)))
      const outcome = recorded === null ? null : await subjectOfEvent(history, recorded)
      return outcome?.kind === 'subject' ? outcome.subject : null
    }
  }
}

function factSubject(
  { kind, namespace }: { readonly kind: string; readonly namespace: string | null },
  name: string,
): Subject {
  if (kind === 'CiliumCIDRGroup') return { unit: 'policy', entity: `cidr-group ${name}` }
  return { unit: 'policy', entity: `service ${serviceKey({ namespace: namespace ?? '', name })}` }
}
