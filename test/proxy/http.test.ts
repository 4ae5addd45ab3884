import assert from 'node:assert/strict'
import { test } from 'node:test'
import { endpoint, http, portPolicy, route } from '../l7/messages.ts'
import { eventually, exchange, LUKE, RawClient, rig, VADER, WEB } from './fixture.ts'

const get = (path: string, more = ''): string => `GET ${path} HTTP/1.1\r\nHost: web\r\n${more}\r\n`
const CLOSE = 'Connection: close\r\n'
const DENIED = /^HTTP\/1\.1 403 Forbidden\r\n(?:[^\r]+\r\n)*\r\nAccess denied\r\n/

test('H10 an allowed request passes, a denied one gets 403 and Access denied, and the connection stays', async () => {
  await using it = await rig()
  await it.client.policies(
    endpoint(7, WEB, [portPolicy(it.upstreamPort, [{ name: 'public', ...http(route('GET', '/public.*')) }])]),
  )
  await using client = await RawClient.to(it.port)
  client.send(get('/private'))
  await client.until(({ received }) => received.endsWith('Access denied\r\n'))
  assert.match(client.received, DENIED)
  client.received = ''
  client.send(get('/public/1'))
  await client.until(({ received }) => received.includes('"url":"/public/1"'))
  assert.match(client.received, /^HTTP\/1\.1 200 OK\r\n/)
  await eventually(() => it.flows.length === 3, 'three records')
  assert.deepEqual(
    it.flows.map(({ kind, verdict, matchType, http: facts }) => [kind, verdict, matchType, facts?.path, facts?.status]),
    [
      ['http-request', 'DROPPED', 'no-match', '/private', 403],
      ['http-request', 'FORWARDED', 'public', '/public/1', 0],
      ['http-response', 'FORWARDED', null, '/public/1', 200],
    ],
  )
  assert.deepEqual(it.flows[0]?.stamp, { position: '200', revision: 2 })
  assert.deepEqual([it.flows[0]?.endpoint, it.flows[0]?.source.identity, it.flows[0]?.direction], [7, LUKE, 'ingress'])
})

test('H10 the remote identity decides', async () => {
  await using it = await rig()
  await it.client.policies(
    endpoint(7, WEB, [
      portPolicy(it.upstreamPort, [
        { remotePolicies: [LUKE] },
        { remotePolicies: [VADER], ...http(route('GET', '/a')) },
      ]),
    ]),
  )
  assert.match(await exchange(it.port, get('/b', CLOSE)), /^HTTP\/1\.1 200/)
  it.remote = VADER
  assert.match(await exchange(it.port, get('/b', CLOSE)), DENIED)
  assert.match(await exchange(it.port, get('/a', CLOSE)), /^HTTP\/1\.1 200/)
})
