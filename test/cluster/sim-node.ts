/**
 * One node of a simulated cluster. What it folds, decides and answers is the production code (View, react, decide, the policy engine); around it
 * stands the smallest loop that can run it without time of its own: one commit under way at most, decided from what has arrived, appended at the
 * revisions that it was read at, sent again with the same ids until it is answered.
 *
 * Its maps stay when it dies, as pinned ones do, also half written; so does its copy of the log.
 */
import type { EventOf } from '../../events/catalogue.ts'
import { encodeEvent, type StoredEvent, type UnstoredEvent } from '../../events/codec.ts'
import {
  CorrelationId,
  type EndpointId,
  type EventId,
  endpointStream,
  type NodeName,
  type Position,
  type StreamName,
} from '../../events/ids.ts'
import { type PolicyMap, policyMapDigest, policyMapOf } from '../../projections/datapath/policy-map.ts'
import type { ResolvedPolicy } from '../../projections/policy/engine.ts'
import { EnginePolicyView } from '../../src/agent/engine-view.ts'
import { mapWritten, reconciled } from '../../src/agent/map-sync.ts'
import { View } from '../../src/agent/view.ts'
import { type Command, decide } from '../../src/decide/command.ts'
import type { AppendOutcome, StreamAppend } from '../../src/ports/log.ts'
import { announced, beginBuild, detached, endBuild, restore } from '../../src/react/builds.ts'
import { dueReactions, type Notice } from '../../src/react/reactions.ts'
import { type Fact, inTurn, type Situation } from '../../src/react/situation.ts'
import { start } from '../../src/react/start.ts'

/** What a node needs of the world around it. */
export type Surroundings = {
  readonly newId: () => EventId
  /** Sends an append; the answer comes by `answered`, if it comes. */
  readonly send: (request: Request) => void
  /** Calls `work` after a while. */
  readonly later: (work: () => void) => void
  /** A map was changed on the way from one revision to another. */
  readonly onMap: (id: EndpointId, map: PolicyMap, step: MapStep) => void
}

/** `revisions`: those of which the map holds entries; two while it is written, more where a writer died meanwhile. */
export type MapStep = { readonly identity: number; readonly revisions: ReadonlySet<number> }
export type Request = { readonly life: number; readonly number: number; readonly batch: readonly StreamAppend[] }

type Resolved = Extract<ResolvedPolicy, { readonly kind: 'resolved' }>
type Build = {
  readonly started: EventOf<'EndpointRegenerationStarted'>
  readonly reads: Position
  readonly resolved: Resolved
  readonly identity: number
  done: boolean
}
type Intent = { readonly facts: readonly Fact[]; readonly committed?: () => void }
type UnderWay = {
  readonly request: Request
  readonly committed: () => void
  waits: (() => boolean) | null
  stands: boolean
}

const NOTHING: Intent = { facts: [] }

export class SimNode {
  readonly name: NodeName
  /** By endpoint: what the kernel holds. Stays. */
  readonly maps: Map<EndpointId, PolicyMap> = new Map()
  /** Events of the log that have arrived here. Stays. */
  copied = 0
  alive = false
  life = 0
  partitioned = false
  view: View
  policy: EnginePolicyView
  readonly #around: Surroundings
  #builds: Map<EndpointId, Build> = new Map()
  /** By endpoint: of which revisions its map holds entries. Stays with it. */
  readonly #revisions: Map<EndpointId, ReadonlySet<number>> = new Map()
  #underWay: UnderWay | null = null
  #started = false
  #requests = 0
  /** What people asked of this machine. */
  #commands: Command[] = []

  constructor(name: NodeName, around: Surroundings) {
    this.name = name
    this.#around = around
    this.policy = new EnginePolicyView(name)
    this.view = new View(name, this.policy)
  }

  get idle(): boolean {
    return (
      this.alive && this.#started && this.#underWay === null && this.#commands.length === 0 && this.#builds.size === 0
    )
  }

  kill(): void {
    this.alive = false
    this.#commands = []
  }

  /** A new process on the same machine: it folds the copy, and begins. */
  restart(copy: readonly StoredEvent[]): void {
    this.life += 1
    this.alive = true
    this.policy = new EnginePolicyView(this.name)
    this.view = new View(this.name, this.policy)
    this.#builds = new Map()
    this.#underWay = null
    this.#started = false
    this.view.fold(copy)
    this.think()
  }

  receive(events: readonly StoredEvent[]): void {
    if (!this.alive) return
    this.view.fold(events)
    this.think()
  }

  /** A person at this machine's command line. */
  command(command: Command): void {
    if (!this.alive || this.partitioned) return
    this.#commands.push(command)
    this.think()
  }

  answered(request: Request, outcome: AppendOutcome): void {
    const under = this.#underWay
    if (!this.alive || under?.request !== request || under.waits !== null) return
    if (outcome.kind === 'appended') {
      const last = outcome.positions.at(-1)!
      under.stands = true
      under.waits = () => this.view.position >= last
    } else {
      const { stream, actual } = outcome
      under.waits = () => actual === 'no-stream' || reaches(this.view.head(stream), actual)
    }
    this.think()
  }

  unanswered(request: Request): void {
    const under = this.#underWay
    if (this.alive && under?.request === request && under.waits === null) this.#around.send(request)
  }

  think(): void {
    if (!this.alive || !this.#settled()) return
    const intent = this.#next()
    if (intent.facts.length === 0) return
    this.#requests += 1
    const request = { life: this.life, number: this.#requests, batch: this.#batch(intent.facts) }
    this.#underWay = { request, committed: intent.committed ?? (() => undefined), waits: null, stands: false }
    this.#around.send(request)
  }

  /** Whether the last commit is over: folded, or refused and everything read that it was refused for. */
  #settled(): boolean {
    const under = this.#underWay
    if (under === null) return true
    if (under.waits === null || !under.waits()) return false
    this.#underWay = null
    if (under.stands) under.committed()
    return true
  }

  #next(): Intent {
    if (!this.#started) return this.#announce()
    return this.#react() ?? this.#endpoints() ?? this.#person() ?? NOTHING
  }

  #announce(): Intent {
    const versions = { npds: `${this.life}.1`, nphds: `${this.life}.2`, lds: `${this.life}.3` }
    const started = {
      type: 'AgentStarted',
      v: 2,
      node: this.name,
      version: '0',
      datapath: 'kernel',
      reason: 'sim',
      options: this.policy.options,
    } as const
    const listeners = { bpfRoot: '', ipcacheName: 'cilium_ipcache' }
    const facts = inTurn(this.view.now, [
      (now) => start(now, { started, probed: null, listeners, versions }),
      (now) => restore(now, null),
    ])
    const committed = (): void => {
      this.#started = true
      this.view.dropNotices(this.view.notices)
      for (const id of this.maps.keys()) if (!this.view.now.state.endpoints.has(id)) this.maps.delete(id)
    }
    return { facts, committed }
  }

  #react(): Intent | null {
    const notices: readonly Notice[] = this.view.notices
    const { position } = this.view
    const facts = dueReactions(this.view.now, {
      notices,
      required: new Set(),
      inKernel: new Set(),
      passed: new Map(),
      position,
    })
    if (facts.length > 0) return { facts, committed: () => this.view.dropNotices(notices) }
    this.view.dropNotices(notices)
    return null
  }

  #endpoints(): Intent | null {
    for (const [id, endpoint] of this.view.now.state.endpoints) {
      const build = this.#builds.get(id)
      if (build !== undefined) {
        if (build.done) return this.#end(id, build)
        continue
      }
      if (endpoint.leaving ? announced(endpoint) : endpoint.stale && this.maps.has(id)) {
        this.maps.delete(id)
        this.#revisions.delete(id)
        const facts = detached(this.view.now, id)
        if (facts.length > 0) return { facts }
      }
      if (!endpoint.leaving && endpoint.pending !== null && endpoint.identity !== null) return this.#begin(id)
    }
    return null
  }

  /** First what is there and should not be, then the build. */
  #begin(id: EndpointId): Intent {
    const { now, position: reads } = this.view
    const endpoint = now.state.endpoints.get(id)!
    const found = reconciled(endpoint.policyMap, this.maps.get(id) ?? new Map())
    const divergence = found === endpoint.policyMap ? null : mapWritten(id, null, endpoint.policyMap, found)
    if (divergence !== null) {
      return { facts: [{ stream: endpointStream(this.name, id), event: divergence, cause: null }] }
    }
    const facts = beginBuild(now, id, reads)
    const started = facts[0]?.event
    if (started?.type !== 'EndpointRegenerationStarted') return NOTHING
    const identity = endpoint.identity!
    const resolved = this.policy.resolve({ identity, namedPorts: [] })
    if (resolved.kind !== 'resolved') throw new Error(`unresolvable: ${resolved.reason}`)
    const build: Build = { started, reads, resolved, identity, done: false }
    const committed = (): void => {
      this.#builds.set(id, build)
      this.#around.later(() => this.#write(id, build))
    }
    return { facts, committed }
  }

  /** Additions, then, after a moment in which it may die, removals. */
  #write(id: EndpointId, build: Build): void {
    if (!this.#works(id, build)) return
    const wanted = policyMapOf(build.resolved.entries, new Map())
    const before = this.maps.get(id) ?? new Map()
    const { revision } = build.started
    this.#put(id, new Map([...before, ...wanted]), build, new Set([...(this.#revisions.get(id) ?? []), revision]))
    this.#around.later(() => {
      if (!this.#works(id, build)) return
      this.#put(id, wanted, build, new Set([revision]))
      build.done = true
      this.think()
    })
  }

  #put(id: EndpointId, map: PolicyMap, { identity }: Build, revisions: ReadonlySet<number>): void {
    this.maps.set(id, map)
    this.#revisions.set(id, revisions)
    this.#around.onMap(id, map, { identity, revisions })
  }

  #works(id: EndpointId, build: Build): boolean {
    return this.alive && this.#builds.get(id) === build
  }

  #end(id: EndpointId, { started, reads, resolved }: Build): Intent {
    const { now } = this.view
    const map = this.maps.get(id) ?? new Map()
    const digest = policyMapDigest(map)
    const { build, revision } = started
    const head = { v: 1, endpoint: id, build, revision, phases: [] } as const
    const current = now.state.endpoints.get(id)
    const gone = current === undefined || current.leaving || current.running?.build !== build
    const end: EventOf<'EndpointRegenerationSucceeded' | 'EndpointRegenerationFailed'> = gone
      ? {
          ...head,
          type: 'EndpointRegenerationFailed',
          phase: 'mapSync',
          code: 'endpoint-gone',
          reason: 'deleted',
          retryInMs: null,
        }
      : {
          ...head,
          type: 'EndpointRegenerationSucceeded',
          identity: current.identity!,
          desiredDigest: digest,
          realizedDigest: digest,
          ingressEnforced: resolved.ingressEnforced,
          egressEnforced: resolved.egressEnforced,
          redirects: [],
          npdsVersion: null,
          programTag: null,
        }
    const written = gone ? null : mapWritten(id, build, current.policyMap, map)
    const before: readonly Fact[] =
      written === null ? [] : [{ stream: endpointStream(this.name, id), event: written, cause: reads }]
    return { facts: endBuild(now, end, before, reads), committed: () => this.#builds.delete(id) }
  }

  #person(): Intent | null {
    const [command] = this.#commands
    if (command === undefined) return null
    const decision = decide(command, this.view.now.ledger)
    const done = (): void => void this.#commands.shift()
    if (decision.kind === 'refused' || decision.appends.length === 0) {
      done()
      return this.#person()
    }
    const facts = decision.appends.flatMap(({ stream, events }) =>
      events.map((event) => ({ stream, event, cause: null })),
    )
    return { facts, committed: done }
  }

  #batch(facts: readonly Fact[]): readonly StreamAppend[] {
    const byStream = new Map<StreamName, UnstoredEvent[]>()
    for (const { stream, event, cause } of facts) {
      const events = byStream.get(stream) ?? []
      byStream.set(stream, events)
      const correlation = CorrelationId(this.#around.newId())
      const context = {
        actor: actorOf(event, this.name),
        source: { kind: 'agent', detail: `${this.life}` },
        correlation,
        cause,
      } as const
      events.push(encodeEvent({ id: this.#around.newId(), event, context }))
    }
    return [...byStream]
      .toSorted(([a], [b]) => rank(a) - rank(b))
      .map(([stream, events]) => ({ stream, expected: this.view.head(stream), events }))
  }

  get situation(): Situation {
    return this.view.now
  }
}

const BY_PEOPLE: readonly string[] = ['PolicyAdded', 'PolicyDeleted', 'EndpointCreated', 'EndpointDeleted']

function actorOf(
  { type }: { readonly type: string },
  name: string,
): { readonly kind: 'user' | 'agent'; readonly name: string } {
  return BY_PEOPLE.includes(type) ? { kind: 'user', name: 'leia' } : { kind: 'agent', name }
}

function rank(stream: StreamName): number {
  return stream === 'identity' ? 0 : stream.startsWith('node-') ? 1 : 2
}

function reaches(head: number | 'no-stream', wanted: number): boolean {
  return head !== 'no-stream' && head >= wanted
}
