/** `rules` of a port: HTTP, Kafka, DNS or a generic parser's (Cilium pkg/policy/api/{http,l7,kafka}.go). */
import type { Json } from '../../../events/schema.ts'
import { FRAMING_HEADERS, HEADER_NAME, HEADER_VALUE, PSEUDO_HEADERS } from '../../l7/check.ts'
import type { DnsRule, HeaderMatch, HttpRule, KafkaRule, L7Rules, PortProtocol } from '../rule.ts'
import type { SectionContext } from './ports.ts'
import { type JsonObject, pointer, type Reader } from './reader.ts'
import { checkExpression } from './regex.ts'

type L7Context = SectionContext & { readonly ports: readonly PortProtocol[] }

export function readL7Rules(reader: Reader, value: Json | undefined, path: string, context: L7Context): L7Rules | null {
  if (value === undefined || value === null) return null
  const object = reader.object(value, path, ['http', 'kafka', 'dns', 'l7proto', 'l7'])
  const proto = reader.text(object, 'l7proto', path) ?? ''
  const found = [readHttp(reader, object, path), readKafka(reader, object, path), readDns(reader, object, path)].filter(
    (rules) => rules !== null,
  )
  const generic = reader.each(object, 'l7', path, (item, at) => readGeneric(reader, item, at))
  if (proto === '' && generic !== null && generic.length > 0) {
    reader.refuse('l7-without-proto', pointer(path, 'l7'), 'l7 may only be specified when l7proto is also specified')
  }
  if (proto !== '') found.push({ kind: 'generic', proto, rules: generic ?? [] })
  if (found.length > 1) {
    reader.refuse(
      'l7-several-kinds',
      path,
      `${found.map(({ kind }) => kind).join(' and ')} rules cannot stand in one port rule`,
    )
  }
  const rules = found[0] ?? null
  if (rules !== null) checkPlace(reader, rules, path, context)
  // A parser without rules asks for nothing.
  return rules?.kind === 'generic' && rules.rules.length === 0 ? null : rules
}

function checkPlace(reader: Reader, rules: L7Rules, path: string, { section, subject, ports }: L7Context): void {
  const dns = rules.kind === 'dns'
  if (subject === 'node' && !(dns && section === 'egress')) {
    reader.refuse('l7-on-node', path, 'host policies do not support L7 rules yet')
  }
  if (dns && section === 'ingress') reader.refuse('dns-on-ingress', path, 'DNS rules are not supported on ingress')
  if (dns && ports.length === 0) reader.refuse('dns-without-port', path, 'port 53 must be specified for DNS rules')
  for (const { port, protocol } of ports) {
    if (port.kind === 'any') reader.refuse('l7-port-zero', path, 'L7 rules cannot be used when a port is 0')
    if (dns && port.kind === 'range' && port.first !== port.last)
      reader.refuse('dns-port-range', path, 'DNS rules cannot have port ranges')
    const fits = dns ? protocol !== 'SCTP' : protocol === 'TCP'
    if (!fits)
      reader.refuse('l7-protocol', path, `L7 rules can only apply to TCP (not ${protocol}) except for DNS rules`)
  }
}

function readHttp(reader: Reader, object: JsonObject, path: string): L7Rules | null {
  const rules = reader.each(object, 'http', path, (item, at) => readHttpRule(reader, item, at))
  return rules === null || rules.length === 0 ? null : { kind: 'http', rules }
}

function readHttpRule(reader: Reader, value: Json, path: string): HttpRule {
  const object = reader.object(value, path, ['path', 'method', 'host', 'headers', 'headerMatches'])
  const expression = (key: string): string | null => {
    const text = reader.text(object, key, path) || null
    checkExpression(reader, text, pointer(path, key))
    return text
  }
  return {
    method: expression('method'),
    path: expression('path'),
    host: expression('host'),
    headers: reader.each(object, 'headers', path, (item, at) => readHeader(reader, item, at)) ?? [],
    headerMatches: reader.each(object, 'headerMatches', path, (item, at) => readHeaderMatch(reader, item, at)) ?? [],
  }
}

/** `Name value`, `Name: value`, or just `Name` for presence. */
function readHeader(reader: Reader, value: Json, path: string): HttpRule['headers'][number] {
  const text = reader.asText(value, path)
  const blank = text.indexOf(' ')
  const name = (blank === -1 ? text : text.slice(0, blank)).replace(/:$/, '')
  const wanted = blank === -1 ? null : text.slice(blank + 1)
  checkHeader(reader, path, name, wanted ?? '')
  return { name, value: wanted }
}

/** The proxy refuses a whole update for a name or value that HTTP does not have, and for a change of what frames a message. */
function checkHeader(reader: Reader, path: string, name: string, value: string): void {
  if (name === '') reader.refuse('header-name-missing', path, 'header name missing')
  else if (!HEADER_NAME.test(name) && !PSEUDO_HEADERS.has(name))
    reader.refuse('header-name', path, `${JSON.stringify(name)} is not a header name`)
  if (!HEADER_VALUE.test(value)) reader.refuse('header-value', path, 'a header value has no control characters')
}

const CHANGES: readonly string[] = ['ADD', 'DELETE', 'REPLACE']
const MISMATCHES: readonly string[] = ['LOG', ...CHANGES]

function readHeaderMatch(reader: Reader, value: Json, path: string): HeaderMatch {
  const object = reader.object(value, path, ['mismatch', 'name', 'secret', 'value'])
  const name = reader.text(object, 'name', path) ?? ''
  const wanted = reader.text(object, 'value', path) ?? ''
  checkHeader(reader, pointer(path, 'name'), name, wanted)
  if (PSEUDO_HEADERS.has(name)) reader.refuse('header-name', pointer(path, 'name'), `${name} is no header`)
  const mismatch = reader.text(object, 'mismatch', path) ?? ''
  if (mismatch !== '' && !isMismatch(mismatch)) {
    reader.refuse(
      'header-action',
      pointer(path, 'mismatch'),
      `invalid header action ${mismatch}, must be one of ${MISMATCHES.join(', ')}`,
    )
  }
  if (CHANGES.includes(mismatch) && FRAMING_HEADERS.has(name.toLowerCase())) {
    reader.refuse('header-not-mutable', pointer(path, 'mismatch'), `${name} frames the message: no ${mismatch}`)
  }
  return {
    name,
    value: wanted,
    secret: readSecret(reader, object['secret'], pointer(path, 'secret')),
    mismatch: isMismatch(mismatch) ? mismatch : 'FAIL',
  }
}

function isMismatch(text: string): text is 'LOG' | 'ADD' | 'DELETE' | 'REPLACE' {
  return MISMATCHES.includes(text)
}

function readSecret(reader: Reader, value: Json | undefined, path: string): HeaderMatch['secret'] {
  if (value === undefined || value === null) return null
  const object = reader.object(value, path, ['namespace', 'name'])
  const name = reader.text(object, 'name', path) ?? ''
  if (name === '') reader.refuse('secret-name-missing', pointer(path, 'name'), 'secret name missing')
  return { namespace: reader.text(object, 'namespace', path) ?? '', name }
}

/** In the order of their numbers (kafka.apache.org/protocol, 0 to 33). */
export const KAFKA_API_KEYS: readonly string[] = [
  'produce',
  'fetch',
  'offsets',
  'metadata',
  'leaderandisr',
  'stopreplica',
  'updatemetadata',
  'controlledshutdown',
  'offsetcommit',
  'offsetfetch',
  'findcoordinator',
  'joingroup',
  'heartbeat',
  'leavegroup',
  'syncgroup',
  'describegroups',
  'listgroups',
  'saslhandshake',
  'apiversions',
  'createtopics',
  'deletetopics',
  'deleterecords',
  'initproducerid',
  'offsetforleaderepoch',
  'addpartitionstotxn',
  'addoffsetstotxn',
  'endtxn',
  'writetxnmarkers',
  'txnoffsetcommit',
  'describeacls',
  'createacls',
  'deleteacls',
  'describeconfigs',
  'alterconfigs',
]

const KAFKA_TOPIC_MAX = 255
const KAFKA_VERSION_MAX = 32_767

function readKafka(reader: Reader, object: JsonObject, path: string): L7Rules | null {
  const rules = reader.each(object, 'kafka', path, (item, at) => readKafkaRule(reader, item, at))
  return rules === null || rules.length === 0 ? null : { kind: 'kafka', rules }
}

function readKafkaRule(reader: Reader, value: Json, path: string): KafkaRule {
  const object = reader.object(value, path, ['role', 'apiKey', 'apiVersion', 'clientID', 'topic'])
  const [role, apiKey, apiVersion, clientId, topic] = ['role', 'apiKey', 'apiVersion', 'clientID', 'topic'].map(
    (key) => reader.text(object, key, path) || null,
  ) as [string | null, string | null, string | null, string | null, string | null]
  const known = role?.toLowerCase() ?? null
  if (role !== null && apiKey !== null)
    reader.refuse('kafka-role-and-key', path, `cannot set both role "${role}" and apiKey "${apiKey}"`)
  if (known !== null && known !== 'produce' && known !== 'consume')
    reader.refuse('kafka-role', pointer(path, 'role'), `invalid Kafka role "${role}"`)
  if (apiKey !== null && !KAFKA_API_KEYS.includes(apiKey.toLowerCase())) {
    reader.refuse('kafka-key', pointer(path, 'apiKey'), `invalid Kafka apiKey "${apiKey}"`)
  }
  if (apiVersion !== null && !(/^[0-9]+$/.test(apiVersion) && Number(apiVersion) <= KAFKA_VERSION_MAX)) {
    reader.refuse('kafka-version', pointer(path, 'apiVersion'), `invalid Kafka apiVersion "${apiVersion}"`)
  }
  if (topic !== null && topic.length > KAFKA_TOPIC_MAX)
    reader.refuse('kafka-topic', pointer(path, 'topic'), `longer than ${KAFKA_TOPIC_MAX}`)
  else if (topic !== null && !/^[a-zA-Z0-9._-]+$/.test(topic))
    reader.refuse('kafka-topic', pointer(path, 'topic'), `invalid Kafka topic "${topic}"`)
  if (clientId !== null && !/^[a-zA-Z0-9._-]+$/.test(clientId))
    reader.refuse('kafka-client', pointer(path, 'clientID'), `invalid Kafka clientID "${clientId}"`)
  return {
    role: known === 'produce' || known === 'consume' ? known : null,
    apiKey: apiKey?.toLowerCase() ?? null,
    apiVersion,
    clientId,
    topic,
  }
}

function readDns(reader: Reader, object: JsonObject, path: string): L7Rules | null {
  const rules = reader.each(object, 'dns', path, (item, at) => readNameOrPattern(reader, item, at))
  return rules === null || rules.length === 0 ? null : { kind: 'dns', rules }
}

/** RFC 1035 §2.3.4. */
const DNS_NAME_MAX = 255

/** `matchName` or `matchPattern`, lower case: an element of `dns` and of `toFQDNs`. */
export function readNameOrPattern(reader: Reader, value: Json, path: string): DnsRule {
  const object = reader.object(value, path, ['matchName', 'matchPattern'])
  const name = (reader.text(object, 'matchName', path) ?? '').toLowerCase()
  const pattern = (reader.text(object, 'matchPattern', path) ?? '').toLowerCase()
  if ((name === '') === (pattern === ''))
    reader.refuse('dns-name-or-pattern', path, 'exactly one of matchName and matchPattern must be given')
  for (const [key, text] of Object.entries({ matchName: name, matchPattern: pattern })) {
    if (text.length > DNS_NAME_MAX)
      reader.refuse('dns-name-long', pointer(path, key), `${text.length} characters are more than ${DNS_NAME_MAX}`)
  }
  if (!/^[-a-z0-9_.]*$/.test(name))
    reader.refuse('dns-name', pointer(path, 'matchName'), `invalid characters in "${name}"`)
  if (!/^[-a-z0-9_.*]*$/.test(pattern))
    reader.refuse('dns-pattern', pointer(path, 'matchPattern'), `invalid characters in "${pattern}"`)
  return pattern === '' ? { kind: 'name', name } : { kind: 'pattern', pattern }
}

function readGeneric(reader: Reader, value: Json, path: string): { readonly [key: string]: string } {
  const pairs = reader.dictionary({ rule: value }, 'rule', path)
  if (pairs.some(([key]) => key === '')) reader.refuse('l7-empty-key', path, 'empty key not allowed')
  return Object.fromEntries(pairs)
}
