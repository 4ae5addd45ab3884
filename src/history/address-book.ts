/** Whose address it was: endpoints come and go, and an address names the one that had it at the position asked about. */
import type { EventType } from '../../events/catalogue.ts'
import { decodeEvent } from '../../events/codec.ts'
import type { EndpointId, Position } from '../../events/ids.ts'
import type { Recorded } from '../../events/recorded.ts'
import type { EventLog } from '../ports/log.ts'

export type Owner = { readonly name: string; readonly endpoint: EndpointId; readonly node: string }

/** Null: nobody. */
type Tenure = { readonly from: Position; readonly owner: Owner | null }

export class AddressBook {
  readonly #tenures: Map<string, Tenure[]> = new Map()
  /** `<stream>/<endpoint>` to its addresses. */
  readonly #addresses: Map<string, readonly string[]> = new Map()
  #after: Position | null = null

  /** Reads on to the head. Throws `DecodeError`. */
  async readOn(log: EventLog): Promise<void> {
    const types: readonly EventType[] = ['EndpointCreated', 'EndpointDeleted']
    for await (const batch of log.readAll({ direction: 'forwards', after: this.#after, types })) {
      for (const stored of batch) this.add(decodeEvent(stored))
    }
  }

  add({ event, stream, position }: Recorded): void {
    this.#after = position
    if (event.type === 'EndpointCreated') {
      const { name, endpoint } = event
      const addresses = [event.ipv4, event.ipv6].filter((address) => address !== null)
      this.#addresses.set(`${stream}/${endpoint}`, addresses)
      const owner = { name, endpoint, node: stream.replace(/^node-/, '') }
      for (const address of addresses) this.#begin(address, { from: position, owner })
    }
    if (event.type === 'EndpointDeleted') {
      const key = `${stream}/${event.endpoint}`
      for (const address of this.#addresses.get(key) ?? []) this.#begin(address, { from: position, owner: null })
      this.#addresses.delete(key)
    }
  }

  ownerAt(address: string, position: bigint): Owner | null {
    return this.#tenures.get(address)?.findLast(({ from }) => from <= position)?.owner ?? null
  }

  #begin(address: string, tenure: Tenure): void {
    const tenures = this.#tenures.get(address) ?? []
    tenures.push(tenure)
    this.#tenures.set(address, tenures)
  }
}
