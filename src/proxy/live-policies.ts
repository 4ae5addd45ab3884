/** What the proxy was told and took into use: policies by address, identities by address, and under which position and revision it decides. */
import { isDeepStrictEqual } from 'node:util'
import { IdentityId, type IpAddress } from '../../events/ids.ts'
import { type IpPrefix, parseAddress, parsePrefixOrAddress, prefixText } from '../../projections/ip/prefix.ts'
import { longestMatch, type PrefixTable, prefixTable } from '../../projections/ip/prefix-table.ts'
import { problemText } from '../../projections/l7/check.ts'
import { compilePolicySet, type EndpointPolicy, NO_POLICIES, type PolicySet } from '../../projections/l7/policy-set.ts'
import type { NetworkPolicyHostsMessage, NetworkPolicyMessage } from '../../projections/xds/messages.ts'
import type { FlowStamp } from '../ports/flows.ts'
import type { XdsTaken, XdsUpdateOf } from '../ports/xds-client.ts'

/** Of decisions before any policy came, or where the control plane does not say. */
const UNKNOWN_STAMP: FlowStamp = { position: '0', revision: 0 }
/** Of a NACK's detail; the first problems are the ones that help. */
const DETAIL_PROBLEMS_MAX = 10
const TAKEN: XdsTaken = { kind: 'taken' }

export class LivePolicies {
  #policies: PolicySet = NO_POLICIES
  #hosts: PrefixTable<IdentityId> = prefixTable<IdentityId>([])
  #stamp: FlowStamp = UNKNOWN_STAMP

  /** Of the policies that decide now. */
  get stamp(): FlowStamp {
    return this.#stamp
  }

  policyOf(address: IpAddress): EndpointPolicy | null {
    return this.#policies.byAddress.get(address) ?? null
  }

  /** By NPHDS, where the datapath has no ipcache that could be asked. */
  identityOf(address: IpAddress): IdentityId | null {
    const parsed = parseAddress(address)
    return parsed === null ? null : longestMatch(this.#hosts, parsed)
  }

  takePolicies(update: XdsUpdateOf<'npds', NetworkPolicyMessage>): XdsTaken {
    const outcome = compilePolicySet(update.resources, this.#policies, isDeepStrictEqual)
    if (outcome.kind === 'refused') return refused(outcome.problems.map(problemText))
    this.#policies = outcome.policies
    this.#stamp = update.stamp ?? UNKNOWN_STAMP
    return TAKEN
  }

  takeHosts(update: XdsUpdateOf<'nphds', NetworkPolicyHostsMessage>): XdsTaken {
    const problems: string[] = []
    const owners = new Map<string, number>()
    const entries = [...update.resources.values()].flatMap(({ policy, hostAddresses }) =>
      hostAddresses.flatMap((text) => {
        const prefix = hostPrefix(text)
        if (prefix === null)
          problems.push(`identity ${policy}: '${text}' is no address, and no prefix without host bits`)
        if (prefix === null) return []
        const owner = owners.get(prefixText(prefix))
        if (owner !== undefined) problems.push(`identity ${policy}: ${text} belongs to ${owner} already`)
        owners.set(prefixText(prefix), policy)
        return [[prefix, IdentityId(policy)] as const]
      }),
    )
    if (problems.length > 0) return refused(problems)
    this.#hosts = prefixTable(entries)
    return TAKEN
  }
}

function hostPrefix(text: string): IpPrefix | null {
  const prefix = parsePrefixOrAddress(text)
  const address = parseAddress(text.split('/')[0] ?? '')
  return prefix !== null && address?.bits === prefix.bits ? prefix : null
}

function refused(problems: readonly string[]): XdsTaken {
  const more = problems.length - DETAIL_PROBLEMS_MAX
  const told = problems.slice(0, DETAIL_PROBLEMS_MAX)
  return { kind: 'refused', detail: [...told, ...(more > 0 ? [`and ${more} more`] : [])].join('; ') }
}
