/**
 * Doors into the model datapath, from a file:
 *
 *     servers: [{ address: 10.0.0.111, port: 80, host: 127.0.0.1, realPort: 40080 }]   # what listens at an address of the model is really there
 *     doors: [{ from: 10.0.0.123, to: 10.0.0.111, port: 80, listen: 40001 }]           # 127.0.0.1:40001 is the way from one to the other
 *
 * A door without `listen` takes a free port, and the agent's log says which.
 */
import { readFileSync } from 'node:fs'
import { parseDocument } from 'yaml'
import { IpAddress, Port } from '../../../events/ids.ts'
import type { Json } from '../../../events/schema.ts'
import { addressText, parseAddress } from '../../../projections/ip/prefix.ts'
import { type JsonObject, pointer, Reader } from '../../../projections/policy/parse/reader.ts'
import type { GateRoute } from '../../model/gate.ts'
import type { RealServer } from '../../model/network.ts'
import { CliError, messageOf, problemLine } from '../failure.ts'

export type GateFile = {
  readonly servers: readonly { readonly address: IpAddress; readonly port: Port; readonly real: RealServer }[]
  readonly doors: readonly (GateRoute & { readonly listen: number })[]
}

const PORT_MAX = 65_535
const ALIASES_MAX = 100

/** Throws `CliError` with every problem. */
export function readGateFile(path: string): GateFile {
  const document = parseDocument(contentOf(path))
  if (document.errors.length > 0) throw new CliError('usage', `yaml-invalid at ${path}: ${document.errors[0]?.message}`)
  const reader = new Reader({ left: 0 })
  const object = reader.object(document.toJS({ maxAliasCount: ALIASES_MAX }) as Json, '', ['servers', 'doors'])
  const servers = reader.each(object, 'servers', '', (item, at) => readServer(reader, item, at)) ?? []
  const doors = reader.each(object, 'doors', '', (item, at) => readDoor(reader, item, at)) ?? []
  const problems = [...reader.problems, ...reader.schemaProblems]
  if (problems.length > 0) throw new CliError('usage', problems.map((each) => problemLine(each, path)).join('\n'))
  return { servers, doors }
}

function contentOf(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new CliError('usage', `input-unreadable at --gate: ${messageOf(error)}`)
  }
}

function readServer(reader: Reader, value: Json, path: string): GateFile['servers'][number] {
  const object = reader.object(value, path, ['address', 'port', 'host', 'realPort'])
  const real = { host: reader.text(object, 'host', path) ?? '127.0.0.1', port: port(reader, object, 'realPort', path) }
  return { address: address(reader, object, 'address', path), port: port(reader, object, 'port', path), real }
}

function readDoor(reader: Reader, value: Json, path: string): GateFile['doors'][number] {
  const object = reader.object(value, path, ['from', 'to', 'port', 'listen'])
  return {
    from: address(reader, object, 'from', path),
    to: { address: address(reader, object, 'to', path), port: port(reader, object, 'port', path) },
    listen: object['listen'] === undefined ? 0 : port(reader, object, 'listen', path),
  }
}

/** Where it is none, a stand-in of the type; the problem is on the reader's list. */
function address(reader: Reader, object: JsonObject, key: string, path: string): IpAddress {
  const text = reader.text(object, key, path) ?? ''
  const parsed = parseAddress(text)
  if (parsed === null) reader.refuse('address-invalid', pointer(path, key), `${text || 'nothing'} is not an IP address`)
  return IpAddress(parsed === null ? '0.0.0.0' : addressText(parsed))
}

function port(reader: Reader, object: JsonObject, key: string, path: string): Port {
  const number = reader.integer(object, key, path, PORT_MAX) ?? 0
  if (number === 0) reader.refuse('port-invalid', pointer(path, key), 'a port is 1 to 65535')
  return Port(number === 0 ? 1 : number)
}
