/** What a branch amounts to beside its fork: policies and facts that are otherwise, for `plan` to work out and for `merge` to write. */
import { digestOf } from '../../../events/canonical.ts'
import type { EventOf } from '../../../events/catalogue.ts'
import type { ResourceRef } from '../../../events/fields.ts'
import { type Digest, Position, Timestamp } from '../../../events/ids.ts'
import type { Json } from '../../../events/schema.ts'
import { readPolicy } from '../../../projections/policy/parse/policy.ts'
import { eventAt } from '../event-at.ts'
import type { History } from '../history.ts'
import type { PlannedFact, PlannedPolicy } from '../plan/plan.ts'
import type { Branch } from './branch.ts'
import { isSame, type Subject } from './subject.ts'
import { toldOf } from './told.ts'
import { type Wanted, wantedAfter } from './wanted.ts'

export type Planned = {
  readonly policies: readonly (PlannedPolicy & { readonly atFork: Digest | null })[]
  readonly facts: readonly PlannedFact[]
  /** Groups, services, DNS answers and labels that are otherwise, each with its events. */
  readonly others: readonly {
    readonly subject: Subject
    readonly atFork: Json | null
    readonly facts: readonly PlannedFact[]
  }[]
}

/** Throws `BranchContradiction`, `DecodeError`. */
export async function plannedOf(history: History, branch: Branch): Promise<Planned> {
  const all = [...(await wantedAfter(history, branch, branch.commands.length)).values()]
  const changed = all.filter(({ subject, atFork, value }) => !isSame(subject, atFork, value))
  const fork = branch.fork === null ? null : await eventAt(history, Position(BigInt(branch.fork)))
  const time = fork?.recordedAt ?? Timestamp(0)
  const isPolicy = ({ subject }: Wanted): boolean => subject.entity.startsWith('policy ')
  const others = changed
    .filter((wanted) => !isPolicy(wanted))
    .map(({ subject, atFork, value }) => {
      const facts = toldOf({ subject, from: atFork, to: value, revision: 1, time })
      return { subject, atFork, facts }
    })
  return {
    policies: changed.filter(isPolicy).map(policyOf),
    facts: others.flatMap(({ facts }) => facts),
    others,
  }
}

function policyOf({ atFork, value }: Wanted): Planned['policies'][number] {
  const [was, is] = [atFork, value] as unknown as readonly (EventOf<'PolicyAdded'> | null)[]
  const resource = (is ?? was)?.resource as ResourceRef
  const manifest = is?.manifest ?? null
  const reading = manifest === null ? null : readPolicy(manifest)
  const rules = reading?.kind === 'accepted' ? reading.policy.rules : null
  return { resource, manifest, rules, atFork: was === null || was === undefined ? null : digestOf(was.manifest) }
}
