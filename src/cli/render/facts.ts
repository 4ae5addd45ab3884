/** Groups of prefixes, services and DNS answers as tables. */
import type { Timestamp } from '../../../events/ids.ts'
import type { DnsNameView } from '../../../projections/facts/dns.ts'
import type { CidrGroupView, ServiceView } from '../../../projections/facts/shared.ts'
import { isoTime } from '../../history/position.ts'
import { table } from './table.ts'

export function cidrGroupTable(groups: readonly CidrGroupView[]): string {
  const rows = groups.flatMap(({ name, labels, prefixes, since }) =>
    lines(prefixes).map((prefix, index) => [
      ...(index === 0 ? [name, labelsText(labels)] : ['', '']),
      prefix,
      ...(index === 0 ? [since.position, since.actor] : ['', '']),
    ]),
  )
  return table([['NAME', 'LABELS', 'PREFIXES', 'POSITION', 'ACTOR'], ...rows])
}

export function serviceTable(services: readonly ServiceView[]): string {
  const rows = services.flatMap(({ namespace, name, labels, backends, since }) => {
    const served = backends.flatMap(({ source, addresses }) => addresses.map((address) => [address, source]))
    return (served.length === 0 ? [['', '']] : served).map((backend, index) => [
      ...(index === 0 ? [namespace, name, labels === null ? '(not given)' : labelsText(labels)] : ['', '', '']),
      ...backend,
      ...(index === 0 ? [since.position, since.actor] : ['', '']),
    ])
  })
  return table([['NAMESPACE', 'NAME', 'LABELS', 'BACKEND', 'FROM', 'POSITION', 'ACTOR'], ...rows])
}

export function dnsTable(names: readonly DnsNameView[]): string {
  const rows = names.flatMap(({ name, addresses }) =>
    addresses.map(({ address, expiresAt, since }, index) => [
      index === 0 ? name : '',
      address,
      expiresAt === null ? 'never' : isoTime(expiresAt as Timestamp),
      since.position,
      since.actor,
    ]),
  )
  return table([['NAME', 'ADDRESS', 'EXPIRES', 'POSITION', 'ACTOR'], ...rows])
}

/** One row at least. */
function lines(items: readonly string[]): readonly string[] {
  return items.length === 0 ? [''] : items
}

function labelsText(labels: { readonly [key: string]: string }): string {
  return Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .toSorted()
    .join(',')
}
