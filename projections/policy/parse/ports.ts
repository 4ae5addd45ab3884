/** `toPorts` and `icmps` (Cilium pkg/policy/api/rule_validation.go). */
import type { Json } from '../../../events/schema.ts'
import type { IcmpField, ListenerRef, PortProtocol, PortRule, TlsContext } from '../rule.ts'
import { readL7Rules } from './l7.ts'
import { type JsonObject, pointer, type Reader } from './reader.ts'

export type Section = 'ingress' | 'egress' | 'ingressDeny' | 'egressDeny'

export type SectionContext = {
  readonly section: Section
  /** A node's rules have no L7 part. */
  readonly subject: 'endpoints' | 'node'
}

const PORTS_MAX = 40
const ICMP_FIELDS_MAX = 40
const ICMP_TYPE_MAX = 255
const ALLOW_FIELDS = ['ports', 'rules', 'terminatingTLS', 'originatingTLS', 'serverNames', 'listener'] as const

export function isDeny(section: Section): boolean {
  return section === 'ingressDeny' || section === 'egressDeny'
}

export function readPortRule(reader: Reader, value: Json, path: string, context: SectionContext): PortRule {
  const object = reader.object(value, path, isDeny(context.section) ? ['ports'] : ALLOW_FIELDS)
  const ports = reader.each(object, 'ports', path, (item, at) => readPort(reader, item, at)) ?? []
  if (ports.length > PORTS_MAX) {
    reader.refuse('too-many-ports', pointer(path, 'ports'), `${ports.length} ports are more than ${PORTS_MAX}`)
  }
  const given = ports.filter((port) => port !== null)
  if (isDeny(context.section)) return refuseAllowFields(reader, object, path, given)
  const rule: PortRule = {
    ports: given,
    l7: readL7Rules(reader, object['rules'], pointer(path, 'rules'), { ...context, ports: given }),
    terminatingTls: readTls(reader, object['terminatingTLS'], pointer(path, 'terminatingTLS')),
    originatingTls: readTls(reader, object['originatingTLS'], pointer(path, 'originatingTLS')),
    serverNames: readServerNames(reader, object, path),
    listener: readListener(reader, object['listener'], pointer(path, 'listener')),
  }
  checkTogether(reader, rule, path, context)
  return rule
}

/** Known ICMP types by name, as in the CRD of current Cilium. */
const ICMP_TYPES: { readonly IPv4: Readonly<Record<string, number>>; readonly IPv6: Readonly<Record<string, number>> } =
  {
    IPv4: {
      EchoReply: 0,
      DestinationUnreachable: 3,
      Redirect: 5,
      Echo: 8,
      EchoRequest: 8,
      RouterAdvertisement: 9,
      RouterSelection: 10,
      TimeExceeded: 11,
      ParameterProblem: 12,
      Timestamp: 13,
      TimestampReply: 14,
      Photuris: 40,
      ExtendedEchoRequest: 42,
      ExtendedEchoReply: 43,
    },
    IPv6: {
      DestinationUnreachable: 1,
      PacketTooBig: 2,
      TimeExceeded: 3,
      ParameterProblem: 4,
      EchoRequest: 128,
      EchoReply: 129,
      MulticastListenerQuery: 130,
      MulticastListenerReport: 131,
      MulticastListenerDone: 132,
      RouterSolicitation: 133,
      RouterAdvertisement: 134,
      NeighborSolicitation: 135,
      NeighborAdvertisement: 136,
      RedirectMessage: 137,
    },
  }

/** All fields of one element of `icmps`. */
export function readIcmps(reader: Reader, value: Json, path: string): readonly IcmpField[] {
  const object = reader.object(value, path, ['fields'])
  const fields = reader.each(object, 'fields', path, (item, at) => readIcmpField(reader, item, at)) ?? []
  if (fields.length > ICMP_FIELDS_MAX) {
    reader.refuse('too-many-icmp-fields', pointer(path, 'fields'), `${fields.length} are more than ${ICMP_FIELDS_MAX}`)
  }
  return fields.filter((field) => field !== null)
}

function readIcmpField(reader: Reader, value: Json, path: string): IcmpField | null {
  const object = reader.object(value, path, ['family', 'type'])
  const family = reader.text(object, 'family', path) || 'IPv4'
  if (family !== 'IPv4' && family !== 'IPv6') {
    reader.refuse('icmp-family', pointer(path, 'family'), `${family} is not IPv4 or IPv6`)
    return null
  }
  const type = readIcmpType(reader, object, path, family)
  return type === null ? null : { family, type }
}

function readIcmpType(reader: Reader, object: JsonObject, path: string, family: 'IPv4' | 'IPv6'): number | null {
  const { type: given = null } = object
  const at = pointer(path, 'type')
  if (given === null) reader.refuse('icmp-type', at, 'an ICMP field needs a type')
  if (typeof given !== 'string') return reader.integer(object, 'type', path, ICMP_TYPE_MAX)
  const type = namedType(family, given) ?? decimal(given)
  if (type !== null && type <= ICMP_TYPE_MAX) return type
  reader.refuse('icmp-type', at, `${given} is not an ICMP type of ${family}`)
  return null
}

function namedType(family: 'IPv4' | 'IPv6', name: string): number | null {
  return Object.hasOwn(ICMP_TYPES[family], name) ? (ICMP_TYPES[family][name] ?? null) : null
}

function decimal(text: string): number | null {
  return /^[0-9]{1,3}$/.test(text) ? Number(text) : null
}

const PROTOCOLS: readonly string[] = ['TCP', 'UDP', 'SCTP', 'ANY']

function readPort(reader: Reader, value: Json, path: string): PortProtocol | null {
  const object = reader.object(value, path, ['port', 'protocol', 'endPort'])
  const port = readPortNumber(reader, object, path)
  const given = reader.text(object, 'protocol', path) || 'ANY'
  const protocol = given.toUpperCase()
  const at = pointer(path, 'protocol')
  if (!isProtocol(protocol)) {
    reader.refuse('protocol-unknown', at, `invalid protocol "${given}", must be tcp, udp, sctp or any`)
    return null
  }
  if (protocol !== given) reader.refuseBySchema('protocol-case', at, `${given} must be written ${protocol}`)
  return port === null ? null : { port, protocol }
}

function isProtocol(text: string): text is 'TCP' | 'UDP' | 'SCTP' | 'ANY' {
  return PROTOCOLS.includes(text)
}

/** Go's ParseUint with base 0 after the IANA name check: `010` is 8, `0x10` is a name. */
function readPortNumber(reader: Reader, object: JsonObject, path: string): PortProtocol['port'] | null {
  const at = pointer(path, 'port')
  const text = reader.text(object, 'port', path)
  const last = reader.integer(object, 'endPort', path, 65_535)
  if (text === null || text === '') {
    if (text === '' || object['port'] === undefined || object['port'] === null)
      reader.refuse('port-missing', at, 'port must be specified')
    return null
  }
  if (isPortName(text)) {
    if (last !== null && last > 0)
      reader.refuse('end-port-named', pointer(path, 'endPort'), 'endPort needs a numeric port')
    return { kind: 'named', name: text.toLowerCase() }
  }
  const first = /^(0[0-7]*|[1-9][0-9]*)$/.test(text) ? Number.parseInt(text, text.startsWith('0') ? 8 : 10) : null
  if (first === null || first > 65_535) {
    reader.refuse(
      'port-invalid',
      at,
      `unable to parse port "${text}": ${first === null ? 'not a number or port name' : 'above 65535'}`,
    )
    return null
  }
  if (last !== null && last > 0 && last < first) {
    reader.refuse('port-range-inverted', pointer(path, 'endPort'), `${first} is above ${last}`)
  }
  if (last !== null && last > 0 && first === 0) reader.refuse('port-range-zero', at, 'a range cannot start at port 0')
  return first === 0 ? { kind: 'any' } : { kind: 'range', first, last: last !== null && last > first ? last : first }
}

/** IANA service name (RFC 6335 §5.1): 1 to 15 letters, digits and single hyphens inside, at least one letter. */
export function isPortName(text: string): boolean {
  return /^[a-z0-9]([-a-z0-9]{0,13}[a-z0-9])?$/i.test(text) && /[a-z]/i.test(text) && !text.includes('--')
}

/** As in the CRD of current Cilium; `*` stands for characters of one label, `**` for labels. */
const SERVER_NAME = /^[-a-z0-9_*]+(\.[-a-z0-9_*]+)*\.?$/i
const SERVER_NAME_MAX = 255
const SERVER_NAMES_MAX = 40

function readServerNames(reader: Reader, object: JsonObject, path: string): readonly string[] {
  const names = reader.each(object, 'serverNames', path, (item, at) => {
    const name = reader.asText(item, at)
    if (name === '') reader.refuse('server-name-empty', at, 'an empty server name matches nothing')
    else if (!SERVER_NAME.test(name)) {
      reader.refuse('server-name', at, `${JSON.stringify(name)} is not a DNS name, nor one with * or ** for labels`)
    }
    if (name.length > SERVER_NAME_MAX) {
      reader.refuse('server-name-long', at, `${name.length} characters are more than ${SERVER_NAME_MAX}`)
    }
    return name.toLowerCase()
  })
  if (names !== null && names.length > SERVER_NAMES_MAX) {
    const at = pointer(path, 'serverNames')
    reader.refuse('too-many-server-names', at, `${names.length} server names are more than ${SERVER_NAMES_MAX}`)
  }
  return [...new Set(names ?? [])].toSorted()
}

function readTls(reader: Reader, value: Json | undefined, path: string): TlsContext | null {
  if (value === undefined || value === null) return null
  const object = reader.object(value, path, ['secret', 'trustedCA', 'certificate', 'privateKey'])
  const secretPath = pointer(path, 'secret')
  const secret = reader.object(object['secret'], secretPath, ['namespace', 'name'])
  const name = reader.text(secret, 'name', secretPath) ?? ''
  if (name === '') reader.refuse('tls-secret-missing', pointer(secretPath, 'name'), 'a TLS context needs a secret')
  return {
    secret: { namespace: reader.text(secret, 'namespace', secretPath) ?? '', name },
    trustedCa: reader.text(object, 'trustedCA', path) ?? '',
    certificate: reader.text(object, 'certificate', path) ?? '',
    privateKey: reader.text(object, 'privateKey', path) ?? '',
  }
}

/** Cilium's default priority of a listener that says none. */
const LISTENER_PRIORITY = 126

function readListener(reader: Reader, value: Json | undefined, path: string): ListenerRef | null {
  if (value === undefined || value === null) return null
  const object = reader.object(value, path, ['envoyConfig', 'name', 'priority'])
  const configPath = pointer(path, 'envoyConfig')
  const config = reader.object(object['envoyConfig'], configPath, ['kind', 'name'])
  const kind = reader.text(config, 'kind', configPath) ?? ''
  if (kind !== '' && kind !== 'CiliumEnvoyConfig' && kind !== 'CiliumClusterwideEnvoyConfig') {
    reader.refuse(
      'listener-kind',
      pointer(configPath, 'kind'),
      `${kind} is not CiliumEnvoyConfig or CiliumClusterwideEnvoyConfig`,
    )
  }
  const name = reader.text(object, 'name', path) ?? ''
  if (name === '') reader.refuse('listener-name', pointer(path, 'name'), 'a listener needs a name')
  const priority = reader.integer(object, 'priority', path, 100)
  return {
    kind: kind === 'CiliumEnvoyConfig' || kind === 'CiliumClusterwideEnvoyConfig' ? kind : '',
    config: reader.text(config, 'name', configPath) ?? '',
    name,
    priority: priority === null || priority === 0 ? LISTENER_PRIORITY : priority,
  }
}

function refuseAllowFields(reader: Reader, object: JsonObject, path: string, ports: readonly PortProtocol[]): PortRule {
  for (const field of ALLOW_FIELDS) {
    if (field === 'ports' || object[field] === undefined || object[field] === null) continue
    reader.refuse('deny-with-l7', pointer(path, field), `a deny rule cannot have ${field}`)
  }
  return { ports, l7: null, terminatingTls: null, originatingTls: null, serverNames: [], listener: null }
}

function checkTogether(reader: Reader, rule: PortRule, path: string, { section }: SectionContext): void {
  if (rule.serverNames.length > 0 && rule.l7 !== null && rule.terminatingTls === null) {
    reader.refuse(
      'server-names-with-l7',
      pointer(path, 'serverNames'),
      'server names with L7 rules need terminatingTLS',
    )
  }
  if (rule.listener !== null && section === 'ingress') {
    reader.refuse('listener-on-ingress', pointer(path, 'listener'), 'listeners are not supported on ingress')
  }
  if (rule.listener !== null && rule.l7 !== null) {
    reader.refuse('listener-with-l7', pointer(path, 'listener'), 'a listener cannot be combined with L7 rules')
  }
}
