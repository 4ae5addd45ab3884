/** What the DNS said on one node: for each name the addresses whose time is not over, each with its end and the answer that it comes from. */
import { Map as PersistentMap } from 'immutable'
import type { EventOf } from '../../events/catalogue.ts'
import type { IpAddress } from '../../events/ids.ts'
import { ascending } from '../../events/order.ts'
import type { Recorded } from '../../events/recorded.ts'
import { type FactStamp, stampOf } from './shared.ts'

export type DnsAddress = {
  readonly address: IpAddress
  /** Milliseconds since 1970; null: until it is forgotten. */
  readonly expiresAt: number | null
  /** Of the answer that set the end. */
  readonly since: FactStamp
}

/** `addresses` in order of their text, never empty. */
export type DnsNameView = { readonly name: string; readonly addresses: readonly DnsAddress[] }

/** By name. */
export type DnsNames = PersistentMap<string, DnsNameView>

export const NO_DNS: DnsNames = PersistentMap()

export function evolveDns(
  names: DnsNames,
  recorded: Recorded<EventOf<'DnsAnswerLearned'> | EventOf<'DnsAnswerExpired'>>,
): DnsNames {
  const { event, recordedAt } = recorded
  const { name } = event
  const addresses = new Map((names.get(name)?.addresses ?? []).map((known) => [known.address, known]))
  if (event.type === 'DnsAnswerExpired') for (const address of event.addresses) addresses.delete(address)
  else {
    const expiresAt = event.ttlSeconds === null ? null : recordedAt + event.ttlSeconds * 1_000
    const since = stampOf(recorded)
    for (const address of event.addresses) {
      const known = addresses.get(address)
      if (known === undefined || isLater(expiresAt, known.expiresAt))
        addresses.set(address, { address, expiresAt, since })
    }
  }
  if (addresses.size === 0) return names.delete(name)
  return names.set(name, {
    name,
    addresses: [...addresses.values()].toSorted((a, b) => ascending(a.address, b.address)),
  })
}

/** Whether an end is later than another; null is never. */
function isLater(end: number | null, than: number | null): boolean {
  return than !== null && (end === null || end > than)
}
