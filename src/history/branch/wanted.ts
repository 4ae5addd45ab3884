/**
 * What the first commands of a branch make of the world's facts: for each subject that they touch its value at the fork and its value on the branch.
 *
 * Old events are left out and edited first, whatever the order of the commands: the subject's events are folded again without them. What a later event
 * of the log set again therefore stays. Then the other commands follow in order, decided as `apply` and `delete` decide them.
 */
import { digestOf } from '../../../events/canonical.ts'
import type { EventOf, HindcastEvent } from '../../../events/catalogue.ts'
import type { ResourceRef } from '../../../events/fields.ts'
import {
  CorrelationId,
  EventId,
  POLICY_STREAM,
  PolicyRevision,
  Position,
  StreamRevision,
  Timestamp,
} from '../../../events/ids.ts'
import type { Recorded } from '../../../events/recorded.ts'
import type { Json } from '../../../events/schema.ts'
import type { DnsNameView } from '../../../projections/facts/dns.ts'
import { evolveShared, type SharedFacts } from '../../../projections/facts/shared.ts'
import { entityOf, touchedBy, unitParts, worldOf } from '../../../projections/history/entities.ts'
import { readPolicy } from '../../../projections/policy/parse/policy.ts'
import { step } from '../../../projections/projection.ts'
import { world as fold } from '../../../projections/world.ts'
import { factEvents, factRemovals } from '../../decide/facts.ts'
import { eventAt } from '../event-at.ts'
import type { History } from '../history.ts'
import { valuesOf } from '../state-at.ts'
import type { Branch, BranchCommand } from './branch.ts'
import { BranchContradiction } from './contradiction.ts'
import { eventsOf, policySubject, type Subject, subjectKey, subjectOfEvent } from './subject.ts'

export type Wanted = { readonly subject: Subject; readonly atFork: Json | null; readonly value: Json | null }

/** By `subjectKey`, of the subjects that the first `count` commands touch. Throws `BranchContradiction`, `DecodeError`. */
export async function wantedAfter(
  history: History,
  branch: Branch,
  count: number,
): Promise<ReadonlyMap<string, Wanted>> {
  const commands = branch.commands.slice(0, count)
  const fork = branch.fork === null ? null : Position(BigInt(branch.fork))
  const open = new Map<string, Wanted>()
  for (const rewrite of await rewritesOf(history, fork, commands)) {
    const value = await rewritten(history, fork!, rewrite)
    open.set(subjectKey(rewrite.subject), {
      subject: rewrite.subject,
      atFork: valueAt(history, fork, rewrite.subject),
      value,
    })
  }
  for (const command of commands) {
    for (const { subject, value } of putsOf(command, () => sharedNow(history, fork, open))) {
      const atFork = open.get(subjectKey(subject))?.atFork ?? valueAt(history, fork, subject)
      open.set(subjectKey(subject), { subject, atFork, value })
    }
  }
  return open
}

/** Keys of the policies that are there on the branch. Throws `BranchContradiction`, `DecodeError`. */
export async function policiesAfter(history: History, branch: Branch): Promise<ReadonlySet<string>> {
  const fork = branch.fork === null ? null : Position(BigInt(branch.fork))
  const isPolicy = (entity: string): boolean => entity.startsWith('policy ')
  const known = new Set(fork === null ? [] : history.model.entities('policy', fork, isPolicy).keys())
  for (const { subject, value } of (await wantedAfter(history, branch, branch.commands.length)).values()) {
    if (value === null) known.delete(subject.entity)
    else known.add(subject.entity)
  }
  return new Set([...known].filter(isPolicy).map((entity) => entity.slice('policy '.length)))
}

/** Groups and services that are there on the branch. Throws `BranchContradiction`, `DecodeError`. */
export async function sharedAfter(history: History, branch: Branch): Promise<SharedFacts> {
  const fork = branch.fork === null ? null : Position(BigInt(branch.fork))
  return sharedNow(history, fork, await wantedAfter(history, branch, branch.commands.length))
}

function valueAt({ model }: History, fork: Position | null, { unit, entity }: Subject): Json | null {
  if (fork === null) return null
  return model.versions({ unit, entity, upTo: fork, limit: 1 })[0]?.value ?? null
}

type Rewrite = {
  readonly subject: Subject
  /** Positions that are left out. */
  readonly without: ReadonlySet<string>
  /** By position. */
  readonly edits: ReadonlyMap<string, Json>
}

async function rewritesOf(
  history: History,
  fork: Position | null,
  commands: readonly BranchCommand[],
): Promise<readonly Rewrite[]> {
  const found = new Map<string, { subject: Subject; without: Set<string>; edits: Map<string, Json> }>()
  for (const command of commands) {
    if (command.kind !== 'without' && command.kind !== 'edit') continue
    const { position } = command
    const recorded =
      fork === null || BigInt(position) > fork ? null : await eventAt(history, Position(BigInt(position)))
    if (recorded === null) throw new BranchContradiction(`there is no event at ${position} up to the fork`)
    const outcome = await subjectOfEvent(history, recorded)
    if (outcome.kind === 'refused') throw new BranchContradiction(outcome.reason)
    const { subject } = outcome
    const rewrite = found.get(subjectKey(subject)) ?? { subject, without: new Set(), edits: new Map() }
    found.set(subjectKey(subject), rewrite)
    if (command.kind === 'without') rewrite.without.add(position)
    else rewrite.edits.set(position, command.manifest)
  }
  return [...found.values()]
}

/** The subject's events folded again, without those that are left out, and with the edited ones as they are edited. */
async function rewritten(history: History, fork: Position, { subject, without, edits }: Rewrite): Promise<Json | null> {
  let state = fold.initial
  for (const recorded of await eventsOf(history, subject, fork)) {
    const position = String(recorded.position)
    if (without.has(position)) continue
    const manifest = edits.get(position)
    const { event } = recorded
    const edited =
      manifest === undefined || event.type !== 'PolicyAdded'
        ? recorded
        : { ...recorded, event: policyEvent(event.resource, manifest, event) }
    state = step(fold, state, edited)
  }
  const value = entityOf(state, unitParts(subject.unit), subject.entity) ?? null
  return subject.entity.startsWith('dns ')
    ? stillThere(value, (await eventAt(history, fork))?.recordedAt ?? Timestamp(0))
    : value
}

/** An address whose time was over at the fork would have been taken away by the agent. */
function stillThere(value: Json | null, now: Timestamp): Json | null {
  if (value === null) return null
  const view = value as unknown as DnsNameView
  const addresses = view.addresses.filter(({ expiresAt }) => expiresAt === null || expiresAt > now)
  return addresses.length === 0 ? null : ({ ...view, addresses } as unknown as Json)
}

type Put = { readonly subject: Subject; readonly value: Json | null }

function putsOf(command: BranchCommand, shared: () => SharedFacts): readonly Put[] {
  switch (command.kind) {
    case 'set': {
      const { resource, manifest } = command
      return [{ subject: policySubject(resource), value: asJson(policyEvent(resource, manifest, null)) }]
    }
    case 'delete':
      return [{ subject: policySubject(command.resource), value: null }]
    case 'set-fact':
      return factPuts(factEvents([command.fact], shared()), shared())
    case 'delete-fact':
      return factPuts(factRemovals([command.ref], shared()).events, shared())
    case 'without':
    case 'edit':
      return []
  }
}

function factPuts(events: readonly HindcastEvent[], known: SharedFacts): readonly Put[] {
  let facts = known
  const puts: Put[] = []
  for (const event of events) {
    const recorded = hypothetical(event)
    facts = evolveShared(facts, recorded as Parameters<typeof evolveShared>[1])
    const world = { ...fold.initial, ...facts }
    for (const entity of touchedBy(recorded, null))
      puts.push({ subject: { unit: 'policy', entity }, value: entityOf(world, { kind: 'policy' }, entity) ?? null })
  }
  return puts
}

/** Groups and services as they are with the commands so far. */
function sharedNow({ model }: History, fork: Position | null, open: ReadonlyMap<string, Wanted>): SharedFacts {
  const isFact = (entity: string): boolean => entity.startsWith('cidr-group ') || entity.startsWith('service ')
  const entities = new Map(fork === null ? [] : valuesOf(model.entities('policy', fork, isFact)))
  for (const { subject, value } of open.values()) {
    if (subject.unit !== 'policy' || !isFact(subject.entity)) continue
    if (value === null) entities.delete(subject.entity)
    else entities.set(subject.entity, value)
  }
  const { cidrGroups, services } = worldOf([{ unit: 'policy', entities }])
  return { cidrGroups, services }
}

/** Throws `BranchContradiction` where the manifest is not a policy: a person may have edited the file of the branch. */
function policyEvent(
  resource: ResourceRef,
  manifest: Json,
  before: EventOf<'PolicyAdded'> | null,
): EventOf<'PolicyAdded'> {
  const reading = readPolicy(manifest)
  if (reading.kind === 'refused') {
    const problems = reading.problems.map(({ code, path, reason }) => `${code} at ${path}: ${reason}`).join('; ')
    throw new BranchContradiction(`${resource.kind} ${resource.name} of the branch is not a policy: ${problems}`)
  }
  return {
    type: 'PolicyAdded',
    v: 1,
    resource,
    manifest,
    digest: digestOf(manifest),
    rules: reading.policy.rules.length,
    revision: before?.revision ?? PolicyRevision(1),
    replaces: before?.replaces ?? null,
  }
}

const NO_ID = '00000000-0000-0000-0000-000000000000'

function hypothetical(event: HindcastEvent): Recorded {
  return {
    position: Position(0n),
    stream: POLICY_STREAM,
    revision: StreamRevision(0),
    recordedAt: Timestamp(0),
    id: EventId(NO_ID),
    event,
    context: {
      actor: { kind: 'user', name: '' },
      source: { kind: 'cli', detail: '' },
      correlation: CorrelationId(NO_ID),
      cause: null,
    },
  }
}

function asJson(event: EventOf<'PolicyAdded'>): Json {
  return event as unknown as Json
}
