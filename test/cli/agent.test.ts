/** The agent as a process would run it, on the model datapath: what is asked at the command line is enforced on real connections. */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { runCommand } from '../../src/cli/program.ts'
import { hindcast, hindcastReading, silentSink } from './recorded-log.ts'
import { RULE1 } from './rule1.ts'

const folder = mkdtempSync(join(tmpdir(), 'hindcast-agent-'))
after(() => rmSync(folder, { recursive: true }))

const LIMIT_MS = 20_000

function file(name: string, text: string): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

type Running = AsyncDisposable & {
  readonly state: string
  readonly lines: readonly { readonly msg: string; readonly [key: string]: unknown }[]
  readonly code: Promise<number>
  stop(): void
  /** Resolves when the log has such a line. */
  said(pattern: RegExp): Promise<string>
}

function agent(name: string, ...more: readonly string[]): Running {
  const state = join(folder, name)
  const stop = new AbortController()
  const lines: { readonly msg: string }[] = []
  let heard = Promise.withResolvers<void>()
  const code = runCommand(['agent', '--state', state, '--node', 'node1', '--datapath', 'model', ...more], {
    ...silentSink(),
    warn: (text) => {
      if (text.startsWith('{')) lines.push(JSON.parse(text))
      heard.resolve()
    },
    stop: stop.signal,
  })
  code.finally(() => heard.resolve()).catch(() => undefined)
  return {
    state,
    lines,
    code,
    stop: () => stop.abort(),
    said: async (pattern) => {
      for (;;) {
        const found = lines.find(({ msg }) => pattern.test(msg))
        if (found !== undefined) return found.msg
        heard = Promise.withResolvers()
        await withLimit(heard.promise, `${pattern} in ${JSON.stringify(lines)}`)
      }
    },
    [Symbol.asyncDispose]: async () => {
      stop.abort()
      await code
    },
  }
}

async function withLimit<T>(wanted: Promise<T>, what: string): Promise<T> {
  const timer = Promise.withResolvers<never>()
  const timeout = setTimeout(() => timer.reject(new Error(`waited too long for ${what}`)), LIMIT_MS)
  try {
    return await Promise.race([wanted, timer.promise])
  } finally {
    clearTimeout(timeout)
  }
}

/** `200`, or the error's code. */
async function ask(port: number, method: string, path: string): Promise<string> {
  const asked = request({ host: '127.0.0.1', port, method, path, agent: false }).end()
  try {
    const [response] = await once(asked, 'response')
    response.resume()
    return String(response.statusCode)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'no code'
  }
}

async function until(condition: () => Promise<boolean>, what: string): Promise<void> {
  const deadline = Date.now() + LIMIT_MS
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`waited too long for ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

async function settled(state: string, endpoints: number): Promise<void> {
  await until(async () => {
    const { code, out } = await hindcast('status', '--state', state, '-o', 'json')
    if (code !== 0) return false
    const [node] = JSON.parse(out).items
    return node?.ready === endpoints && node?.behind === 0
  }, 'the endpoints to be ready')
}

test('C30 agent enforces what the other verbs ask for, says which datapath decides, and stops when asked', async () => {
  const server = createServer((_, response) => response.end('Ship landed')).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const real = (server.address() as AddressInfo).port
  const doors = file(
    'doors.yaml',
    `servers: [{address: 10.0.0.111, port: 80, realPort: ${real}}]
doors:
- {from: 10.0.0.123, to: 10.0.0.111, port: 80}
- {from: 10.0.0.209, to: 10.0.0.111, port: 80}
`,
  )
  try {
    await using it = agent('enforces', '--gate', doors)
    await it.said(/^ready$/)
    await it.said(/^model datapath: asked for by --datapath model; only connections through its gate/)
    const gate = async (from: string): Promise<number> =>
      Number(/:([0-9]+)$/.exec(await it.said(new RegExp(`^door from ${from.replaceAll('.', '\\.')} `)))?.[1])
    const [tiefighter, xwing] = [await gate('10.0.0.123'), await gate('10.0.0.209')]
    const ships = file(
      'ships.yaml',
      `- {name: deathstar, id: 863, identity: 2033, ipv4: 10.0.0.111, labels: [org=empire, class=deathstar]}
- {name: tiefighter, id: 2216, identity: 29439, ipv4: 10.0.0.123, labels: [org=empire, class=tiefighter]}
- {name: xwing, id: 775, identity: 5513, ipv4: 10.0.0.209, labels: [org=alliance, class=xwing]}
`,
    )
    assert.equal((await hindcast('endpoint', 'add', '-f', ships, '--state', it.state)).code, 0)
    await settled(it.state, 3)
    assert.equal(await ask(xwing, 'PUT', '/v1/exhaust-port'), '200')
    assert.equal((await hindcastReading(RULE1, 'apply', '-f', '-', '--state', it.state)).code, 0)
    await settled(it.state, 3)
    assert.equal(await ask(tiefighter, 'POST', '/v1/request-landing'), '200')
    assert.equal(await ask(tiefighter, 'PUT', '/v1/exhaust-port'), '403')
    assert.equal(await ask(xwing, 'POST', '/v1/request-landing'), 'ECONNRESET')
    assert.match(
      (await hindcast('why', '--from', 'xwing', '--to', '863', '--port', '80', '--state', it.state)).out,
      /^DENIED/,
    )
    await until(async () => {
      const flows = await hindcast('flows', '--state', it.state)
      return (
        /default\/xwing:.* DENIED \(TCP; Policy denied\)/.test(flows.out) &&
        / http-request DROPPED \(HTTP\/1\.1 PUT /.test(flows.out)
      )
    }, 'the flows')
    it.stop()
    assert.equal(await it.code, 0)
    const probed = await hindcast('log', '--state', it.state, '--type', 'KernelProbed', '-o', 'jsonl')
    assert.ok(JSON.parse(probed.out).event.features.length > 5)
    const status = JSON.parse((await hindcast('status', '--state', it.state, '-o', 'json')).out)
    assert.deepEqual([status.items[0].agent, status.items[0].datapath], ['stopped', 'model'])
  } finally {
    server.close()
  }
})

test("A21 agent takes Cilium's options: real connections meet always and never, whatever an agent before did", async () => {
  const server = createServer((_, response) => response.end('Ship landed')).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const real = (server.address() as AddressInfo).port
  const doors = file(
    'options-doors.yaml',
    `servers: [{address: 10.0.0.111, port: 80, realPort: ${real}}]
doors: [{from: 10.0.0.209, to: 10.0.0.111, port: 80}]
`,
  )
  const ships = file(
    'options-ships.yaml',
    `- {name: deathstar, id: 863, identity: 2033, ipv4: 10.0.0.111, labels: [org=empire, class=deathstar]}
- {name: xwing, id: 775, identity: 5513, ipv4: 10.0.0.209, labels: [org=alliance, class=xwing]}
`,
  )
  const state = join(folder, 'options')
  assert.equal((await hindcast('endpoint', 'add', '--node', 'node1', '-f', ships, '--state', state)).code, 0)
  const asked = async (...options: readonly string[]): Promise<readonly [answer: string, enforcement: string]> => {
    await using it = agent('options', '--gate', doors, ...options)
    await it.said(/^ready$/)
    const door = Number(/:([0-9]+)$/.exec(await it.said(/^door from 10\.0\.0\.209 /))?.[1])
    await settled(state, 2)
    const answer = await ask(door, 'PUT', '/v1/exhaust-port')
    const { out } = await hindcast('status', '--state', state, '-o', 'json')
    return [answer, JSON.parse(out).items[0].enforcement]
  }
  try {
    assert.deepEqual(await asked(), ['200', 'default'])
    assert.deepEqual(await asked('--enable-policy', 'always'), ['ECONNRESET', 'always'])
    assert.equal((await hindcastReading(RULE1, 'apply', '-f', '-', '--state', state)).code, 0)
    assert.deepEqual(await asked(), ['ECONNRESET', 'default'])
    assert.deepEqual(await asked('--enable-policy', 'never'), ['200', 'never'])
    assert.equal((await hindcast('replay', '--state', state)).code, 0)
    const wrong = await hindcast('agent', '--state', state, '--enable-policy', 'sometimes')
    assert.equal(wrong.code, 2)
    assert.match(wrong.err, /Allowed choices are default, always, never/)
  } finally {
    server.close()
  }
})

test('C31 a second agent of the same node and folder is refused, and the first goes on', async () => {
  await using first = agent('second')
  await first.said(/^ready$/)
  const second = await hindcast('agent', '--state', first.state, '--node', 'node1', '--datapath', 'model')
  assert.equal(second.code, 5)
  assert.match(second.err, /socket-taken: .*xds-node1\.sock/)
  assert.equal(
    JSON.parse((await hindcast('status', '--state', first.state, '-o', 'json')).out).items[0].agent,
    'started',
  )
})

test('C31 of two agents with sockets of their own the later one fences the earlier', async () => {
  await using first = agent('fenced')
  await first.said(/^ready$/)
  await using second = agent('fenced', '--socket', join(folder, 'other.sock'))
  await second.said(/^ready$/)
  assert.equal(await withLimit(first.code, 'the first agent to end'), 5)
})

test('C31 wrong gates and a log that is not one end before anything starts', async () => {
  const at = ['--state', join(folder, 'wrong'), '--node', 'node1', '--datapath', 'model']
  const wrong = await hindcast(
    'agent',
    ...at,
    '--gate',
    file('wrong.yaml', 'doors: [{from: x, to: 10.0.0.1, port: 0}]'),
  )
  assert.equal(wrong.code, 2)
  assert.match(wrong.err, /address-invalid at .*wrong\.yaml \/doors\/0\/from[\s\S]*port-invalid at .*\/doors\/0\/port/)
  assert.equal((await hindcast('agent', ...at, '--gate', join(folder, 'nowhere.yaml'))).code, 2)
  assert.equal((await hindcast('agent', ...at, '--datapath', 'none')).code, 2)
  const damaged = file('damaged.db', 'not a log')
  assert.equal((await hindcast('agent', ...at, '--log', damaged)).code, 4)
})

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  test(`C30 the agent's process ends cleanly on ${signal}`, async () => {
    const state = join(folder, signal)
    const entry = join(import.meta.dirname, '../../src/cli/hindcast.ts')
    const args = [entry, 'agent', '--state', state, '--node', 'node1', '--datapath', 'model']
    const child: ChildProcess = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] })
    try {
      const ready = new Promise<void>((resolve) => {
        child.stderr?.on('data', (text) => String(text).includes('"ready"') && resolve())
      })
      await withLimit(ready, 'the process to be ready')
      child.kill(signal)
      const [code] = await withLimit(once(child, 'exit'), 'the process to end')
      assert.equal(code, 0)
      const { out } = await hindcast('log', '--state', state, '--type', 'AgentStopped')
      assert.match(out, /AgentStopped/)
    } finally {
      child.kill('SIGKILL')
    }
  })
}

test('C31 without the embedded proxy the socket waits for another', async () => {
  await using it = agent('no-proxy', '--proxy', 'none')
  await it.said(/^ready$/)
  const { out } = await hindcast('log', '--state', it.state, '--type', 'ProxyConnectionChanged', '-o', 'jsonl')
  assert.equal(out, '')
})
