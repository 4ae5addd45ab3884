/**
 * Packets from a file: a list of `from`, `to`, `protocol`, `port` and perhaps `sourcePort`, `http` (`METHOD PATH`, for what a proxy sees) and
 * `answered`, in YAML or JSON.
 */
import type { Problem } from '../../../events/fields.ts'
import type { Json } from '../../../events/schema.ts'
import { pointer, Reader } from '../../../projections/policy/parse/reader.ts'
import type { PacketWish } from '../../history/replay/kernel-packets.ts'
import { readRequest } from '../check/expectations.ts'
import { readDocument } from '../text-document.ts'

/** What the programs judge. */
const PROTOCOLS: Readonly<Record<string, number>> = { TCP: 6, UDP: 17, SCTP: 132, ICMP: 1 }
const TCP = 6
const PORT_MAX = 0xffff
/** Of a client that did not choose one. */
const SOURCE_PORT = 40_000

export type PacketFile = { readonly packets: readonly PacketWish[]; readonly problems: readonly Problem[] }

export function readPacketFile(text: string): PacketFile {
  const document = readDocument(text)
  if (document.kind === 'faulty') return { packets: [], problems: document.problems }
  const reader = new Reader({ left: 0 })
  const items = Array.isArray(document.value) ? document.value : []
  if (items.length === 0) reader.refuse('input-empty', '', 'a list of packets is wanted, and there is none')
  const packets = items.map((item, index) => readPacket(reader, item, pointer('', index)))
  return { packets, problems: [...reader.problems, ...reader.schemaProblems].map(document.placed) }
}

function readPacket(reader: Reader, value: Json, path: string): PacketWish {
  const object = reader.object(value, path, ['from', 'to', 'protocol', 'port', 'sourcePort', 'http', 'answered'])
  const side = (key: string): string => {
    const text = reader.text(object, key, path)
    if (text === null) reader.refuse(`${key}-missing`, pointer(path, key), 'a packet goes from somebody to somebody')
    return text ?? ''
  }
  const name = (reader.text(object, 'protocol', path) ?? 'TCP').toUpperCase()
  const protocol = Object.hasOwn(PROTOCOLS, name) ? PROTOCOLS[name] : undefined
  if (protocol === undefined) {
    reader.refuse(
      'protocol-unknown',
      pointer(path, 'protocol'),
      `${name} is not one of ${Object.keys(PROTOCOLS).join(', ')}`,
    )
  }
  const port = reader.integer(object, 'port', path, PORT_MAX)
  if (port === null) reader.refuse('port-missing', pointer(path, 'port'), 'a port, or the type of ICMP, is wanted')
  const sourcePort = reader.integer(object, 'sourcePort', path, PORT_MAX) ?? SOURCE_PORT
  const request = readRequest(reader, object['http'], pointer(path, 'http'))
  if (request !== null && protocol !== undefined && protocol !== TCP)
    reader.refuse('request-without-tcp', pointer(path, 'http'), 'requests go over TCP')
  const answered = reader.flag(object, 'answered', path) ?? false
  return { from: side('from'), to: side('to'), protocol: protocol ?? 0, port: port ?? 0, sourcePort, request, answered }
}
