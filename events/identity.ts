/** Identities (stream `identity`, local ones on `node-<node>`) and the ipcache (stream `node-<node>`). */
import { cidr, identityId, ipAddress, label } from './fields.ts'
import type { Cidr, IdentityId, IpAddress, LabelText } from './ids.ts'
import { eventSchema, flag, integer, list, oneOf, orNull, type Schema } from './schema.ts'

/**
 * The label set has this number from now on. Labels are sorted and unique. `cluster` numbers (256 to 65535) are shared by all nodes,
 * `local` ones (from 2^24) stand for a prefix on one node, `reserved` ones are Cilium's fixed numbers.
 */
export type IdentityAllocated = {
  readonly type: 'IdentityAllocated'
  readonly v: 1
  readonly identity: IdentityId
  readonly scope: 'cluster' | 'local' | 'reserved'
  readonly labels: readonly LabelText[]
  /** The prefix that a local identity stands for. */
  readonly prefix: Cidr | null
}
export const identityAllocated: Schema<IdentityAllocated> = eventSchema('IdentityAllocated', 1, {
  identity: identityId,
  scope: oneOf('cluster', 'local', 'reserved'),
  labels: list(label),
  prefix: orNull(cidr),
})

/** Nobody uses the number any more; its history stays readable. */
export type IdentityReleased = {
  readonly type: 'IdentityReleased'
  readonly v: 1
  readonly identity: IdentityId
}
export const identityReleased: Schema<IdentityReleased> = eventSchema('IdentityReleased', 1, {
  identity: identityId,
})

/** The node maps the prefix to the identity. */
export type IpcacheUpserted = {
  readonly type: 'IpcacheUpserted'
  readonly v: 1
  readonly prefix: Cidr
  readonly identity: IdentityId
  readonly tunnelEndpoint: IpAddress | null
  readonly encryptKey: number
  /** Who says so; a later source of higher rank replaces a lower one: endpoint, then policy. */
  readonly origin: 'endpoint' | 'policy' | 'reserved' | 'user'
  readonly skipTunnel: boolean
}
export const ipcacheUpserted: Schema<IpcacheUpserted> = eventSchema('IpcacheUpserted', 1, {
  prefix: cidr,
  identity: identityId,
  tunnelEndpoint: orNull(ipAddress),
  encryptKey: integer,
  origin: oneOf('endpoint', 'policy', 'reserved', 'user'),
  skipTunnel: flag,
})

export type IpcacheDeleted = {
  readonly type: 'IpcacheDeleted'
  readonly v: 1
  readonly prefix: Cidr
}
export const ipcacheDeleted: Schema<IpcacheDeleted> = eventSchema('IpcacheDeleted', 1, {
  prefix: cidr,
})
