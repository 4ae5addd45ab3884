/**
 * A slow plain walk over the rules: what a probe and a request must get. It shares no code with the engine: types only.
 *
 * L3/L4: deny if a deny element covers the probe, else redirect if an allow element with L7 rules, TLS, server names or a listener does, else
 * allow if any allow element does. HTTP: a request passes if one of the allow elements that cover the connection lets it pass.
 */
import { RE2JS } from 're2js'
import type {
  HttpRule,
  LabelRequirement,
  LabelSelector,
  Peer,
  PolicyElement,
  PolicyRule,
  PortRule,
} from '../../projections/policy/rule.ts'

export type OracleIdentity = { readonly id: number; readonly labels: readonly string[]; readonly prefix: string | null }
export type OraclePort = { readonly name: string; readonly port: number; readonly protocol: 'TCP' | 'UDP' | 'SCTP' }

export type OracleWorld = {
  readonly options: {
    readonly enforcement: 'default' | 'always' | 'never'
    readonly allowLocalhost: 'always' | 'policy'
    readonly enableRemoteNodeIdentity: boolean
    readonly enableHostFirewall: boolean
    readonly clusterName: string
  }
  readonly identities: readonly OracleIdentity[]
  readonly rules: readonly PolicyRule[]
  readonly subject: { readonly identity: number; readonly namedPorts: readonly OraclePort[] }
  readonly pods: readonly (readonly OraclePort[])[]
  readonly services: readonly {
    readonly namespace: string
    readonly name: string
    readonly labels: { readonly [key: string]: string }
    readonly backends: readonly string[]
  }[]
  readonly dns: { readonly [name: string]: readonly string[] }
  readonly groups: { readonly [name: string]: readonly string[] }
  readonly secrets?: { readonly [name: string]: { readonly [item: string]: string } }
}

export type OracleProbe = {
  readonly direction: 'ingress' | 'egress'
  readonly identity: number
  readonly protocol: number
  readonly port: number
}
export type OracleHttp = {
  readonly method: string
  readonly path: string
  readonly authority: string
  readonly headers: readonly (readonly [string, string])[]
}

type Answer = 'allow' | 'deny' | 'redirect'

export function oracleEnforced(world: OracleWorld, direction: 'ingress' | 'egress'): boolean {
  return stanceOf(world, direction) !== 'open'
}

export function oracleAnswer(world: OracleWorld, probe: OracleProbe): Answer {
  const stance = stanceOf(world, probe.direction)
  if (stance === 'open') return 'allow'
  if (covering(world, probe, 'deny').length > 0 || sharesHostDeny(world, probe)) return 'deny'
  const allows = covering(world, probe, 'allow')
  if (allows.some(({ portRules }) => portRules.some(goesToProxy))) return 'redirect'
  if (allows.length > 0 || letIn(world, probe) || stance === 'default-allow') return 'allow'
  return 'deny'
}

/** Null where it should not be asked: no redirect, or one that is not for HTTP alone. */
export function oracleRequest(world: OracleWorld, probe: OracleProbe, request: OracleHttp): 'allow' | 'deny' | null {
  if (oracleAnswer(world, probe) !== 'redirect') return null
  const stance = stanceOf(world, probe.direction)
  const allows = covering(world, probe, 'allow')
  const redirects = allows.flatMap(({ portRules }) => portRules.filter(goesToProxy))
  if (!redirects.every((rule) => rule.l7?.kind === 'http' && rule.serverNames.length === 0)) return null
  if (letIn(world, probe) || stance === 'default-allow') return 'allow'
  const passes = covering(world, probe, 'request').some(({ rule, portRules }) => {
    if (!rule.defaultDeny[probe.direction]) return true
    if (portRules.length === 0) return true
    return portRules.some(
      ({ l7 }) => l7 === null || (l7.kind === 'http' && l7.rules.some((one) => matches(world, one, request))),
    )
  })
  return passes ? 'allow' : 'deny'
}

/** Whether anything is enforced for the subject: `open`, `default-allow` (rules hold, the rest is allowed) or `default-deny`. */
function stanceOf(world: OracleWorld, direction: 'ingress' | 'egress'): 'open' | 'default-allow' | 'default-deny' {
  const { options, subject } = world
  if (options.enforcement === 'never') return 'open'
  if (subject.identity === 1 && !options.enableHostFirewall) return 'open'
  if (options.enforcement === 'always' || labelsOf(world, subject.identity).includes('reserved:init'))
    return 'default-deny'
  const rules = selecting(world)
  if (rules.some(({ defaultDeny }) => defaultDeny[direction])) return 'default-deny'
  const speaks = rules.some((rule) => rule[direction].length + rule[`${direction}Deny`].length > 0)
  return speaks ? 'default-allow' : 'open'
}

/** A world is asked thousands of times about one subject. */
const SELECTING: WeakMap<OracleWorld, readonly PolicyRule[]> = new WeakMap()

function selecting(world: OracleWorld): readonly PolicyRule[] {
  const known = SELECTING.get(world)
  if (known !== undefined) return known
  const host = world.subject.identity === 1
  const rules = world.rules.filter(
    ({ subject }) =>
      (subject.kind === 'node') === host && selects(world, subject.selector.requirements, world.subject.identity),
  )
  SELECTING.set(world, rules)
  return rules
}

type Covering = { readonly rule: PolicyRule; readonly element: PolicyElement; readonly portRules: readonly PortRule[] }

/** Whom an element allows or denies, or whose requests it lets pass: the proxy takes all addresses of a family for the whole world. */
type Purpose = 'allow' | 'deny' | 'request'

function covering(world: OracleWorld, probe: OracleProbe, verdict: Purpose): readonly Covering[] {
  const section = verdict === 'deny' ? (`${probe.direction}Deny` as const) : probe.direction
  const rules = selecting(world)
  const requires = rules.flatMap((rule) => rule[section].flatMap((element) => element.requires))
  return rules.flatMap((rule) =>
    rule[section].flatMap((element) => {
      const peers = element.peers?.some((peer) => takes(world, peer, { probe, requires, verdict })) ?? true
      const ports = portsCovering(world, element, probe, verdict)
      return peers && ports !== null ? [{ rule, element, portRules: ports }] : []
    }),
  )
}

/** The port rules that cover the probe; none where the element is for every port; null where nothing covers it. */
function portsCovering(
  world: OracleWorld,
  { peers, ports, icmps }: PolicyElement,
  probe: OracleProbe,
  verdict: Purpose,
): readonly PortRule[] | null {
  if (ports === null && icmps === null) return peers === null ? null : []
  const rules = (ports ?? []).filter((rule) => rule.ports.some((port) => portCovers(world, port, probe)))
  const icmp = (icmps ?? []).some(
    ({ family, type }) =>
      probe.protocol === (family === 'IPv4' ? 1 : 58) && (type === probe.port || (verdict === 'deny' && type === 0)),
  )
  return rules.length > 0 || icmp ? rules : null
}

function portCovers(world: OracleWorld, { port, protocol }: PortRule['ports'][number], probe: OracleProbe): boolean {
  const name = { 6: 'TCP', 17: 'UDP', 132: 'SCTP' }[probe.protocol]
  if (name === undefined || (protocol !== 'ANY' && protocol !== name)) return false
  if (port.kind === 'any') return true
  if (port.kind === 'range') return port.first <= probe.port && probe.port <= port.last
  const pods = probe.direction === 'ingress' ? [world.subject.namedPorts] : world.pods
  const meant = pods.flatMap((pod) =>
    pod.filter((one) => one.name.toLowerCase() === port.name && one.protocol === name).map((one) => one.port),
  )
  return new Set(meant).size === 1 && meant[0] === probe.port
}

function goesToProxy({ l7, terminatingTls, originatingTls, serverNames, listener }: PortRule): boolean {
  return (
    l7 !== null || terminatingTls !== null || originatingTls !== null || serverNames.length > 0 || listener !== null
  )
}

function remoteNodesAreHost({ options }: OracleWorld): boolean {
  return options.allowLocalhost === 'always' && !options.enableRemoteNodeIdentity
}

function letIn(world: OracleWorld, { direction, identity }: OracleProbe): boolean {
  if (direction !== 'ingress' || world.options.allowLocalhost !== 'always' || world.subject.identity === 1) return false
  return identity === 1 || (identity === 6 && remoteNodesAreHost(world))
}

/** Remote nodes that count as the host are denied altogether where the host is. */
function sharesHostDeny(world: OracleWorld, probe: OracleProbe): boolean {
  if (probe.identity !== 6 || !letIn(world, probe)) return false
  return covering(world, { ...probe, identity: 1 }, 'deny').some(
    ({ element }) => element.ports === null && element.icmps === null,
  )
}

function takes(
  world: OracleWorld,
  peer: Peer,
  context: {
    readonly probe: OracleProbe
    readonly requires: readonly LabelSelector[]
    readonly verdict: Purpose
  },
): boolean {
  const { identity } = context.probe
  const prefix = world.identities.find(({ id }) => id === identity)?.prefix ?? null
  const has = (label: string): boolean => labelsOf(world, identity).includes(label)
  const exactly = (addresses: readonly string[]): boolean =>
    prefix !== null && addresses.some((address) => sameRange(rangeOf(address), rangeOf(prefix)))
  switch (peer.kind) {
    case 'endpoints': {
      const required = context.requires.flatMap(({ requirements }) => requirements)
      return selects(world, [...peer.selector.requirements, ...required], identity)
    }
    case 'entity': {
      if (peer.entity === 'all') return true
      if (peer.entity === 'none') return false
      if (peer.entity === 'world')
        return has('reserved:world') || has('reserved:world-ipv4') || has('reserved:world-ipv6')
      if (peer.entity === 'host' && remoteNodesAreHost(world) && has('reserved:remote-node')) return true
      if (peer.entity !== 'cluster') return has(`reserved:${peer.entity}`)
      const inside = ['host', 'remote-node', 'init', 'ingress', 'health', 'unmanaged', 'kube-apiserver']
      return (
        inside.some((name) => has(`reserved:${name}`)) ||
        has(`k8s:io.cilium.k8s.policy.cluster=${world.options.clusterName}`)
      )
    }
    case 'cidr': {
      const whole = peer.prefix.endsWith('/0') && peer.except.length === 0
      if (whole && has('reserved:world') && (prefix === null || context.verdict !== 'allow')) return true
      return prefix !== null && within(prefix, peer.prefix, peer.except)
    }
    case 'cidr-group':
      return prefix !== null && (world.groups[peer.name] ?? []).some((member) => within(prefix, member, peer.except))
    case 'cidr-group-selector': {
      const named = Object.keys(world.groups).filter((name) =>
        peer.selector.requirements.every((one) => meets([`cidrgroup:${name}`], null, one)),
      )
      return (
        prefix !== null && named.some((name) => world.groups[name]!.some((one) => within(prefix, one, peer.except)))
      )
    }
    case 'service':
      return exactly(
        world.services
          .filter(({ namespace, name }) => name === peer.name && (peer.namespace ?? namespace) === namespace)
          .flatMap(({ backends }) => backends),
      )
    case 'service-selector':
      return exactly(
        world.services
          .filter(({ namespace, labels }) => {
            const texts = Object.entries(labels).map(([key, value]) => `k8s:${key}=${value}`)
            const fits = peer.selector.requirements.every((one) => meets(texts, null, one))
            return fits && (peer.namespace ?? namespace) === namespace
          })
          .flatMap(({ backends }) => backends),
      )
    case 'fqdn-name':
      return exactly(world.dns[peer.name.replace(/\.$/, '')] ?? [])
    case 'fqdn-pattern':
      return exactly(
        Object.entries(world.dns)
          .filter(([name]) => namePattern(peer.pattern).test(name))
          .flatMap(([, addresses]) => addresses),
      )
  }
}

/** For the short names of tests only: it may backtrack. */
function namePattern(pattern: string): RegExp {
  const text = pattern.replace(/\.$/, '')
  if (text === '*') return /^.*$/
  const many = text.startsWith('**.')
  const rest = (many ? text.slice(3) : text).replaceAll('.', '[.]').replaceAll('*', '[^.]*')
  return new RegExp(`^${many ? '([^.]+[.])+' : ''}${rest}$`)
}

function labelsOf(world: OracleWorld, identity: number): readonly string[] {
  const found = world.identities.find(({ id }) => id === identity)
  if (found === undefined) return []
  const worldly = found.prefix !== null && !found.labels.some((label) => label.startsWith('reserved:'))
  return worldly ? [...found.labels, 'reserved:world'] : found.labels
}

/** Nobody knows an identity that is not listed: only what has no requirements takes it. */
function selects(world: OracleWorld, requirements: readonly LabelRequirement[], identity: number): boolean {
  const known = world.identities.find(({ id }) => id === identity)
  if (known === undefined) return requirements.length === 0
  return requirements.every((requirement) => meets(labelsOf(world, identity), known.prefix, requirement))
}

function meets(labels: readonly string[], prefix: string | null, requirement: LabelRequirement): boolean {
  const { source, key, operator, values } = requirement
  const found = labels
    .map((label) => {
      const [name = '', ...rest] = label.split('=')
      const colon = name.indexOf(':')
      return { source: name.slice(0, colon), key: name.slice(colon + 1), value: rest.join('=') }
    })
    .filter((label) => label.key === key && (source === 'any' || source === label.source))
    .map(({ value }) => value)
  if (prefix !== null && key.includes('/') && (source === 'cidr' || source === 'any') && within(prefix, key, []))
    found.push('')
  if (operator === 'Exists') return found.length > 0
  if (operator === 'DoesNotExist') return found.length === 0
  const hit = found.some((value) => values.includes(value))
  return operator === 'In' ? hit : !hit
}

type Range = { readonly family: 4 | 6; readonly first: bigint; readonly last: bigint }

function within(inner: string, outer: string, except: readonly string[]): boolean {
  const [a, b] = [rangeOf(inner), rangeOf(outer)]
  if (a.family !== b.family || a.first < b.first || a.last > b.last) return false
  return !except.map(rangeOf).some((e) => e.family === a.family && e.first <= a.last && a.first <= e.last)
}

function sameRange(a: Range, b: Range): boolean {
  return a.family === b.family && a.first === b.first && a.last === b.last
}

/** First and last address of a prefix; an address is a prefix of its own. */
function rangeOf(text: string): Range {
  const [address = '', length] = text.split('/')
  const family = address.includes(':') ? 6 : 4
  const width = family === 6 ? 128 : 32
  const bits = family === 6 ? bits6(address) : bits4(address)
  const size = 1n << BigInt(width - Number(length ?? width))
  const first = (bits / size) * size
  return { family, first, last: first + size - 1n }
}

function bits4(address: string): bigint {
  return address.split('.').reduce((sum, octet) => sum * 256n + BigInt(octet), 0n)
}

function bits6(address: string): bigint {
  const [head = '', tail = ''] = address.split('::')
  const left = head.split(':').filter((group) => group !== '')
  const right = tail.split(':').filter((group) => group !== '')
  const middle = Array<string>(8 - left.length - right.length).fill('0')
  return [...left, ...middle, ...right].reduce((sum, group) => sum * 65_536n + BigInt(`0x${group}`), 0n)
}

function matches(world: OracleWorld, rule: HttpRule, request: OracleHttp): boolean {
  const full = (regex: string | null, value: string): boolean => regex === null || RE2JS.compile(regex).matches(value)
  const values = (name: string): readonly string[] =>
    request.headers.filter(([key]) => key.toLowerCase() === name.toLowerCase()).map(([, value]) => value)
  return (
    full(rule.method, request.method) &&
    full(rule.path, request.path) &&
    full(rule.host, request.authority) &&
    rule.headers.every(({ name, value }) =>
      value === null ? values(name).length > 0 : values(name).join() === value,
    ) &&
    rule.headerMatches.every((match) => {
      const wanted = wantedValue(world, match)
      if (wanted === null) return false
      const { name, mismatch } = match
      return mismatch !== 'FAIL' || (wanted === '' ? values(name).length > 0 : values(name).join() === wanted)
    })
  )
}

/** Of a secret's only item, or the value beside it; null where a secret is asked for and there is neither. */
function wantedValue(world: OracleWorld, { value, secret }: HttpRule['headerMatches'][number]): string | null {
  if (secret === null) return value
  const label = labelsOf(world, world.subject.identity).find((one) => /^k8s:io\.kubernetes\.pod\.namespace=/.test(one))
  const namespace = secret.namespace === '' ? (label?.split('=')[1] ?? '') : secret.namespace
  const items = Object.values(world.secrets?.[`${namespace}/${secret.name}`] ?? {})
  const found = items.length === 1 ? items[0] : undefined
  if (found !== undefined && found !== '') return found
  return value === '' && found === undefined ? null : value
}
