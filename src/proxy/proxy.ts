/**
 * The embedded proxy: a client of the xDS socket that enforces L7 policy as Cilium's Envoy does, for HTTP/1.1. Policies and hosts are taken into use at
 * once, listeners when their sockets listen; what was taken stays in force when the control plane is away.
 */
import type { Clock } from '../ports/clock.ts'
import type { FlowStore } from '../ports/flows.ts'
import type { IdentitySource, ProxySockets, TransparentSockets } from '../ports/proxy.ts'
import type { XdsClient, XdsTaken, XdsUpdate } from '../ports/xds-client.ts'
import type { ProxyServices } from './accepted.ts'
import { AccessLog } from './access-log.ts'
import { ConnectionRegistry } from './connections.ts'
import { DEFAULT_LIMITS, type ProxyLimits } from './limits.ts'
import { Listeners } from './listeners.ts'
import { LivePolicies } from './live-policies.ts'
import { plainSockets, transparentSockets } from './sockets.ts'

export type ProxyOptions = {
  /** Started here; disposed of by its owner, after the proxy. */
  readonly client: XdsClient
  readonly identities: IdentitySource
  /** Null: plain sockets, without marks and foreign sources. `ProxySockets` where the model datapath redirects. */
  readonly sockets: TransparentSockets | ProxySockets | null
  readonly flows: Pick<FlowStore, 'add'>
  readonly clock: Clock
  readonly limits?: Partial<ProxyLimits>
  /** Told in one line what an operator should know and no access record says. */
  readonly report?: (line: string) => void
}

export interface EmbeddedProxy extends AsyncDisposable {
  /** Names of the listeners that accept. */
  readonly listeners: readonly string[]
  /** Open downstream connections. */
  readonly connections: number
  /** Of those, the ones between two requests. */
  readonly idleConnections: number
}

/** How often heads that take too long are looked for; a share of the timeout, so that it is kept roughly. */
const SWEEPS_PER_TIMEOUT = 10
const SWEEP_MIN_MS = 10

export function startProxy(options: ProxyOptions): EmbeddedProxy {
  return new HttpProxy(options)
}

class HttpProxy implements EmbeddedProxy {
  readonly #policies = new LivePolicies()
  readonly #services: ProxyServices
  readonly #listeners: Listeners
  readonly #sweep: NodeJS.Timeout
  #closed = false

  constructor({ client, identities, sockets, flows, clock, limits, report }: ProxyOptions) {
    const bounds = { ...DEFAULT_LIMITS, ...limits }
    this.#services = {
      policies: this.#policies,
      identities,
      sockets: socketsOf(sockets),
      access: new AccessLog(flows, clock, this.#policies),
      clock,
      limits: bounds,
      report: report ?? (() => undefined),
      registry: new ConnectionRegistry(bounds.connectionsMax),
    }
    this.#listeners = new Listeners(this.#services)
    const everyMs = Math.max(SWEEP_MIN_MS, bounds.headTimeoutMs / SWEEPS_PER_TIMEOUT)
    this.#sweep = setInterval(() => this.#services.registry.checkHeads(clock.monotonicUs()), everyMs)
    client.start((update) => this.#take(update))
  }

  get listeners(): readonly string[] {
    return this.#listeners.names
  }

  get connections(): number {
    return this.#services.registry.size
  }

  get idleConnections(): number {
    return this.#services.registry.idleSize
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    clearInterval(this.#sweep)
    await this.#listeners.close()
    this.#services.access.flush()
  }

  #take(update: XdsUpdate): XdsTaken | Promise<XdsTaken> {
    if (this.#closed) return { kind: 'refused', detail: 'the proxy is closed' }
    switch (update.xds) {
      case 'npds':
        return this.#policies.takePolicies(update)
      case 'nphds':
        return this.#policies.takeHosts(update)
      case 'lds':
        return this.#listeners.take(update.resources)
    }
  }
}

function socketsOf(sockets: ProxyOptions['sockets']): ProxySockets {
  if (sockets === null) return plainSockets()
  return 'original' in sockets ? sockets : transparentSockets(sockets)
}
