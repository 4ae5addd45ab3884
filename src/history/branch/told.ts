/** The event that brings a subject from one value to another, as somebody would have written it. */
import { digestOf } from '../../../events/canonical.ts'
import type { EventOf, HindcastEvent } from '../../../events/catalogue.ts'
import {
  type NodeName,
  nodeStream,
  POLICY_STREAM,
  PolicyRevision,
  type StreamName,
  type Timestamp,
} from '../../../events/ids.ts'
import type { Json } from '../../../events/schema.ts'
import type { DnsNameView } from '../../../projections/facts/dns.ts'
import type { CidrGroupView, ServiceView } from '../../../projections/facts/shared.ts'
import { unitParts } from '../../../projections/history/entities.ts'
import { isSame, type Subject } from './subject.ts'

export type Told = { readonly stream: StreamName; readonly event: HindcastEvent }

export type Change = {
  readonly subject: Subject
  readonly from: Json | null
  readonly to: Json | null
  /** Of the repository, before the change. */
  readonly revision: number
  readonly time: Timestamp
}

/** Nothing where the two are the same. */
export function toldOf(change: Change): readonly Told[] {
  const { subject, from, to } = change
  if (isSame(subject, from, to)) return []
  const parts = unitParts(subject.unit)
  if (parts.kind === 'node') return dnsTold(change, nodeStream(parts.node as NodeName))
  if (parts.kind === 'endpoint') {
    if (to === null) return []
    const { identity, labels } = to as unknown as EventOf<'EndpointIdentityChanged'>
    const event = { type: 'EndpointIdentityChanged', v: 1, endpoint: parts.endpoint, identity, labels } as const
    return [{ stream: nodeStream(parts.node as NodeName), event }]
  }
  return [{ stream: POLICY_STREAM, event: sharedTold(change) }]
}

function sharedTold(change: Change): HindcastEvent {
  const { entity } = change.subject
  if (entity.startsWith('policy ')) return policyTold(change)
  const name = entity.slice(entity.indexOf(' ') + 1)
  if (entity.startsWith('cidr-group ')) {
    if (change.to === null) return { type: 'CidrGroupDeleted', v: 1, name }
    const { labels, prefixes } = change.to as unknown as CidrGroupView
    return { type: 'CidrGroupSet', v: 1, name, labels, prefixes }
  }
  const { namespace, name: own, labels, backends } = (change.to ?? change.from) as unknown as ServiceView
  if (change.to === null) return { type: 'ServiceDeleted', v: 1, namespace, name: own }
  return { type: 'ServiceSet', v: 1, namespace, name: own, labels, backends }
}

function policyTold({ from, to, revision: before }: Change): HindcastEvent {
  const revision = PolicyRevision(before + 1)
  const was = from as unknown as EventOf<'PolicyAdded'> | null
  if (to !== null) {
    const is = to as unknown as EventOf<'PolicyAdded'>
    return { ...is, digest: digestOf(is.manifest), revision, replaces: was?.digest ?? null }
  }
  // A policy that is to go was there.
  const { resource, digest } = was!
  return { type: 'PolicyDeleted', v: 1, resource, digest, revision }
}

/** What is there no more first. An address keeps the end that it would have had. */
function dnsTold({ from, to, time }: Change, stream: StreamName): readonly Told[] {
  const [was, is] = [from as unknown as DnsNameView | null, to as unknown as DnsNameView | null]
  const name = (is ?? was)!.name
  const wanted = is?.addresses ?? []
  const isWanted = (one: DnsNameView['addresses'][number]): boolean =>
    wanted.some(({ address, expiresAt }) => address === one.address && expiresAt === one.expiresAt)
  const gone = (was?.addresses ?? []).filter((one) => !isWanted(one))
  const come = wanted.filter(
    ({ address }) => !(was?.addresses ?? []).some((one) => one.address === address && isWanted(one)),
  )
  const expired: readonly Told[] =
    gone.length === 0
      ? []
      : [
          {
            stream,
            event: {
              type: 'DnsAnswerExpired',
              v: 1,
              name,
              addresses: gone.map(({ address }) => address),
              reason: 'forgotten',
            },
          },
        ]
  return [
    ...expired,
    ...come.map(({ address, expiresAt }): Told => {
      const ttlSeconds = expiresAt === null ? null : Math.max(1, Math.ceil((expiresAt - time) / 1_000))
      return {
        stream,
        event: { type: 'DnsAnswerLearned', v: 1, name, addresses: [address], ttlSeconds, askedBy: null },
      }
    }),
  ]
}
