/**
 * A branch: what policies would be, had some commands followed the log at its fork, or had some old event never happened. The log does not learn of
 * it: a branch is a position and a list of commands, and what it amounts to is worked out from the log whenever it is asked for.
 */
import { digestOf } from '../../../events/canonical.ts'
import type { HindcastEvent } from '../../../events/catalogue.ts'
import { decodeEvent } from '../../../events/codec.ts'
import { type ResourceRef, resourceKey, resourceRef } from '../../../events/fields.ts'
import { type Digest, POLICY_STREAM, Position } from '../../../events/ids.ts'
import type { Recorded } from '../../../events/recorded.ts'
import {
  integer,
  type Json,
  json,
  list,
  oneOf,
  orNull,
  positionText,
  record,
  type Schema,
  text,
} from '../../../events/schema.ts'
import type { EventLog } from '../../ports/log.ts'

/** `set` has a manifest, `delete` a resource, `without` the position of an event that is left out. The others are null. */
export type BranchCommand = {
  readonly kind: 'set' | 'delete' | 'without'
  readonly resource: ResourceRef
  readonly manifest: Json | null
  readonly position: string | null
}

export type Branch = {
  readonly v: number
  readonly name: string
  /** The last position of the log that it stands on; null is the empty log. */
  readonly fork: string | null
  readonly commands: readonly BranchCommand[]
}

export const BRANCH_VERSION = 1
export const branch: Schema<Branch> = record({
  v: integer,
  name: text,
  fork: orNull(positionText),
  commands: list(
    record({
      kind: oneOf('set', 'delete', 'without'),
      resource: resourceRef,
      manifest: orNull(json),
      position: orNull(positionText),
    }),
  ),
})

/** A policy that is otherwise on the branch than at its fork. */
export type BranchedPolicy = {
  readonly resource: ResourceRef
  /** Null: it is not there on the branch. */
  readonly manifest: Json | null
  /** What it was at the fork; null where it was not there. */
  readonly atFork: Digest | null
}

export type PolicyEvent = Recorded & {
  readonly event: Extract<HindcastEvent, { readonly type: 'PolicyAdded' | 'PolicyDeleted' }>
}

/** Every event that set or deleted a policy, oldest first. Throws `DecodeError`. */
export async function policyEvents(log: EventLog): Promise<readonly PolicyEvent[]> {
  const found: PolicyEvent[] = []
  const types = ['PolicyAdded', 'PolicyDeleted'] as const
  for await (const batch of log.readAll({
    direction: 'forwards',
    after: null,
    types,
    streamPrefixes: [POLICY_STREAM],
  })) {
    found.push(...batch.map(decodeEvent).filter(isPolicyEvent))
  }
  return found
}

function isPolicyEvent(recorded: Recorded): recorded is PolicyEvent {
  return recorded.event.type === 'PolicyAdded' || recorded.event.type === 'PolicyDeleted'
}

/** Old events are left out first; then the commands follow in order, each replacing what came before for the same policy. */
export function branchedPolicies(
  { fork, commands }: Branch,
  events: readonly PolicyEvent[],
): readonly BranchedPolicy[] {
  const known = fork === null ? [] : events.filter(({ position }) => position <= Position(BigInt(fork)))
  const left = new Set(commands.flatMap(({ kind, position }) => (kind === 'without' ? [position] : [])))
  const before = manifestsOf(known)
  const after = manifestsOf(known.filter(({ position }) => !left.has(String(position))))
  const resources = new Map(commands.map(({ resource }) => [resourceKey(resource), resource]))
  for (const { kind, resource, manifest } of commands) {
    if (kind === 'set') after.set(resourceKey(resource), manifest)
    if (kind === 'delete') after.delete(resourceKey(resource))
  }
  return [...resources].flatMap(([key, resource]) => {
    const [was, is] = [digestOrNull(before.get(key)), digestOrNull(after.get(key))]
    return was === is ? [] : [{ resource, manifest: after.get(key) ?? null, atFork: was }]
  })
}

/** The last change of each policy that the branch touches and that is no longer at `onto` as it was at the fork. */
export function conflictsOf(
  { fork, commands }: Branch,
  events: readonly PolicyEvent[],
  onto: Position,
): readonly PolicyEvent[] {
  const upTo = (end: bigint): readonly PolicyEvent[] => events.filter(({ position }) => position <= end)
  const [before, after] = [manifestsOf(upTo(fork === null ? -1n : BigInt(fork))), manifestsOf(upTo(onto))]
  const keys = [...new Set(commands.map(({ resource }) => resourceKey(resource)))]
  const moved = keys.filter((key) => digestOrNull(before.get(key)) !== digestOrNull(after.get(key)))
  return moved.map((key) => upTo(onto).findLast(({ event }) => resourceKey(event.resource) === key)!)
}

function manifestsOf(events: readonly PolicyEvent[]): Map<string, Json | null> {
  const manifests = new Map<string, Json | null>()
  for (const { event } of events) {
    const key = resourceKey(event.resource)
    if (event.type === 'PolicyAdded') manifests.set(key, event.manifest)
    else manifests.delete(key)
  }
  return manifests
}

function digestOrNull(manifest: Json | undefined): Digest | null {
  return manifest === undefined || manifest === null ? null : digestOf(manifest)
}
