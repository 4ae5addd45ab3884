import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { EventOf, HindcastEvent } from '../../events/catalogue.ts'
import { Cidr, IdentityId, LabelText } from '../../events/ids.ts'
import { identityLabels } from '../../projections/identity/label-filter.ts'
import { prefixLabels } from '../../projections/identity/prefix-labels.ts'
import type { Command } from '../../src/decide/command.ts'
import { given, NODE } from './given.ts'

function labels(...texts: readonly string[]): readonly LabelText[] {
  return texts.map((text) => LabelText(text))
}

function ask(wanted: number | null, ...texts: readonly string[]): Command {
  return {
    kind: 'allocate-identity',
    labels: labels(...texts),
    wanted: wanted === null ? null : IdentityId(wanted),
  }
}

function allocated(identity: number, ...texts: readonly string[]): EventOf<'IdentityAllocated'> {
  return {
    type: 'IdentityAllocated',
    v: 1,
    identity: IdentityId(identity),
    scope: 'cluster',
    labels: labels(...texts),
    prefix: null,
  }
}

function released(identity: number): EventOf<'IdentityReleased'> {
  return { type: 'IdentityReleased', v: 1, identity: IdentityId(identity) }
}

test('W7 a label set has one number, in whatever order its labels come', () => {
  given()
    .when(ask(null, 'k8s:b', 'k8s:a', 'k8s:b'))
    .then(allocated(256, 'k8s:a', 'k8s:b'))
  given(allocated(256, 'k8s:a', 'k8s:b'))
    .when(ask(null, 'k8s:b', 'k8s:a'))
    .thenNothing()
  given(allocated(256, 'k8s:a')).when(ask(null, 'k8s:b')).then(allocated(257, 'k8s:b'))
  given().when(ask(null)).thenRefused('labels-missing')
})

test('W8 a wanted number is given where it is free', () => {
  given().when(ask(29439, 'k8s:a')).then(allocated(29439, 'k8s:a'))
  given(allocated(29439, 'k8s:a')).when(ask(null, 'k8s:b')).then(allocated(256, 'k8s:b'))
  given(allocated(29439, 'k8s:a')).when(ask(29439, 'k8s:a')).thenNothing()
  given(allocated(29439, 'k8s:a')).when(ask(29439, 'k8s:b')).thenRefused('identity-taken')
  given(allocated(256, 'k8s:a')).when(ask(29439, 'k8s:a')).thenRefused('identity-differs')
  given().when(ask(100, 'k8s:a')).thenRefused('identity-out-of-range')
  given().when(ask(65536, 'k8s:a')).thenRefused('identity-out-of-range')
  given().when(ask(128, 'k8s:a')).then(allocated(128, 'k8s:a'))
})

test('W9 a released number goes back to its label set and to nobody else while others are left', () => {
  const state = given(allocated(256, 'k8s:a'), released(256))
  state.when(ask(null, 'k8s:b')).then(allocated(257, 'k8s:b'))
  state.when(ask(null, 'k8s:a')).then(allocated(256, 'k8s:a'))
  given(allocated(256, 'k8s:a'), released(256), allocated(256, 'k8s:c'))
    .when(ask(null, 'k8s:a'))
    .then(allocated(257, 'k8s:a'))
  state.when({ kind: 'release-identity', identity: IdentityId(256) }).thenRefused('identity-not-found')
  given(allocated(256, 'k8s:a'))
    .when({ kind: 'release-identity', identity: IdentityId(256) })
    .then(released(256))
})

test('W9 when every number was used the lowest released one is used again, and then none is left', () => {
  const all = Array.from({ length: 65535 - 256 + 1 }, (_, index) => allocated(256 + index, `k8s:n${index}`))
  const used = given(...all)
  used.when(ask(null, 'k8s:new')).thenRefused('identities-exhausted')
  used.and(released(4000)).when(ask(null, 'k8s:new')).then(allocated(4000, 'k8s:new'))
})

test('W10 reserved and well-known label sets have their fixed number and need no allocation', () => {
  given().when(ask(null, 'reserved:host')).thenNothing()
  given()
    .when(ask(7, 'reserved:kube-apiserver', 'reserved:remote-node'))
    .thenNothing()
  given().when(ask(300, 'reserved:health')).thenRefused('identity-differs')
  const coreDns = [
    'k8s:k8s-app=kube-dns',
    'k8s:io.kubernetes.pod.namespace=kube-system',
    'k8s:io.cilium.k8s.policy.serviceaccount=coredns',
    'k8s:io.cilium.k8s.policy.cluster=default',
  ]
  given()
    .when(ask(104, ...coreDns))
    .thenNothing()
  const withName = 'k8s:io.cilium.k8s.namespace.labels.kubernetes.io/metadata.name=kube-system'
  given()
    .when(ask(112, ...coreDns, withName))
    .thenNothing()
})

test('W11 prefixes of a node have numbers from 2^24 + 1 on, with the labels of all that contain them', () => {
  const [a, b] = [Cidr('10.0.0.0/2'), Cidr('fd00::/8')]
  const local = (identity: number, prefix: Cidr): HindcastEvent => ({
    type: 'IdentityAllocated',
    v: 1,
    identity: IdentityId(identity),
    scope: 'local',
    labels: prefixLabels(prefix),
    prefix,
  })
  given()
    .when({ kind: 'allocate-prefixes', node: NODE, prefixes: [a, b, a] })
    .then(local(2 ** 24 + 1, a), local(2 ** 24 + 2, b))
  given(local(2 ** 24 + 1, a))
    .when({ kind: 'allocate-prefixes', node: NODE, prefixes: [a] })
    .thenNothing()
  assert.deepEqual(prefixLabels(Cidr('0.0.0.0/2')), [
    'cidr:0.0.0.0/0',
    'cidr:0.0.0.0/1',
    'cidr:0.0.0.0/2',
    'reserved:world',
  ])
  assert.ok(prefixLabels(b).includes(LabelText('cidr:fd00--0/8')))
  assert.ok(prefixLabels(b).includes(LabelText('cidr:0--0/0')))
})

test('W12 labels of the platform do not make an identity, those of namespaces and applications do', () => {
  const kept = ['k8s:app.kubernetes.io/name=x', 'k8s:class=x', 'k8s:io.kubernetes.pod.namespace=y', 'reserved:health']
  const dropped = [
    'k8s:pod-template-hash=1',
    'k8s:io.kubernetes.container.name=z',
    'k8s:kubernetes.io/arch=z',
    'k8s:topology.beta.kubernetes.io/zone=z',
    'container:annotation.x=1',
    'k8s:controller-revision-hash=2',
  ]
  assert.deepEqual(identityLabels(labels(...dropped, ...kept.toReversed())), kept)
})

test('W7 any sequence of wishes gives every label set one number and every number one label set', () => {
  const step = fc.record({ set: fc.integer({ min: 0, max: 5 }), wanted: fc.option(fc.integer({ min: 250, max: 262 })) })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const log: HindcastEvent[] = []
      for (const { set, wanted } of steps) {
        const { decision } = given(...log).when(ask(wanted, `k8s:set=${set}`))
        if (decision.kind === 'decided') log.push(...decision.appends.flatMap(({ events }) => events))
      }
      const events = log.filter((event) => event.type === 'IdentityAllocated')
      assert.equal(new Set(events.map(({ identity }) => identity)).size, events.length)
      assert.equal(new Set(events.map((event) => event.labels.join())).size, events.length)
    }),
    { numRuns: 50 },
  )
})
