import assert from 'node:assert/strict'
import { test } from 'node:test'
import { digestOf } from '../../events/canonical.ts'
import type { EventOf, HindcastEvent } from '../../events/catalogue.ts'
import type { FactRef } from '../../events/facts.ts'
import { Cidr, EndpointId, IpAddress, PolicyRevision } from '../../events/ids.ts'
import { ledger, nodeOf } from '../../projections/ledger/ledger.ts'
import type { Fact } from '../../projections/policy/parse/fact.ts'
import { fold } from '../../projections/projection.ts'
import type { Command } from '../../src/decide/command.ts'
import { DNS_ADDRESSES_MAX } from '../../src/decide/dns.ts'
import { given, NODE, recordedAs } from './given.ts'

const inputDigest = digestOf('a file')
const ref = (kind: FactRef['kind'], name: string): FactRef => ({
  kind,
  namespace: kind === 'CiliumCIDRGroup' ? null : 'default',
  name,
})
const set = (...facts: readonly Fact[]): Command => ({
  kind: 'set-policies',
  wishes: facts.map((fact) => ({ kind: 'fact', inputDigest, fact })),
})
const remove = (...resources: readonly FactRef[]): Command => ({
  kind: 'delete-policies',
  resources,
  ignoreMissing: false,
})
const addresses = (...last: readonly number[]) => last.map((byte) => IpAddress(`203.0.113.${byte}`))

const rim = (labels = {}): Fact => ({
  kind: 'cidr-group',
  ref: ref('CiliumCIDRGroup', 'rim'),
  labels,
  prefixes: [Cidr('198.51.100.0/24')],
})
const rimSet: EventOf<'CidrGroupSet'> = {
  type: 'CidrGroupSet',
  v: 1,
  name: 'rim',
  labels: {},
  prefixes: [Cidr('198.51.100.0/24')],
}
const tatooine: Fact = { kind: 'service', ref: ref('Service', 'tatooine'), labels: { sector: 'arkanis' } }
const served = (source: FactRef, service: string, ...last: readonly number[]): Fact => ({
  kind: 'backends',
  ref: source,
  service,
  addresses: addresses(...last),
})
const endpoints = ref('Endpoints', 'tatooine')
const slice = ref('EndpointSlice', 'tatooine-1')
const serviceSet = (
  labels: EventOf<'ServiceSet'>['labels'],
  ...backends: EventOf<'ServiceSet'>['backends']
): EventOf<'ServiceSet'> => ({ type: 'ServiceSet', v: 1, namespace: 'default', name: 'tatooine', labels, backends })
const byEndpoints = (...last: readonly number[]) => ({ source: 'Endpoints/tatooine', addresses: addresses(...last) })
const bySlice = (...last: readonly number[]) => ({ source: 'EndpointSlice/tatooine-1', addresses: addresses(...last) })
const labels = { sector: 'arkanis' }

test('W17 a group of prefixes is set, is not set again as it is, and goes', () => {
  given().when(set(rim())).then(rimSet)
  given(rimSet).when(set(rim())).thenNothing()
  given(rimSet)
    .when(set(rim({ sector: 'arkanis' })))
    .then({ ...rimSet, labels: { sector: 'arkanis' } })
  given(rimSet)
    .when(remove(ref('CiliumCIDRGroup', 'rim')))
    .then({ type: 'CidrGroupDeleted', v: 1, name: 'rim' })
  given(rimSet)
    .when(remove(ref('CiliumCIDRGroup', 'rin')))
    .thenRefused('policy-not-found')
  given(rimSet, { type: 'CidrGroupDeleted', v: 1, name: 'rim' }).when(set(rim())).then(rimSet)
})

test('W17 facts stand before the policies of the same input, and a bad document takes everything with it', () => {
  const resource = { kind: 'CiliumNetworkPolicy', namespace: 'default', name: 'rule1' } as const
  const policy = { kind: 'policy', resource, manifest: {}, rules: 1, inputDigest } as const
  const fact = { kind: 'fact', inputDigest, fact: rim() } as const
  const added = { type: 'PolicyAdded', v: 1, resource, manifest: {}, digest: digestOf({}), rules: 1 } as const
  given()
    .when({ kind: 'set-policies', wishes: [policy, fact] })
    .then(rimSet, { ...added, revision: PolicyRevision(2), replaces: null })
  given()
    .when({ kind: 'set-policies', wishes: [fact, { ...policy, kind: 'unreadable', problems: [] }] })
    .thenRefused()
  given()
    .when({ kind: 'set-policies', wishes: [fact, fact] })
    .thenRefused('policy-repeated')
})

test('W18 a service and its backends come in any order and in several objects; one event has all of it', () => {
  given()
    .when(set(tatooine, served(endpoints, 'tatooine', 9)))
    .then(serviceSet(labels, byEndpoints(9)))
  given()
    .when(set(served(slice, 'tatooine', 8), served(endpoints, 'tatooine', 9)))
    .then(serviceSet(null, bySlice(8), byEndpoints(9)))
  given(serviceSet(null, byEndpoints(9)))
    .when(set(tatooine))
    .then(serviceSet(labels, byEndpoints(9)))
  given(serviceSet(labels, byEndpoints(9)))
    .when(set(tatooine, served(endpoints, 'tatooine', 9)))
    .thenNothing()
  given(serviceSet(labels, byEndpoints(9)))
    .when(set(served(endpoints, 'tatooine', 7)))
    .then(serviceSet(labels, byEndpoints(7)))
})

test('W18 a slice that serves another service leaves the one before', () => {
  given(serviceSet(labels, bySlice(8)))
    .when(set(served(slice, 'hoth', 8)))
    .then(serviceSet(labels), { ...serviceSet(null, bySlice(8)), name: 'hoth' })
})

test('W18 what goes takes its own away; a service goes with its backends', () => {
  const both = serviceSet(labels, bySlice(8), byEndpoints(9))
  given(both)
    .when(remove(slice))
    .then(serviceSet(labels, byEndpoints(9)))
  const gone = { type: 'ServiceDeleted', v: 1, namespace: 'default', name: 'tatooine' } as const
  given(both)
    .when(remove(endpoints, slice, ref('Service', 'tatooine')))
    .then(gone)
  given(serviceSet(null, byEndpoints(9)))
    .when(remove(endpoints))
    .then(gone)
  given(serviceSet(null, byEndpoints(9)))
    .when(remove(ref('Service', 'tatooine')))
    .thenRefused('policy-not-found')
})

const learn = (more: Partial<Extract<Command, { readonly kind: 'learn-dns' }>> = {}): Command => ({
  kind: 'learn-dns',
  node: NODE,
  name: 'Cantina.Example.',
  addresses: ['203.0.113.9', '203.0.113.8', '203.0.113.9'],
  ttlSeconds: 60,
  askedBy: 7,
  ...more,
})
const learned: EventOf<'DnsAnswerLearned'> = {
  type: 'DnsAnswerLearned',
  v: 1,
  name: 'cantina.example',
  addresses: addresses(8, 9),
  ttlSeconds: 60,
  askedBy: EndpointId(7),
}
const forget = (name: string, ...given: readonly string[]): Command => ({
  kind: 'forget-dns',
  node: NODE,
  name,
  addresses: given,
})

test('W19 a DNS answer is recorded in one form; what is known for good is not recorded again', () => {
  given().when(learn()).then(learned)
  given(learned).when(learn()).then(learned)
  given({ ...learned, ttlSeconds: null })
    .when(learn())
    .thenNothing()
})

test('W19 an answer that is none is refused with everything that is wrong', () => {
  given()
    .when(learn({ name: 'not a name', addresses: ['0.0.0.0', '300.1.1.1'], ttlSeconds: 0, askedBy: 0 }))
    .thenRefused('dns-name', 'address-invalid', 'address-invalid', 'ttl-invalid', 'endpoint-invalid')
  given()
    .when(learn({ addresses: [] }))
    .thenRefused('addresses-missing')
  const many = Array.from({ length: DNS_ADDRESSES_MAX }, (_, n) => `10.0.${n >> 8}.${n & 255 || 1}`)
  const other = many.map((text) => text.replace('10.0', '10.1'))
  given()
    .when(learn({ addresses: [...many, ...other] }))
    .thenRefused('addresses-too-many')
})

test('W19 an answer is forgotten as a whole or by address; what is not known is refused', () => {
  const over = { type: 'DnsAnswerExpired', v: 1, name: 'cantina.example', reason: 'forgotten' } as const
  given(learned)
    .when(forget('cantina.example'))
    .then({ ...over, addresses: addresses(8, 9) })
  given(learned)
    .when(forget('CANTINA.example', '203.0.113.9'))
    .then({ ...over, addresses: addresses(9) })
  given(learned).when(forget('cantina.example', '203.0.113.7')).thenRefused('dns-address-not-found')
  given(learned).when(forget('catina.example')).thenRefused('dns-not-found')
  given(learned, { ...over, addresses: addresses(8, 9) })
    .when(forget('cantina.example'))
    .thenRefused('dns-not-found')
})

test('W19 each address has its own end, the later one counts, and a name without addresses is not known', () => {
  // Event n is recorded at n milliseconds.
  const again = { ...learned, addresses: addresses(9), ttlSeconds: 90 }
  const shorter = { ...learned, addresses: addresses(8), ttlSeconds: 1 }
  const story = [learned, again, shorter]
  const ends = (events: readonly HindcastEvent[]) =>
    nodeOf(fold(ledger, events.map(recordedAs)), NODE)
      .dns.toArray()
      .map(([name, view]) => ({
        name,
        ends: view.addresses.map(({ address, expiresAt, since }) => [address, expiresAt, since.position]),
      }))
  const expected = [
    ['203.0.113.8', 60_000, '1'],
    ['203.0.113.9', 90_001, '2'],
  ]
  assert.deepEqual(ends(story), [{ name: 'cantina.example', ends: expected }])
  const over = { type: 'DnsAnswerExpired', v: 1, name: 'cantina.example', reason: 'ttl' } as const
  assert.deepEqual(ends([...story, { ...over, addresses: addresses(8, 9) }]), [])
  const forGood = ends([...story, { ...learned, ttlSeconds: null }, learned])
  assert.deepEqual(
    forGood[0]?.ends.map(([, end]) => end),
    [null, null],
  )
})
