/**
 * What is under way while a log is renamed event by event: its pseudonyms, the digests that were made anew, and what proxies are told at the moment.
 */
import { canonicalText, digestOf } from '../../../../events/canonical.ts'
import type { EventOf } from '../../../../events/catalogue.ts'
import { Cidr, Digest, IpAddress, type LabelText, type StreamName } from '../../../../events/ids.ts'
import type { Json } from '../../../../events/schema.ts'
import { comparePrefixes, parsePrefixOrAddress } from '../../../../projections/ip/prefix.ts'
import { snapshotDigest } from '../../../../projections/xds/snapshot.ts'
import { labelSet, labels } from './labels.ts'
import { isFields, pseudonymousManifest } from './manifest.ts'
import { pseudonymousMessage } from './message.ts'
import type { Pseudonyms } from './names.ts'

type Published = EventOf<'XdsPublished'>

export class Changing {
  readonly names: Pseudonyms
  readonly #instead: ReadonlyMap<string, Json>
  readonly #digests: Map<string, Digest> = new Map()
  readonly #served: Map<string, Map<string, Json>> = new Map()
  #stream: StreamName | null = null
  #published: { readonly of: Published; readonly became: Pick<Published, 'changed' | 'digest'> } | null = null

  /** `instead`: resources by the canonical text of what would be told otherwise. */
  constructor(names: Pseudonyms, instead: ReadonlyMap<string, Json>) {
    this.names = names
    this.#instead = instead
  }

  /** The events that follow are of this stream. */
  at(stream: StreamName): void {
    this.#stream = stream
  }

  address(text: IpAddress): IpAddress {
    return IpAddress(this.names.address(text))
  }

  prefix(text: Cidr): Cidr {
    return Cidr(this.names.prefix(text))
  }

  labels(all: readonly LabelText[], prefix: Cidr | null): readonly LabelText[] {
    return labels(this.names, all, prefix)
  }

  labelSet(given: { readonly [key: string]: string }): { readonly [key: string]: string } {
    return labelSet(this.names, given)
  }

  manifest({ manifest, resource }: EventOf<'PolicyAdded'>): Json {
    return pseudonymousManifest(this.names, manifest, resource.namespace)
  }

  /** The digest of a manifest is that of the renamed one from now on. */
  manifestDigest(event: EventOf<'PolicyAdded'>): Digest {
    const digest = digestOf(this.manifest(event))
    this.#digests.set(event.digest, digest)
    return digest
  }

  /** Of what was renamed before, or of what nobody but its writer has seen. */
  digest(digest: Digest): Digest {
    return this.#digests.get(digest) ?? Digest(this.names.digest(digest))
  }

  /** The digest is of all resources that are served then, renamed. */
  published(event: Published): Pick<Published, 'changed' | 'digest'> {
    if (this.#published?.of === event) return this.#published.became
    const place = `${this.#stream} ${event.xds}`
    const served = this.#served.get(place) ?? new Map<string, Json>()
    this.#served.set(place, served)
    for (const name of event.removed) served.delete(name)
    const changed = event.changed.map(({ name, resource }) => {
      const renamed = this.#resource(event.xds, resource)
      served.set(ownListener(name), renamed)
      return { name, resource: renamed }
    })
    const became = { changed, digest: snapshotDigest(served) }
    this.#published = { of: event, became }
    return became
  }

  /** Listeners are the engine's own, without a name of anybody. */
  #resource(xds: Published['xds'], resource: Json): Json {
    if (xds === 'lds') return resource
    const renamed = pseudonymousMessage(this.names, resource)
    const instead = this.#instead.get(canonicalText(renamed))
    if (instead !== undefined) return instead
    if (!isFields(renamed)) return renamed
    const { hostAddresses } = renamed
    return Array.isArray(hostAddresses) ? { ...renamed, hostAddresses: inOrder(hostAddresses as string[]) } : renamed
  }
}

/** `863`, `863:ingress:TCP:80:` and `cilium-http-ingress:10000`; a slash stands only in the names of listeners that people made. */
export function ownListener(text: string): string {
  if (text.includes('/')) throw new RangeError(`the listener ${text}, which is not the engine's own`)
  return text
}

export function inOrder<T extends string>(prefixes: readonly T[]): readonly T[] {
  return prefixes.toSorted((a, b) => comparePrefixes(parsePrefixOrAddress(a)!, parsePrefixOrAddress(b)!))
}
