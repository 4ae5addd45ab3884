/** DNS answers of this node whose time is over. */
import type { EventOf } from '../../events/catalogue.ts'
import { nodeStream, Position, type Timestamp } from '../../events/ids.ts'
import { ascending } from '../../events/order.ts'
import type { DnsNames } from '../../projections/facts/dns.ts'
import { nodeOf } from '../../projections/ledger/ledger.ts'
import type { Fact, Situation } from './situation.ts'

export function dnsOf({ state, ledger }: Situation): DnsNames {
  return nodeOf(ledger, state.node).dns
}

/** When the first of them ends; null where none does. */
export function firstExpiry(names: DnsNames): number | null {
  let first: number | null = null
  for (const { addresses } of names.values()) {
    for (const { expiresAt } of addresses)
      if (expiresAt !== null && (first === null || expiresAt < first)) first = expiresAt
  }
  return first
}

/** One event for each name, in order of names. */
export function expireDns(now: Situation, time: Timestamp): readonly Fact[] {
  const stream = nodeStream(now.state.node)
  return [...dnsOf(now).values()]
    .toSorted((a, b) => ascending(a.name, b.name))
    .flatMap(({ name, addresses }): readonly Fact[] => {
      const over = addresses.filter(({ expiresAt }) => expiresAt !== null && expiresAt <= time)
      if (over.length === 0) return []
      const event: EventOf<'DnsAnswerExpired'> = {
        type: 'DnsAnswerExpired',
        v: 1,
        name,
        addresses: over.map(({ address }) => address),
        reason: 'ttl',
      }
      // The last of the answers that are over.
      const causes = over.map(({ since }) => BigInt(since.position)).toSorted(ascending)
      return [{ stream, event, cause: Position(causes.at(-1)!) }]
    })
}
