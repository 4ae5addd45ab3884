/** Endpoints, identities, programs and events as tables (cilium-dbg/cmd/endpoint_list.go, identity_list.go). */
import type { EventOf } from '../../../events/catalogue.ts'
import type { Recorded } from '../../../events/recorded.ts'
import type { EndpointView } from '../../../projections/world.ts'
import { isoTime } from '../../history/position.ts'
import { CILIUM_TABLE, table, withLabels } from './table.ts'

/** Cells of an event's row that may hold much text are cut here; `-o json` has all of it. */
const SUMMARY_MAX = 100

export function endpointTable(endpoints: readonly EndpointView[]): string {
  const columns = ['ENDPOINT', 'POLICY (ingress)', 'POLICY (egress)', 'IDENTITY', 'LABELS (source:key[=value])']
  const header = [...columns, 'IPv6', 'IPv4', 'STATUS']
  const rows = endpoints.flatMap((endpoint) =>
    withLabels(endpoint.labels, (label) => [
      String(endpoint.endpoint),
      endpoint.ingressEnforced ? 'Enabled' : 'Disabled',
      endpoint.egressEnforced ? 'Enabled' : 'Disabled',
      endpoint.identity === null ? '' : String(endpoint.identity),
      label,
      endpoint.ipv6 ?? '',
      endpoint.ipv4 ?? '',
      endpoint.state,
    ]),
  )
  return table([header, ['', 'ENFORCEMENT', 'ENFORCEMENT'], ...rows], CILIUM_TABLE)
}

export function identityTable(identities: readonly EventOf<'IdentityAllocated'>[]): string {
  const rows = identities.flatMap(({ identity, labels }) => withLabels(labels, (label) => [String(identity), label]))
  return table([['ID', 'LABELS'], ...rows], CILIUM_TABLE)
}

export function programTable(programs: readonly EventOf<'ProgramLoaded'>[]): string {
  const rows = programs.map(({ endpoint, program, tag, device, hook, attach, pinnedAt }) => [
    String(endpoint),
    program,
    tag,
    device,
    hook,
    attach,
    pinnedAt,
  ])
  return table([['ENDPOINT', 'PROGRAM', 'TAG', 'DEVICE', 'HOOK', 'ATTACH', 'PINNED AT'], ...rows])
}

export const EVENT_HEADER: readonly string[] = ['POSITION', 'TIME', 'STREAM', 'TYPE', 'ACTOR', 'SUMMARY']

export function eventRow({ position, recordedAt, stream, event, context }: Recorded): readonly string[] {
  const { type, v: _, ...fields } = event
  // Digests tell people least, so they are what may be cut off.
  const [digests, others] = [true, false].map((wanted) =>
    Object.entries(fields).filter((field) => isDigest(field[1]) === wanted),
  )
  const words = [...others!, ...digests!].map(([name, value]) => `${name}=${JSON.stringify(value)}`)
  const summary = words.join(' ')
  const cut = summary.length > SUMMARY_MAX ? `${summary.slice(0, SUMMARY_MAX - 1)}…` : summary
  return [String(position), isoTime(recordedAt), stream, type, `${context.actor.kind}:${context.actor.name}`, cut]
}

function isDigest(value: unknown): boolean {
  return typeof value === 'string' && value.startsWith('sha256:')
}
