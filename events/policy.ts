/** Stream `policy`: what the policy repository holds. Shared by all nodes. */
import { digest, type Problem, policyRevision, problem, type ResourceRef, resourceRef } from './fields.ts'
import type { Digest, PolicyRevision } from './ids.ts'
import { eventSchema, integer, type Json, json, list, orNull, positionAsText, type Schema, text } from './schema.ts'

/** A resource is now in the repository with this manifest; an older one of the same name is replaced. */
export type PolicyAdded = {
  readonly type: 'PolicyAdded'
  readonly v: 1
  readonly resource: ResourceRef
  /** The resource as given, reduced to `kind`, `metadata` (name, namespace, uid, labels, annotations) and `spec`/`specs`. */
  readonly manifest: Json
  /** Of the manifest's canonical bytes. */
  readonly digest: Digest
  /** How many rules the manifest holds. */
  readonly rules: number
  /** Repository revision from this event on. */
  readonly revision: PolicyRevision
  /** Digest of the manifest that it replaces. */
  readonly replaces: Digest | null
}
export const policyAdded: Schema<PolicyAdded> = eventSchema('PolicyAdded', 1, {
  resource: resourceRef,
  manifest: json,
  digest,
  rules: integer,
  revision: policyRevision,
  replaces: orNull(digest),
})

/** The resource is no longer in the repository. */
export type PolicyDeleted = {
  readonly type: 'PolicyDeleted'
  readonly v: 1
  readonly resource: ResourceRef
  /** Digest of the manifest that went. */
  readonly digest: Digest
  readonly revision: PolicyRevision
}
export const policyDeleted: Schema<PolicyDeleted> = eventSchema('PolicyDeleted', 1, {
  resource: resourceRef,
  digest,
  revision: policyRevision,
})

/** An input was refused as a whole; the repository did not change. */
export type PolicyRefused = {
  readonly type: 'PolicyRefused'
  readonly v: 1
  /** Null where the input does not say which resource it is. */
  readonly resource: ResourceRef | null
  /** Of the input's bytes. */
  readonly inputDigest: Digest
  /** Everything that is wrong, at most `REFUSAL_PROBLEMS_MAX`. */
  readonly problems: readonly Problem[]
  /** How many more problems there are. */
  readonly furtherProblems: number
}
export const policyRefused: Schema<PolicyRefused> = eventSchema('PolicyRefused', 1, {
  resource: orNull(resourceRef),
  inputDigest: digest,
  problems: list(problem),
  furtherProblems: integer,
})

/** A refusal keeps this many problems, so that a hostile file cannot fill the log. */
export const REFUSAL_PROBLEMS_MAX = 100

/** A name for a position, chosen by a person. */
export type PositionTagged = {
  readonly type: 'PositionTagged'
  readonly v: 1
  readonly name: string
  readonly position: string
}
export const positionTagged: Schema<PositionTagged> = eventSchema('PositionTagged', 1, {
  name: text,
  position: positionAsText,
})
