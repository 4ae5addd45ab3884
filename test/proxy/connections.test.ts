import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { test } from 'node:test'
import { connect as connectTls } from 'node:tls'
import { endpoint, http, portPolicy, route } from '../l7/messages.ts'
import { eventually, exchange, LUKE, RawClient, rig, VADER, WEB } from './fixture.ts'

const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: web\r\nConnection: close\r\n\r\n`

async function reset(port: number, bytes: string): Promise<boolean> {
  await using client = await RawClient.to(port)
  client.send(bytes)
  await client.rest()
  return client.reset && client.received === ''
}

test('H25 a connection that no rule allows is reset, and the record names why', async () => {
  await using it = await rig()
  assert.equal(await reset(it.port, get('/a')), true)
  await it.client.policies(endpoint(7, WEB, []))
  assert.equal(await reset(it.port, get('/a')), true)
  await it.client.policies(endpoint(7, WEB, [portPolicy(it.upstreamPort, [{ remotePolicies: [VADER] }])]))
  assert.equal(await reset(it.port, get('/a')), true)
  await it.client.policies(
    endpoint(7, WEB, [portPolicy(it.upstreamPort, [{ name: 'no-luke', deny: true, remotePolicies: [LUKE] }, {}])]),
  )
  assert.equal(await reset(it.port, get('/a')), true)
  await eventually(() => it.flows.length === 4, 'four records')
  assert.deepEqual(
    it.flows.map(({ kind, verdict, dropReason, matchType }) => [kind, verdict, dropReason, matchType]),
    [
      ['policy-verdict', 'DROPPED', 133, 'no-policy'],
      ['policy-verdict', 'DROPPED', 133, 'access-denied no-port'],
      ['policy-verdict', 'DROPPED', 133, 'access-denied no-match'],
      ['policy-verdict', 'DROPPED', 133, 'access-denied no-luke'],
    ],
  )
})

test('H25 parsers other than HTTP are refused by name, not passed', async () => {
  const lines: string[] = []
  await using it = await rig({ report: (line) => void lines.push(line) })
  const kafka = { kafkaRules: { kafkaRules: [{ apiVersion: -1, apiKeys: [], clientId: '', topic: 'plans' }] } }
  for (const [rule, parser] of [
    [{ name: 'no-dns', l7Proto: 'dns' }, 'dns'],
    [{ l7Proto: 'r2d2', l7Rules: { l7AllowRules: [], l7DenyRules: [] } }, 'r2d2'],
    [kafka, 'kafka'],
  ] as const) {
    await it.client.policies(endpoint(7, WEB, [portPolicy(it.upstreamPort, [rule])]))
    assert.equal(await reset(it.port, get('/a')), true)
    await eventually(() => it.flows.at(-1)?.matchType === `parser-not-served ${parser}`, parser)
  }
  assert.match(lines[0]!, /asks for the parser dns at port \d+, which the embedded proxy does not serve/)
})

test('H25 the listener itself is no destination', async () => {
  await using it = await rig()
  await it.client.policies(endpoint(7, WEB, [portPolicy(0, [])]))
  const listener = { ...it.listener, additionalAddresses: [] }
  // The fake redirection answers with the upstream port; a listener there would connect to itself.
  const looped = {
    ...listener,
    additionalAddresses: [
      { address: { socketAddress: { ...listener.address.socketAddress, portValue: it.upstreamPort } } },
    ],
  }
  const answer = await it.client.listeners(looped)
  assert.equal(answer.kind, 'refused')
})

/** A TLS server of this machine's test certificate would need a key; a hello and an echo are enough to see what passes. */
const echoes = (socket: Socket): void => {
  socket.on('data', (chunk) => socket.write(chunk))
}

async function helloThrough(port: number, servername: string): Promise<'passed' | 'reset'> {
  const client = connectTls({ host: '127.0.0.1', port, servername, rejectUnauthorized: false })
  const [error] = await once(client, 'error').catch((reason: Error) => [reason])
  client.destroy()
  return /ECONNRESET|disconnected|socket hang up/.test(String((error as NodeJS.ErrnoException).code ?? error))
    ? 'reset'
    : 'passed'
}

test('H25 a TLS handshake passes unread by its server name, and only where no rule needs to read it', async () => {
  await using it = await rig({ upstream: echoes })
  await it.client.policies(endpoint(7, WEB, [portPolicy(it.upstreamPort, [{ name: 'sni', serverNames: ['*.star'] }])]))
  assert.equal(await helloThrough(it.port, 'death.star'), 'passed')
  await eventually(() => it.flows.at(-1)?.matchType === 'opaque sni', 'the record')
  assert.equal(await helloThrough(it.port, 'x.death.star'), 'reset')
  await eventually(() => it.flows.at(-1)?.matchType === 'access-denied no-match', 'the denial')
  await it.client.policies(endpoint(7, WEB, [portPolicy(it.upstreamPort, [http(route('GET', '/'))])]))
  assert.equal(await helloThrough(it.port, 'death.star'), 'reset')
  await eventually(() => it.flows.at(-1)?.matchType?.startsWith('tls-not-readable') === true, 'the reason')
})

test('H25 a plain request is not let in by a rule for server names', async () => {
  await using it = await rig()
  await it.client.policies(endpoint(7, WEB, [portPolicy(it.upstreamPort, [{ serverNames: ['death.star'] }])]))
  assert.equal(await reset(it.port, get('/a')), true)
  await it.client.policies(
    endpoint(7, WEB, [portPolicy(it.upstreamPort, [{ serverNames: ['death.star'] }, { remotePolicies: [LUKE] }])]),
  )
  assert.match(await exchange(it.port, get('/a')), /^HTTP\/1\.1 200/)
})

test('H25 where the datapath cannot say who it is, nothing is allowed, and the report says why', async () => {
  const lines: string[] = []
  await using it = await rig({
    report: (line) => void lines.push(line),
    identities: {
      fromConntrack: () => {
        throw new Error('the map is gone')
      },
      fromIpcache: () => null,
    },
  })
  await it.client.policies(endpoint(7, WEB, [portPolicy(it.upstreamPort, [])]))
  assert.equal(await reset(it.port, get('/a')), true)
  assert.match(
    lines.join(),
    /^connection from 127\.0\.0\.1 to 127\.0\.0\.1 refused, its identity is not known: the map is gone$/,
  )
})
