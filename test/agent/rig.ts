/** One node for tests: a log, people who write to it, a datapath and a proxy that stay, and agents that come and go. */
import { pino } from 'pino'
import { digestOf } from '../../events/canonical.ts'
import { decodeEvent, encodeEvent } from '../../events/codec.ts'
import { CorrelationId, type EndpointId, NodeName, type StreamName, type StreamRevision } from '../../events/ids.ts'
import type { Recorded } from '../../events/recorded.ts'
import { type Ledger, ledger } from '../../projections/ledger/ledger.ts'
import { step } from '../../projections/projection.ts'
import { type Agent, startAgent } from '../../src/agent/agent.ts'
import type { AgentOptions } from '../../src/agent/options.ts'
import type { PolicyView } from '../../src/agent/policy-view.ts'
import { type Command, decide } from '../../src/decide/command.ts'
import { openMemoryLog } from '../../src/log/memory.ts'
import type { Datapath } from '../../src/ports/datapath.ts'
import type { FlowStore } from '../../src/ports/flows.ts'
import type { EventLog } from '../../src/ports/log.ts'
import type { SavedStates } from '../../src/ports/saved-states.ts'
import { VirtualClock } from '../doubles/clock.ts'
import { FakeDatapath, nothingPinned, type Pinned } from '../doubles/datapath.ts'
import { turns } from '../doubles/gate.ts'
import { manifestOf, type TestAllow, TestPolicies, type TestPolicy, testResource } from '../doubles/policies.ts'
import { aProxy, type FakeProxy, FakeXdsServer } from '../doubles/xds.ts'

export const NODE: NodeName = NodeName('node1')
/** More turns of the event loop than anything but a clock's sleep takes. */
const TURNS_MAX = 20_000

export const allow = (from: string, port = 80, more: Partial<TestAllow> = {}): TestAllow => ({
  from,
  port,
  http: false,
  refused: false,
  ...more,
})

export const policy = (selects: string, ...allows: readonly TestAllow[]): TestPolicy => ({
  selects,
  allows,
  broken: false,
})

/** Who says it, and where it stands. */
export type Saying = { readonly by: string; readonly file: string | null }

/** A person at the command line. */
export class Operator {
  readonly #log: EventLog
  readonly #clock: VirtualClock
  readonly #known: Recorded[] = []
  readonly #heads: Map<StreamName, StreamRevision> = new Map()
  #ledger: Ledger = ledger.initial

  constructor(log: EventLog, clock: VirtualClock) {
    this.#log = log
    this.#clock = clock
  }

  /** Everything on the log; what was read before is not read again. */
  async history(): Promise<readonly Recorded[]> {
    const after = this.#known.at(-1)?.position ?? null
    for await (const batch of this.#log.readAll({ direction: 'forwards', after })) {
      for (const recorded of batch.map(decodeEvent)) {
        this.#known.push(recorded)
        this.#ledger = step(ledger, this.#ledger, recorded)
        this.#heads.set(recorded.stream, recorded.revision)
      }
    }
    return this.#known
  }

  /** What a decision rests on. */
  async known(): Promise<{ readonly ledger: Ledger; readonly heads: ReadonlyMap<StreamName, StreamRevision> }> {
    await this.history()
    return { ledger: this.#ledger, heads: this.#heads }
  }

  /** Throws where it is refused; tries again where somebody else was faster. */
  async submit(command: Command, { by, file }: Saying = { by: 'leia', file: null }): Promise<void> {
    for (;;) {
      await this.history()
      const decision = decide(command, this.#ledger)
      const refused = decision.kind === 'refused'
      if (refused && file === null) throw new Error(decision.problems.map(({ reason }) => reason).join('; '))
      const appends = refused ? decision.record : decision.appends
      if (appends.length === 0) return
      const context = {
        actor: { kind: 'user', name: by },
        source: { kind: file === null ? 'test' : 'file', detail: file ?? command.kind },
        correlation: CorrelationId(this.#clock.newId()),
        cause: null,
      } as const
      const outcome = await this.#log.append(
        appends.map(({ stream, events }) => ({
          stream,
          expected: this.#heads.get(stream) ?? 'no-stream',
          events: events.map((event) => encodeEvent({ id: this.#clock.newId(), event, context })),
        })),
      )
      if (outcome.kind === 'appended') return
    }
  }

  async setPolicy(name: string, wanted: TestPolicy): Promise<void> {
    const manifest = manifestOf(wanted)
    const inputDigest = digestOf(manifest)
    const wish = { kind: 'policy', resource: testResource(name), manifest, rules: 1, inputDigest } as const
    await this.submit({ kind: 'set-policies', wishes: [wish] })
  }

  async deletePolicy(name: string): Promise<void> {
    await this.submit({ kind: 'delete-policies', resources: [testResource(name)], ignoreMissing: true })
  }

  async addEndpoint(id: number, label: string, node: NodeName = NODE): Promise<void> {
    const host = node === NODE ? 0 : 1
    const wish = { id, name: `default/ship-${id}`, labels: [label], ipv4: `10.0.${host}.${id}`, device: `lxc${id}` }
    await this.submit({ kind: 'add-endpoints', node, endpoints: [wish] })
  }

  async deleteEndpoint(id: number, node: NodeName = NODE): Promise<void> {
    await this.submit({ kind: 'delete-endpoints', node, endpoints: [String(id)] })
  }
}

export type RigOptions = {
  readonly log?: EventLog
  readonly clock?: VirtualClock
  readonly policies?: () => PolicyView
  readonly options?: Partial<AgentOptions>
  readonly flows?: FlowStore | null
  /** Instead of the faked one. */
  readonly datapath?: Datapath
  /** Where agents leave checkpoints. */
  readonly states?: SavedStates
}

export class Rig implements AsyncDisposable {
  readonly clock: VirtualClock
  readonly log: EventLog
  readonly pinned: Pinned = nothingPinned()
  readonly proxy: FakeProxy = aProxy()
  readonly operator: Operator
  readonly #options: RigOptions
  readonly #agents: Agent[] = []
  datapath: FakeDatapath = new FakeDatapath(this.pinned)
  xds: FakeXdsServer
  #epochs = 0

  constructor(options: RigOptions = {}) {
    this.#options = options
    this.clock = options.clock ?? new VirtualClock()
    this.xds = new FakeXdsServer({ epoch: 'e0', proxy: this.proxy, clock: this.clock })
    this.log = options.log ?? openMemoryLog({ now: () => this.clock.now() })
    this.operator = new Operator(this.log, this.clock)
  }

  /** The datapath below the agents. */
  get deciding(): Datapath {
    return this.#options.datapath ?? this.datapath
  }

  async start(more: Partial<AgentOptions> = {}): Promise<Agent> {
    this.#epochs += 1
    this.datapath = new FakeDatapath(this.pinned)
    this.xds = new FakeXdsServer({ epoch: `e${this.#epochs}`, proxy: this.proxy, clock: this.clock })
    const { policies = () => new TestPolicies(NODE), flows = null, states } = this.#options
    const options = { ...this.#options.options, ...more }
    const { log, clock, xds } = this
    const datapath = this.deciding
    const logger = pino({ level: 'silent' })
    const agent = await startAgent({
      node: NODE,
      log,
      datapath,
      xds,
      policy: policies(),
      flows,
      clock,
      logger,
      options,
      ...(states === undefined ? {} : { states }),
    })
    this.#agents.push(agent)
    if (this.proxy.connected) xds.changed()
    return agent
  }

  /** Waits until the agent has nothing to do. The clock does not go meanwhile. */
  async quiet(agent: Agent): Promise<void> {
    for (let turn = 0; turn < TURNS_MAX; turn++) {
      await turns(1)
      const head = await this.log.head()
      if (agent.idle && (head === null || head <= agent.position)) return
    }
    throw new Error('the agent does not come to rest')
  }

  /** What the datapath holds for the endpoint: `<direction>:<identity>:<protocol>:<port>/<bits> <verdict> <proxy port>`, sorted. */
  map(id: number): readonly string[] {
    const entries = this.pinned.maps.get(id as EndpointId) ?? new Map()
    return [...entries].map(([key, { value }]) => `${key} ${value.verdict} ${value.proxyPort}`).toSorted()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const agent of this.#agents) await agent[Symbol.asyncDispose]()
    if (this.#options.log === undefined) await this.log[Symbol.asyncDispose]()
  }
}
