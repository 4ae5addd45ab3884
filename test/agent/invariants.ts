/**
 * What must hold of a log at every moment, read from the log alone and sharing no code with the agent but the digest of a policy map.
 *
 * The checker follows one node. It is fed every event once and throws with the position of the one that breaks a rule.
 */
import type { EventOf } from '../../events/catalogue.ts'
import type { EndpointState } from '../../events/endpoint.ts'
import type { Recorded } from '../../events/recorded.ts'
import type { Json } from '../../events/schema.ts'
import { type PolicyMapEntry, policyMapDigest } from '../../projections/datapath/policy-map.ts'

type Build = EventOf<'EndpointRegenerationStarted'>

type Tracked = {
  identity: number | null
  state: EndpointState
  leaving: boolean
  pending: boolean
  running: Build | null
  failing: number
  realised: number | null
  /** Revisions that only a build of it may realise. */
  owed: Set<number>
  map: Map<string, PolicyMapEntry>
  /** Number of the last build of an earlier endpoint of the id. */
  readonly buildsBefore: number
}

type Xds = {
  resources: Map<string, Json>
  version: string | null
  /** Acknowledged while the present agent runs. */
  acked: Set<string>
  contents: Map<string, ReadonlyMap<string, Json>>
}

/** Cilium 1.13 pkg/endpoint/endpoint.go, both tables in one. */
const MOVES: { readonly [From in EndpointState]: readonly EndpointState[] } = {
  'waiting-for-identity': ['ready', 'disconnecting', 'invalid'],
  ready: ['waiting-for-identity', 'disconnecting', 'waiting-to-regenerate', 'restoring'],
  'waiting-to-regenerate': ['disconnecting', 'restoring', 'regenerating'],
  regenerating: ['waiting-for-identity', 'disconnecting', 'waiting-to-regenerate', 'restoring', 'ready'],
  restoring: ['disconnecting', 'restoring', 'regenerating'],
  disconnecting: ['disconnected'],
  disconnected: [],
  invalid: ['disconnected'],
}

const isLocal = (identity: number): boolean => identity >= 2 ** 24

export class Invariants {
  readonly #node: string
  readonly #endpoints: Map<number, Tracked> = new Map()
  readonly #builds: Map<number, number> = new Map()
  readonly #local: Set<number> = new Set()
  /** A number that is released belongs to nobody else: a build that read it before may still write it. */
  readonly #localEver: Set<number> = new Set()
  readonly #ipcache: Map<string, number> = new Map()
  readonly #ports: Map<string, number> = new Map()
  readonly #xds: Map<string, Xds> = new Map()
  #revision = 1
  #reacted = 1
  #writer: string | null = null

  constructor(node: string) {
    this.#node = node
  }

  /** Every change of the repository has had its reaction. */
  checkSettled(): void {
    if (this.#reacted !== this.#revision) throw new Error(`revision ${this.#revision} had no reaction`)
  }

  check(recorded: Recorded): void {
    try {
      this.#follow(recorded)
    } catch (error) {
      const { event, position } = recorded
      throw new Error(`${position} ${event.type}: ${error instanceof Error ? error.message : String(error)}`)
    }
  }

  #follow(recorded: Recorded): void {
    const { event, stream, context } = recorded
    if (event.type === 'PolicyAdded' || event.type === 'PolicyDeleted') {
      equal(event.revision, this.#revision + 1, 'revisions of the repository are dense')
      this.#revision = event.revision
      return
    }
    const own = stream === `node-${this.#node}` || stream.startsWith(`endpoint-${this.#node}-`)
    if (!own) return
    // The last build of an endpoint that leaves may end after its agent: nothing follows from it.
    const leaving = 'endpoint' in event && this.#endpoints.get(event.endpoint)?.leaving !== false
    if (context.actor.kind === 'agent' && !leaving) this.#writes(context.source.detail, event.type)
    this.#atNode(recorded)
  }

  /** After an agent has started, no other writes. */
  #writes(epoch: string, type: string): void {
    if (type === 'AgentStarted') this.#writer = epoch
    equal(epoch, this.#writer, 'only the agent that started last writes')
  }

  #atNode(recorded: Recorded): void {
    const { event } = recorded
    switch (event.type) {
      case 'AgentStarted':
        this.#restart()
        return
      case 'EndpointCreated':
        this.#created(event)
        return
      case 'EndpointDeleted': {
        const endpoint = this.#endpoints.get(event.endpoint)
        if (endpoint !== undefined) Object.assign(endpoint, { leaving: true, pending: false })
        return
      }
      case 'IdentityAllocated':
        this.#local.add(event.identity)
        this.#localEver.add(event.identity)
        return
      case 'IdentityReleased':
        holds(![...this.#ipcache.values()].includes(event.identity), 'a released identity is not in the ipcache')
        this.#local.delete(event.identity)
        return
      case 'IpcacheUpserted':
        if (isLocal(event.identity)) holds(this.#local.has(event.identity), 'the ipcache names allocated identities')
        this.#ipcache.set(event.prefix, event.identity)
        return
      case 'IpcacheDeleted':
        this.#ipcache.delete(event.prefix)
        return
      case 'PolicyReaction':
        this.#reaction(event)
        return
      case 'ProxyPortAllocated':
        holds(event.port >= 10_000 && event.port <= 20_000, 'proxy ports are in their range')
        holds(![...this.#ports.values()].includes(event.port), 'a proxy port belongs to one listener')
        holds(!this.#ports.has(event.listener), 'a listener has one port')
        this.#ports.set(event.listener, event.port)
        return
      case 'ProxyPortReleased':
        this.#ports.delete(event.listener)
        return
      case 'XdsPublished':
      case 'XdsAcked':
        this.#proxy(event)
        return
      default:
        this.#atEndpoint(recorded)
        return
    }
  }

  #restart(): void {
    for (const endpoint of this.#endpoints.values()) endpoint.running = null
    for (const xds of this.#xds.values()) xds.acked.clear()
  }

  #created({ endpoint }: EventOf<'EndpointCreated'>): void {
    this.#endpoints.set(endpoint, {
      identity: null,
      state: 'waiting-for-identity',
      leaving: false,
      pending: false,
      running: null,
      failing: 0,
      realised: null,
      owed: new Set(),
      map: new Map(),
      buildsBefore: this.#builds.get(endpoint) ?? 0,
    })
  }

  #reaction({ revision, previousRevision, regenerate, bump, skipped }: EventOf<'PolicyReaction'>): void {
    equal(previousRevision, this.#reacted, 'reactions come in order')
    equal(revision, this.#reacted + 1, 'every revision has its reaction')
    holds(revision <= this.#revision, 'a reaction follows its revision')
    this.#reacted = revision
    const listed = [...regenerate, ...bump, ...skipped]
      .map(({ endpoint }) => Number(endpoint))
      .toSorted((a, b) => a - b)
    equal(
      listed.join(),
      [...this.#endpoints.keys()].toSorted((a, b) => a - b).join(),
      'every endpoint is in exactly one list',
    )
    for (const { endpoint } of regenerate) this.#endpoint(endpoint).owed.add(revision)
    for (const { endpoint, reason } of skipped) {
      const { leaving, identity } = this.#endpoint(endpoint)
      if (reason === 'disconnecting') holds(leaving, 'who is skipped as disconnecting is leaving')
      if (reason === 'no-identity') equal(identity, null, 'who is skipped without identity has none')
    }
  }

  #proxy(event: EventOf<'XdsPublished' | 'XdsAcked'>): void {
    const xds = this.#xds.get(event.xds) ?? {
      resources: new Map(),
      version: null,
      acked: new Set(),
      contents: new Map(),
    }
    this.#xds.set(event.xds, xds)
    if (event.type === 'XdsAcked') {
      xds.acked.add(event.version)
      return
    }
    holds(!xds.contents.has(event.version), 'a version is published once')
    for (const { name, resource } of event.changed) xds.resources.set(name, resource)
    for (const name of event.removed) xds.resources.delete(name)
    xds.version = event.version
    xds.contents.set(event.version, new Map(xds.resources))
  }

  #atEndpoint({ event }: Recorded): void {
    if (!('endpoint' in event)) return
    const endpoint = this.#endpoints.get(event.endpoint)
    if (endpoint === undefined) return
    switch (event.type) {
      case 'EndpointIdentityChanged':
        endpoint.identity = event.identity
        return
      case 'EndpointStateChanged':
        this.#moved(endpoint, event)
        return
      case 'EndpointRegenerationRequested':
        // Asked for before its writer knew that the endpoint goes, or that another has its id.
        if (endpoint.leaving || endpoint.identity === null) return
        equal(event.folded, endpoint.pending, 'a request is folded where one is pending')
        endpoint.pending = true
        return
      case 'EndpointRegenerationStarted':
        this.#started(endpoint, event)
        return
      case 'PolicyMapWritten':
        this.#written(endpoint, event)
        return
      case 'EndpointRegenerationSucceeded':
        this.#succeeded(endpoint, event)
        return
      case 'EndpointRegenerationFailed':
        this.#failed(endpoint, event)
        return
      case 'EndpointRevisionBumped':
        this.#bumped(endpoint, event)
        return
    }
  }

  #moved(endpoint: Tracked, { endpoint: id, from, to }: EventOf<'EndpointStateChanged'>): void {
    equal(from, endpoint.state, 'a move begins where the endpoint is')
    holds(MOVES[from].includes(to), `${from} to ${to} is a move`)
    endpoint.state = to
    if (to === 'disconnected') this.#endpoints.delete(id)
  }

  #started(endpoint: Tracked, event: EventOf<'EndpointRegenerationStarted'>): void {
    const last = this.#builds.get(event.endpoint) ?? 0
    equal(event.build, last + 1, 'builds are numbered without gaps')
    this.#builds.set(event.endpoint, event.build)
    equal(endpoint.running, null, 'one build runs at a time')
    holds(endpoint.pending, 'a build was asked for')
    holds(event.triggers.length > 0, 'a build says why')
    holds(event.revision <= this.#revision, 'a build reads what is there')
    Object.assign(endpoint, { running: event, pending: false })
  }

  #written(endpoint: Tracked, { build, deltas, digest, entries }: EventOf<'PolicyMapWritten'>): void {
    if (endpoint.leaving || this.#isOfEarlier(endpoint, build)) return
    if (build !== null) equal(build, endpoint.running?.build, 'the running build writes')
    for (const { key, before, after } of deltas) {
      const name = JSON.stringify(key)
      const known = endpoint.map.get(name)?.value ?? null
      equal(JSON.stringify(before), JSON.stringify(known), 'a delta begins with what was there')
      if (after === null) endpoint.map.delete(name)
      else endpoint.map.set(name, { key, value: after })
    }
    equal(entries, endpoint.map.size, 'the count is of the whole map')
    equal(digest, policyMapDigest(endpoint.map), 'the digest is of the whole map')
    if (build !== null) for (const entry of endpoint.map.values()) this.#entry(entry)
  }

  /** What a build has written is safe. */
  #entry({ key, value }: PolicyMapEntry): void {
    const known = !isLocal(key.identity) || this.#localEver.has(key.identity)
    holds(known, 'a local identity is allocated before a map points at it')
    if (value.verdict !== 'redirect') {
      equal(value.proxyPort, 0, 'only redirects have a port')
      return
    }
    const listener = [...this.#ports].find(([, port]) => port === value.proxyPort)?.[0]
    holds(listener !== undefined, 'a redirect goes to a port that a listener has')
    const lds = this.#xds.get('lds')
    const name = `${listener}:${value.proxyPort}`
    const heard = [...(lds?.acked ?? [])].some((version) => lds?.contents.get(version)?.has(name) === true)
    holds(heard, 'the proxy has acknowledged the listener to which a redirect goes')
  }

  #succeeded(endpoint: Tracked, event: EventOf<'EndpointRegenerationSucceeded'>): void {
    if (endpoint.leaving || this.#isOfEarlier(endpoint, event.build)) return
    equal(event.build, endpoint.running?.build, 'the running build ends')
    equal(event.revision, endpoint.running?.revision, 'a build realises the revision that it read')
    equal(event.desiredDigest, event.realizedDigest, 'what is realised is what is desired')
    equal(event.realizedDigest, policyMapDigest(endpoint.map), 'the map on the log is what is realised')
    holds((endpoint.realised ?? 0) <= event.revision, 'a realised revision never goes back')
    const published = new Set(this.#ipcache.values())
    for (const { key } of endpoint.map.values()) {
      // A policy that came since may ask for them no more.
      const asked = event.revision === this.#revision && isLocal(key.identity) && this.#local.has(key.identity)
      holds(!asked || published.has(key.identity), 'a success has the prefixes of its map in the ipcache')
    }
    const redirects = [...endpoint.map.values()].some(({ value }) => value.verdict === 'redirect')
    if (redirects) this.#acknowledged(event)
    Object.assign(endpoint, { running: null, failing: 0, realised: event.revision })
  }

  #acknowledged({ endpoint, npdsVersion }: EventOf<'EndpointRegenerationSucceeded'>): void {
    const npds = this.#xds.get('npds')
    holds(
      npdsVersion !== null && npds?.acked.has(npdsVersion) === true,
      'the proxy has acknowledged the network policy',
    )
    const name = String(endpoint)
    const [then, now] = [npds?.contents.get(npdsVersion ?? '')?.get(name), npds?.resources.get(name)]
    holds(then !== undefined, 'what was acknowledged has the endpoint')
    equal(JSON.stringify(then), JSON.stringify(now), 'what was acknowledged is still served')
  }

  #failed(endpoint: Tracked, { build, retryInMs }: EventOf<'EndpointRegenerationFailed'>): void {
    if (endpoint.leaving || this.#isOfEarlier(endpoint, build)) return
    equal(build, endpoint.running?.build, 'the running build ends')
    Object.assign(endpoint, { running: null, failing: endpoint.failing + 1 })
    if (retryInMs === null) return
    equal(retryInMs, Math.min(300_000, 2_000 * 2 ** (endpoint.failing - 1)), 'the back-off doubles')
  }

  #bumped(endpoint: Tracked, { from, to }: EventOf<'EndpointRevisionBumped'>): void {
    equal(from, endpoint.realised, 'a bump begins at the realised revision')
    holds(to > from && to <= this.#reacted, 'a bump goes up, and not beyond the reactions')
    equal(endpoint.running, null, 'no bump while a build runs')
    holds(!endpoint.pending && endpoint.failing === 0, 'no bump where a build is due')
    const owed = [...endpoint.owed].filter((revision) => revision > from && revision <= to)
    equal(owed.length, 0, 'no bump past a revision that is to be built')
    endpoint.realised = to
  }

  /** The end of a build of an earlier endpoint of the id, written before its writer knew of the next: it says nothing. */
  #isOfEarlier({ buildsBefore }: Tracked, build: number | null): boolean {
    return build !== null && build <= buildsBefore
  }

  #endpoint(id: number): Tracked {
    const endpoint = this.#endpoints.get(id)
    if (endpoint === undefined) throw new Error(`there is no endpoint ${id}`)
    return endpoint
  }
}

function holds(condition: boolean, rule: string): asserts condition {
  if (!condition) throw new Error(`broken: ${rule}`)
}

function equal(actual: unknown, expected: unknown, rule: string): void {
  if (actual !== expected) throw new Error(`broken: ${rule} (${String(actual)}, not ${String(expected)})`)
}
