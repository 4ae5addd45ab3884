import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { EventOf, HindcastEvent } from '../../events/catalogue.ts'
import { encodeEvent } from '../../events/codec.ts'
import { EndpointId, IdentityId, IpAddress, LabelText } from '../../events/ids.ts'
import type { Command } from '../../src/decide/command.ts'
import type { EndpointWish } from '../../src/decide/endpoint-fields.ts'
import { given, NODE, recordedAs } from './given.ts'

const NAMESPACE = LabelText('k8s:io.kubernetes.pod.namespace=default')
const CLUSTER = LabelText('k8s:io.cilium.k8s.policy.cluster=default')
const deathstar: EndpointWish = { name: 'deathstar', labels: ['org=empire', 'class=deathstar'], ipv4: '10.0.0.111' }

function add(...endpoints: readonly EndpointWish[]): Command {
  return { kind: 'add-endpoints', node: NODE, endpoints }
}

function created(id: number, fields: Partial<EventOf<'EndpointCreated'>> = {}): EventOf<'EndpointCreated'> {
  return {
    type: 'EndpointCreated',
    v: 1,
    endpoint: EndpointId(id),
    name: 'default/deathstar',
    labels: [LabelText('k8s:class=deathstar'), CLUSTER, NAMESPACE, LabelText('k8s:org=empire')],
    ipv4: IpAddress('10.0.0.111'),
    ipv6: null,
    device: null,
    mac: null,
    nodeMac: null,
    namedPorts: [],
    ...fields,
  }
}

function deleted(id: number): HindcastEvent {
  return { type: 'EndpointDeleted', v: 1, endpoint: EndpointId(id) }
}

test('W13 an endpoint gets a source for its labels, its namespace label and the next id', () => {
  given().when(add(deathstar)).then(created(1))
  given(created(863), deleted(863)).when(add(deathstar)).then(created(864))
  given()
    .when(add({ ...deathstar, id: 863, name: 'empire/deathstar' }))
    .then(
      created(863, {
        name: 'empire/deathstar',
        labels: [
          LabelText('k8s:class=deathstar'),
          CLUSTER,
          LabelText('k8s:io.kubernetes.pod.namespace=empire'),
          LabelText('k8s:org=empire'),
        ],
      }),
    )
})

test('W13 an endpoint that is there already is no change', () => {
  given(created(863)).when(add(deathstar)).thenNothing()
  given(created(863))
    .when(add({ ...deathstar, id: 863 }))
    .thenNothing()
})

test('W14 ids, names and addresses belong to one endpoint of the node', () => {
  const other: EndpointWish = { ...deathstar, name: 'xwing' }
  given(created(863)).when(add(other)).thenRefused('address-taken')
  given(created(863))
    .when(add({ ...deathstar, ipv4: '10.0.0.1' }))
    .thenRefused('endpoint-name-taken')
  given(created(863))
    .when(add({ ...other, id: 863 }))
    .thenRefused('endpoint-id-taken', 'address-taken')
  given(created(863), deleted(863))
    .when(add({ ...other, id: 863 }))
    .then(created(863, { name: 'default/xwing' }))
})

test('W14 a list is taken as a whole: its endpoints must not clash with one another either', () => {
  const { decision } = given().when(add(deathstar, { ...deathstar, name: 'xwing' }))
  assert.ok(decision.kind === 'refused')
  assert.deepEqual(
    decision.problems.map(({ code, path }) => [code, path]),
    [['address-taken', '/1/ipv4']],
  )
})

test('W15 everything that is wrong with an endpoint is said at once', () => {
  given()
    .when(
      add({
        id: 70000,
        name: 'Death Star',
        labels: ['=x', 'a=1', 'a=2'],
        ipv4: '10.0.0.256',
        ipv6: '10.0.0.1',
        device: 'a-very-long-device',
        mac: 'xx',
        namedPorts: [{ name: '80', port: 0, protocol: 'tcp' }],
      }),
    )
    .thenRefused(
      'endpoint-name',
      'number-out-of-range',
      'label-invalid',
      'label-repeated',
      'address-invalid',
      'address-invalid',
      'text-invalid',
      'text-invalid',
      'port-name',
      'protocol-unknown',
      'port-invalid',
    )
  given()
    .when(add({ name: 'a/b', labels: ['io.kubernetes.pod.namespace=c', 'x'] }))
    .thenRefused('namespace-differs')
  given()
    .when(add({ name: 'a', labels: [] }))
    .thenRefused('labels-missing')
})

test('W8 an endpoint may ask for the number of its identity, which is allocated in the same batch', () => {
  const { labels } = created(863)
  const allocated: HindcastEvent = {
    type: 'IdentityAllocated',
    v: 1,
    identity: IdentityId(2033),
    scope: 'cluster',
    labels,
    prefix: null,
  }
  const wish = { ...deathstar, id: 863, identity: 2033 }
  given().when(add(wish)).then(created(863), allocated)
  given(allocated).when(add(wish)).then(created(863))
  given(allocated)
    .when(add(wish, { ...deathstar, name: 'xwing', labels: ['class=xwing'], ipv4: '10.0.0.9', identity: 2033 }))
    .thenRefused('identity-taken')
})

test('W16 endpoints are deleted by id or name; what is not there is refused with the nearest', () => {
  const state = given(created(863))
  const remove = (...endpoints: readonly string[]): Command => ({ kind: 'delete-endpoints', node: NODE, endpoints })
  state.when(remove('863', 'deathstar', 'default/deathstar')).then(deleted(863))
  const { decision, thenRefused } = state.when(remove('deathstra', '863'))
  thenRefused('endpoint-not-found')
  assert.ok(decision.kind === 'refused')
  assert.match(decision.problems[0]!.reason, /default\/deathstar/)
  state.when(remove('864')).thenRefused('endpoint-not-found')
})

test('W15 whatever is wished for is refused or makes events of their schema', () => {
  const word = fc.oneof(
    fc.string(),
    fc.constantFrom('', 'a', 'k8s:a', 'A:b', 'a=', '=a', 'a:', ':a', 'a;b', '::1', '1.2.3.4', 'fe80::1%lo'),
  )
  const wish: fc.Arbitrary<EndpointWish> = fc.record(
    {
      id: fc.oneof(fc.integer(), fc.double()),
      name: fc.oneof(word, fc.constant('default/a')),
      labels: fc.array(fc.oneof(word, fc.constantFrom('k8s:x=y', 'reserved:host', 'reserved:'))),
      identity: fc.integer({ min: -1, max: 70_000 }),
      ipv4: word,
      ipv6: word,
      device: word,
      mac: word,
      nodeMac: word,
      namedPorts: fc.array(fc.record({ name: word, port: fc.integer(), protocol: word })),
    },
    { requiredKeys: ['name', 'labels'] },
  )
  const context = recordedAs(created(1), 0).context
  fc.assert(
    fc.property(fc.array(wish, { minLength: 1, maxLength: 3 }), (wishes) => {
      const { decision } = given(created(863)).when(add(...wishes))
      if (decision.kind === 'refused') return assert.ok(decision.problems.length > 0)
      const events = decision.appends.flatMap((append) => append.events)
      for (const event of events) encodeEvent({ id: recordedAs(event, 0).id, event, context })
    }),
    { numRuns: 2_000 },
  )
})
