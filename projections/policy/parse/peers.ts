/** The peers of one element: who is on the other side (Cilium pkg/policy/api/{ingress,egress,cidr,entity}.go). */
import type { Json } from '../../../events/schema.ts'
import { contains, type IpPrefix, parsePrefix, parsePrefixOrAddress, prefixText } from '../../ip/prefix.ts'
import type { Entity, Peer } from '../rule.ts'
import { readNameOrPattern } from './l7.ts'
import { isDeny, type Section } from './ports.ts'
import { type JsonObject, pointer, type Reader } from './reader.ts'
import { type KeyStyle, readSelector, type Scope, scopePeer } from './selector.ts'

const ENTITIES: readonly string[] = [
  'all',
  'world',
  'world-ipv4',
  'world-ipv6',
  'cluster',
  'host',
  'remote-node',
  'ingress',
  'init',
  'unmanaged',
  'health',
  'kube-apiserver',
  'none',
]

type Read = (reader: Reader, value: Json, path: string, scope: Scope) => Peer | null

const READERS: { readonly [suffix: string]: Read } = {
  Endpoints: (reader, value, path, scope) => {
    const selector = readSelector(reader, value, path)
    if (scope.kind === 'clusterwide' && selector.requirements.length === 0) {
      reader.refuseBySchema('empty-peer-selector', path, 'an empty peer selector in a clusterwide policy')
    }
    return { kind: 'endpoints', selector: scopePeer(selector, scope) }
  },
  CIDR: (reader, value, path) => {
    const text = reader.asText(value, path)
    if (!text.includes('/')) reader.refuseBySchema('cidr-without-length', path, `${text} has no prefix length`)
    const prefix = parsePrefixOrAddress(text)
    if (prefix === null) reader.refuse('cidr-invalid', path, `unable to parse CIDR ${text}`)
    return prefix === null ? null : { kind: 'cidr', prefix: prefixText(prefix), except: [] }
  },
  CIDRSet: readCidrSet,
  Entities: (reader, value, path) => {
    const text = reader.asText(value, path)
    if (!isEntity(text))
      reader.refuse('entity-unknown', path, `unsupported entity: ${text} is not one of ${ENTITIES.join(', ')}`)
    return isEntity(text) ? { kind: 'entity', entity: text } : null
  },
  Services: readService,
  FQDNs: (reader, value, path) => {
    const rule = readNameOrPattern(reader, value, path)
    return rule.kind === 'name'
      ? { kind: 'fqdn-name', name: rule.name }
      : { kind: 'fqdn-pattern', pattern: rule.pattern }
  },
}

/** Only these need something outside of the policy that the engine cannot ask: they are refused, not ignored. */
const UNSUPPORTED: { readonly [suffix: string]: string } = {
  Groups: 'cloud provider groups have to be expanded into toCIDRSet before',
  Nodes: 'node selectors as peers are not supported',
}

const EGRESS_ONLY: readonly string[] = ['Services', 'FQDNs']
const ALLOW_ONLY: readonly string[] = ['FQDNs']

type Field = { readonly name: string; readonly read: Read | null; readonly unsupported: string | null }

const FIELDS: { readonly [section in Section]: readonly Field[] } = {
  ingress: fieldsOf('ingress'),
  ingressDeny: fieldsOf('ingressDeny'),
  egress: fieldsOf('egress'),
  egressDeny: fieldsOf('egressDeny'),
}

function fieldsOf(section: Section): readonly Field[] {
  const ingress = section.startsWith('ingress')
  return [...Object.keys(READERS), ...Object.keys(UNSUPPORTED)]
    .filter((suffix) => !(ingress && EGRESS_ONLY.includes(suffix)))
    .filter((suffix) => !(isDeny(section) && ALLOW_ONLY.includes(suffix)))
    .map((suffix) => ({
      name: `${ingress ? 'from' : 'to'}${suffix}`,
      read: READERS[suffix] ?? null,
      unsupported: UNSUPPORTED[suffix] ?? null,
    }))
}

export function peerFields(section: Section): readonly string[] {
  return FIELDS[section].map(({ name }) => name)
}

/** Null where the element names no peers at all; an empty list of peers selects nobody. */
export function readPeers(
  reader: Reader,
  object: JsonObject,
  path: string,
  { section, scope }: { readonly section: Section; readonly scope: Scope },
): readonly Peer[] | null {
  const given: { readonly name: string; readonly peers: readonly (Peer | null)[] }[] = []
  for (const { name, read, unsupported } of FIELDS[section]) {
    if ((object[name] ?? null) === null) continue
    if (unsupported !== null && (reader.list(object, name, path) ?? []).length > 0) {
      reader.refuse('peers-unsupported', pointer(path, name), `${name}: ${unsupported}`)
    }
    const peers = read === null ? null : reader.each(object, name, path, (item, at) => read(reader, item, at, scope))
    if (peers !== null) given.push({ name, peers })
  }
  const filled = given.filter(({ peers }) => peers.length > 0)
  if (filled.length > 1) {
    const names = filled.map(({ name }) => name).toSorted()
    reader.refuse(
      'peers-combined',
      path,
      `combining ${names[0]} and ${names[1]} is not supported; each can have an element of its own`,
    )
  }
  return given.length === 0 ? null : given.flatMap(({ peers }) => peers).filter((peer) => peer !== null)
}

function isEntity(text: string): text is Entity {
  return ENTITIES.includes(text)
}

/** Labels of groups have no source of their own. */
const GROUP_KEYS: KeyStyle = { read: (key) => ({ source: 'cidrgroup', key }), prefix: '' }

function readCidrSet(reader: Reader, value: Json, path: string): Peer | null {
  const object = reader.object(value, path, ['cidr', 'cidrGroupRef', 'cidrGroupSelector', 'except'])
  const text = reader.text(object, 'cidr', path) ?? ''
  const group = reader.text(object, 'cidrGroupRef', path) ?? ''
  const groups = object['cidrGroupSelector'] ?? null
  if ([text !== '', group !== '', groups !== null].filter((given) => given).length !== 1) {
    reader.refuse('cidr-set', path, 'exactly one of cidr, cidrGroupRef and cidrGroupSelector must be given')
    return null
  }
  const prefix = text === '' ? null : parsePrefix(text)
  if (text !== '' && prefix === null)
    reader.refuse('cidr-invalid', pointer(path, 'cidr'), `unable to parse CIDR ${text}`)
  const except = reader.each(object, 'except', path, (item, at) => readExcept(reader, item, at, prefix)) ?? []
  const exceptTexts = except.filter((found) => found !== null).map(prefixText)
  if (group !== '') return { kind: 'cidr-group', name: group, except: exceptTexts }
  if (groups !== null) {
    const selector = readSelector(reader, groups, pointer(path, 'cidrGroupSelector'), GROUP_KEYS)
    return { kind: 'cidr-group-selector', selector, except: exceptTexts }
  }
  return prefix === null ? null : { kind: 'cidr', prefix: prefixText(prefix), except: exceptTexts }
}

export function readExcept(reader: Reader, value: Json, path: string, outer: IpPrefix | null): IpPrefix | null {
  const text = reader.asText(value, path)
  const prefix = parsePrefix(text)
  if (prefix === null) reader.refuse('cidr-invalid', path, `unable to parse CIDR ${text}`)
  else if (outer !== null && !contains(outer, prefix)) {
    reader.refuse('except-outside', path, `${text} is not inside ${prefixText(outer)}`)
  }
  return prefix
}

function readService(reader: Reader, value: Json, path: string): Peer | null {
  const object = reader.object(value, path, ['k8sService', 'k8sServiceSelector'])
  const byName = object['k8sService'] ?? null
  const bySelector = object['k8sServiceSelector'] ?? null
  if ((byName === null) === (bySelector === null)) {
    reader.refuse('service', path, 'exactly one of k8sService and k8sServiceSelector must be given')
    return null
  }
  if (bySelector === null) {
    const at = pointer(path, 'k8sService')
    const service = reader.object(byName, at, ['serviceName', 'namespace'])
    const name = reader.text(service, 'serviceName', at) ?? ''
    if (name === '') reader.refuse('service-name', pointer(at, 'serviceName'), 'a service needs a name')
    return { kind: 'service', namespace: reader.text(service, 'namespace', at) || null, name }
  }
  const at = pointer(path, 'k8sServiceSelector')
  const service = reader.object(bySelector, at, ['selector', 'namespace'])
  if ((service['selector'] ?? null) === null) {
    reader.refuse('service-selector', pointer(at, 'selector'), 'a service selector must be given, {} for all services')
  }
  const selector = readSelector(reader, service['selector'], pointer(at, 'selector'))
  return { kind: 'service-selector', namespace: reader.text(service, 'namespace', at) || null, selector }
}
