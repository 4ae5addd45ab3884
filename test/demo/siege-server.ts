/**
 * The deathstar under siege, a process of its own: `node siege-server.ts ADDRESS`. It serves whatever comes, and tells of everything that came, a line
 * of JSON each: what got through to here is what the policy let through.
 */
import { createSocket } from 'node:dgram'
import { createServer as createHttpServer } from 'node:http'
import { createServer } from 'node:net'
import { PORTS } from './siege-ports.ts'

const [address = '127.0.0.1'] = process.argv.slice(2)

export type Arrival = { readonly what: 'http' | 'tcp' | 'udp'; readonly from: string; readonly detail: string }

function tell(arrival: Arrival): void {
  process.stdout.write(`${JSON.stringify(arrival)}\n`)
}

const listening: Promise<void>[] = []

listening.push(
  new Promise((resolve) => {
    createHttpServer((request, response) => {
      tell({ what: 'http', from: request.socket.remoteAddress ?? '', detail: `${request.method} ${request.url}` })
      request.resume().on('end', () => response.end('Ship landed\n'))
    }).listen(PORTS.http, address, resolve)
  }),
)
for (const port of [PORTS.stream, PORTS.closedStream]) {
  listening.push(
    new Promise((resolve) => {
      createServer((socket) => {
        tell({ what: 'tcp', from: socket.remoteAddress ?? '', detail: String(port) })
        socket.on('error', () => undefined)
        socket.pipe(socket)
      }).listen(port, address, resolve)
    }),
  )
}
for (const port of [PORTS.datagram, PORTS.closedDatagram]) {
  const socket = createSocket('udp4')
  socket.on('message', (message, from) => {
    tell({ what: 'udp', from: from.address, detail: String(port) })
    socket.send(message, from.port, from.address)
  })
  listening.push(new Promise((resolve) => void socket.bind(port, address, resolve)))
}
await Promise.all(listening)
process.stdout.write('ready\n')
// Whoever started it holds its standard input open.
process.stdin.resume().on('end', () => process.exit())
