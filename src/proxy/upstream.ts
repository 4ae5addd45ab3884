/** The one upstream connection of a downstream one: opened when the first request may pass, given up when it takes too long. */
import type { Socket } from 'node:net'

export type UpstreamEvents = {
  readonly data: (chunk: Buffer) => void
  /** What was written is on its way; more is welcome. */
  readonly drained: () => void
  /** Its side has ended in order. */
  readonly ended: () => void
  /** It is gone, or never came. May be said more than once. */
  readonly lost: (why: string) => void
}

export class Upstream {
  readonly #socket: Socket
  readonly #events: UpstreamEvents
  #timer: NodeJS.Timeout | null

  /** `socket` is connecting, by `connectTimeoutMs` at the latest. */
  constructor(socket: Socket, connectTimeoutMs: number, events: UpstreamEvents) {
    this.#socket = socket
    this.#events = events
    this.#timer = setTimeout(() => events.lost(`no connection in ${connectTimeoutMs} ms`), connectTimeoutMs)
    socket.on('data', events.data)
    socket.on('drain', events.drained)
    socket.on('end', events.ended)
    socket.on('error', (error) => events.lost(error.message))
    socket.on('close', () => events.lost('the upstream connection closed'))
  }

  /** Whether its reader is slow. */
  get congested(): boolean {
    return this.#socket.writableNeedDrain
  }

  /** All of them in one packet where they fit. */
  write(...parts: readonly Buffer[]): void {
    const several = parts.length > 1
    if (several) this.#socket.cork()
    for (const part of parts) if (part.length > 0) this.#writeOne(part)
    if (several) this.#socket.uncork()
  }

  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  /** `reset`: it must not take what it has so far for a whole request. */
  drop(how: 'end' | 'reset'): void {
    this.#stopTimer()
    if (this.#socket.destroyed) return
    if (how === 'reset') this.#socket.resetAndDestroy()
    else this.#socket.destroy()
  }

  /** For a tunnel: its bytes are not told any more. */
  release(): Socket {
    this.#socket.off('data', this.#events.data)
    return this.#socket
  }

  #writeOne(bytes: Buffer): void {
    if (this.#timer === null) this.#socket.write(bytes)
    // Written means connected: a socket by descriptor has no event of its own for that.
    else this.#socket.write(bytes, (error) => (error === null || error === undefined) && this.#stopTimer())
  }

  #stopTimer(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
  }
}
