/** The official client, loaded only where it is needed (it carries a native module), and its errors in the words of the port. */
import type { AllStreamSubscription, KurrentDBClient } from '@kurrent/kurrentdb-client'
import { LogError } from '../../ports/log.ts'
import type { KurrentAddress } from './address.ts'
import type { KurrentRecord, ServerPosition } from './records.ts'

export type Server = {
  readonly client: KurrentDBClient
  readonly api: typeof import('@kurrent/kurrentdb-client')
  readonly address: KurrentAddress
}

export async function connect(address: KurrentAddress): Promise<Server> {
  const api = await loadClient()
  try {
    return { client: api.KurrentDBClient.connectionString(address.connection), api, address }
  } catch (error) {
    const words = hidden(error instanceof Error ? error.message : String(error), address)
    throw new LogError('log-address', `not an address of a KurrentDB: ${words}`)
  }
}

async function loadClient(): Promise<Server['api']> {
  try {
    return await import('@kurrent/kurrentdb-client')
  } catch (error) {
    throw new LogError('log-unsupported', `the KurrentDB client does not load on this platform: ${String(error)}`)
  }
}

/** Position of the last of our records on the server; null where there is none. */
export async function serverHead({ client, api, address }: Server): Promise<ServerPosition | null> {
  const { BACKWARDS, END, streamNameFilter } = api
  const filter = streamNameFilter({ prefixes: [`${address.prefix}.`] })
  const records = client.readAll({ direction: BACKWARDS, fromPosition: END, maxCount: 1, filter })
  try {
    for await (const { event } of records) return event?.position ?? null
    return null
  } catch (error) {
    throw asLogError(error, address)
  }
}

/** Our records after a position, as they come. Back-pressure is the stream's own. */
export function subscribe({ client, api, address }: Server, after: ServerPosition | null): AllStreamSubscription {
  const { START, streamNameFilter } = api
  // The interval only bounds how often the server says that nothing of ours came; 1 is every 32 records that it looked at.
  const filter = streamNameFilter({ prefixes: [`${address.prefix}.`], checkpointInterval: 32 })
  return client.subscribeToAll({ fromPosition: after ?? START, filter })
}

export function recordOf(resolved: { readonly event?: unknown }): KurrentRecord | null {
  return (resolved.event as KurrentRecord | undefined) ?? null
}

/** Failures after which the same append may be tried again. */
const PASSING: readonly string[] = ['unavailable', 'deadline-exceeded', 'timeout', 'not-leader', 'cancelled']

export function isPassing(error: unknown): boolean {
  return PASSING.includes(typeOf(error))
}

export function isConflict(error: unknown): boolean {
  return typeOf(error) === 'wrong-expected-version'
}

/** The error that the port promises, with the client's own words and without credentials. */
export function asLogError(error: unknown, address: KurrentAddress): Error {
  if (error instanceof LogError || !(error instanceof Error)) return error as Error
  const words = hidden(`${address.shown}: ${plainWords(error.message)}`, address)
  if (/certificate|SSL routines/.test(error.message)) {
    const hint = '(tlsCAFile=PATH in the address names its authority, tls=false speaks without TLS)'
    return new LogError('log-untrusted', `${words} ${hint}`)
  }
  switch (typeOf(error)) {
    case 'access-denied':
      return new LogError('log-denied', `${words} (as ${whoOf(address)})`)
    case 'unsupported':
      return new LogError('log-unsupported', `${words} (appends over several streams need KurrentDB 25.1 or newer)`)
    default:
      return new LogError('log-unavailable', words)
  }
}

/** Without gRPC's numbers and the client's repetitions. */
function plainWords(message: string): string {
  return message
    .replace(/^[0-9]+ [A-Z_]+: /, '')
    .replace('No connection established. Last error: ', '')
    .replace(/^Error: /, '')
    .replace(/\.? *Resolution note: *$/, '')
    .replace(/ *\(20[0-9T:.-]+Z\)/, '')
    .replaceAll('\n', ' ')
    .trim()
}

function whoOf({ connection }: KurrentAddress): string {
  const name = /:\/\/([^:@/]+):/.exec(connection.includes('@') ? connection : '')?.[1]
  return name === undefined ? 'nobody: KURRENTDB_USERNAME is not set' : decodeURIComponent(name)
}

function typeOf(error: unknown): string {
  return String((error as { readonly type?: unknown }).type ?? '')
}

function hidden(words: string, { connection, shown }: KurrentAddress): string {
  return words.replaceAll(connection, shown)
}
