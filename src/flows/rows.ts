/** A flow as a row, and a query as SQL. */
import type { IdentityId, IpAddress, Timestamp } from '../../events/ids.ts'
import { FLOW_QUERY_MAX, type Flow, type FlowQuery, type NewFlow } from '../ports/flows.ts'

export type FlowValue = string | number | null

/** The columns in order, without the id. */
export const FLOW_COLUMNS: string =
  'time, position, revision, kind, verdict, direction, endpoint, source_address, source_port, source_identity, ' +
  'destination_address, destination_port, destination_identity, protocol, drop_reason, match_type, proxy_port, http'

export function rowOf(flow: NewFlow): readonly FlowValue[] {
  const { source, destination } = flow
  return [
    flow.time,
    flow.stamp.position,
    flow.stamp.revision,
    flow.kind,
    flow.verdict,
    flow.direction,
    flow.endpoint,
    source.address,
    source.port,
    source.identity,
    destination.address,
    destination.port,
    destination.identity,
    flow.protocol,
    flow.dropReason,
    flow.matchType,
    flow.proxyPort,
    flow.http === null ? null : JSON.stringify(flow.http),
  ]
}

type FlowRow = {
  readonly id: number
  readonly time: Timestamp
  readonly position: string
  readonly revision: number
  readonly kind: Flow['kind']
  readonly verdict: Flow['verdict']
  readonly direction: Flow['direction']
  readonly endpoint: number
  readonly source_address: IpAddress
  readonly source_port: number
  readonly source_identity: IdentityId
  readonly destination_address: IpAddress
  readonly destination_port: number
  readonly destination_identity: IdentityId
  readonly protocol: number
  readonly drop_reason: number | null
  readonly match_type: string | null
  readonly proxy_port: number | null
  readonly http: string | null
}

/** Of a row that `rowOf` made. */
export function flowOf(value: object): Flow {
  const row = value as FlowRow
  return {
    id: row.id,
    time: row.time,
    stamp: { position: row.position, revision: row.revision },
    kind: row.kind,
    verdict: row.verdict,
    direction: row.direction,
    endpoint: row.endpoint,
    source: { address: row.source_address, port: row.source_port, identity: row.source_identity },
    destination: { address: row.destination_address, port: row.destination_port, identity: row.destination_identity },
    protocol: row.protocol,
    dropReason: row.drop_reason,
    matchType: row.match_type,
    proxyPort: row.proxy_port,
    http: row.http === null ? null : httpOf(row.http),
  }
}

/** Stores of before have no lists of headers. */
function httpOf(text: string): Flow['http'] {
  const stored = JSON.parse(text) as NonNullable<Flow['http']>
  return { ...stored, missing: stored.missing ?? [], rejected: stored.rejected ?? [] }
}

export type FlowSelect = {
  readonly sql: string
  readonly parameters: readonly FlowValue[]
  readonly newestFirst: boolean
}

export function selectOf(query: FlowQuery): FlowSelect {
  const conditions: readonly (readonly [string, FlowValue | undefined])[] = [
    ['id = ?', query.id],
    ['id > ?', query.sinceId],
    ['time >= ?', query.since],
    ['time <= ?', query.until],
    ['verdict = ?', query.verdict],
    ['endpoint = ?', query.endpoint],
  ]
  const given = conditions.flatMap(([sql, value]) => (value === undefined ? [] : [{ sql, value }]))
  const where = given.length === 0 ? '' : `WHERE ${given.map(({ sql }) => sql).join(' AND ')}`
  const newestFirst = query.last !== undefined
  const limit = Math.min(query.last ?? query.first ?? FLOW_QUERY_MAX, FLOW_QUERY_MAX)
  return {
    sql: `SELECT id, ${FLOW_COLUMNS} FROM flows ${where} ORDER BY id ${newestFirst ? 'DESC' : 'ASC'} LIMIT ?`,
    parameters: [...given.map(({ value }) => value), limit],
    newestFirst,
  }
}
