/**
 * The listening sockets, as LDS says. An update is taken when every new socket listens and refused when one cannot, and then nothing has changed. A listener
 * that keeps its addresses keeps its sockets; one that goes stops accepting and its connections drain.
 */
import { createServer, type Server } from 'node:net'
import type { ListenerMessage } from '../../projections/xds/messages.ts'
import type { XdsTaken } from '../ports/xds-client.ts'
import { acceptConnection, type ProxyServices } from './accepted.ts'
import { type ListenerConfig, readListener } from './listener-config.ts'

/** The sockets by address; whoever is accepted gets the config of that moment. */
type Listening = { config: ListenerConfig; readonly servers: Map<string, Server> }

/** Of a family or an address that the machine lacks. */
const NO_ADDRESS: ReadonlySet<string> = new Set(['EADDRNOTAVAIL', 'EAFNOSUPPORT'])

export class Listeners {
  readonly #services: ProxyServices
  #running: ReadonlyMap<string, Listening> = new Map()
  readonly #draining = new Set<Promise<void>>()

  constructor(services: ProxyServices) {
    this.#services = services
  }

  get names(): readonly string[] {
    return [...this.#running.keys()]
  }

  async take(messages: ReadonlyMap<string, ListenerMessage>): Promise<XdsTaken> {
    const next = new Map<string, Listening>()
    const opened: Server[] = []
    for (const message of messages.values()) {
      const reading = readListener(message)
      const detail = reading.kind === 'refused' ? reading.detail : await this.#prepare(reading.config, next, opened)
      if (detail === null) continue
      for (const server of opened) server.close()
      return { kind: 'refused', detail }
    }
    this.#replace(next)
    return { kind: 'taken' }
  }

  /** Stops accepting and waits for what drains. */
  async close(): Promise<void> {
    const { registry, limits } = this.#services
    this.#replace(new Map())
    await registry.drain(null, limits.closeTimeoutMs)
    await Promise.all(this.#draining)
  }

  /** Listens on the addresses that are new; a text: why it cannot. What runs is not touched. */
  async #prepare(config: ListenerConfig, next: Map<string, Listening>, opened: Server[]): Promise<string | null> {
    const running = this.#running.get(config.name)
    const listening: Listening = { config, servers: new Map() }
    for (const [i, place] of config.addresses.entries()) {
      const key = `${place.address} ${place.port}`
      const kept = running?.servers.get(key)
      try {
        const server = kept ?? (await this.#listen(config.name, place))
        listening.servers.set(key, server)
        if (kept === undefined) opened.push(server)
      } catch (error) {
        if (i > 0 && isMissingAddress(error)) continue
        return `listener ${config.name}: ${error instanceof Error ? error.message : String(error)}`
      }
    }
    next.set(config.name, listening)
    return null
  }

  #replace(next: ReadonlyMap<string, Listening>): void {
    const before = this.#running
    this.#running = next
    const kept = new Set([...next.values()].flatMap(({ servers }) => [...servers.values()]))
    for (const [name, { servers }] of before) {
      for (const server of servers.values()) if (!kept.has(server)) server.close()
      if (!next.has(name)) this.#drain(name)
    }
  }

  #drain(name: string): void {
    const { registry, limits } = this.#services
    const draining = registry.drain(name, limits.drainTimeoutMs).finally(() => this.#draining.delete(draining))
    this.#draining.add(draining)
  }

  async #listen(name: string, { address, port }: ListenerConfig['addresses'][number]): Promise<Server> {
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
      const listening = this.#running.get(name)
      // Accepted before the update was taken as a whole, or after it was withdrawn.
      if (listening === undefined) socket.destroy()
      else acceptConnection(socket, listening.config, this.#services)
    })
    await this.#services.sockets.listen(server, address, port)
    // Accepting can fail for a moment, for want of descriptors; the next connection is accepted again.
    server.on('error', () => undefined)
    return server
  }
}

/** A TypeError: the sockets are of one family only, and say so. */
function isMissingAddress(error: unknown): boolean {
  if (error instanceof TypeError) return true
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && NO_ADDRESS.has(error.code)
}
