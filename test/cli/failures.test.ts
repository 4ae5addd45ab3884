/** What can go wrong around an agent: each failure has a name, an exit code and a reason, and none of them opens anything. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { KERNEL_REASON } from '../kernel/laboratory.ts'
import { POWERLESS } from '../kernel/powerless.ts'
import { AgentOnTest, endOfAgent } from './agent-process.ts'
import { hindcast } from './recorded-log.ts'

const folder = mkdtempSync(join(tmpdir(), `hindcast-failures-${process.pid}-`))
after(() => rmSync(folder, { recursive: true }))

function at(name: string, ...more: readonly string[]): readonly string[] {
  return ['--state', join(folder, name), '--node', 'node1', ...more]
}

const LIMIT_MS = 20_000

/** A path on which everything is found but a compiler. */
const WITHOUT_CLANG = ((): string => {
  const bin = join(folder, 'bin')
  mkdirSync(bin)
  for (const tool of ['ip', 'unshare']) {
    const found = ['/usr/sbin', '/sbin', '/usr/bin', '/bin'].map((place) => join(place, tool)).find(existsSync)
    if (found !== undefined) symlinkSync(found, join(bin, tool))
  }
  return bin
})()

async function until(what: string, condition: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + LIMIT_MS
  while (!(await condition())) {
    assert.ok(performance.now() < end, `waited ${LIMIT_MS} ms for ${what}`)
    await sleep(20)
  }
}

async function startedReason(name: string): Promise<string> {
  const { out } = await hindcast('log', '--state', join(folder, name), '--type', 'AgentStarted', '-o', 'json')
  const [line = '{}'] = out.split('\n')
  const { datapath, reason } = JSON.parse(line).event
  return `${datapath}: ${reason}`
}

test('C44 without privilege an agent that insists on the kernel ends with 5 and the reason, and nothing is on the log', async () => {
  const { code, err } = await endOfAgent({ args: at('powerless', '--datapath', 'kernel'), by: POWERLESS })
  assert.equal(code, 5, err)
  assert.match(err, /^error: no-privilege: .+\n$/m)
  assert.equal((await hindcast('log', '--state', join(folder, 'powerless'), '-o', 'json')).out, '')
})

test('C44 without privilege auto takes the model and says why, on standard error and on the log', async () => {
  await using agent = new AgentOnTest({ args: at('auto'), by: POWERLESS })
  await agent.said(/"ready"/)
  assert.match(agent.err, /"level":40.*model datapath: the kernel cannot be used: no-privilege: /)
  assert.match(await startedReason('auto'), /^model: the kernel cannot be used: no-privilege: /)
})

test('C44 without a compiler the kernel cannot be had, and auto says so', {
  skip: KERNEL_REASON ?? false,
}, async () => {
  const env = { PATH: WITHOUT_CLANG }
  const insisting = await endOfAgent({ args: at('no-clang', '--datapath', 'kernel'), env })
  assert.equal(insisting.code, 5, insisting.err)
  assert.match(insisting.err, /^error: no-compiler: clang cannot be started: /m)
  await using agent = new AgentOnTest({ args: at('no-clang-auto', '--bpffs', join(folder, 'nowhere')), env })
  await agent.said(/"ready"/)
  assert.match(await startedReason('no-clang-auto'), /^model: the kernel cannot be used: no-compiler: clang /)
})

test('C44 a BPF file system that cannot be mounted is named with its place', {
  skip: KERNEL_REASON ?? false,
}, async () => {
  const file = join(folder, 'a-file')
  writeFileSync(file, '')
  const { code, err } = await endOfAgent({ args: at('no-bpffs', '--datapath', 'kernel', '--bpffs', join(file, 'bpf')) })
  assert.equal(code, 5, err)
  assert.match(err, /^error: [a-z-]+: .*a-file\/bpf/m)
})

test('C44 where the kernel still enforces, auto does not take the model', {
  skip: KERNEL_REASON ?? false,
}, async () => {
  const bpffs = join(folder, 'bpf')
  const by = ['unshare', '--net']
  const args = at('left', '--bpffs', bpffs)
  try {
    await using first = new AgentOnTest({ args, by })
    await first.said(/"ready"/)
    await hindcast('endpoint', 'add', '--name', 'xwing', '--labels', 'org=alliance', ...at('left'))
    await until('its endpoint to be ready', async () =>
      /ready/.test((await hindcast('endpoint', 'list', ...at('left'))).out),
    )
    await first.kill()
    const { code, err } = await endOfAgent({ args, by, env: { PATH: WITHOUT_CLANG } })
    assert.equal(code, 5, err)
    assert.match(
      err,
      /^error: no-compiler: the kernel enforces what an earlier agent left in .*hindcast-node1, and cannot/m,
    )
    await using next = new AgentOnTest({ args, by })
    await next.said(/"ready"/)
  } finally {
    execFileSync('umount', [bpffs])
  }
})

test('C44 where settings of the network cannot be written, as in a container, auto says so', {
  skip: KERNEL_REASON ?? false,
}, async () => {
  const bpffs = join(folder, 'contained-bpf')
  const script = 'mount -o bind,ro /proc/sys /proc/sys && exec "$@"'
  const by = ['unshare', '--net', '--mount', 'sh', '-c', script, 'sh']
  await using agent = new AgentOnTest({ args: at('contained', '--bpffs', bpffs), by })
  await agent.said(/"ready"/)
  assert.match(
    await startedReason('contained'),
    /^model: the kernel cannot be used: no-privilege: setting ip_early_demux /,
  )
})

test('C45 an xDS socket on which somebody else serves ends the agent with 5, and names it', async () => {
  const socket = join(folder, 'taken.sock')
  const other = createServer().listen(socket)
  try {
    const { code, err } = await endOfAgent({ args: at('taken', '--datapath', 'model', '--socket', socket) })
    assert.equal(code, 5, err)
    assert.match(err, /^error: .*taken\.sock.* \(at --socket\)$/m)
  } finally {
    other.close()
  }
})

test('C45 a place where no socket can be ends the agent with 5, and names it', async () => {
  const file = join(folder, 'no-folder')
  writeFileSync(file, '')
  const places = [join(file, 'xds.sock'), file, join(folder, 'x'.repeat(120))]
  for (const socket of places) {
    const { code, err } = await endOfAgent({ args: at('nowhere', '--datapath', 'model', '--socket', socket) })
    assert.equal(code, 5, err)
    assert.match(err, /^error: socket-[a-z-]+: .* \(at --socket\)$/m)
  }
})

test('C46 a log that is newer, or damaged anywhere, ends the agent with 4 and names what and where', async () => {
  const good = join(folder, 'good', 'log.db')
  await hindcast('endpoint', 'add', '--name', 'xwing', '--labels', 'org=alliance', ...at('good'))
  const damaged = (name: string, sql: string): string => {
    const path = join(folder, `${name}.db`)
    copyFileSync(good, path)
    const database = new DatabaseSync(path)
    database.exec(sql)
    database.close()
    return path
  }
  const cases: readonly (readonly [string, RegExp])[] = [
    [damaged('newer', 'PRAGMA user_version = 99'), /log-newer.*newer\.db/],
    [
      damaged('unknown', "UPDATE events SET type = 'Unheard' WHERE position = 1"),
      /unknown.*position 1.*Unheard|Unheard.*position 1/,
    ],
    [damaged('body', `UPDATE events SET body = '{' WHERE position = 1`), /position 1/],
  ]
  for (const [path, reason] of cases) {
    const { code, err } = await endOfAgent({ args: at('damaged', '--datapath', 'model', '--log', path) })
    assert.equal(code, 4, err)
    assert.match(err, /^error: /m)
    assert.match(err, reason)
    assert.doesNotMatch(err, /\n {4}at /, 'no stack: it is no bug')
  }
})
