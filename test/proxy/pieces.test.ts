import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { endpoint, http, portPolicy, regex } from '../l7/messages.ts'
import { RawClient, rig, WEB } from './fixture.ts'

type Sent = { readonly text: string; readonly allowed: boolean; readonly body: string }

const request: fc.Arbitrary<Sent> = fc
  .record({
    allowed: fc.boolean(),
    method: fc.constantFrom('GET', 'POST', 'PUT'),
    body: fc.string({ maxLength: 60 }).map((text) => text.replaceAll(/[^\x20-\x7e]/g, '.')),
    framing: fc.constantFrom('none', 'length', 'chunked'),
    padding: fc.integer({ min: 0, max: 40 }),
  })
  .map(({ allowed, method, body, framing, padding }) => {
    const head = `${method} ${allowed ? '/public' : '/private'} HTTP/1.1\r\nHost: web\r\nX-Padding: ${'p'.repeat(padding)}\r\n`
    if (framing === 'none' || method === 'GET') return { text: `${head}\r\n`, allowed, body: '' }
    if (framing === 'length') return { text: `${head}Content-Length: ${body.length}\r\n\r\n${body}`, allowed, body }
    const chunks = (body.match(/.{1,7}/g) ?? []).map((part) => `${part.length.toString(16)}\r\n${part}\r\n`)
    return { text: `${head}Transfer-Encoding: chunked\r\n\r\n${chunks.join('')}0\r\n\r\n`, allowed, body }
  })

test('H16 however the bytes of many requests are cut, node:http upstream sees the allowed ones whole, and no other', {
  timeout: 60_000,
}, async () => {
  const seen: string[] = []
  await using it = await rig({
    handler: (incoming, response) => {
      let body = ''
      incoming.on('data', (chunk: Buffer) => {
        body += chunk.toString('latin1')
      })
      incoming.on('end', () => {
        seen.push(`${incoming.method} ${incoming.url} ${body}`)
        response.end('ok')
      })
    },
  })
  await it.client.policies(
    endpoint(7, WEB, [portPolicy(it.upstreamPort, [http({ headers: [regex(':path', '/public')] })])]),
  )
  const pieces = fc.array(fc.integer({ min: 1, max: 70 }), { minLength: 1, maxLength: 40 })
  const property = fc.asyncProperty(
    fc.array(request, { minLength: 1, maxLength: 8 }),
    pieces,
    fc.boolean(),
    async (sent, sizes, waits) => {
      seen.length = 0
      await using client = await RawClient.to(it.port)
      const bytes = sent.map(({ text }) => text).join('')
      for (let at = 0, i = 0; at < bytes.length; i += 1) {
        const size = sizes[i % sizes.length]!
        client.send(bytes.slice(at, at + size))
        at += size
        // Packets of their own: the proxy reads between two of them.
        if (waits) await new Promise((resolve) => setImmediate(resolve))
      }
      const answers = () => [...client.received.matchAll(/HTTP\/1\.1 (\d+)/g)].map((match) => match[1])
      await client.until(() => answers().length === sent.length)
      assert.deepEqual(
        answers(),
        sent.map(({ allowed }) => (allowed ? '200' : '403')),
      )
      const expected = sent
        .filter(({ allowed }) => allowed)
        .map(({ text, body }) => `${text.split(' ')[0]} /public ${body}`)
      assert.deepEqual(seen, expected)
    },
  )
  await fc.assert(property, { numRuns: 150 })
})
