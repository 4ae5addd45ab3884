import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, test } from 'node:test'
import { hindcast } from '../cli/recorded-log.ts'
import { KERNEL_REASON } from '../kernel/laboratory.ts'
import { POWERLESS } from '../kernel/powerless.ts'
import { agentStory, type Story } from './agent-story.ts'

const folder = mkdtempSync(join(tmpdir(), 'hindcast-kernel-replay-'))
const file = join(folder, 'packets.yaml')
const skip = KERNEL_REASON ?? false
let story: Story
before(async () => {
  story = await agentStory(join(folder, 'log.db'))
  writeFileSync(file, PACKETS)
})
after(() => rmSync(folder, { recursive: true }))

const PACKETS = `
- { from: tiefighter, to: deathstar, protocol: TCP, port: 80 }
- { from: xwing, to: deathstar, protocol: TCP, port: 80 }
- { from: 10.0.0.123, to: deathstar, protocol: UDP, port: 80, sourcePort: 5353 }
- { from: 192.0.2.7, to: deathstar, protocol: TCP, port: 80 }
- { from: deathstar, to: xwing, protocol: TCP, port: 8080 }
- { from: deathstar, to: 192.0.2.7, protocol: ICMP, port: 8 }
- { from: xwing, to: deathstar, protocol: TCP, port: 80 }
`

const run = (path: string, ...more: readonly string[]) =>
  hindcast('replay', '--kernel', '--log', path, '--endpoint', '863', '--packets', file, ...more)

async function verdictsAt(position: bigint): Promise<readonly string[]> {
  const { code, out, err } = await run(story.path, '--at', String(position), '-o', 'json')
  assert.equal(code, 0, `${out}${err}`)
  const { packets } = JSON.parse(out)
  for (const { kernel, evaluator } of packets) assert.deepEqual(kernel, evaluator)
  return packets.map(({ kernel }: { readonly kernel: { readonly verdict: string } }) => kernel.verdict)
}

test('T40 packets go through the real programs with the maps of the moment, beside the evaluator', {
  skip,
}, async () => {
  const open = Array(7).fill('allow')
  assert.deepEqual(await verdictsAt(story.at.ships), open)
  assert.deepEqual(await verdictsAt(story.at.landing), ['redirect', 'deny', 'deny', 'deny', 'allow', 'allow', 'deny'])
  assert.deepEqual((await verdictsAt(story.at.noFighters))[0], 'deny')
  assert.deepEqual(await verdictsAt(story.at.gone), open)
  const { out } = await run(story.path, '--at', String(story.at.landing))
  assert.match(out, /^tiefighter -> deathstar:80\/6 +ingress +redirect to [0-9]+, L3-L4, identity [0-9]+ +redirect to/m)
  assert.match(out, /\nkernel and evaluator agree\n$/)
})

/** Two endpoints claim one address: the evaluator goes by the name, the programs by who was entered last. */
function contestedLog(): string {
  const path = join(folder, 'contested.db')
  copyFileSync(story.path, path)
  const database = new DatabaseSync(path)
  const { changes } = database
    .prepare(
      `UPDATE events SET body = replace(body, '"10.0.0.123"', '"10.0.0.209"') WHERE type = 'EndpointCreated' AND body LIKE '%tiefighter%'`,
    )
    .run()
  database.close()
  assert.equal(changes, 1)
  return path
}

test('T41 where kernel and evaluator differ both are shown, and it ends with 4', { skip }, async () => {
  const { code, out } = await run(contestedLog(), '--at', String(story.at.landing))
  assert.equal(code, 4, out)
  assert.match(out, /^tiefighter -> deathstar:80\/6 +ingress +deny \(133\), none, .* redirect to .* DIFFERENT$/m)
  assert.match(out, /differ in 1 of 7\n$/)
})

test('T41 without privilege it ends with 5 and the reason', async () => {
  const args = ['replay', '--kernel', '--log', story.path, '--endpoint', '863', '--packets', file]
  const command = [...POWERLESS, process.execPath, join(import.meta.dirname, '../../src/cli/hindcast.ts'), ...args]
  const ended = await new Promise<{ readonly code: unknown; readonly err: string }>((resolve) => {
    execFile(command[0]!, command.slice(1), (error, _, err) => resolve({ code: error?.code ?? 0, err }))
  })
  assert.equal(ended.code, 5, ended.err)
  assert.match(ended.err, /^error: no-(privilege|compiler): .+$/m)
})

test('T41 packets that cannot be given are said by their place', async () => {
  const refused = async (text: string, reason: RegExp): Promise<void> => {
    const path = join(folder, 'wrong.yaml')
    writeFileSync(path, text)
    const { code, err } = await hindcast(
      'replay',
      '--kernel',
      '--log',
      story.path,
      '--endpoint',
      '863',
      '--packets',
      path,
    )
    assert.equal(code, 2, err)
    assert.match(err, reason)
  }
  await refused(
    '- { from: xwing, to: tiefighter, port: 80 }',
    /packet-unusable at --packets \/0: one side, and not both/,
  )
  await refused(
    '- { from: xwing, to: deathstar, protocol: GRE, port: 80 }',
    /protocol-unknown at .* \/0\/protocol, line 1/,
  )
  await refused('- { from: xwing, to: deathstar, protocol: ICMP, port: 3 }', /ICMP type 3 begins no connection/)
  await refused('- { from: nobody, to: deathstar, port: 80 }', /--packets \/0: nobody is no endpoint/)
  await refused('- { from: xwing, to: deathstar }', /port-missing/)
  await refused('[]', /input-empty/)
  assert.equal((await hindcast('replay', '--kernel', '--log', story.path)).code, 2)
  assert.equal((await hindcast('replay', '--log', story.path, '--at', '3')).code, 2)
  assert.equal((await run(story.path, '--to', '3')).code, 2)
  assert.equal((await run(story.path, '--at', '1')).code, 3)
})
