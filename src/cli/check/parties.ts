/** Who may stand in an expectation: pods, which need not exist, addresses, DNS names with their addresses, what is reserved. */
import type { NamedPort } from '../../../events/fields.ts'
import { Cidr, type IdentityId, IpAddress, LabelText } from '../../../events/ids.ts'
import type { Json } from '../../../events/schema.ts'
import { RESERVED_IDENTITIES } from '../../../projections/identity/reserved.ts'
import { addressText, parseAddress, parsePrefixOrAddress, prefixText } from '../../../projections/ip/prefix.ts'
import { isJsonObject, type JsonObject, pointer, type Reader } from '../../../projections/policy/parse/reader.ts'
import { readEndpoint } from '../../decide/endpoint-fields.ts'
import { readPort } from '../endpoint-file.ts'

export type Who =
  | {
      readonly kind: 'pod'
      readonly text: string
      readonly labels: readonly LabelText[]
      readonly namedPorts: readonly NamedPort[]
    }
  | { readonly kind: 'reserved'; readonly text: string; readonly identity: IdentityId }
  | { readonly kind: 'prefix'; readonly text: string; readonly prefix: Cidr }

/** What a file says about them before its expectations. */
export type Parties = {
  readonly pods: ReadonlyMap<string, Who>
  /** Addresses of names. */
  readonly dns: ReadonlyMap<string, readonly IpAddress[]>
  /** Of the node, beside `reserved:host`. */
  readonly hostLabels: readonly LabelText[]
}

export function readParties(reader: Reader, object: JsonObject): Parties {
  return {
    pods: readPods(reader, reader.anyObject(object['pods'], '/pods')),
    dns: readDns(reader, reader.anyObject(object['dns'], '/dns')),
    hostLabels: readHost(reader, object['host']),
  }
}

function readPods(reader: Reader, given: JsonObject): ReadonlyMap<string, Who> {
  return new Map(
    Object.entries(given).flatMap(([name, value]) => {
      const who = readPod(reader, value, { path: pointer('/pods', name), name })
      return who === null ? [] : [[name, who] as const]
    }),
  )
}

function readDns(reader: Reader, given: JsonObject): ReadonlyMap<string, readonly IpAddress[]> {
  const entries = Object.keys(given).map((name) => {
    const addresses = reader.each(given, name, '/dns', (item, at) => readAddress(reader, item, at)) ?? []
    if (addresses.length === 0) reader.refuse('dns-empty', pointer('/dns', name), `${name} has no address`)
    return [name, addresses.filter((address) => address !== null)] as const
  })
  return new Map(entries)
}

function readAddress(reader: Reader, value: Json, path: string): IpAddress | null {
  const text = reader.asText(value, path)
  const address = parseAddress(text)
  if (address === null) reader.refuse('address-invalid', path, `${text} is not an address`)
  return address === null ? null : IpAddress(addressText(address))
}

function readHost(reader: Reader, value: Json | undefined): readonly LabelText[] {
  if (value === undefined || value === null) return []
  const object = reader.object(value, '/host', ['labels'])
  const labels = labelTexts(reader, object, '/host')
  return labels.flatMap((text, index) => {
    const label = text.includes(':') && !text.split('=')[0]?.includes('/') ? text : `k8s:${text}`
    try {
      return [LabelText(label)]
    } catch (error) {
      if (!(error instanceof TypeError)) throw error
      reader.refuse('label-invalid', `/host/labels/${index}`, error.message)
      return []
    }
  })
}

/** A DNS name is each of its addresses; everything else is one party, and what cannot be read is none. */
export function readWho(
  reader: Reader,
  value: Json | undefined,
  { path, parties }: { readonly path: string; readonly parties: Parties },
): readonly Who[] {
  if (isJsonObject(value)) return listOf(readPod(reader, value, { path, name: null }))
  if (value === undefined || value === null) {
    reader.refuse('party-missing', path, 'who is it?')
    return []
  }
  const text = reader.asText(value, path)
  const pod = parties.pods.get(text)
  if (pod !== undefined) return [pod]
  if (text.includes('=')) return listOf(readPod(reader, { labels: text.split(',') }, { path, name: null }))
  const prefix = parsePrefixOrAddress(text)
  if (prefix !== null) return [{ kind: 'prefix', text, prefix: Cidr(prefixText(prefix)) }]
  const addresses = parties.dns.get(text)
  if (addresses !== undefined) return addresses.map((address) => addressOf(text, address))
  const reserved = reservedNamed(text)
  if (reserved !== null) return [reserved]
  const known = [...parties.pods.keys(), ...parties.dns.keys()].join(', ') || 'none'
  reader.refuse(
    'party-unknown',
    path,
    `${text} is no pod or DNS name of this file (there are ${known}), no label, address or reserved name`,
  )
  return []
}

function addressOf(name: string, address: IpAddress): Who {
  // An address is a prefix of its own.
  return { kind: 'prefix', text: `${name} (${address})`, prefix: Cidr(prefixText(parsePrefixOrAddress(address)!)) }
}

function reservedNamed(text: string): Who | null {
  const label = text.startsWith('reserved:') ? text : `reserved:${text}`
  for (const [identity, [first]] of RESERVED_IDENTITIES)
    if (first === label) return { kind: 'reserved', text, identity }
  return null
}

function listOf(who: Who | null): readonly Who[] {
  return who === null ? [] : [who]
}

function readPod(
  reader: Reader,
  value: Json,
  { path, name }: { readonly path: string; readonly name: string | null },
): Who | null {
  const object = reader.object(value, path, ['namespace', 'labels', 'ports'])
  const labels = labelTexts(reader, object, path)
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

/** A list of `[source:]key=value`, or an object. */
function labelTexts(reader: Reader, object: JsonObject, path: string): readonly string[] {
  if (!isJsonObject(object['labels'])) {
    return reader.each(object, 'labels', path, (item, at) => reader.asText(item, at)) ?? []
  }
  return reader.dictionary(object, 'labels', path).map(([key, text]) => (text === '' ? key : `${key}=${text}`))
}
