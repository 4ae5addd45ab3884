/**
 * Opens the proxy's listeners, each once for all builds that ask at the same time. A port on which the proxy could not listen is given back, but never
 * one on which it has listened: a map may point at it.
 */
import type { Port, Position } from '../../events/ids.ts'
import { httpListener, type ListenerOptions, listenerName } from '../../projections/xds/listeners.ts'
import { allocatePorts, type Listener, releasePorts } from '../react/proxy-ports.ts'
import type { Journal } from './journal.ts'
import type { Published, Publisher } from './publisher.ts'
import type { View } from './view.ts'

export type ListenersTools = {
  readonly journal: Journal
  readonly view: View
  readonly lds: Publisher
  readonly options: ListenerOptions
}

export type Opening = { readonly port: Port; readonly outcome: Promise<Published> }

export class Listeners {
  readonly #tools: ListenersTools
  readonly #opening: Map<string, Promise<Opening>> = new Map()
  /** Listeners with their ports that were acknowledged while this process runs. */
  readonly #heard: Set<string> = new Set()

  constructor(tools: ListenersTools) {
    this.#tools = tools
  }

  /** Resolves when the port is known. */
  open(listener: Listener, cause: Position): Promise<Opening> {
    const name = listener.listener
    const known = this.#opening.get(name)
    if (known !== undefined) return known
    const opening = this.#open(listener, cause)
    this.#opening.set(name, opening)
    const done = (): void => {
      this.#opening.delete(name)
    }
    opening.then(({ outcome }) => outcome).then(done, done)
    return opening
  }

  async #open(listener: Listener, cause: Position): Promise<Opening> {
    const { journal, view } = this.#tools
    await journal.commit((now) => allocatePorts(now, [listener], cause))
    const port = view.now.state.proxy.ports.get(listener.listener)?.port
    if (port === undefined) throw new TypeError(`${listener.listener} has no port after it was given one`)
    return { port, outcome: this.#serve(listener, port, cause) }
  }

  async #serve(listener: Listener, port: Port, cause: Position): Promise<Published> {
    const { journal, lds, options } = this.#tools
    const name = listenerName({ listener: listener.listener, port })
    const spec = { listener: listener.listener, direction: listener.direction, port }
    const published = await lds.offer({ name, resource: httpListener(spec, options), cause })
    if (published.kind === 'acked') this.#heard.add(name)
    if (published.kind !== 'refused' || this.#heard.has(name)) return published
    lds.put({ name, resource: null, cause })
    await journal.commit((now) => releasePorts(now, [listener], cause))
    return published
  }
}
