/**
 * One case of offline evaluation: who is there, which policies hold, what is asked. One JSON object, one line of a file.
 *
 * `input`: `options`, `identities` (id, labels, cidr), `policies`, `rules` (bare ones), `endpoints` (id, identity, namedPorts), `podPorts`,
 * `services`, `dns`, `secrets`, `steps` (addIdentities, removeIdentities). `states`, one for the start and one after each step: `probes`
 * `[endpoint, direction, identity, protocol, port]` and `http` (endpoint, direction, identity, port, method, path, host, headers). What
 * stands behind or beside these, expected answers among it, is not read.
 */

import type { NamedPort } from '../../../events/fields.ts'
import { Cidr, IdentityId, LabelText, Port } from '../../../events/ids.ts'
import type { PolicyOptions } from '../../../events/policy-options.ts'
import type { Json } from '../../../events/schema.ts'
import { prefixLabels } from '../../../projections/identity/prefix-labels.ts'
import { parsePrefixOrAddress, prefixText } from '../../../projections/ip/prefix.ts'
import { DEFAULT_POLICY_OPTIONS } from '../../../projections/policy/default-options.ts'
import type { ExternalService, KnownIdentity, PolicySubject } from '../../../projections/policy/engine.ts'
import { type JsonObject, pointer, Reader } from '../../../projections/policy/parse/reader.ts'

export type EvalEndpoint = { readonly id: number; readonly subject: PolicySubject }
export type EvalProbe = {
  readonly endpoint: number
  readonly direction: 'ingress' | 'egress'
  readonly identity: number
  readonly protocol: number
  readonly port: number
}
export type EvalRequest = Omit<EvalProbe, 'protocol'> & {
  readonly method: string
  readonly path: string
  readonly host: string
  readonly headers: readonly (readonly [name: string, value: string])[]
}
export type EvalQuestions = { readonly probes: readonly EvalProbe[]; readonly http: readonly EvalRequest[] }
export type EvalStep = { readonly added: readonly KnownIdentity[]; readonly removed: readonly IdentityId[] }

export type EvalCase = {
  readonly name: string
  readonly options: PolicyOptions
  readonly identities: readonly KnownIdentity[]
  readonly policies: readonly Json[]
  readonly rules: readonly Json[]
  readonly endpoints: readonly EvalEndpoint[]
  readonly podPorts: readonly (readonly NamedPort[])[]
  readonly services: readonly ExternalService[]
  readonly dns: readonly (readonly [name: string, addresses: readonly string[]])[]
  readonly secrets: readonly (readonly [key: string, items: Readonly<Record<string, string>>])[]
  readonly steps: readonly EvalStep[]
  /** One for the start and one for each step; without questions where the case asks none. */
  readonly states: readonly EvalQuestions[]
}

export type CaseReading =
  | { readonly kind: 'case'; readonly case: EvalCase }
  | { readonly kind: 'bad'; readonly reasons: readonly string[] }

const U32_MAX = 0xffff_ffff
const U16_MAX = 0xffff
const U8_MAX = 0xff

export function readCase(line: string): CaseReading {
  const value = parsed(line.startsWith(BYTE_ORDER_MARK) ? line.slice(1) : line)
  if (value instanceof SyntaxError) return { kind: 'bad', reasons: [`not JSON: ${value.message}`] }
  const reader = new Reader({ left: 0 })
  const found = caseOf(reader, reader.anyObject(value, ''))
  if (reader.problems.length === 0) return { kind: 'case', case: found }
  return { kind: 'bad', reasons: reader.problems.map(reasonText) }
}

/** Some editors write it at the start of a file. */
const BYTE_ORDER_MARK = '\u{feff}'

function reasonText({ code, path, reason }: Reader['problems'][number]): string {
  return path === '' ? `${code}: ${reason}` : `${code} at ${path}: ${reason}`
}

function parsed(line: string): Json | SyntaxError {
  try {
    return JSON.parse(line) as Json
  } catch (error) {
    if (error instanceof SyntaxError) return error
    throw error
  }
}

function caseOf(reader: Reader, object: JsonObject): EvalCase {
  const name = reader.text(object, 'name', '')
  if (name === null) reader.refuse('name-missing', '/name', 'a case has a name')
  const input = reader.anyObject(object['input'], '/input')
  const at = '/input'
  const steps = reader.each(input, 'steps', at, (item, path) => readStep(reader, item, path)) ?? []
  const states = reader.each(object, 'states', '', (item, path) => readQuestions(reader, item, path)) ?? []
  const empty = Array.from({ length: Math.max(0, steps.length + 1 - states.length) }, () => ({ probes: [], http: [] }))
  if (states.length > steps.length + 1) {
    reader.refuse('states-too-many', '/states', `${states.length} states for ${steps.length} steps`)
  }
  return {
    name: name ?? '',
    options: readOptions(reader, input['options']),
    identities: reader.each(input, 'identities', at, (item, path) => readIdentity(reader, item, path)) ?? [],
    policies: reader.list(input, 'policies', at) ?? [],
    rules: reader.list(input, 'rules', at) ?? [],
    endpoints: reader.each(input, 'endpoints', at, (item, path) => readEndpoint(reader, item, path)) ?? [],
    podPorts: (reader.list(input, 'podPorts', at) ?? []).map((ports, index) =>
      readPorts(reader, { ports }, 'ports', `${at}/podPorts/${index}`),
    ),
    services: reader.each(input, 'services', at, (item, path) => readService(reader, item, path)) ?? [],
    dns: readDns(reader, input['dns']),
    secrets: readSecrets(reader, input['secrets']),
    steps,
    states: [...states, ...empty],
  }
}

function readOptions(reader: Reader, value: Json | undefined): PolicyOptions {
  const path = '/input/options'
  const object = reader.anyObject(value, path)
  const d = DEFAULT_POLICY_OPTIONS
  const flag = (key: string, otherwise: boolean): boolean => reader.flag(object, key, path) ?? otherwise
  const word = <T extends string>(key: string, otherwise: T, words: readonly T[]): T => {
    const text = reader.text(object, key, path) ?? otherwise
    const found = words.find((known) => known === text)
    if (found === undefined)
      reader.refuse('word-unknown', pointer(path, key), `${text} is not one of ${words.join(', ')}`)
    return found ?? otherwise
  }
  return {
    enforcement: word('enforcement', d.enforcement, ['default', 'always', 'never']),
    allowLocalhost: word('allowLocalhost', d.allowLocalhost, ['always', 'policy']),
    enableRemoteNodeIdentity: flag('enableRemoteNodeIdentity', d.enableRemoteNodeIdentity),
    enableHostFirewall: flag('enableHostFirewall', d.enableHostFirewall),
    clusterName: reader.text(object, 'clusterName', path) ?? d.clusterName,
    enableL7Proxy: flag('enableL7Proxy', d.enableL7Proxy),
    enableIcmpRules: flag('enableICMPRules', d.enableIcmpRules),
  }
}

/** A prefix identity may leave out its labels: they follow from the prefix. */
function readIdentity(reader: Reader, value: Json, path: string): KnownIdentity {
  const object = reader.anyObject(value, path)
  const id = IdentityId(number(reader, object, 'id', { path, max: U32_MAX }))
  const text = reader.text(object, 'cidr', path)
  const prefix = text === null ? null : readPrefix(reader, text, pointer(path, 'cidr'))
  const given = reader.each(object, 'labels', path, (item, at) => readLabel(reader, item, at))
  const labels = given?.filter((label) => label !== null) ?? (prefix === null ? [] : prefixLabels(prefix))
  return { id, labels, prefix }
}

function readPrefix(reader: Reader, text: string, path: string): Cidr | null {
  const prefix = parsePrefixOrAddress(text)
  if (prefix === null) reader.refuse('cidr-invalid', path, `${text} is not a prefix`)
  return prefix === null ? null : Cidr(prefixText(prefix))
}

function readLabel(reader: Reader, value: Json, path: string): LabelText | null {
  const text = reader.asText(value, path)
  try {
    return LabelText(text.replace(/^([a-z0-9-]+:[^=]+)=$/, '$1'))
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    reader.refuse('label-invalid', path, error.message)
    return null
  }
}

function readEndpoint(reader: Reader, value: Json, path: string): EvalEndpoint {
  const object = reader.anyObject(value, path)
  const identity = IdentityId(number(reader, object, 'identity', { path, max: U32_MAX }))
  const namedPorts = readPorts(reader, object, 'namedPorts', path)
  return { id: number(reader, object, 'id', { path, max: U32_MAX }), subject: { identity, namedPorts } }
}

function readPorts(reader: Reader, object: JsonObject, key: string, path: string): readonly NamedPort[] {
  const ports = reader.each(object, key, path, (value, at): NamedPort | null => {
    const item = reader.anyObject(value, at)
    const protocol = (reader.text(item, 'protocol', at) ?? 'TCP').toUpperCase()
    const port = number(reader, item, 'port', { path: at, max: U16_MAX })
    if (protocol !== 'TCP' && protocol !== 'UDP' && protocol !== 'SCTP') {
      reader.refuse('protocol-unknown', pointer(at, 'protocol'), `${protocol} is not TCP, UDP or SCTP`)
      return null
    }
    return port === 0 ? null : { name: reader.text(item, 'name', at) ?? '', port: Port(port), protocol }
  })
  return ports?.filter((found) => found !== null) ?? []
}

function readService(reader: Reader, value: Json, path: string): ExternalService {
  const object = reader.anyObject(value, path)
  return {
    namespace: reader.text(object, 'namespace', path) ?? '',
    name: reader.text(object, 'name', path) ?? '',
    labels: Object.fromEntries(reader.dictionary(object, 'labels', path)),
    backends: reader.each(object, 'backends', path, (item, at) => reader.asText(item, at)) ?? [],
  }
}

function readDns(reader: Reader, value: Json | undefined): EvalCase['dns'] {
  const path = '/input/dns'
  const object = reader.anyObject(value, path)
  return Object.keys(object).map((name) => [
    name,
    reader.each(object, name, path, (item, at) => reader.asText(item, at)) ?? [],
  ])
}

function readSecrets(reader: Reader, value: Json | undefined): EvalCase['secrets'] {
  const path = '/input/secrets'
  const object = reader.anyObject(value, path)
  return Object.keys(object).map((key) => [key, Object.fromEntries(reader.dictionary(object, key, path))])
}

function readStep(reader: Reader, value: Json, path: string): EvalStep {
  const object = reader.anyObject(value, path)
  const removed = reader.list(object, 'removeIdentities', path) ?? []
  return {
    added: reader.each(object, 'addIdentities', path, (item, at) => readIdentity(reader, item, at)) ?? [],
    removed: removed.map((id, index) =>
      IdentityId(number(reader, { id }, 'id', { path: `${path}/removeIdentities/${index}`, max: U32_MAX })),
    ),
  }
}

function readQuestions(reader: Reader, value: Json, path: string): EvalQuestions {
  const object = reader.anyObject(value, path)
  return {
    probes: reader.each(object, 'probes', path, (item, at) => readProbe(reader, item, at)) ?? [],
    http: reader.each(object, 'http', path, (item, at) => readRequest(reader, item, at)) ?? [],
  }
}

function readProbe(reader: Reader, value: Json, path: string): EvalProbe {
  const [endpoint = null, direction = null, identity = null, protocol = null, port = null] = isList(value) ? value : []
  const object: JsonObject = { endpoint, direction, identity, protocol, port }
  if (!isList(value)) reader.refuse('not-a-list', path, 'a probe is [endpoint, direction, identity, protocol, port]')
  return {
    ...readEnd(reader, object, path),
    protocol: number(reader, object, 'protocol', { path, max: U8_MAX }),
  }
}

function readEnd(reader: Reader, object: JsonObject, path: string): Omit<EvalProbe, 'protocol'> {
  const direction = reader.text(object, 'direction', path)
  if (direction !== 'ingress' && direction !== 'egress') {
    reader.refuse('direction-unknown', pointer(path, 'direction'), `${direction} is not ingress or egress`)
  }
  return {
    endpoint: number(reader, object, 'endpoint', { path, max: U32_MAX }),
    direction: direction === 'egress' ? 'egress' : 'ingress',
    identity: number(reader, object, 'identity', { path, max: U32_MAX }),
    port: number(reader, object, 'port', { path, max: U16_MAX }),
  }
}

function readRequest(reader: Reader, value: Json, path: string): EvalRequest {
  const object = reader.anyObject(value, path)
  return {
    ...readEnd(reader, object, path),
    method: reader.text(object, 'method', path) ?? 'GET',
    path: reader.text(object, 'path', path) ?? '/',
    host: reader.text(object, 'host', path) ?? '',
    headers: reader.dictionary(object, 'headers', path),
  }
}

/** 0 where it is missing or wrong, which is then a problem. */
function number(
  reader: Reader,
  object: JsonObject,
  key: string,
  { path, max }: { readonly path: string; readonly max: number },
): number {
  if (object[key] === undefined || object[key] === null) {
    reader.refuse('number-missing', pointer(path, key), `a whole number from 0 to ${max} is missing`)
    return 0
  }
  return reader.integer(object, key, path, max) ?? 0
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value)
}
