/**
 * The names and numbers that events speak of. Each is a branded type made by a constructor that checks,
 * so that a value of the type is proof that it was checked.
 *
 * A constructor throws `TypeError` with one sentence that names the value and the rule it breaks. Input from people is
 * not checked here but by a parser that collects all problems; these throws mean a bug or a corrupt log.
 */

declare const brand: unique symbol
type Brand<T, Name extends string> = T & { readonly [brand]: Name }

/** Place of an event in the whole log. Strictly increasing, **not dense**: compare, never compute. */
export type Position = Brand<bigint, 'Position'>
/** Place of an event in its stream, from 0, dense. */
export type StreamRevision = Brand<number, 'StreamRevision'>
/** Number of changes of the policy repository; starts at 1 (no policy), one more with each change. */
export type PolicyRevision = Brand<number, 'PolicyRevision'>
/** Security identity, u32 (Cilium pkg/identity/numericidentity.go). 0 is the wildcard in policy maps. */
export type IdentityId = Brand<number, 'IdentityId'>
/** Endpoint on its node, u16 above 0. */
export type EndpointId = Brand<number, 'EndpointId'>
/** Name of a node: DNS-1123 subdomain characters. */
export type NodeName = Brand<string, 'NodeName'>
/** `policy`, `identity`, `node-<node>` or `endpoint-<node>-<id>`. */
export type StreamName = Brand<string, 'StreamName'>
/** UUID, lower case. */
export type EventId = Brand<string, 'EventId'>
/** UUID shared by everything that one command set off. */
export type CorrelationId = Brand<string, 'CorrelationId'>
/** Milliseconds since 1970-01-01T00:00:00Z, an integer. */
export type Timestamp = Brand<number, 'Timestamp'>
/** `sha256:` and 64 hex digits, over canonical bytes. */
export type Digest = Brand<string, 'Digest'>
/** IP prefix in canonical text: `10.0.0.0/8`, `fd00::/64`; host bits are zero. */
export type Cidr = Brand<string, 'Cidr'>
/** IP address in canonical text. */
export type IpAddress = Brand<string, 'IpAddress'>
/** TCP or UDP port, u16 above 0. */
export type Port = Brand<number, 'Port'>
/** `source:key=value`, or `source:key` for an empty value. */
export type LabelText = Brand<string, 'LabelText'>

const U16_MAX = 0xffff
const U32_MAX = 0xffff_ffff
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/
const DIGEST = /^sha256:[0-9a-f]{64}$/
const NODE_NAME = /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/
const STREAM_NAME = /^(policy|identity|node-[a-z0-9][-a-z0-9.]*|endpoint-[a-z0-9][-a-z0-9.]*-[1-9][0-9]{0,4})$/
const CIDR = /^[0-9a-f.:]+\/[0-9]{1,3}$/
const IP_ADDRESS = /^([0-9]{1,3}(\.[0-9]{1,3}){3}|[0-9a-f]*:[0-9a-f:.]+)$/
const LABEL = /^[a-z0-9-]+:[^\s=][^\s]*$/

export const Position = (value: bigint): Position => check(value, value >= 0n, 'position', 'is not a bigint from 0')
export const StreamRevision = (value: number): StreamRevision =>
  check(value, isUint(value, Number.MAX_SAFE_INTEGER), 'stream revision', 'is not an integer from 0')
export const PolicyRevision = (value: number): PolicyRevision =>
  check(value, isUint(value, Number.MAX_SAFE_INTEGER) && value > 0, 'policy revision', 'is not an integer above 0')
export const IdentityId = (value: number): IdentityId =>
  check(value, isUint(value, U32_MAX), 'identity', 'is not a u32')
export const EndpointId = (value: number): EndpointId =>
  check(value, isUint(value, U16_MAX) && value > 0, 'endpoint id', 'is not a u16 above 0')
export const NodeName = (value: string): NodeName =>
  check(value, NODE_NAME.test(value), 'node name', 'is not a DNS-1123 subdomain')
export const StreamName = (value: string): StreamName =>
  check(value, STREAM_NAME.test(value), 'stream', 'is not policy, identity, node-… or endpoint-…')
export const EventId = (value: string): EventId =>
  check(value, UUID.test(value), 'event id', 'is not a lower-case UUID')
export const CorrelationId = (value: string): CorrelationId =>
  check(value, UUID.test(value), 'correlation id', 'is not a lower-case UUID')
export const Timestamp = (value: number): Timestamp =>
  check(value, isUint(value, 8.64e15), 'timestamp', 'is not a whole number of milliseconds from 1970 on')
export const Digest = (value: string): Digest =>
  check(value, DIGEST.test(value), 'digest', 'is not sha256: and 64 hex digits')
export const Cidr = (value: string): Cidr => check(value, CIDR.test(value), 'prefix', 'is not an address and a length')
export const IpAddress = (value: string): IpAddress =>
  check(value, IP_ADDRESS.test(value), 'address', 'is not an IPv4 or IPv6 address')
export const Port = (value: number): Port =>
  check(value, isUint(value, U16_MAX) && value > 0, 'port', 'is not a u16 above 0')
export const LabelText = (value: string): LabelText =>
  check(value, LABEL.test(value), 'label', 'is not source:key or source:key=value')

export const POLICY_STREAM: StreamName = StreamName('policy')
export const IDENTITY_STREAM: StreamName = StreamName('identity')
export const nodeStream = (node: NodeName): StreamName => StreamName(`node-${node}`)
export const endpointStream = (node: NodeName, endpoint: EndpointId): StreamName =>
  StreamName(`endpoint-${node}-${endpoint}`)

function check<T, Branded extends T>(value: T, valid: boolean, what: string, why: string): Branded {
  if (!valid) throw new TypeError(`${what} ${String(value)} ${why}`)
  return value as Branded
}

function isUint(value: number, max: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= max
}
