/**
 * A branch told to its end, command by command: what each command would have written to the log, and what the agents would have done about it until they
 * were at rest. Command 0 is nobody's: it is what was on its way at the fork.
 */
import type { EventOf } from '../../../events/catalogue.ts'
import { IDENTITY_STREAM, NodeName, Position, type Timestamp } from '../../../events/ids.ts'
import { ascending } from '../../../events/order.ts'
import { world as fold, type World } from '../../../projections/world.ts'
import { eventAt } from '../event-at.ts'
import type { History } from '../history.ts'
import { worldFrom } from '../state-at.ts'
import { type Branch, commandText } from './branch.ts'
import { NodeAgent } from './node-agent.ts'
import { isSame, type Subject } from './subject.ts'
import { type Speaker, Telling } from './telling.ts'
import { type Told, toldOf } from './told.ts'
import { type Wanted, wantedAfter } from './wanted.ts'

/** What a branch makes of the world of its fork. Throws `BranchContradiction`, `DecodeError`. */
export async function worldOfBranch(history: History, branch: Branch): Promise<World> {
  return (await tellBranch(history, branch)).world
}

/** Throws `BranchContradiction`, `DecodeError`. */
export async function tellBranch(history: History, branch: Branch): Promise<Telling> {
  const fork = branch.fork === null ? null : Position(BigInt(branch.fork))
  const world = fork === null ? fold.initial : worldFrom(history.model, fork)
  const recordedAt = (fork === null ? null : await eventAt(history, fork))?.recordedAt ?? (0 as Timestamp)
  const telling = new Telling({ name: branch.name, fork, world, recordedAt })
  const agents = [...world.nodes.keys()].toSorted(ascending).map((node) => new NodeAgent(telling, NodeName(node)))
  for (const agent of agents) agent.settle(null)
  let before: ReadonlyMap<string, Wanted> = new Map()
  for (const [index, command] of branch.commands.entries()) {
    telling.nextCommand()
    const after = await wantedAfter(history, branch, index + 1)
    const cause = follow(telling, agents, { before, after, said: `command ${index + 1}: ${commandText(command)}` })
    if (cause !== null) for (const agent of agents) agent.settle(cause)
    before = after
  }
  return telling
}

type Step = {
  readonly before: ReadonlyMap<string, Wanted>
  readonly after: ReadonlyMap<string, Wanted>
  readonly said: string
}

/** The command's own events; its last position, null where it changes nothing. */
function follow(telling: Telling, agents: readonly NodeAgent[], { before, after, said }: Step): Position | null {
  const speaker: Speaker = {
    actor: { kind: 'user', name: `branch ${telling.name}` },
    source: { kind: 'cli', detail: said },
    cause: null,
  }
  let cause: Position | null = null
  for (const [key, { subject, atFork, value }] of after) {
    const from = before.has(key) ? (before.get(key)?.value ?? null) : atFork
    if (isSame(subject, from, value)) continue
    const { revision } = telling.world
    const told = toldOf({ subject, from, to: value, revision, time: telling.recordedAt })
    for (const { stream, event } of [...numberFor(telling, subject, told), ...told]) {
      const recorded = telling.tell(stream, event, speaker)
      for (const agent of agents) agent.learn(recorded)
      cause = recorded.position
    }
  }
  return cause
}

/** A label set of old times may have no number any more: it gets the one again that it had. */
function numberFor({ world }: Telling, { entity }: Subject, told: readonly Told[]): readonly Told[] {
  if (entity !== 'endpoint') return []
  return told.flatMap(({ event }) => {
    if (event.type !== 'EndpointIdentityChanged' || world.identities.has(event.identity)) return []
    const { identity, labels } = event
    const allocated: EventOf<'IdentityAllocated'> = {
      type: 'IdentityAllocated',
      v: 1,
      identity,
      scope: 'cluster',
      labels,
      prefix: null,
    }
    return [{ stream: IDENTITY_STREAM, event: allocated }]
  })
}
