/** Named ports of all pods, for egress rules: a name means the one port on which all pods that have it agree. */
import type { NamedPort } from '../../../events/fields.ts'
import { PROTOCOL_NUMBERS } from './compiled-rule.ts'

export class PodPorts {
  readonly #byPod: Map<string, readonly NamedPort[]> = new Map()
  /** How many pods say so, by name and protocol, then by port. */
  readonly #votes: Map<string, Map<number, number>> = new Map()

  /** The keys of names whose meaning is another one now. */
  set(pod: string, ports: readonly NamedPort[]): ReadonlySet<string> {
    const before = this.#byPod.get(pod) ?? []
    const keys = new Set([...before, ...ports].map((port) => portKey(port.name, PROTOCOL_NUMBERS[port.protocol])))
    const old = new Map([...keys].map((key) => [key, this.#meaning(key)]))
    for (const port of before) this.#vote(port, -1)
    for (const port of ports) this.#vote(port, 1)
    if (ports.length === 0) this.#byPod.delete(pod)
    else this.#byPod.set(pod, ports)
    return new Set([...keys].filter((key) => this.#meaning(key) !== old.get(key)))
  }

  port(name: string, protocol: number): number | null {
    return this.#meaning(portKey(name, protocol))
  }

  #meaning(key: string): number | null {
    const votes = this.#votes.get(key)
    if (votes === undefined || votes.size !== 1) return null
    return [...votes.keys()][0] ?? null
  }

  #vote({ name, protocol, port }: NamedPort, change: number): void {
    const key = portKey(name, PROTOCOL_NUMBERS[protocol])
    const votes = this.#votes.get(key) ?? new Map<number, number>()
    const count = (votes.get(port) ?? 0) + change
    if (count === 0) votes.delete(port)
    else votes.set(port, count)
    if (votes.size === 0) this.#votes.delete(key)
    else this.#votes.set(key, votes)
  }
}

export function portKey(name: string, protocol: number): string {
  return `${name.toLowerCase()}/${protocol}`
}
