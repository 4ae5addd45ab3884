/**
 * Who a peer or a subject is, as a selector: a value with a text, so that equal selectors are one in the cache.
 *
 * Peers expand as in Cilium (pkg/policy/api/{entity,cidr}.go): an entity is one or more label selectors, a prefix stands for every
 * identity whose prefix lies inside it.
 */
import { type IpPrefix, parsePrefix, prefixText } from '../../ip/prefix.ts'
import { requirementText, selectorOf } from '../parse/selector.ts'
import type { Entity, LabelRequirement, LabelSelector, Peer } from '../rule.ts'

export type Selector =
  /** Every identity, also one that nobody knows. */
  | { readonly kind: 'everyone'; readonly text: string }
  | { readonly kind: 'labels'; readonly text: string; readonly requirements: readonly LabelRequirement[] }
  | { readonly kind: 'prefix'; readonly text: string; readonly prefix: IpPrefix; readonly except: readonly IpPrefix[] }
  /** Names that were asked for, lower case and without a trailing dot; `*` in a pattern. */
  | { readonly kind: 'dns'; readonly text: string; readonly match: 'name' | 'pattern'; readonly name: string }
  | {
      readonly kind: 'service'
      readonly text: string
      readonly namespace: string | null
      /** One of the two is given. */
      readonly name: string | null
      readonly selector: LabelSelector | null
    }
  | {
      readonly kind: 'cidr-group'
      readonly text: string
      /** One of the two is given. */
      readonly name: string | null
      readonly selector: LabelSelector | null
      readonly except: readonly IpPrefix[]
    }

export type SelectorOptions = {
  readonly clusterName: string
  readonly allowLocalhost: 'always' | 'policy'
  readonly enableRemoteNodeIdentity: boolean
}

export const EVERYONE: Selector = { kind: 'everyone', text: '*' }

export const CLUSTER_LABEL = 'io.cilium.k8s.policy.cluster'

/** Every identity that stands for something outside of the cluster. */
export const WORLD: Selector = reservedSelector('world')

/** No identity has this label: whom it takes is nobody, but its rule still has a place among the others. */
export const NOBODY: Selector = reservedSelector('none')

export function selectorsOf(peer: Peer, options: SelectorOptions): readonly Selector[] {
  switch (peer.kind) {
    case 'endpoints':
      return [labelSelector(peer.selector)]
    case 'entity':
      return entitySelectors(peer.entity, options)
    case 'cidr':
      return [prefixSelector(peer.prefix, peer.except)]
    case 'cidr-group': {
      const except = peer.except.map(prefixValue)
      const text = `cidr-group ${peer.name}${exceptText(except)}`
      return [{ kind: 'cidr-group', text, name: peer.name, selector: null, except }]
    }
    case 'cidr-group-selector': {
      const { selector } = peer
      const except = peer.except.map(prefixValue)
      const text = `cidr-groups ${requirementsText(selector.requirements)}${exceptText(except)}`
      return [{ kind: 'cidr-group', text, name: null, selector, except }]
    }
    case 'service': {
      const { namespace, name } = peer
      return [{ kind: 'service', text: `service ${namespace ?? '*'}/${name}`, namespace, name, selector: null }]
    }
    case 'service-selector': {
      const { namespace, selector } = peer
      const text = `services ${namespace ?? '*'} ${requirementsText(selector.requirements)}`
      return [{ kind: 'service', text, namespace, name: null, selector }]
    }
    case 'fqdn-name':
      return [{ kind: 'dns', text: `name ${peer.name}`, match: 'name', name: bare(peer.name) }]
    case 'fqdn-pattern':
      return [{ kind: 'dns', text: `pattern ${peer.pattern}`, match: 'pattern', name: bare(peer.pattern) }]
  }
}

/** All addresses of one family. */
export function isWholeFamily(selector: Selector): boolean {
  return selector.kind === 'prefix' && selector.prefix.length === 0 && selector.except.length === 0
}

export function labelSelector({ requirements }: LabelSelector): Selector {
  return requirements.length === 0 ? EVERYONE : { kind: 'labels', text: requirementsText(requirements), requirements }
}

/** The selector narrowed by `fromRequires`/`toRequires` of the subject's rules. */
export function narrowed(selector: Selector, requires: readonly LabelRequirement[]): Selector {
  if (selector.kind !== 'labels' && selector.kind !== 'everyone') return selector
  const own = selector.kind === 'labels' ? selector.requirements : []
  const all = new Map([...own, ...requires].map((requirement) => [requirementText(requirement), requirement]))
  return labelSelector(selectorOf([...all.values()]))
}

function prefixSelector(prefix: string, except: readonly string[]): Selector {
  const inner = except.map(prefixValue)
  return { kind: 'prefix', text: `cidr ${prefix}${exceptText(inner)}`, prefix: prefixValue(prefix), except: inner }
}

/** DNS names are compared in lower case and without the dot at the end. */
export function bare(name: string): string {
  return name.toLowerCase().replace(/\.$/, '')
}

function requirementsText(requirements: readonly LabelRequirement[]): string {
  return requirements.map(requirementText).join('; ')
}

function exceptText(except: readonly IpPrefix[]): string {
  return except.length === 0 ? '' : ` except ${except.map(prefixText).toSorted().join(',')}`
}

function prefixValue(text: string): IpPrefix {
  const prefix = parsePrefix(text)
  if (prefix === null) throw new TypeError(`${text} is not a prefix`)
  return prefix
}

/** Without an identity of their own, other nodes count as the host where the host is always let in. */
export function remoteNodesAreHost({ allowLocalhost, enableRemoteNodeIdentity }: SelectorOptions): boolean {
  return allowLocalhost === 'always' && !enableRemoteNodeIdentity
}

function entitySelectors(entity: Entity, options: SelectorOptions): readonly Selector[] {
  switch (entity) {
    case 'all':
      return [EVERYONE]
    case 'world':
      return ['world', 'world-ipv4', 'world-ipv6'].map(reservedSelector)
    case 'host':
      return (remoteNodesAreHost(options) ? ['host', 'remote-node'] : ['host']).map(reservedSelector)
    case 'cluster':
      return [...CLUSTER_RESERVED.map(reservedSelector), inCluster(options.clusterName)]
    default:
      return [reservedSelector(entity)]
  }
}

const CLUSTER_RESERVED: readonly string[] = [
  'host',
  'remote-node',
  'init',
  'ingress',
  'health',
  'unmanaged',
  'kube-apiserver',
]

function reservedSelector(name: string): Selector {
  return labelSelector({ requirements: [{ source: 'reserved', key: name, operator: 'In', values: [''] }] })
}

function inCluster(name: string): Selector {
  return labelSelector({ requirements: [{ source: 'k8s', key: CLUSTER_LABEL, operator: 'In', values: [name] }] })
}
