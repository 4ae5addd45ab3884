/** Every wish that can be decided, with the streams that its decision rests on. */
import { IDENTITY_STREAM, nodeStream, POLICY_STREAM, type StreamName } from '../../events/ids.ts'
import { type Ledger, nodeOf } from '../../projections/ledger/ledger.ts'
import type { Decision } from './decision.ts'
import { decideForgetDns, decideLearnDns, type ForgetDns, type LearnDns } from './dns.ts'
import { type AddEndpoints, type DeleteEndpoints, decideAddEndpoints, decideDeleteEndpoints } from './endpoints.ts'
import {
  type AllocateIdentity,
  type AllocatePrefixes,
  decideAllocate,
  decideAllocatePrefixes,
  decideRelease,
  type ReleaseIdentity,
} from './identities.ts'
import { decideMerge, type MergePolicies } from './merge.ts'
import {
  type DeletePolicies,
  decideDeletePolicies,
  decideSetPolicies,
  decideTag,
  type SetPolicies,
  type TagPosition,
} from './policies.ts'

export type Command =
  | SetPolicies
  | DeletePolicies
  | MergePolicies
  | TagPosition
  | AddEndpoints
  | DeleteEndpoints
  | AllocateIdentity
  | AllocatePrefixes
  | ReleaseIdentity
  | LearnDns
  | ForgetDns

/** The ledger must hold all events of these streams; appending expects the revisions up to which they were read. */
export function streamsOf(command: Command): readonly StreamName[] {
  switch (command.kind) {
    case 'set-policies':
    case 'delete-policies':
    case 'merge-policies':
    case 'tag-position':
      return [POLICY_STREAM]
    case 'add-endpoints':
      return command.endpoints.some(({ identity }) => identity !== undefined)
        ? [nodeStream(command.node), IDENTITY_STREAM]
        : [nodeStream(command.node)]
    case 'delete-endpoints':
    case 'allocate-prefixes':
    case 'learn-dns':
    case 'forget-dns':
      return [nodeStream(command.node)]
    case 'allocate-identity':
    case 'release-identity':
      return [IDENTITY_STREAM]
  }
}

export function decide(command: Command, ledger: Ledger): Decision {
  const { policies, identities } = ledger
  switch (command.kind) {
    case 'set-policies':
      return decideSetPolicies(command, ledger)
    case 'delete-policies':
      return decideDeletePolicies(command, ledger)
    case 'merge-policies':
      return decideMerge(command, ledger)
    case 'tag-position':
      return decideTag(command, policies)
    case 'add-endpoints':
      return decideAddEndpoints(command, { endpoints: nodeOf(ledger, command.node).endpoints, book: identities })
    case 'delete-endpoints':
      return decideDeleteEndpoints(command, nodeOf(ledger, command.node).endpoints)
    case 'allocate-identity':
      return decideAllocate(command, identities)
    case 'allocate-prefixes':
      return decideAllocatePrefixes(command, nodeOf(ledger, command.node).prefixes)
    case 'release-identity':
      return decideRelease(command, identities)
    case 'learn-dns':
      return decideLearnDns(command, nodeOf(ledger, command.node).dns)
    case 'forget-dns':
      return decideForgetDns(command, nodeOf(ledger, command.node).dns)
  }
}
