/** One request of a ship, a process of its own: `node ship.ts METHOD URL TIMEOUT_MS`. It prints a `Reply` as one line of JSON. */
import { request } from 'node:http'
import type { Reply } from './cast.ts'

const [method = 'GET', url = '', timeoutMs = '1000'] = process.argv.slice(2)

function say(reply: Reply): void {
  process.stdout.write(`${JSON.stringify(reply)}\n`)
}

const signal = AbortSignal.timeout(Number(timeoutMs))
const sent = request(url, { method, agent: false, signal }, (response) => {
  const chunks: Buffer[] = []
  response.on('data', (chunk: Buffer) => chunks.push(chunk))
  response.on('end', () =>
    say({ kind: 'answered', status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() }),
  )
})
sent.on('error', (error) =>
  say({ kind: 'no-answer', reason: signal.aborted ? `nothing within ${timeoutMs} ms` : error.message }),
)
sent.end()
