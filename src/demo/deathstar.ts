/**
 * The deathstar's real HTTP service, a process of its own: `node deathstar.ts ADDRESS PORT`. It prints `ready` when it listens.
 * Without a policy in front of it, everything works, also what should not.
 */
import { createServer } from 'node:http'

const [address = '127.0.0.1', port = '80'] = process.argv.slice(2)

const server = createServer((request, response) => {
  const { status, body } = answer(request.method ?? '', request.url ?? '')
  request.resume()
  request.on('end', () => response.writeHead(status, { 'content-type': 'text/plain' }).end(`${body}\n`))
})
server.listen(Number(port), address, () => process.stdout.write('ready\n'))
server.on('error', (error) => {
  process.stderr.write(`${error.message}\n`)
  process.exitCode = 5
})
// Whoever started it holds its standard input open: when that process is gone, so is the deathstar.
process.stdin.resume().on('end', () => process.exit())

function answer(method: string, url: string): { readonly status: number; readonly body: string } {
  if (method === 'POST' && url === '/v1/request-landing') return { status: 200, body: 'Ship landed' }
  if (method === 'PUT' && url === '/v1/exhaust-port') return { status: 503, body: 'Panic: deathstar exploded' }
  return { status: 404, body: 'There is nothing here' }
}
