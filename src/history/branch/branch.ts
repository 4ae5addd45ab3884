/**
 * A branch: what would be, had some commands followed the log at its fork, or had some old events never happened or said something else. The log does
 * not learn of it: a branch is a position and a list of commands, and what it amounts to is worked out from the log whenever it is asked for.
 */
import { type FactRef, factKey } from '../../../events/facts.ts'
import { type ResourceRef, resourceKey } from '../../../events/fields.ts'
import type { Json } from '../../../events/schema.ts'
import type { Fact } from '../../../projections/policy/parse/fact.ts'

/** Old events are left out and edited first; then the others follow in order, each replacing what came before for the same object. */
export type BranchCommand =
  | { readonly kind: 'set'; readonly resource: ResourceRef; readonly manifest: Json }
  | { readonly kind: 'delete'; readonly resource: ResourceRef }
  | { readonly kind: 'set-fact'; readonly fact: Fact }
  | { readonly kind: 'delete-fact'; readonly ref: FactRef }
  /** `what` names the event at the position, for people. */
  | { readonly kind: 'without'; readonly position: string; readonly what: string }
  /** The policy event at the position had this manifest instead. */
  | { readonly kind: 'edit'; readonly position: string; readonly resource: ResourceRef; readonly manifest: Json }

export type Branch = {
  readonly v: typeof BRANCH_VERSION
  readonly name: string
  /** The last position of the log that it stands on; null is the empty log. */
  readonly fork: string | null
  readonly commands: readonly BranchCommand[]
}

export const BRANCH_VERSION = 2

export function commandText(command: BranchCommand): string {
  switch (command.kind) {
    case 'set':
    case 'delete':
      return `${command.kind} ${resourceKey(command.resource)}`
    case 'set-fact':
      return `set ${factKey(command.fact.ref)}`
    case 'delete-fact':
      return `delete ${factKey(command.ref)}`
    case 'without':
      return `without ${command.position} (${command.what})`
    case 'edit':
      return `edit ${command.position} (${resourceKey(command.resource)})`
  }
}
