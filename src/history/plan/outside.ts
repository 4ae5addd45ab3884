/**
 * Whose an address outside of the cluster is, now and under a plan: the longest prefix around it decides, of those that the node knows and, under
 * the plan, of those that only the plan names.
 */
import { parseAddress, parsePrefix } from '../../../projections/ip/prefix.ts'
import { longestMatch, prefixTable } from '../../../projections/ip/prefix-table.ts'
import type { NodeView } from '../../../projections/world.ts'
import type { Plan } from './plan.ts'

export const WORLD = 2
/** Identities from here on stand for prefixes of one node (Cilium pkg/identity). */
const LOCAL_FIRST = 0x0100_0000

/** Both null where no prefix is around the address. */
export type Owners = { readonly held: number | null; readonly planned: number | null }

type Held = { readonly length: number; readonly identity: number }
type Prefixed = { readonly prefix: string; readonly identity: number }

/** Only such a one can come to be somebody else's by a plan. */
export function isOutside(identity: number): boolean {
  return identity === WORLD || identity >= LOCAL_FIRST
}

/** What the ipcache says stands; a prefix that is not in it yet, and has its identity, will be. */
export function ownersOn(
  node: string,
  { ipcache, localIdentities }: Pick<NodeView, 'ipcache' | 'localIdentities'>,
  { prefixes }: Pick<Plan, 'prefixes'>,
): (address: string) => Owners {
  const coming = [...localIdentities.values()].flatMap(({ prefix, identity }) =>
    prefix === null ? [] : [{ prefix, identity: Number(identity) }],
  )
  const known = [...ipcache.values()].map(({ prefix, identity }) => ({ prefix, identity: Number(identity) }))
  const now = finder([...coming, ...known])
  const imagined = finder(prefixes.filter((one) => one.node === node))
  return (address) => {
    const [held, wanted] = [now(address), imagined(address)]
    const longer = wanted !== null && (held === null || wanted.length > held.length) ? wanted : held
    return { held: held?.identity ?? null, planned: longer?.identity ?? null }
  }
}

function finder(prefixes: readonly Prefixed[]): (address: string) => Held | null {
  const table = prefixTable(
    prefixes.flatMap(({ prefix, identity }) => {
      const parsed = parsePrefix(prefix)
      return parsed === null ? [] : [[parsed, { length: parsed.length, identity }] as const]
    }),
  )
  return (text) => {
    const address = parseAddress(text)
    return address === null ? null : longestMatch(table, address)
  }
}
