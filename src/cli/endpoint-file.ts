/** Endpoints from a file: a list, one endpoint, or `endpoints:` with a list, in YAML or JSON. */
import type { Problem } from '../../events/fields.ts'
import type { Json } from '../../events/schema.ts'
import { isJsonObject, type JsonObject, pointer, Reader } from '../../projections/policy/parse/reader.ts'
import type { EndpointWish } from '../decide/endpoint-fields.ts'
import { readDocument } from './text-document.ts'

const FIELDS: readonly string[] = [
  'id',
  'name',
  'labels',
  'identity',
  'ipv4',
  'ipv6',
  'device',
  'mac',
  'nodeMac',
  'namedPorts',
]
const U32_MAX = 0xffff_ffff
export function readEndpointFile(text: string): {
  readonly wishes: readonly EndpointWish[]
  readonly problems: readonly Problem[]
} {
  const document = readDocument(text)
  if (document.kind === 'faulty') return { wishes: [], problems: document.problems }
  // An endpoint has no regular expressions.
  const reader = new Reader({ left: 0 })
  const wishes = listOf(reader, document.value)
  return { wishes, problems: [...reader.problems, ...reader.schemaProblems].map(document.placed) }
}

function listOf(reader: Reader, value: Json): readonly EndpointWish[] {
  const wishes = wishesIn(reader, value)
  if (wishes.length === 0 && reader.problems.length === 0) reader.refuse('input-empty', '', 'there is no endpoint')
  return wishes
}

function wishesIn(reader: Reader, value: Json): readonly EndpointWish[] {
  if (Array.isArray(value)) return value.map((item, index) => readWish(reader, item, pointer('', index)))
  if (isJsonObject(value) && Object.hasOwn(value, 'endpoints')) {
    const object = reader.object(value, '', ['endpoints'])
    return reader.each(object, 'endpoints', '', (item, path) => readWish(reader, item, path)) ?? []
  }
  return value === null ? [] : [readWish(reader, value, '')]
}

function readWish(reader: Reader, value: Json, path: string): EndpointWish {
  const object = reader.object(value, path, FIELDS)
  const text = (key: string): string | undefined => reader.text(object, key, path) ?? undefined
  const number = (key: string): number | undefined => reader.integer(object, key, path, U32_MAX) ?? undefined
  const name = text('name')
  if (name === undefined) reader.refuse('name-missing', pointer(path, 'name'), 'an endpoint has a name')
  return {
    id: number('id'),
    name: name ?? '',
    labels: reader.each(object, 'labels', path, (item, at) => reader.asText(item, at)) ?? [],
    identity: number('identity'),
    ipv4: text('ipv4'),
    ipv6: text('ipv6'),
    device: text('device'),
    mac: text('mac'),
    nodeMac: text('nodeMac'),
    namedPorts: reader.each(object, 'namedPorts', path, (item, at) => readPort(reader, item, at)) ?? [],
  }
}

export function readPort(
  reader: Reader,
  value: Json,
  path: string,
): { readonly name: string; readonly port: number; readonly protocol: string } {
  const object: JsonObject = reader.object(value, path, ['name', 'port', 'protocol'])
  return {
    name: reader.text(object, 'name', path) ?? '',
    port: reader.integer(object, 'port', path, U32_MAX) ?? 0,
    protocol: reader.text(object, 'protocol', path) ?? 'TCP',
  }
}
