/**
 * The agent of one node: it follows the log, decides what follows from it, does it and writes down what it did.
 *
 * read batch (subscription) → fold (`View`) → react (src/react, by `Journal`) → perform (workers, publishers, ipcache) → append. Whatever is to be
 * done is read off the folded state, so an agent that was killed at any point is continued by the next one.
 *
 * The later of two agents of one node wins: its `AgentStarted` fences the earlier one, which ends with `superseded` before it writes anything more.
 */
import type { Subscription } from 'rxjs'
import { DecodeError, type StoredEvent } from '../../events/codec.ts'
import { type EndpointId, type EventId, nodeStream, type Position } from '../../events/ids.ts'
import type { XdsType } from '../../events/node.ts'
import { servedOf } from '../../projections/agent/proxy.ts'
import type { Link, SubscriptionMessage } from '../ports/log.ts'
import type { XdsServerEvent } from '../ports/xds.ts'
import { reserveHosts } from '../react/addresses.ts'
import { restore } from '../react/builds.ts'
import { recordProxy } from '../react/proxy-events.ts'
import { inTurn, type Situation } from '../react/situation.ts'
import { start } from '../react/start.ts'
import { Checkpoints } from './checkpoints.ts'
import { DnsExpiry } from './dns-expiry.ts'
import { AgentEnd } from './end.ts'
import { EndpointWorkers } from './endpoint-workers.ts'
import { EnginePolicyView } from './engine-view.ts'
import { HostsPublisher } from './hosts.ts'
import { IpcacheSync } from './ipcache.ts'
import { Journal } from './journal.ts'
import { Listeners } from './listeners.ts'
import { type AgentOptions, type AgentPorts, DEFAULT_AGENT_OPTIONS } from './options.ts'
import { Permits } from './permits.ts'
import type { PolicyView } from './policy-view.ts'
import { Prefixes } from './prefixes.ts'
import { Progress } from './progress.ts'
import { Publisher } from './publisher.ts'
import { Reactor } from './reactor.ts'
import { Retries } from './retries.ts'
import { flowOf } from './verdicts.ts'
import { View } from './view.ts'

export interface Agent extends AsyncDisposable {
  /** Of the last event that it has folded. */
  readonly position: Position
  /** Resolves when everything on the log is folded and nothing is to be done now; what waits for a retry does not count. */
  settled(): Promise<void>
  /** Whether `settled` would resolve at once, as far as this process knows. */
  readonly idle: boolean
  /** Resolves when the agent does not go on, with the reason. Maps and programs stay. */
  readonly ended: Promise<AgentEnd>
}

/** Resolves when the agent has said on the log that it started. Rejects with `AgentEnd`, or with what a port says. */
export async function startAgent(ports: AgentPorts): Promise<Agent> {
  const agent = new NodeAgent(ports)
  try {
    await agent.start()
    return agent
  } catch (error) {
    await agent[Symbol.asyncDispose]()
    throw error
  }
}

class NodeAgent implements Agent {
  readonly #ports: AgentPorts
  readonly #options: AgentOptions
  readonly #view: View
  readonly #policy: PolicyView
  readonly #journal: Journal
  readonly #workers: EndpointWorkers
  readonly #publishers: Readonly<Record<XdsType, Publisher>>
  readonly #ipcache: IpcacheSync
  readonly #prefixes: Prefixes
  readonly #retries: Retries
  readonly #dnsExpiry: DnsExpiry
  readonly #reactor: Reactor
  readonly #hosts: HostsPublisher
  readonly #checkpoints: Checkpoints | null
  readonly #stop: AbortController = new AbortController()
  readonly #subscriptions: Subscription[] = []
  readonly #ended: PromiseWithResolvers<AgentEnd> = Promise.withResolvers()
  #caughtUp: PromiseWithResolvers<void> = Promise.withResolvers()
  /** Id of this agent's own `AgentStarted`, once it is on the log. */
  #self: EventId | null = null
  /** What proxies said before the start was on the log. */
  #early: XdsServerEvent[] | null = []
  /** Whether the maps of an earlier agent are taken over. */
  #ready = false
  #progress: Progress | null = null
  #versions = 0
  #link: Link = { kind: 'up' }
  #end: AgentEnd | null = null
  #pulses: (() => void)[] = []

  constructor(ports: AgentPorts) {
    this.#ports = ports
    this.#options = { ...DEFAULT_AGENT_OPTIONS, ...ports.options }
    const { node, log, clock, datapath, xds, logger, policy = new EnginePolicyView(node) } = ports
    const { signal } = this.#stop
    const onEnd = (error: unknown): void => this.#over(error)
    this.#policy = policy
    this.#view = new View(node, policy)
    const view = this.#view
    const guard = (): void => this.#guard()
    this.#journal = new Journal({ log, view, clock, node, epoch: xds.epoch, logger, guard })
    const journal = this.#journal
    this.#publishers = { npds: this.#publisher('npds'), nphds: this.#publisher('nphds'), lds: this.#publisher('lds') }
    const { npds, lds } = this.#publishers
    const permits = new Permits(this.#options.buildsMax)
    const listeners = new Listeners({ journal, view, lds, options: this.#options.listeners })
    this.#ipcache = new IpcacheSync({ datapath, view, clock, logger, signal, onSynced: () => this.#synced(), onEnd })
    this.#prefixes = new Prefixes({
      view,
      policy,
      ipcache: this.#ipcache,
      signal,
      onPassed: () => this.#reactor.react(),
    })
    const prefixes = this.#prefixes
    const tools = { view, journal, policy, datapath, npds, permits, clock, listeners, prefixes, logger }
    const onIdle = (error: unknown): void => (error === null ? this.#pulse() : this.#over(error))
    this.#workers = new EndpointWorkers({ tools, view, clock, logger, signal, onIdle })
    this.#reactor = new Reactor({ view, journal, policy, ipcache: this.#ipcache, prefixes, signal, onIdle })
    this.#hosts = new HostsPublisher(this.#publishers.nphds, this.#options.listeners)
    this.#retries = new Retries({ view, journal, clock, signal, onEnd })
    this.#dnsExpiry = new DnsExpiry({ view, journal, clock, signal, onEnd })
    const { states } = ports
    const { checkpointEveryEvents: everyEvents } = this.#options
    this.#checkpoints =
      states === undefined ? null : new Checkpoints({ node, log, view, states, logger, signal, everyEvents })
    this.#caughtUp.promise.catch(() => undefined)
  }

  get position(): Position {
    return this.#view.position
  }

  get ended(): Promise<AgentEnd> {
    return this.#ended.promise
  }

  get idle(): boolean {
    const { state } = this.#view.now
    const { npds, nphds, lds } = this.#publishers
    return (
      this.#reactor.idle &&
      this.#journal.idle &&
      this.#workers.idle &&
      this.#ipcache.idle &&
      npds.idle &&
      nphds.idle &&
      lds.idle &&
      state.unreacted.length === 0
    )
  }

  async start(): Promise<void> {
    const { log, xds, datapath, logger, node, clock } = this.#ports
    if (log.link !== undefined) this.#subscriptions.push(log.link.subscribe((link) => this.#linked(link)))
    // Before anything is waited for: what proxies say meanwhile is not said again.
    this.#subscriptions.push(xds.events.subscribe((said) => this.#hear(said)))
    const begun = (await this.#checkpoints?.restore()) ?? null
    // It may have been told to stop meanwhile.
    if (this.#end !== null) throw this.#end
    this.#progress = new Progress({ clock, logger, head: await log.head() })
    this.#subscriptions.push(
      log.subscribe(begun).subscribe({
        next: (message) => this.#read(message),
        error: (error) => this.#over(new AgentEnd('log-failed', String(error), { cause: error })),
        complete: () => this.#over(new AgentEnd('log-failed', `${log.location} was closed`)),
      }),
    )
    await this.#caughtUp.promise
    await this.#ipcache.read()
    await this.#announce()
    await this.#takeOver(await datapath.listEndpoints())
    this.#subscribeVerdicts()
    this.#checkpoints?.folded(0, true)
    void this.#compareRegularly()
    logger.info(
      { node, position: String(this.#view.position), endpoints: this.#view.now.state.endpoints.size },
      'started',
    )
    this.#perform()
  }

  async settled(): Promise<void> {
    for (;;) {
      if (this.#end !== null) throw this.#end
      const head = await this.#ports.log.head()
      if (this.idle && (head === null || head <= this.#view.position)) return
      await new Promise<void>((resolve) => this.#pulses.push(resolve))
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#end === null && this.#self !== null && this.#link.kind === 'up') {
      try {
        await this.#journal.commit((now) => this.#stopped(now.state.agent, 'asked to stop'))
        await this.#checkpoints?.last()
      } catch (error) {
        if (!(error instanceof AgentEnd)) throw error
      }
    }
    this.#over(new AgentEnd('stopped', 'asked to stop'))
    await this.#workers.ended()
  }

  /** Without its server nothing is decided and nothing allocated; what is enforced stays, and what waits goes on when the server is back. */
  #linked(link: Link): void {
    const { logger, log } = this.#ports
    const before = this.#link
    this.#link = link
    if (link.kind === 'away' && before.kind === 'up') {
      const held = `the last good policy, revision ${this.#view.now.state.reacted}, stays in force`
      logger.warn({ log: log.location, since: link.since, reason: link.reason }, `the log is away: ${held}`)
    }
    if (link.kind === 'up' && before.kind === 'away') logger.info({ log: log.location }, 'the log is back')
  }

  /**
   * First the log knows that this agent runs and will build every endpoint, then the proxies are served what they had. That append is at the end
   * of every stream that an earlier agent might still write, so that one meets a conflict, reads on, and sees that it is over.
   */
  async #announce(): Promise<void> {
    const { node, datapath, xds } = this.#ports
    const { version, datapathReason: reason, probe, listeners, hostAddresses } = this.#options
    const versions = { npds: this.#nextVersion(), nphds: this.#nextVersion(), lds: this.#nextVersion() }
    const { options } = this.#policy
    const started = { type: 'AgentStarted', v: 2, node, version, datapath: datapath.mode, reason, options } as const
    const probed = probe === null ? null : ({ type: 'KernelProbed', v: 1, ...probe } as const)
    let before: Situation = this.#view.now
    const { ids } = await this.#journal.commit((then) => {
      before = then
      return inTurn(then, [
        (now) => start(now, { started, probed, listeners, versions }),
        (now) => reserveHosts(now, hostAddresses),
        (now) => restore(now, null),
      ])
    })
    this.#self = ids[0] ?? null
    this.#guard()
    const { state } = this.#view.now
    const stamp = { position: String(this.#view.position), revision: state.revision }
    for (const type of ['lds', 'nphds', 'npds'] as const) {
      const { resources } = servedOf(state.proxy, nodeStream(node), type)
      xds.publish(type, { version: versions[type], resources }, stamp)
    }
    this.#hosts.begin(before.state)
    const early = this.#early ?? []
    this.#early = null
    for (const said of early) this.#hear(said)
  }

  /** Every map is compared before it is built; what the log does not know goes. */
  async #takeOver(present: readonly EndpointId[]): Promise<void> {
    const { datapath, logger } = this.#ports
    for (const id of present) {
      if (this.#view.now.state.endpoints.has(id)) continue
      logger.warn({ endpoint: id }, 'the datapath has an endpoint that is not on the log; it is taken away')
      await datapath.detachEndpoint(id)
    }
    // No build has begun, and each reads the newest state.
    this.#view.dropNotices(this.#view.notices)
    this.#ready = true
    this.#workers.compareAll()
  }

  #read(message: SubscriptionMessage): void {
    if (this.#end !== null) return
    if (message.kind === 'events') this.#fold(message.events)
    else this.#caughtUp.resolve()
  }

  #fold(events: readonly StoredEvent[]): void {
    try {
      this.#view.fold(events)
      this.#guard()
      this.#checkpoints?.folded(events.length, this.#ready)
      if (this.#ready) this.#perform()
      else this.#progress?.folded(this.#view.position)
    } catch (error) {
      const unreadable = error instanceof DecodeError || error instanceof TypeError
      this.#over(unreadable ? new AgentEnd('log-failed', error.message, { cause: error }) : error)
    }
  }

  /** Everything that the state asks for and that nobody is at yet. */
  #perform(): void {
    if (this.#end !== null) return
    this.#reactor.react()
    this.#workers.dispatch()
    this.#ipcache.sync()
    this.#hosts.publish(this.#view.now.state)
    this.#retries.schedule()
    this.#dnsExpiry.schedule()
    this.#pulse()
  }

  /** Builds wait for the ipcache, and identities for being out of it. */
  #synced(): void {
    this.#view.wake()
    this.#reactor.react()
  }

  #hear(said: XdsServerEvent): void {
    if (this.#early !== null) {
      this.#early.push(said)
      return
    }
    this.#journal
      .commit((now) => recordProxy(now, said))
      .then(
        () => said.kind === 'nacked' && this.#publishers[said.xds].refused(said.version),
        (error: unknown) => this.#over(error),
      )
  }

  #subscribeVerdicts(): void {
    const { flows, datapath, clock } = this.#ports
    if (flows === null) return
    const verdicts = datapath.verdicts.subscribe((batch) => {
      const { now, position } = this.#view
      const time = clock.now()
      flows.add(batch.map((verdict) => flowOf(verdict, now.state, position, time)))
    })
    this.#subscriptions.push(verdicts)
  }

  async #compareRegularly(): Promise<void> {
    const { clock } = this.#ports
    const { signal } = this.#stop
    try {
      for (;;) {
        await clock.sleep(this.#options.compareEveryMs, signal)
        this.#workers.compareAll()
        await this.#ipcache.compare()
      }
    } catch (error) {
      if (!signal.aborted) this.#over(error)
    }
  }

  #publisher(xds: XdsType): Publisher {
    const { xds: server, clock, logger } = this.#ports
    return new Publisher({
      xds,
      server,
      journal: this.#journal,
      view: this.#view,
      clock,
      logger,
      ackDeadlineMs: this.#options.ackDeadlineMs,
      nextVersion: () => this.#nextVersion(),
      signal: this.#stop.signal,
      onIdle: (error) => (error === null ? this.#pulse() : this.#over(error)),
    })
  }

  #nextVersion(): string {
    this.#versions += 1
    return `${this.#ports.xds.epoch}.${this.#versions}`
  }

  #guard(): void {
    const { agent, node } = this.#view.now.state
    if (this.#self === null || agent === this.#self) return
    throw new AgentEnd('superseded', `another agent of node ${node} has started on ${this.#ports.log.location}`)
  }

  #stopped(agent: EventId | null, reason: string): ReturnType<typeof restore> {
    const { node } = this.#ports
    if (agent !== this.#self) return []
    return [{ stream: nodeStream(node), event: { type: 'AgentStopped', v: 1, node, reason }, cause: null }]
  }

  /** Once and for all. What is enforced stays enforced. */
  #over(error: unknown): void {
    if (this.#end !== null) return
    const end = error instanceof AgentEnd ? error : new AgentEnd('bug', String(error), { cause: error })
    this.#end = end
    // Only a bug is looked for in the code; the other ends are explained by their reason.
    const told = end.code === 'bug' ? { err: end } : { reason: end.message }
    if (end.code !== 'stopped')
      this.#ports.logger.fatal({ code: end.code, ...told }, 'the agent ends; maps and programs stay')
    for (const subscription of this.#subscriptions) subscription.unsubscribe()
    // Whoever reads the log learns why nothing changes any more.
    if (end.code === 'bug') this.#journal.sayLast(this.#stopped(this.#view.now.state.agent, end.message))
    this.#journal.close(end)
    this.#stop.abort(end)
    this.#caughtUp.reject(end)
    this.#ended.resolve(end)
    this.#pulse()
  }

  #pulse(): void {
    for (const resolve of this.#pulses.splice(0)) resolve()
  }
}
