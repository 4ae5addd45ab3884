/**
 * Expectations of a policy set: who may reach whom. YAML or JSON:
 *
 *     options: {enableHostFirewall: true}
 *     pods:
 *       deathstar: {labels: {org: empire, class: deathstar}, ports: [{name: http, port: 80}]}
 *     host: {labels: {role: worker}}
 *     dns: {swapi.dev: [203.0.113.9]}
 *     expectations:
 *       - {from: 'org=empire,class=tiefighter', to: deathstar, port: 80, http: POST /v1/request-landing, expect: allow}
 *       - {from: deathstar, to: swapi.dev, port: 443, expect: deny}
 *
 * A party is the name of a pod, labels, an address or prefix, a DNS name, a reserved name such as `world` or `host`, or an object with `namespace`,
 * `labels` and `ports`. A pod is in the namespace `default` where it names none. `options` are those of the agent that bear on policies.
 */

import type { Problem } from '../../../events/fields.ts'
import type { PolicyOptions } from '../../../events/policy-options.ts'
import type { Json } from '../../../events/schema.ts'
import type { HttpRequest } from '../../../projections/l7/http-rule.ts'
import { DEFAULT_POLICY_OPTIONS } from '../../../projections/policy/default-options.ts'
import { isJsonObject, pointer, Reader } from '../../../projections/policy/parse/reader.ts'
import { CliError } from '../failure.ts'
import { readDocument } from '../text-document.ts'
import { requestOf } from '../why-verb.ts'
import { type Parties, readParties, readWho, type Who } from './parties.ts'

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

export type Setting = { readonly options: PolicyOptions; readonly parties: Parties }

export type ExpectationFile = {
  readonly setting: Setting
  readonly expectations: readonly Expectation[]
  readonly problems: readonly Problem[]
}

const NOBODY: Setting = {
  options: DEFAULT_POLICY_OPTIONS,
  parties: { pods: new Map(), dns: new Map(), hostLabels: [] },
}

const PROTOCOLS: Readonly<Record<string, number>> = { TCP: 6, UDP: 17, SCTP: 132, ICMP: 1, ICMPV6: 58 }
const PORT = /^([0-9]{1,5})(?:\/([A-Za-z0-9]+))?$/
const PORT_MAX = 0xffff
const HTTP_PORT = 80

export function readExpectations(text: string): ExpectationFile {
  const document = readDocument(text)
  if (document.kind === 'faulty') return { setting: NOBODY, expectations: [], problems: document.problems }
  const reader = new Reader({ left: 0 })
  const object = reader.object(document.value, '', ['options', 'pods', 'host', 'dns', 'expectations'])
  const setting = { options: readOptions(reader, object['options']), parties: readParties(reader, object) }
  const expectations =
    reader.each(object, 'expectations', '', (item, path) => readOne(reader, item, { path, ...setting })) ?? []
  if (expectations.length === 0) reader.refuse('expectations-missing', '/expectations', 'there is nothing to check')
  const problems = [...reader.problems, ...reader.schemaProblems].map(document.placed)
  return { setting, expectations: expectations.flat(), problems }
}

function readOptions(reader: Reader, value: Json | undefined): PolicyOptions {
  if (value === undefined || value === null) return DEFAULT_POLICY_OPTIONS
  const path = '/options'
  const keys = ['enforcement', 'allowLocalhost', 'enableRemoteNodeIdentity', 'enableHostFirewall']
  const object = reader.object(value, path, keys)
  const word = <T extends string>(key: string, words: readonly T[], otherwise: T): T => {
    const text = reader.text(object, key, path)
    const found = words.find((known) => known === text)
    if (text !== null && found === undefined)
      reader.refuse('word-unknown', pointer(path, key), `${text} is not one of ${words.join(', ')}`)
    return found ?? otherwise
  }
  const standard = DEFAULT_POLICY_OPTIONS
  return {
    ...standard,
    enforcement: word('enforcement', ['default', 'always', 'never'], standard.enforcement),
    allowLocalhost: word('allowLocalhost', ['always', 'policy'], standard.allowLocalhost),
    enableRemoteNodeIdentity:
      reader.flag(object, 'enableRemoteNodeIdentity', path) ?? standard.enableRemoteNodeIdentity,
    enableHostFirewall: reader.flag(object, 'enableHostFirewall', path) ?? standard.enableHostFirewall,
  }
}

/** One for each pair of addresses where DNS names stand in it. */
function readOne(
  reader: Reader,
  value: Json,
  { path, parties }: { readonly path: string; readonly parties: Parties },
): readonly Expectation[] {
  const object = reader.object(value, path, ['name', 'from', 'to', 'port', 'http', 'expect'])
  const froms = readWho(reader, object['from'], { path: pointer(path, 'from'), parties })
  const tos = readWho(reader, object['to'], { path: pointer(path, 'to'), parties })
  const request = readRequest(reader, object['http'], pointer(path, 'http'))
  const { port, protocol } = readPortText(reader, object['port'], { path: pointer(path, 'port'), request })
  const expect = reader.text(object, 'expect', path)
  if (expect !== 'allow' && expect !== 'deny') {
    reader.refuse('expect-unknown', pointer(path, 'expect'), `${expect ?? 'nothing'} is not allow or deny`)
    return []
  }
  const given = reader.text(object, 'name', path)
  const asked = { protocol, port, request, expect } as const
  return froms.flatMap((from) =>
    tos.map((to) => ({ name: given ?? nameOf({ from, to, ...asked }), from, to, ...asked })),
  )
}

function nameOf({ from, to, protocol, port, request }: Omit<Expectation, 'name'>): string {
  const [word] = Object.entries(PROTOCOLS).find(([, number]) => number === protocol) ?? ['']
  const place = word === 'TCP' || word === '' ? `${port}` : `${port}/${word}`
  return `${from.text} -> ${to.text} ${request === null ? place : `${place} ${request.method} ${request.path}`}`
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
export function readRequest(reader: Reader, value: Json | undefined, path: string): HttpRequest | null {
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
