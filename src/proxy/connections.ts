/** All connections of the proxy, bounded: where there is no room, the one that has waited longest between requests makes some. */

export interface Connection {
  /** Name of the listener that accepted it. */
  readonly listener: string
  /** Closes as soon as nothing is in progress. */
  drain(): void
  destroy(): void
  /** Closes where a request's head has taken too long. */
  checkHead(nowUs: number): void
}

export class ConnectionRegistry {
  readonly #max: number
  readonly #all = new Set<Connection>()
  /** In the order in which they became idle. */
  readonly #idle = new Set<Connection>()
  readonly #waiting = new Set<() => void>()

  constructor(max: number) {
    this.#max = max
  }

  get size(): number {
    return this.#all.size
  }

  /** Of all, those that would make room for others. */
  get idleSize(): number {
    return this.#idle.size
  }

  /** Whether there was room. */
  add(connection: Connection): boolean {
    if (this.#all.size >= this.#max && !this.#evict()) return false
    this.#all.add(connection)
    return true
  }

  remove(connection: Connection): void {
    this.#all.delete(connection)
    this.#idle.delete(connection)
    for (const check of this.#waiting) check()
  }

  idle(connection: Connection): void {
    if (this.#all.has(connection)) this.#idle.add(connection)
  }

  busy(connection: Connection): void {
    this.#idle.delete(connection)
  }

  checkHeads(nowUs: number): void {
    for (const connection of this.#all) connection.checkHead(nowUs)
  }

  /** Resolves when those that the listener (null: any) has now are gone; what is left after `deadlineMs` is destroyed. */
  async drain(listener: string | null, deadlineMs: number): Promise<void> {
    const leaving = [...this.#all].filter((connection) => listener === null || connection.listener === listener)
    const left = (): readonly Connection[] => leaving.filter((connection) => this.#all.has(connection))
    for (const connection of leaving) connection.drain()
    const { promise, resolve } = Promise.withResolvers<void>()
    const check = (): void => {
      if (left().length === 0) resolve()
    }
    this.#waiting.add(check)
    const timer = setTimeout(() => {
      for (const connection of left()) connection.destroy()
    }, deadlineMs)
    check()
    await promise
    clearTimeout(timer)
    this.#waiting.delete(check)
  }

  #evict(): boolean {
    const oldest = this.#idle.keys().next().value
    if (oldest === undefined) return false
    oldest.destroy()
    this.remove(oldest)
    return true
  }
}
