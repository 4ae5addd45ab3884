import assert from 'node:assert/strict'
import { test } from 'node:test'
import { IdentityId, IpAddress } from '../../events/ids.ts'
import type { IdentitySource } from '../../src/ports/proxy.ts'
import { connectionMetadata, proxyMark } from '../../src/proxy/bpf-metadata.ts'
import { LivePolicies } from '../../src/proxy/live-policies.ts'
import { endpoint } from '../l7/messages.ts'

const tuple = {
  source: IpAddress('10.0.0.5'),
  sourcePort: 40_000,
  destination: IpAddress('10.0.0.7'),
  destinationPort: 80,
}
const identities = (conntrack: number | null, ipcache: Readonly<Record<string, number>> = {}): IdentitySource => ({
  fromConntrack: () => (conntrack === null ? null : IdentityId(conntrack)),
  fromIpcache: (address) => (ipcache[address] === undefined ? null : IdentityId(ipcache[address])),
})
const metadata = (
  isIngress: boolean,
  source: IdentitySource,
  more: { useNphds?: boolean; policies?: LivePolicies; useOriginalSourceAddress?: boolean } = {},
) =>
  connectionMetadata(
    {
      isIngress,
      proxyId: 10_000,
      useNphds: more.useNphds ?? false,
      useOriginalSourceAddress: more.useOriginalSourceAddress ?? true,
    },
    tuple,
    { identities: source, policies: more.policies ?? new LivePolicies() },
  )

test('H24 the source is who conntrack says, else the ipcache, else world', () => {
  assert.equal(metadata(true, identities(1001, { '10.0.0.5': 1002 })).remote, 1001)
  assert.equal(metadata(true, identities(0, { '10.0.0.5': 1002 })).remote, 1002)
  assert.equal(metadata(true, identities(null, { '10.0.0.5': 1002 })).remote, 1002)
  assert.equal(metadata(true, identities(null)).remote, 2)
})

test('H24 on egress the endpoint is the source and the remote is whom the ipcache knows at the destination', () => {
  const egress = metadata(false, identities(1001, { '10.0.0.7': 1003 }))
  assert.deepEqual([egress.endpoint, egress.remote, egress.source.identity], ['10.0.0.5', 1003, 1001])
  assert.equal(metadata(false, identities(1001)).remote, 2)
  assert.equal(metadata(true, identities(1001)).endpoint, '10.0.0.7')
})

test('H24 without an ipcache NPHDS knows the addresses, longest prefix first', () => {
  const policies = new LivePolicies()
  const hosts = (...entries: readonly (readonly [number, ...string[]])[]) =>
    policies.takeHosts({
      xds: 'nphds',
      version: '1',
      stamp: null,
      resources: new Map(entries.map(([policy, ...hostAddresses]) => [String(policy), { policy, hostAddresses }])),
    })
  assert.equal(hosts([1001, '10.0.0.0/24'], [1002, '10.0.0.5']).kind, 'taken')
  assert.equal(metadata(true, identities(null, { '10.0.0.5': 7 }), { useNphds: true, policies }).remote, 1002)
  assert.equal(metadata(false, identities(null), { useNphds: true, policies }).remote, 1001)
  const refused = hosts([1001, '10.0.0.1/24'], [1002, '10.0.0.5'], [1003, '10.0.0.5/32'])
  assert.equal(refused.kind, 'refused')
  assert.match(refused.kind === 'refused' ? refused.detail : '', /10\.0\.0\.1\/24.*10\.0\.0\.5\/32 belongs to 1002/)
  assert.equal(metadata(true, identities(null), { useNphds: true, policies }).remote, 1002)
})

test('H24 the mark names the proxy and the identity of the source', () => {
  assert.equal(proxyMark('egress', IdentityId(0x0001_2345)), 0x2345_0b01)
  assert.equal(proxyMark('ingress', IdentityId(2)), 0x0002_0a00)
  assert.equal(proxyMark('ingress', IdentityId(0xffff)), 0xffff_0a00)
  assert.equal(metadata(true, identities(1001)).upstream.mark, 0x03e9_0a00)
})

test('H24 the source address is kept on ingress, and on egress only towards known identities elsewhere', () => {
  const source = (isIngress: boolean, destination: number | null, more: Parameters<typeof metadata>[2] = {}) =>
    metadata(isIngress, identities(1001, destination === null ? {} : { '10.0.0.7': destination }), more).upstream.source
  assert.equal(source(true, null), '10.0.0.5')
  assert.equal(source(true, null, { useOriginalSourceAddress: false }), null)
  assert.equal(source(false, 1003), '10.0.0.5')
  assert.equal(source(false, null), null)
  assert.equal(source(false, 0x0100_0001), null)
  const policies = new LivePolicies()
  policies.takePolicies({
    xds: 'npds',
    version: '1',
    stamp: null,
    resources: new Map([['7', endpoint(7, '10.0.0.7', [])]]),
  })
  assert.equal(source(false, 1003, { policies }), null)
})
