/** Events and flows under pseudonyms. Digests of what was renamed are made anew; maps have none to rename, so theirs stay. */

import { canonicalText, digestOf } from '../../../../events/canonical.ts'
import type { EventOf, HindcastEvent } from '../../../../events/catalogue.ts'
import { decodeEvent, encodeEvent, type StoredEvent } from '../../../../events/codec.ts'
import type { PolicyMapValue, ResourceRef } from '../../../../events/fields.ts'
import { Cidr, Digest, IpAddress, LabelText, NodeName, StreamName } from '../../../../events/ids.ts'
import type { EventContext } from '../../../../events/recorded.ts'
import type { Json } from '../../../../events/schema.ts'
import { prefixLabels } from '../../../../projections/identity/prefix-labels.ts'
import { comparePrefixes, parsePrefixOrAddress } from '../../../../projections/ip/prefix.ts'
import { snapshotDigest } from '../../../../projections/xds/snapshot.ts'
import type { Flow } from '../../../ports/flows.ts'
import { dictionary, isFields, pseudonymousManifest, pseudonymousMessage, pseudonymousOrigin } from './manifest.ts'
import type { Pseudonyms } from './names.ts'

const WITHHELD = 'withheld'

type Shared =
  | 'PolicyAdded'
  | 'PolicyDeleted'
  | 'PolicyRefused'
  | 'PositionTagged'
  | 'CidrGroupSet'
  | 'CidrGroupDeleted'
  | 'ServiceSet'
  | 'ServiceDeleted'
  | 'DnsAnswerLearned'
  | 'DnsAnswerExpired'
type Addressed =
  | 'IdentityAllocated'
  | 'EndpointIdentityChanged'
  | 'IpcacheUpserted'
  | 'IpcacheDeleted'
  | 'EndpointCreated'
type NotShared = Exclude<HindcastEvent, { readonly type: Shared }>
type OfNode = Exclude<NotShared, { readonly type: Addressed }>

export class Renaming {
  readonly #names: Pseudonyms
  readonly #digests: Map<string, Digest> = new Map()
  readonly #served: Map<string, Map<string, Json>> = new Map()

  readonly #instead: ReadonlyMap<string, Json>

  /** `instead`: resources by the canonical text of what would be told otherwise. */
  constructor(names: Pseudonyms, instead: ReadonlyMap<string, Json>) {
    this.#names = names
    this.#instead = instead
  }

  /** In the order of the log. Throws `RangeError` on what cannot be renamed. */
  event(stored: StoredEvent): StoredEvent {
    const { event, context, id } = decodeEvent(stored)
    const renamed = this.#event(event, stored.stream)
    return {
      ...stored,
      ...encodeEvent({ id, event: renamed, context: this.#context(context) }),
      stream: this.#stream(stored.stream),
    }
  }

  flow(flow: Flow): Flow {
    const { source, destination, http } = flow
    const headers = (all: NonNullable<Flow['http']>['missing']): NonNullable<Flow['http']>['missing'] =>
      all.map(({ name, value }) => ({
        name,
        value: name === ':path' || name === ':method' ? value : this.#names.name(value),
      }))
    return {
      ...flow,
      source: { ...source, address: this.#address(source.address) },
      destination: { ...destination, address: this.#address(destination.address) },
      http:
        http === null
          ? null
          : { ...http, host: this.host(http.host), missing: headers(http.missing), rejected: headers(http.rejected) },
    }
  }

  /** With its port. */
  host(text: string): string {
    const [, name = text, port = ''] = /^(.*?)(:[0-9]+)?$/s.exec(text) ?? []
    return `${/^[0-9.]+$/.test(name) && name.split('.').length === 4 ? this.#names.address(name) : this.#names.dns(name)}${port}`
  }

  #stream(stream: StreamName): StreamName {
    const node = /^node-(.*)$/s.exec(stream)
    if (node !== null) return StreamName(`node-${this.#names.name(node[1]!)}`)
    const endpoint = /^endpoint-(.*)-([0-9]+)$/s.exec(stream)
    if (endpoint !== null) return StreamName(`endpoint-${this.#names.name(endpoint[1]!)}-${endpoint[2]}`)
    if (stream === 'policy' || stream === 'identity') return stream
    throw new RangeError(`the stream ${stream}`)
  }

  #context({ actor, source, ...rest }: EventContext): EventContext {
    return {
      ...rest,
      actor: { ...actor, name: this.#names.name(actor.name) },
      source: { ...source, detail: this.#names.name(source.detail) },
    }
  }

  #event(event: HindcastEvent, stream: StreamName): HindcastEvent {
    const names = this.#names
    switch (event.type) {
      case 'PolicyAdded': {
        const resource = this.#resource(event.resource)
        const manifest = pseudonymousManifest(names, event.manifest, event.resource.namespace)
        const digest = digestOf(manifest)
        const replaces = event.replaces === null ? null : this.#digest(event.replaces)
        this.#digests.set(event.digest, digest)
        return { ...event, resource, manifest, digest, replaces }
      }
      case 'PolicyDeleted':
        return { ...event, resource: this.#resource(event.resource), digest: this.#digest(event.digest) }
      case 'PolicyRefused': {
        const resource = event.resource === null ? null : this.#resource(event.resource)
        const problems = event.problems.map((problem) => ({ ...problem, path: '', reason: WITHHELD }))
        return { ...event, resource, problems, inputDigest: this.#digest(event.inputDigest) }
      }
      case 'PositionTagged':
      case 'CidrGroupDeleted':
        return { ...event, name: names.name(event.name) }
      case 'CidrGroupSet':
        return {
          ...event,
          name: names.name(event.name),
          labels: dictionary(names, event.labels) as typeof event.labels,
          prefixes: inOrder(event.prefixes.map((prefix) => this.#prefix(prefix))),
        }
      case 'ServiceSet':
        return {
          ...event,
          name: names.name(event.name),
          namespace: names.name(event.namespace),
          labels: event.labels === null ? null : (dictionary(names, event.labels) as NonNullable<typeof event.labels>),
          backends: event.backends
            .map(({ source, addresses }) => ({
              source: source.replace(/\/(.*)$/s, (_, name: string) => `/${names.name(name)}`),
              addresses: addresses.map((address) => this.#address(address)).toSorted(),
            }))
            .toSorted((a, b) => (a.source < b.source ? -1 : 1)),
        }
      case 'ServiceDeleted':
        return { ...event, name: names.name(event.name), namespace: names.name(event.namespace) }
      case 'DnsAnswerLearned':
      case 'DnsAnswerExpired':
        return {
          ...event,
          name: names.dns(event.name),
          addresses: event.addresses.map((address) => this.#address(address)).toSorted(),
        }
      default:
        return this.#endpointEvent(event, stream)
    }
  }

  #endpointEvent(event: NotShared, stream: StreamName): HindcastEvent {
    const names = this.#names
    switch (event.type) {
      case 'IdentityAllocated': {
        const prefix = event.prefix === null ? null : this.#prefix(event.prefix)
        return { ...event, prefix, labels: this.#labels(event.labels, prefix) }
      }
      case 'EndpointIdentityChanged':
        return { ...event, labels: this.#labels(event.labels, null) }
      case 'IpcacheUpserted': {
        const tunnelEndpoint = event.tunnelEndpoint === null ? null : this.#address(event.tunnelEndpoint)
        return { ...event, prefix: this.#prefix(event.prefix), tunnelEndpoint }
      }
      case 'IpcacheDeleted':
        return { ...event, prefix: this.#prefix(event.prefix) }
      case 'EndpointCreated':
        return {
          ...event,
          name: names.path(event.name),
          labels: this.#labels(event.labels, null),
          ipv4: event.ipv4 === null ? null : this.#address(event.ipv4),
          ipv6: event.ipv6 === null ? null : this.#address(event.ipv6),
          device: event.device === null ? null : names.name(event.device),
          mac: event.mac === null ? null : names.mac(event.mac),
          nodeMac: event.nodeMac === null ? null : names.mac(event.nodeMac),
        }
      default:
        return this.#nodeEvent(event, stream)
    }
  }

  #nodeEvent(event: OfNode, stream: StreamName): HindcastEvent {
    const names = this.#names
    switch (event.type) {
      case 'EndpointStateChanged':
      case 'AgentStopped':
      case 'EndpointRegenerationFailed': {
        const told = { ...event, reason: WITHHELD }
        return told.type === 'AgentStopped' ? { ...told, node: NodeName(names.name(told.node)) } : told
      }
      case 'AgentStarted':
        return { ...event, node: NodeName(names.name(event.node)), reason: WITHHELD }
      case 'KernelProbed':
        return { ...event, features: event.features.map((feature) => ({ ...feature, detail: WITHHELD })) }
      case 'PolicyMapWritten': {
        const deltas = event.deltas.map(({ key, before, after }) => ({
          key,
          before: this.#value(before),
          after: this.#value(after),
        }))
        return { ...event, deltas }
      }
      case 'EndpointRegenerationSucceeded': {
        if (event.redirects.some(({ id }) => id.includes('/')))
          throw new RangeError('a redirect to a listener of its own')
        return { ...event, programTag: event.programTag === null ? null : names.tag(event.programTag) }
      }
      case 'ProgramLoaded':
        return {
          ...event,
          tag: names.tag(event.tag),
          objectDigest: this.#digest(event.objectDigest),
          device: names.name(event.device),
          pinnedAt: event.pinnedAt === '' ? '' : names.name(event.pinnedAt),
        }
      case 'ProgramUnloaded':
        return { ...event, device: names.name(event.device) }
      case 'XdsPublished':
        return this.#published(event, stream)
      case 'XdsAcked':
      case 'ProxyConnectionChanged':
        return { ...event, client: names.name(event.client) }
      case 'XdsNacked':
        return { ...event, client: names.name(event.client), detail: WITHHELD }
      case 'EndpointDeleted':
      case 'IdentityReleased':
      case 'PolicyReaction':
      case 'EndpointRegenerationRequested':
      case 'EndpointRegenerationStarted':
      case 'EndpointRevisionBumped':
      case 'ProxyPortAllocated':
      case 'ProxyPortReleased':
        return event
    }
  }

  /** Of the resources that are served then, renamed. */
  #published(event: EventOf<'XdsPublished'>, stream: StreamName): HindcastEvent {
    const place = `${stream} ${event.xds}`
    const served = this.#served.get(place) ?? new Map<string, Json>()
    this.#served.set(place, served)
    for (const name of event.removed) served.delete(name)
    const changed = event.changed.map(({ name, resource }) => {
      const renamed = this.#resourceOf(event.xds, resource)
      served.set(name, renamed)
      return { name, resource: renamed }
    })
    return { ...event, changed, digest: snapshotDigest(served) }
  }

  /** Listeners are the engine's own, without a name of anybody. */
  #resourceOf(xds: EventOf<'XdsPublished'>['xds'], resource: Json): Json {
    if (xds === 'lds') return resource
    const renamed = pseudonymousMessage(this.#names, resource)
    const instead = this.#instead.get(canonicalText(renamed))
    if (instead !== undefined) return instead
    if (!isFields(renamed)) return renamed
    const { hostAddresses } = renamed
    return Array.isArray(hostAddresses) ? { ...renamed, hostAddresses: inOrder(hostAddresses as string[]) } : renamed
  }

  #resource(resource: ResourceRef): ResourceRef {
    const { namespace, name } = resource
    return {
      ...resource,
      namespace: namespace === null ? null : this.#names.name(namespace),
      name: this.#names.name(name),
    }
  }

  #value(value: PolicyMapValue | null): PolicyMapValue | null {
    return value === null
      ? null
      : { ...value, origins: value.origins.map((origin) => pseudonymousOrigin(this.#names, origin)).toSorted() }
  }

  #labels(labels: readonly LabelText[], prefix: Cidr | null): readonly LabelText[] {
    const own = prefix === null ? [] : prefixLabels(prefix).filter((label) => label.startsWith('cidr:'))
    const others = prefix === null ? labels : labels.filter((label) => !label.startsWith('cidr:'))
    const standing = others.length === labels.length ? [] : own
    return [...new Set([...standing, ...others.map((label) => LabelText(this.#names.label(label)))])].toSorted()
  }

  #digest(digest: Digest): Digest {
    return this.#digests.get(digest) ?? Digest(this.#names.digest(digest))
  }

  #address(address: IpAddress): IpAddress {
    return IpAddress(this.#names.address(address))
  }

  #prefix(prefix: Cidr): Cidr {
    return Cidr(this.#names.prefix(prefix))
  }
}

function inOrder<T extends string>(prefixes: readonly T[]): readonly T[] {
  return prefixes.toSorted((a, b) => comparePrefixes(parsePrefixOrAddress(a)!, parsePrefixOrAddress(b)!))
}
