import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type NetworkPolicyMessage, PLAIN_RULE } from '../../projections/xds/messages.ts'
import { decodeResponse, encodeResources, encodeResponse, packResource, unpackResource } from '../../proto/messages.ts'

const deathstar: NetworkPolicyMessage = {
  endpointIps: ['fd00::6f', '10.0.0.111'],
  endpointId: 863,
  ingressPerPortPolicies: [
    {
      port: 80,
      endPort: 0,
      protocol: 'TCP',
      rules: [
        {
          ...PLAIN_RULE,
          remotePolicies: [2033, 29439],
          httpRules: {
            httpRules: [
              {
                headers: [
                  {
                    name: ':method',
                    invertMatch: false,
                    stringMatch: { ignoreCase: false, safeRegex: { regex: 'POST' } },
                  },
                ],
                headerMatches: [],
              },
            ],
          },
        },
      ],
    },
  ],
  egressPerPortPolicies: [{ port: 0, endPort: 0, protocol: 'TCP', rules: [] }],
}

const wrong = (resource: object): RegExp | string => {
  try {
    packResource('npds', resource)
    return 'accepted'
  } catch (error) {
    assert.ok(error instanceof TypeError)
    return error.message
  }
}

test('X4 a resource reads back as it was written', () => {
  assert.deepEqual(unpackResource('npds', packResource('npds', deathstar)), deathstar)
})

test('X4 defaults may be left out', () => {
  const packed = packResource('npds', { endpointIps: ['10.0.0.111'], endpointId: 863 })
  assert.deepEqual(unpackResource('npds', packed), {
    endpointIps: ['10.0.0.111'],
    endpointId: 863,
    ingressPerPortPolicies: [],
    egressPerPortPolicies: [],
  })
})

test('X5 an unknown field, a wrong type and an unsafe number are refused with their paths', () => {
  assert.equal(wrong({ endpointID: 863 }), '/endpointID is unknown')
  assert.equal(
    wrong({ ...deathstar, ingressPerPortPolicies: [{ prot: 80 }] }),
    '/ingressPerPortPolicies/0/prot is unknown',
  )
  assert.match(String(wrong({ endpointIps: '10.0.0.1' })), /array expected/)
  assert.match(String(wrong({ ingressPerPortPolicies: [{ port: '80' }] })), /\/port is "80"/)
  assert.match(String(wrong({ ingressPerPortPolicies: [{ port: -1 }] })), /\/port is -1/)
  assert.match(String(wrong({ ingressPerPortPolicies: [{ protocol: 'SCTP' }] })), /\/protocol is "SCTP"/)
  assert.equal(wrong({ endpointIps: null }), '/endpointIps is null, but it is not a message')
  assert.match(String(wrong({ endpointId: 1.5 })), /endpointId/)
})

test('X5 a typed config of an unknown type, or with an unknown field, is refused', () => {
  const filter = (typedConfig: object) => ({ name: 'l', listenerFilters: [{ name: 'f', typedConfig }] })
  const url = 'type.googleapis.com/cilium.BpfMetadata'
  assert.throws(() => packResource('lds', filter({ '@type': 'cilium.BpfMetadata' })), /not a type that travels/)
  assert.throws(() => packResource('lds', filter({ '@type': url, isIngres: true })), /isIngres is unknown/)
  assert.throws(() => packResource('lds', filter({ typeUrl: url, value: new Uint8Array() })), /typeUrl is unknown/)
  assert.throws(() => packResource('lds', filter({})), /Any without a type/)
})

test('X5 a received message with a field that we do not know is refused', () => {
  const { type_url, value } = packResource('npds', deathstar)
  const unknownField = Uint8Array.of(0xf8, 0x07, 0x01)
  assert.throws(
    () => unpackResource('npds', { type_url, value: Buffer.concat([value, unknownField]) }),
    /fields that are not known/,
  )
  assert.throws(() => unpackResource('nphds', { type_url, value }), /cilium.NetworkPolicy among/)
})

test('X4 a response is its head and the encoded resources', () => {
  const resources = [packResource('npds', deathstar)]
  const head = { versionInfo: 'e.1', typeUrl: 't', nonce: '7', controlPlane: { identifier: 'here' } }
  const decoded = decodeResponse(encodeResponse(head, encodeResources(resources)))
  assert.equal(decoded.versionInfo, 'e.1')
  assert.equal(decoded.nonce, '7')
  assert.equal(decoded.controlPlane?.identifier, 'here')
  assert.deepEqual(
    decoded.resources.map((any) => unpackResource('npds', any)),
    [deathstar],
  )
})
