/** Who the other side of a window is, in words. */
import type { Cidr, NodeName } from '../../../events/ids.ts'
import type { Recorded } from '../../../events/recorded.ts'
import { RESERVED_IDENTITIES } from '../../../projections/identity/reserved.ts'
import { EMPTY_NODE, type World } from '../../../projections/world.ts'

export type Peer =
  /** `names`: what the DNS called the address, and the endpoint that has it. */
  | { readonly what: 'prefix'; readonly prefix: Cidr; readonly names: readonly string[] }
  | { readonly what: 'identity'; readonly identity: number; readonly labels: readonly string[] }
  /** Everybody but those whom one of the maps named when it began. */
  | { readonly what: 'others'; readonly except: readonly number[] }

export class Peers {
  readonly #node: NodeName
  /** What has expired with the event at hand is still known by its name. */
  #expiring: ReadonlyMap<string, string> = new Map()

  constructor(node: NodeName) {
    this.#node = node
  }

  follow({ event, stream }: Recorded): void {
    if (event.type !== 'DnsAnswerExpired' || stream !== `node-${this.#node}`) return
    this.#expiring = new Map(event.addresses.map((address) => [address, event.name]))
  }

  forget({ event }: Recorded): void {
    if (event.type === 'DnsAnswerExpired') this.#expiring = new Map()
  }

  /** `prefix 10.0.0.0/8`, `identity 256`, or `others 1 256 257` with those who are none of them. */
  of(key: string, world: World): Peer {
    const [what, word = '', ...more] = key.split(' ')
    if (what === 'prefix') return { what, prefix: word as Cidr, names: this.#namesOf(word, world) }
    if (what === 'identity') return { what, identity: Number(word), labels: labelsOf(Number(word), world, this.#node) }
    return { what: 'others', except: [word, ...more].filter((one) => one !== '').map(Number) }
  }

  #namesOf(prefix: string, world: World): readonly string[] {
    const address = /^(.*)\/(32|128)$/.exec(prefix)?.[1]
    if (address === undefined) return []
    const names = [...world.nodes.get(this.#node, EMPTY_NODE).dns.values()]
      .filter(({ addresses }) => addresses.some((one) => one.address === address))
      .map(({ name }) => name)
    const endpoints = [...world.nodes.values()].flatMap(({ endpoints: all }) =>
      [...all.values()].filter(({ ipv4, ipv6 }) => ipv4 === address || ipv6 === address).map(({ name }) => name),
    )
    const expired = this.#expiring.get(address)
    return [...new Set([...names, ...(expired === undefined ? [] : [expired]), ...endpoints])].toSorted()
  }
}

function labelsOf(identity: number, world: World, node: NodeName): readonly string[] {
  const known = world.identities.get(identity as never) ?? world.nodes.get(node)?.localIdentities.get(identity as never)
  return known?.labels ?? RESERVED_IDENTITIES.get(identity as never) ?? []
}
