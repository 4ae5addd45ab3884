/**
 * A ship that never stops: `node siege-ship.ts ADDRESS PATIENCE_MS`. All at once it asks over HTTP, opens connections, keeps one open, and sends datagrams,
 * until its standard input ends; then it says as one line of JSON how each went. It waits so long for what policy allows to ships like it.
 */
import { createSocket } from 'node:dgram'
import { request } from 'node:http'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { PORTS, REQUESTS } from './siege-ports.ts'

const [address = '127.0.0.1', patience = '1000'] = process.argv.slice(2)
/** For what should not be: whether it got through is seen at the other end. */
const BRIEF_MS = 150
const PAUSE_MS = 15

export type Score = { readonly tried: number; readonly answered: number }
export type Log = { readonly [what: string]: Score }

const log: Record<string, { tried: number; answered: number }> = {}
const stop = new AbortController()
process.stdin.resume().on('end', () => stop.abort())

async function repeat(what: string, once: () => Promise<boolean>): Promise<void> {
  const score = { tried: 0, answered: 0 }
  log[what] = score
  while (!stop.signal.aborted) {
    const answered = await once()
    score.tried += 1
    if (answered) score.answered += 1
    await sleep(PAUSE_MS)
  }
}

/** A status is an answer, a 403 is none: nobody was asked. */
function http(line: string): Promise<boolean> {
  const [method = '', path = ''] = line.split(' ')
  return new Promise((resolve) => {
    const signal = AbortSignal.timeout(BRIEF_MS)
    request({ host: address, port: PORTS.http, method, path, agent: false, signal }, (response) => {
      response.resume()
      response.on('close', () => resolve(response.statusCode === 200))
    })
      .on('error', () => resolve(false))
      .end()
  })
}

function connection(port: number, patienceMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, address)
    const end = (answered: boolean): void => {
      clearTimeout(timer)
      socket.destroy()
      resolve(answered)
    }
    const timer = setTimeout(end, patienceMs, false)
    socket.on('connect', () => socket.write('x'))
    socket.on('data', () => end(true))
    socket.on('error', () => end(false))
  })
}

/** One connection for ever: each byte is a try. Gives up when the connection breaks. */
async function lasting(): Promise<void> {
  const score = { tried: 0, answered: 0 }
  log['lasting'] = score
  const socket = connect(PORTS.stream, address)
  socket.on('error', () => undefined)
  socket.on('data', (bytes) => (score.answered += bytes.length))
  while (!stop.signal.aborted) {
    if (!socket.destroyed && socket.writable) socket.write('x')
    score.tried += 1
    await sleep(PAUSE_MS)
  }
  await until(() => score.answered >= score.tried)
  socket.destroy()
}

async function datagrams(port: number, name: string): Promise<void> {
  const score = { tried: 0, answered: 0 }
  log[name] = score
  const socket = createSocket('udp4')
  socket.on('message', () => (score.answered += 1))
  socket.on('error', () => undefined)
  while (!stop.signal.aborted) {
    socket.send('x', port, address)
    score.tried += 1
    await sleep(PAUSE_MS)
  }
  await until(() => score.answered >= score.tried)
  socket.close()
}

/** For the last answers, which are under way; those that are denied never come. */
async function until(done: () => boolean): Promise<void> {
  const end = performance.now() + Number(patience)
  while (!done() && performance.now() < end) await sleep(PAUSE_MS)
}

process.stdout.write('ready\n')
await Promise.all([
  ...REQUESTS.map((line) => repeat(line, () => http(line))),
  repeat('stream', () => connection(PORTS.stream, Number(patience))),
  repeat('closedStream', () => connection(PORTS.closedStream, BRIEF_MS)),
  lasting(),
  datagrams(PORTS.datagram, 'datagram'),
  datagrams(PORTS.closedDatagram, 'closedDatagram'),
])
process.stdout.write(`${JSON.stringify(log)}\n`)
process.exit()
