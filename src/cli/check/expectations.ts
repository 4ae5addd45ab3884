/**
 * Expectations of a policy set: who may reach whom. YAML or JSON:
 *
 *     pods:
 *       deathstar: {labels: {org: empire, class: deathstar}, ports: [{name: http, port: 80}]}
 *     expectations:
 *       - {from: 'org=empire,class=tiefighter', to: deathstar, port: 80, http: POST /v1/request-landing, expect: allow}
 *       - {from: world, to: deathstar, port: 80, expect: deny}
 *
 * A party is the name of a pod, labels, an address or prefix, a reserved name such as `world`, or an object with `namespace`, `labels` and
 * `ports`. A pod is in the namespace `default` where it names none.
 */
import type { NamedPort, Problem } from '../../../events/fields.ts'
import { Cidr, type IdentityId, type LabelText } from '../../../events/ids.ts'
import type { Json } from '../../../events/schema.ts'
import { RESERVED_IDENTITIES } from '../../../projections/identity/reserved.ts'
import { parsePrefixOrAddress, prefixText } from '../../../projections/ip/prefix.ts'
import type { HttpRequest } from '../../../projections/l7/http-rule.ts'
import { isJsonObject, type JsonObject, pointer, Reader } from '../../../projections/policy/parse/reader.ts'
import { readEndpoint } from '../../decide/endpoint-fields.ts'
import { readPort } from '../endpoint-file.ts'
import { CliError } from '../failure.ts'
import { readDocument } from '../text-document.ts'
import { requestOf } from '../why-verb.ts'

export type Who =
  | {
      readonly kind: 'pod'
      readonly text: string
      readonly labels: readonly LabelText[]
      readonly namedPorts: readonly NamedPort[]
    }
  | { readonly kind: 'reserved'; readonly text: string; readonly identity: IdentityId }
  | { readonly kind: 'prefix'; readonly text: string; readonly prefix: Cidr }

export type Expectation = {
  readonly name: string
  readonly from: Who
  readonly to: Who
  /** IP protocol number. */
  readonly protocol: number
  readonly port: number
  readonly request: HttpRequest | null
  readonly expect: 'allow' | 'deny'
}

export type ExpectationFile = { readonly expectations: readonly Expectation[]; readonly problems: readonly Problem[] }

const PROTOCOLS: Readonly<Record<string, number>> = { TCP: 6, UDP: 17, SCTP: 132, ICMP: 1, ICMPV6: 58 }
const PORT = /^([0-9]{1,5})(?:\/([A-Za-z0-9]+))?$/
const PORT_MAX = 0xffff
const HTTP_PORT = 80

export function readExpectations(text: string): ExpectationFile {
  const document = readDocument(text)
  if (document.kind === 'faulty') return { expectations: [], problems: document.problems }
  const reader = new Reader({ left: 0 })
  const object = reader.object(document.value, '', ['pods', 'expectations'])
  const pods = readPods(reader, object)
  const expectations =
    reader.each(object, 'expectations', '', (item, path) => readOne(reader, item, { path, pods })) ?? []
  if (expectations.length === 0) reader.refuse('expectations-missing', '/expectations', 'there is nothing to check')
  const problems = [...reader.problems, ...reader.schemaProblems].map(document.placed)
  return { expectations: expectations.filter((found) => found !== null), problems }
}

type Pods = ReadonlyMap<string, Who>

function readPods(reader: Reader, object: JsonObject): Pods {
  const given = reader.anyObject(object['pods'], '/pods')
  return new Map(
    Object.entries(given).flatMap(([name, value]) => {
      const who = readPod(reader, value, { path: pointer('/pods', name), name })
      return who === null ? [] : [[name, who] as const]
    }),
  )
}

type Place = { readonly path: string; readonly pods: Pods }

function readOne(reader: Reader, value: Json, { path, pods }: Place): Expectation | null {
  const object = reader.object(value, path, ['name', 'from', 'to', 'port', 'http', 'expect'])
  const from = readWho(reader, object['from'], { path: pointer(path, 'from'), pods })
  const to = readWho(reader, object['to'], { path: pointer(path, 'to'), pods })
  const request = readRequest(reader, object['http'], pointer(path, 'http'))
  const { port, protocol } = readPortText(reader, object['port'], { path: pointer(path, 'port'), request })
  const expect = reader.text(object, 'expect', path)
  if (expect !== 'allow' && expect !== 'deny') {
    reader.refuse('expect-unknown', pointer(path, 'expect'), `${expect ?? 'nothing'} is not allow or deny`)
    return null
  }
  if (from === null || to === null) return null
  const what = request === null ? `${port}` : `${port} ${request.method} ${request.path}`
  const name = reader.text(object, 'name', path) ?? `${from.text} -> ${to.text} ${what}`
  return { name, from, to, protocol, port, request, expect }
}

function readWho(reader: Reader, value: Json | undefined, { path, pods }: Place): Who | null {
  if (isJsonObject(value)) return readPod(reader, value, { path, name: null })
  if (value === undefined || value === null) {
    reader.refuse('party-missing', path, 'who is it?')
    return null
  }
  const text = reader.asText(value, path)
  const pod = pods.get(text)
  if (pod !== undefined) return pod
  if (text.includes('=')) return readPod(reader, { labels: text.split(',') }, { path, name: null })
  const prefix = parsePrefixOrAddress(text)
  if (prefix !== null) return { kind: 'prefix', text, prefix: Cidr(prefixText(prefix)) }
  const label = text.startsWith('reserved:') ? text : `reserved:${text}`
  for (const [identity, [first]] of RESERVED_IDENTITIES)
    if (first === label) return { kind: 'reserved', text, identity }
  const known = [...pods.keys()].join(', ') || 'none'
  reader.refuse('party-unknown', path, `${text} is no pod (there are ${known}), label, address or reserved name`)
  return null
}

/** Labels as a list of `[source:]key=value` or as an object. */
function readPod(
  reader: Reader,
  value: Json,
  { path, name }: { readonly path: string; readonly name: string | null },
): Who | null {
  const object = reader.object(value, path, ['namespace', 'labels', 'ports'])
  const labels = isJsonObject(object['labels'])
    ? reader.dictionary(object, 'labels', path).map(([key, text]) => (text === '' ? key : `${key}=${text}`))
    : (reader.each(object, 'labels', path, (item, at) => reader.asText(item, at)) ?? [])
  const ports = reader.each(object, 'ports', path, (item, at) => readPort(reader, item, at)) ?? []
  const namespace = reader.text(object, 'namespace', path) ?? namespaceIn(labels) ?? 'default'
  const { fields, problems } = readEndpoint({ name: `${namespace}/pod`, labels, namedPorts: ports })
  for (const { code, path: at, reason } of problems)
    reader.refuse(code, `${path}${at.replace('/namedPorts', '/ports')}`, reason)
  if (fields === null) return null
  return { kind: 'pod', text: name ?? labels.join(','), labels: fields.labels, namedPorts: fields.namedPorts }
}

function namespaceIn(labels: readonly string[]): string | null {
  const found = labels.find((label) => /^(k8s:)?io\.kubernetes\.pod\.namespace=/.test(label))
  return found === undefined ? null : found.slice(found.indexOf('=') + 1)
}

/** `80`, `53/UDP`; 80 where only a request is given. */
function readPortText(
  reader: Reader,
  value: Json | undefined,
  { path, request }: { readonly path: string; readonly request: HttpRequest | null },
): { readonly port: number; readonly protocol: number } {
  const text = value === undefined || value === null ? (request === null ? '' : String(HTTP_PORT)) : String(value)
  const match = PORT.exec(text)
  const protocol = PROTOCOLS[(match?.[2] ?? 'TCP').toUpperCase()]
  const port = Number(match?.[1])
  if (match !== null && protocol !== undefined && port <= PORT_MAX) return { port, protocol }
  reader.refuse('port-invalid', path, `${text === '' ? 'nothing' : text} is not PORT or PORT/PROTOCOL`)
  return { port: 0, protocol: 0 }
}

/** `METHOD PATH`, or an object with `method`, `path`, `host` and `headers`. */
function readRequest(reader: Reader, value: Json | undefined, path: string): HttpRequest | null {
  if (value === undefined || value === null) return null
  if (!isJsonObject(value)) return requestOfText(reader, reader.asText(value, path), path)
  const object = reader.object(value, path, ['method', 'path', 'host', 'headers'])
  return {
    method: reader.text(object, 'method', path) ?? 'GET',
    path: reader.text(object, 'path', path) ?? '/',
    authority: reader.text(object, 'host', path) ?? '',
    headers: reader.dictionary(object, 'headers', path),
  }
}

function requestOfText(reader: Reader, text: string, path: string): HttpRequest | null {
  try {
    return requestOf(text, [])
  } catch (error) {
    if (!(error instanceof CliError)) throw error
    reader.refuse('request-invalid', path, `${text} is not METHOD PATH`)
    return null
  }
}
