/**
 * Objects that say what policies name: CiliumCIDRGroup, and Service, Endpoints and EndpointSlice of services whose backends are outside of the cluster
 * (Cilium pkg/k8s/{service,endpoints}.go). Read as policies are: everything that is wrong at once, the schema's faults kept apart.
 *
 * Only what policies can ask for is kept: labels, prefixes, addresses of backends that are ready. Ports are not: `toServices` does not look at them.
 */
import { type FactRef, factKey } from '../../../events/facts.ts'
import type { Problem } from '../../../events/fields.ts'
import { Cidr, IpAddress } from '../../../events/ids.ts'
import type { Json } from '../../../events/schema.ts'
import { addressText, parseAddress, parsePrefixOrAddress, prefixText } from '../../ip/prefix.ts'
import { readMetadata } from './metadata.ts'
import { isJsonObject, type JsonObject, pointer, Reader } from './reader.ts'

type Labels = { readonly [key: string]: string }

export type Fact =
  | { readonly kind: 'cidr-group'; readonly ref: FactRef; readonly labels: Labels; readonly prefixes: readonly Cidr[] }
  | { readonly kind: 'service'; readonly ref: FactRef; readonly labels: Labels }
  | {
      readonly kind: 'backends'
      readonly ref: FactRef
      /** Name of the service, in the namespace of the object. */
      readonly service: string
      readonly addresses: readonly IpAddress[]
    }

export type FactReading = {
  /** Null where the object has no name. */
  readonly key: string | null
  readonly ref: FactRef | null
  /** Null where it is refused. */
  readonly fact: Fact | null
  readonly problems: readonly Problem[]
  readonly schemaProblems: readonly Problem[]
}

type Kind = FactRef['kind']

const API_VERSIONS: { readonly [kind in Kind]: readonly string[] } = {
  CiliumCIDRGroup: ['cilium.io/v2alpha1', 'cilium.io/v2'],
  Service: ['v1'],
  Endpoints: ['v1'],
  EndpointSlice: ['discovery.k8s.io/v1', 'discovery.k8s.io/v1beta1'],
}
export const FACT_KINDS: readonly string[] = Object.keys(API_VERSIONS)

const FIELDS: { readonly [kind in Kind]: readonly string[] } = {
  CiliumCIDRGroup: ['spec'],
  Service: ['spec', 'status'],
  Endpoints: ['subsets'],
  EndpointSlice: ['addressType', 'endpoints', 'ports'],
}

export function isFact(value: Json): value is JsonObject {
  return isJsonObject(value) && FACT_KINDS.includes(String(value['kind']))
}

/** `given` is one for which `isFact` holds. */
export function readFact(given: JsonObject): FactReading {
  const reader = new Reader({ left: 0 })
  const kind = given['kind'] as Kind
  const versions = API_VERSIONS[kind]
  const version = reader.text(given, 'apiVersion', '')
  if (version === null || !versions.includes(version)) {
    reader.refuse('api-version', '/apiVersion', `${kind} is read in version ${versions.join(' or ')}, not ${version}`)
  }
  const object = reader.object(given, '', ['apiVersion', 'kind', 'metadata', ...FIELDS[kind]])
  const scope = kind === 'CiliumCIDRGroup' ? 'clusterwide' : 'namespaced'
  const { name, namespace, labels } = readMetadata(reader, object['metadata'], { kind, scope })
  const ref: FactRef = { kind, namespace, name }
  const fact = READERS[kind](reader, object, { ref, labels })
  const { problems, schemaProblems } = reader
  const named = name === '' ? null : ref
  const key = named === null ? null : factKey(named)
  return { key, ref: named, fact: problems.length === 0 && named !== null ? fact : null, problems, schemaProblems }
}

type Named = { readonly ref: FactRef; readonly labels: Labels }

const READERS: { readonly [kind in Kind]: (reader: Reader, object: JsonObject, named: Named) => Fact } = {
  CiliumCIDRGroup: readGroup,
  Service: readService,
  Endpoints: readEndpoints,
  EndpointSlice: readSlice,
}

function readGroup(reader: Reader, object: JsonObject, { ref, labels }: Named): Fact {
  const spec = reader.object(object['spec'], '/spec', ['externalCIDRs'])
  if ((object['spec'] ?? null) === null) reader.refuseBySchema('spec-missing', '/spec', 'a group needs a spec')
  const prefixes = reader.each(spec, 'externalCIDRs', '/spec', (item, at) => {
    const text = reader.asText(item, at)
    if (!text.includes('/')) reader.refuseBySchema('cidr-without-length', at, `${text} has no prefix length`)
    const prefix = parsePrefixOrAddress(text)
    if (prefix === null) reader.refuse('cidr-invalid', at, `unable to parse CIDR ${text}`)
    return prefix === null ? [] : [Cidr(prefixText(prefix))]
  })
  return { kind: 'cidr-group', ref, labels, prefixes: unique(prefixes?.flat() ?? []) }
}

/** What selects pods or is a name elsewhere has no backends here; to leave it out silently would deny what the policy asks for. */
function readService(reader: Reader, object: JsonObject, { ref, labels }: Named): Fact {
  const spec = reader.anyObject(object['spec'], '/spec')
  if (Object.keys(reader.anyObject(spec['selector'], '/spec/selector')).length > 0) {
    const reason =
      'its backends are pods, which toEndpoints names; only services without selector have backends outside'
    reader.refuse('service-selector', '/spec/selector', reason)
  }
  if (spec['type'] === 'ExternalName') {
    reader.refuse('service-external-name', '/spec/type', 'it is a DNS name, which toFQDNs names')
  }
  return { kind: 'service', ref, labels }
}

function readEndpoints(reader: Reader, object: JsonObject, { ref }: Named): Fact {
  const addresses = reader.each(object, 'subsets', '', (value, path) => {
    const subset = reader.object(value, path, ['addresses', 'notReadyAddresses', 'ports'])
    return reader.each(subset, 'addresses', path, (item, at) => {
      const { ip = null } = reader.object(item, at, ['ip', 'hostname', 'nodeName', 'targetRef'])
      return readAddress(reader, ip, pointer(at, 'ip'))
    })
  })
  return {
    kind: 'backends',
    ref,
    service: ref.name,
    addresses: unique((addresses ?? []).flatMap((list) => list ?? []).flat()),
  }
}

const SERVICE_NAME = 'kubernetes.io/service-name'
const ADDRESS_TYPES: readonly string[] = ['IPv4', 'IPv6']

function readSlice(reader: Reader, object: JsonObject, { ref, labels }: Named): Fact {
  const service = labels[SERVICE_NAME] ?? ''
  if (service === '') {
    reader.refuse('service-name', '/metadata/labels', `a slice says whose it is in the label ${SERVICE_NAME}`)
  }
  const type = reader.text(object, 'addressType', '') ?? ''
  if (!ADDRESS_TYPES.includes(type)) {
    reader.refuse('address-type', '/addressType', `${type || 'nothing'} is not one of ${ADDRESS_TYPES.join(', ')}`)
  }
  const addresses = reader.each(object, 'endpoints', '', (value, path) => {
    const endpoint = reader.anyObject(value, path)
    const at = pointer(path, 'conditions')
    const ready = reader.flag(reader.anyObject(endpoint['conditions'], at), 'ready', at) ?? true
    const read = reader.each(endpoint, 'addresses', path, (item, where) => readAddress(reader, item, where)) ?? []
    return ready ? read.flat() : []
  })
  return { kind: 'backends', ref, service, addresses: unique((addresses ?? []).flat()) }
}

function readAddress(reader: Reader, value: Json, path: string): readonly IpAddress[] {
  const text = reader.asText(value, path)
  const address = parseAddress(text)
  if (address !== null) return [IpAddress(addressText(address))]
  reader.refuse('address-invalid', path, `${text} is not an address`)
  return []
}

function unique<T extends string>(items: readonly T[]): readonly T[] {
  return [...new Set(items)].toSorted()
}
