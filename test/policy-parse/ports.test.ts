import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Json } from '../../events/schema.ts'
import { egress, ingress, policy, refused, refusedEgress, refusedIngress, ruleOf } from './policies.ts'

function portOf(port: Json) {
  const found = ingress({ toPorts: [{ ports: [port] }] }).ports?.[0]?.ports
  assert.equal(found?.length, 1)
  return found[0]
}

function refusedPort(port: Json): readonly string[] {
  return refusedIngress({ toPorts: [{ ports: [port] }] }).map((text) => text.replace('/toPorts/0/ports/0', ''))
}

test('P6 toPorts [] and icmps [] count as not given, [{}] allows nothing, and an empty list of peers selects nobody', () => {
  assert.deepEqual(ingress({ toPorts: [], icmps: [] }), {
    pointer: '/spec/ingress/0',
    peers: null,
    requires: [],
    ports: null,
    icmps: null,
    auth: null,
  })
  assert.deepEqual(ingress({ toPorts: [{}] }).ports?.[0]?.ports, [])
  assert.deepEqual(ingress({ toPorts: [{ ports: [] }] }).ports?.[0]?.ports, [])
  assert.deepEqual(ingress({ icmps: [{}] }).icmps, [])
  assert.deepEqual(ingress({ fromEndpoints: [] }).peers, [])
  assert.equal(ingress({ fromRequires: [{}] }).peers, null)
})

test('P7 a port is text: a number, octal after a leading 0, or a name, and 0 is every port', () => {
  assert.deepEqual(portOf({ port: '80' }), { port: { kind: 'range', first: 80, last: 80 }, protocol: 'ANY' })
  assert.deepEqual(portOf({ port: '010', protocol: 'TCP' })?.port, { kind: 'range', first: 8, last: 8 })
  assert.deepEqual(portOf({ port: '0x10', protocol: 'TCP' })?.port, { kind: 'named', name: '0x10' })
  assert.deepEqual(portOf({ port: 'HTTP', protocol: 'TCP' })?.port, { kind: 'named', name: 'http' })
  assert.deepEqual(portOf({ port: '0' }), { port: { kind: 'any' }, protocol: 'ANY' })
  assert.deepEqual(portOf({ port: '53', protocol: 'udp' })?.protocol, 'UDP')
  for (const port of ['', '08', '-1', '+1', '1_0', '80.0', ' 80', '65536', '80-90', 'a--b', '-a', 'a'.repeat(16)]) {
    assert.equal(refusedPort({ port }).length, 1, port)
  }
  assert.deepEqual(refusedPort({ port: 80 }), ['not-text /port'])
  assert.deepEqual(refusedPort({}), ['port-missing /port'])
  assert.deepEqual(refusedPort({ port: '80', protocol: 'ICMP' }), ['protocol-unknown /protocol'])
})

test('P7 endPort makes a range of numbers, first to last', () => {
  assert.deepEqual(portOf({ port: '80', endPort: 90 })?.port, { kind: 'range', first: 80, last: 90 })
  assert.deepEqual(portOf({ port: '80', endPort: 80 })?.port, { kind: 'range', first: 80, last: 80 })
  assert.deepEqual(portOf({ port: '80', endPort: 0 })?.port, { kind: 'range', first: 80, last: 80 })
  assert.deepEqual(refusedPort({ port: '90', endPort: 80 }), ['port-range-inverted /endPort'])
  assert.deepEqual(refusedPort({ port: '0', endPort: 80 }), ['port-range-zero /port'])
  assert.deepEqual(refusedPort({ port: 'http', endPort: 80 }), ['end-port-named /endPort'])
  assert.deepEqual(refusedPort({ port: '80', endPort: 65_536 }), ['not-an-integer /endPort'])
  assert.deepEqual(refusedPort({ port: '80', endPort: '90' }), ['not-an-integer /endPort'])
  const dns = {
    toPorts: [{ ports: [{ port: '53', endPort: 54, protocol: 'UDP' }], rules: { dns: [{ matchName: 'a.b' }] } }],
  }
  assert.deepEqual(refusedEgress(dns), ['dns-port-range /toPorts/0/rules'])
})

test('P8 ICMP fields have a family and a type, by number or by name, and stand without ports', () => {
  const fields = [{ type: 8 }, { family: 'IPv6', type: 'EchoRequest' }, { type: 'EchoReply' }, { type: '255' }]
  assert.deepEqual(ingress({ icmps: [{ fields }] }).icmps, [
    { family: 'IPv4', type: 8 },
    { family: 'IPv6', type: 128 },
    { family: 'IPv4', type: 0 },
    { family: 'IPv4', type: 255 },
  ])
  const refusals = (field: Json) => refusedIngress({ icmps: [{ fields: [field] }] })
  assert.deepEqual(refusals({}), ['icmp-type /icmps/0/fields/0/type'])
  assert.deepEqual(refusals({ type: 256 }), ['not-an-integer /icmps/0/fields/0/type'])
  assert.deepEqual(refusals({ type: '256' }), ['icmp-type /icmps/0/fields/0/type'])
  assert.deepEqual(refusals({ type: 'constructor' }), ['icmp-type /icmps/0/fields/0/type'])
  assert.deepEqual(refusals({ family: 'IPv5', type: 8 }), ['icmp-family /icmps/0/fields/0/family'])
  assert.deepEqual(refusedIngress({ icmps: [{ fields: [{ type: 8 }] }], toPorts: [{ ports: [{ port: '80' }] }] }), [
    'icmps-with-ports ',
  ])
})

test('P9 deny elements are checked like allow elements, and have neither L7, TLS, server names nor listeners', () => {
  const deny = (element: Json) =>
    refused(policy({ ingressDeny: [element] })).map((t) => t.replace('/spec/ingressDeny/0', ''))
  const ports = [{ port: '80', protocol: 'TCP' }]
  assert.deepEqual(deny({ toPorts: [{ ports: [{ port: '99999' }] }] }), ['port-invalid /toPorts/0/ports/0/port'])
  assert.deepEqual(deny({ toPorts: [{ ports, rules: { http: [{}] } }] }), ['deny-with-l7 /toPorts/0/rules'])
  assert.deepEqual(deny({ toPorts: [{ ports, serverNames: ['a.b'] }] }), ['deny-with-l7 /toPorts/0/serverNames'])
  assert.deepEqual(deny({ fromCIDR: ['10.0.0/8'] }), ['cidr-invalid /fromCIDR/0'])
  assert.deepEqual(deny({ fromEntities: ['moon'] }), ['entity-unknown /fromEntities/0'])
  assert.deepEqual(deny({ fromEndpoints: [{}], fromEntities: ['world'] }), ['peers-combined '])
  assert.deepEqual(deny({ icmps: [{ fields: [{ type: 8 }] }], toPorts: [{ ports }] }), ['icmps-with-ports '])
  const rule = ruleOf(policy({ ingressDeny: [{ fromEntities: ['world'], toPorts: [{ ports }] }] }))
  assert.deepEqual(rule.ingressDeny[0]?.peers, [{ kind: 'entity', entity: 'world' }])
})

test('P10 server names are DNS names, with * within a label and ** for labels', () => {
  const names = (serverNames: Json) => ({ toPorts: [{ ports: [{ port: '443', protocol: 'TCP' }], serverNames }] })
  assert.deepEqual(egress(names(['B.example', '*.a.example', '**.a.example', 'B.example'])).ports?.[0]?.serverNames, [
    '**.a.example',
    '*.a.example',
    'b.example',
  ])
  assert.deepEqual(refusedEgress(names([''])), ['server-name-empty /toPorts/0/serverNames/0'])
  assert.deepEqual(refusedEgress(names(['a b'])), ['server-name /toPorts/0/serverNames/0'])
  assert.deepEqual(refusedEgress(names(['a'.repeat(256)])), ['server-name-long /toPorts/0/serverNames/0'])
  const many = Array.from({ length: 41 }, (_, i) => `n${i}.example`)
  assert.deepEqual(refusedEgress(names(many)), ['too-many-server-names /toPorts/0/serverNames'])
})

test('P10 listeners and TLS contexts name what they use', () => {
  const ports = [{ port: '443', protocol: 'TCP' }]
  const listener = { envoyConfig: { kind: 'CiliumEnvoyConfig', name: 'c' }, name: 'l' }
  assert.deepEqual(egress({ toPorts: [{ ports, listener }] }).ports?.[0]?.listener, {
    kind: 'CiliumEnvoyConfig',
    config: 'c',
    name: 'l',
    priority: 126,
  })
  assert.deepEqual(refusedIngress({ toPorts: [{ ports, listener }] }), ['listener-on-ingress /toPorts/0/listener'])
  assert.deepEqual(refusedEgress({ toPorts: [{ ports, listener, rules: { http: [{}] } }] }), [
    'listener-with-l7 /toPorts/0/listener',
  ])
  const at = '/toPorts/0/terminatingTLS/secret'
  assert.deepEqual(refusedEgress({ toPorts: [{ ports, terminatingTLS: {} }] }), [`tls-secret-missing ${at}/name`])
  assert.deepEqual(refusedEgress({ toPorts: [{ ports, serverNames: ['a.b'], rules: { http: [{}] } }] }), [
    'server-names-with-l7 /toPorts/0/serverNames',
  ])
})
