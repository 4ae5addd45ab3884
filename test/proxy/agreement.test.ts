import assert from 'node:assert/strict'
import type { Socket } from 'node:net'
import { test } from 'node:test'
import fc from 'fast-check'
import { IdentityId } from '../../events/ids.ts'
import { mutatedHeaders } from '../../projections/l7/http-rule.ts'
import { compileNetworkPolicy, requestVerdict } from '../../projections/l7/network-policy.ts'
import type { PortNetworkPolicy } from '../../projections/xds/messages.ts'
import { parseRequestHead } from '../../src/proxy/http/head.ts'
import { portPolicies, REMOTES, request } from '../l7/arbitrary.ts'
import { endpoint } from '../l7/messages.ts'
import { RawClient, rig, WEB } from './fixture.ts'

const SEED = 8_412
const POLICIES = 250
const REQUESTS = 40

/** Answers every head, and keeps what it saw. */
function upstreamOf(seen: string[]): (socket: Socket) => void {
  return (socket) => {
    let bytes = ''
    socket.on('data', (chunk) => {
      bytes += chunk.toString('latin1')
      for (let end = bytes.indexOf('\r\n\r\n'); end >= 0; end = bytes.indexOf('\r\n\r\n')) {
        seen.push(bytes.slice(0, end + 4))
        bytes = bytes.slice(end + 4)
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')
      }
    })
  }
}

/** Generated policies speak of port 80, where the endpoint's server listens somewhere else. */
function atPort(policies: readonly PortNetworkPolicy[], port: number): readonly PortNetworkPolicy[] {
  return policies.flatMap((policy) => {
    if (policy.port === 0) return [policy]
    const covers = policy.port <= 80 && 80 <= Math.max(policy.port, policy.endPort)
    // Ranges around 80 become ranges around the port; others would not speak of it.
    return covers
      ? [
          {
            ...policy,
            port: port - (80 - policy.port),
            endPort: policy.endPort === 0 ? 0 : port + (policy.endPort - 80),
          },
        ]
      : []
  })
}

test(`H26 evaluator and proxy agree on 10,000 requests, verdict and head (seed ${SEED})`, {
  timeout: 120_000,
}, async () => {
  const seen: string[] = []
  await using it = await rig({ upstream: upstreamOf(seen) })
  const clients = new Map<number, RawClient>()
  await it.client.policies(endpoint(7, WEB, [{ port: 0, endPort: 0, protocol: 'TCP', rules: [] }]))
  for (const remote of REMOTES) {
    it.remote = IdentityId(remote)
    const client = await RawClient.to(it.port)
    client.send('GET / HTTP/1.1\r\nHost: web\r\n\r\n')
    await client.until(({ received }) => received !== '')
    client.received = ''
    clients.set(remote, client)
  }
  const asked = request.filter(({ path }) => !path.includes('\n'))
  const samples = fc.sample(
    fc.tuple(
      portPolicies,
      fc.array(fc.tuple(fc.constantFrom(...REMOTES), asked), { minLength: REQUESTS, maxLength: REQUESTS }),
    ),
    {
      numRuns: POLICIES,
      seed: SEED,
    },
  )
  let allowed = 0
  for (const [generated, requests] of samples) {
    const message = endpoint(7, WEB, atPort(generated, it.upstreamPort))
    assert.deepEqual(await it.client.policies(message), { kind: 'taken' })
    const compiled = compileNetworkPolicy(message)
    for (const [remote, sent] of requests) {
      const client = clients.get(remote)!
      const headers = [['Host', sent.authority] as const, ...sent.headers]
      client.received = ''
      seen.length = 0
      client.send(`${sent.method} ${sent.path} HTTP/1.1\r\n${headers.map(([n, v]) => `${n}: ${v}\r\n`).join('')}\r\n`)
      const where = { direction: 'ingress', port: it.upstreamPort, remote, proxyPort: it.port } as const
      const verdict = requestVerdict(compiled, { ...where, request: sent })
      await client.until(({ received }) => received.endsWith(verdict.allowed ? '\r\n\r\n' : 'denied\r\n'))
      assert.equal(
        client.received.slice(9, 12),
        verdict.allowed ? '200' : '403',
        JSON.stringify({ generated, remote, sent }),
      )
      if (!verdict.allowed) {
        assert.deepEqual(seen, [])
        continue
      }
      allowed += 1
      const head = parseRequestHead(seen[0]!)
      assert.ok(head.kind === 'request')
      const expected = verdict.mutations
        .reduce(mutatedHeaders, headers)
        .map(([name, value]) => [name.toLowerCase(), value])
      assert.deepEqual(head.headers, expected)
    }
  }
  for (const client of clients.values()) client.socket.destroy()
  // Neither answer is rare, or the test would say little.
  assert.ok(allowed > 2_000 && allowed < 8_000, `${allowed} of ${POLICIES * REQUESTS} were allowed`)
})
