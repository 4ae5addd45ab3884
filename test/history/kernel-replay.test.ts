import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, test } from 'node:test'
import { IdentityId, IpAddress, type Position, Timestamp } from '../../events/ids.ts'
import { EnginePolicyView } from '../../src/agent/engine-view.ts'
import { openScratch } from '../../src/cli/compose.ts'
import { openFlowStore } from '../../src/flows/sqlite.ts'
import { judgePacket, placePacket, scratchState } from '../../src/history/replay/kernel-packets.ts'
import { worldFrom } from '../../src/history/state-at.ts'
import type { NewFlow } from '../../src/ports/flows.ts'
import { IN_MEMORY, openReadModel } from '../../src/readmodel/model.ts'
import { NODE, Rig } from '../agent/rig.ts'
import { hindcast } from '../cli/recorded-log.ts'
import { KERNEL_REASON } from '../kernel/laboratory.ts'
import { POWERLESS } from '../kernel/powerless.ts'
import { agentStory, type Story } from './agent-story.ts'
import { changingPolicies } from './changing-policies.ts'
import { chance } from './random-story.ts'

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
  const sides = JSON.parse(out).packets.map(({ sides: [side] }: { readonly sides: readonly Side[] }) => side)
  for (const { kernel, evaluator } of sides) assert.deepEqual(kernel, evaluator)
  return sides.map(({ kernel }: Side) => kernel.verdict)
}

type Side = {
  readonly endpoint: number
  readonly direction: string
  readonly kernel: { readonly verdict: string; readonly by?: string }
  readonly evaluator: { readonly verdict: string; readonly by?: string }
  readonly http: { readonly allowed: boolean } | null
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
  assert.match(
    out,
    /^tiefighter -> deathstar:80\/6 +ingress of 863 \(node1\) +redirect to [0-9]+, L3-L4, identity [0-9]+ +redirect to/m,
  )
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

const BOTH = `
- { from: tiefighter, to: deathstar, port: 80, http: PUT /v1/exhaust-port, answered: true }
- { from: tiefighter, to: deathstar, port: 80, http: POST /v1/request-landing }
- { from: xwing, to: deathstar, port: 80, answered: true }
- { from: deathstar, to: xwing, port: 8080, answered: true }
- { from: deathstar, to: xwing, protocol: UDP, port: 53, answered: true }
- { from: deathstar, to: 192.0.2.7, protocol: ICMP, port: 8, answered: true }
- { from: 192.0.2.7, to: deathstar, protocol: ICMP, port: 8, answered: true }
`

test('T52 without --endpoint a packet meets the programs of both sides, its request the proxy, and its answer what conntrack knows', {
  skip,
}, async () => {
  const path = join(folder, 'both.yaml')
  writeFileSync(path, BOTH)
  const args = ['replay', '--kernel', '--log', story.path, '--packets', path, '--at', String(story.at.landing)]
  const { code, out, err } = await hindcast(...args, '-o', 'json')
  assert.equal(code, 0, `${out}${err}`)
  const { packets } = JSON.parse(out)
  const sidesOf = (index: number): readonly string[] =>
    packets[index].sides.map((side: Side) => `${side.direction} of ${side.endpoint}: ${side.kernel.verdict}`)
  assert.deepEqual(sidesOf(0), ['egress of 2216: allow', 'ingress of 863: redirect'])
  assert.deepEqual(
    [packets[0].sides[1].http, packets[1].sides[1].http].map(({ allowed }) => allowed),
    [false, true],
  )
  assert.equal(packets[0].sides[0].http, null)
  assert.deepEqual(sidesOf(2), ['egress of 775: allow', 'ingress of 863: deny'])
  assert.deepEqual(sidesOf(5), ['egress of 863: allow'])
  const answersOf = (index: number): readonly string[] =>
    packets[index].answers.map(
      ({ direction, endpoint, kernel }: Side) => `${direction} of ${endpoint}: ${kernel.by} ${kernel.verdict ?? ''}`,
    )
  // What the deathstar's own ingress let to the proxy is answered by the proxy; the other side knows the connection.
  assert.deepEqual(answersOf(0), ['ingress of 2216: known '])
  // Denied at 863: its answer would be another connection, which egress allows; and the xwing knows its own.
  assert.deepEqual(answersOf(2), ['egress of 863: policy allow', 'ingress of 775: known '])
  // 863 isolates ingress, and lets the answers of what it began in all the same.
  assert.deepEqual(answersOf(3), ['egress of 775: known ', 'ingress of 863: known '])
  assert.deepEqual(answersOf(4), ['egress of 775: known ', 'ingress of 863: known '])
  assert.deepEqual(answersOf(5), ['ingress of 863: known '])
  const table = await hindcast(...args)
  assert.match(table.out, /^tiefighter -> deathstar:80\/6 +ingress of 863 .* PUT \/v1\/exhaust-port denied$/m)
  assert.match(table.out, /^deathstar -> xwing:8080\/6, its answer +ingress of 863 .* passes, a known connection$/m)
})

test('T52 whatever packet, whatever moment: programs and evaluator say the same of it and of its answer', {
  skip,
}, async () => {
  const dice = chance(17)
  const told = new Map<string, number>()
  for (const seed of [64, 65]) {
    await using rig = new Rig({ policies: () => new EnginePolicyView(NODE) })
    await changingPolicies(rig, seed)
    using model = await openReadModel(rig.log, IN_MEMORY)
    const positions: Position[] = []
    for await (const batch of rig.log.readAll({ direction: 'forwards', after: null }))
      positions.push(...batch.map(({ position }) => position))
    for (let moment = 0; moment < 3; moment += 1) {
      const world = worldFrom(model, positions[positions.length - 1 - dice(positions.length >> 1)]!)
      const who = (): string =>
        ['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.4', '10.0.0.5', '192.0.2.7'][dice(dice(3) === 0 ? 6 : 5)]!
      await using kernel = await openScratch(scratchState(world, NODE))
      for (let count = 0; count < 80; count += 1) {
        const [protocol, port] =
          dice(4) > 0
            ? [6, 80 + dice(3)]
            : (
                [
                  [17, 80],
                  [1, 8],
                  [132, 81],
                ] as const
              )[dice(3)]!
        const ports = { protocol, port, sourcePort: dice(3) > 0 ? 40_000 : 80 + dice(3) }
        const wish = { from: who(), to: who(), ...ports, request: null, answered: true }
        const placed = placePacket(world, { node: null, endpoint: null, direction: null }, wish)
        if (typeof placed === 'string') continue
        const found = await judgePacket(world, async () => kernel, placed)
        assert.ok(found.agrees, JSON.stringify(found, null, 2))
        for (const { kernel: answer } of found.sides) told.set(answer!.verdict, (told.get(answer!.verdict) ?? 0) + 1)
        for (const { kernel: answer } of found.answers) told.set(answer!.by, (told.get(answer!.by) ?? 0) + 1)
      }
    }
  }
  for (const word of ['allow', 'deny', 'redirect', 'known', 'policy'])
    assert.ok((told.get(word) ?? 0) > 3, `${word}: ${JSON.stringify([...told])}`)
})

test('T52 recorded flows go through the programs of another moment, beside what was recorded', { skip }, async () => {
  const flow = (more: Partial<NewFlow>): NewFlow => ({
    time: Timestamp(1_700_000_000_000),
    stamp: { position: String(story.at.ships), revision: 1 },
    kind: 'policy-verdict',
    verdict: 'FORWARDED',
    direction: 'ingress',
    endpoint: 863,
    source: { address: IpAddress('10.0.0.209'), port: 40_000, identity: IdentityId(256) },
    destination: { address: IpAddress('10.0.0.111'), port: 80, identity: IdentityId(257) },
    protocol: 6,
    dropReason: null,
    matchType: null,
    proxyPort: null,
    http: null,
    ...more,
  })
  await using store = openFlowStore({ path: join(folder, 'flows-node1.db') })
  store.add([
    flow({}),
    flow({ endpoint: 9 }),
    flow({ source: { address: IpAddress('10.0.0.123'), port: 40_000, identity: IdentityId(258) } }),
    flow({ protocol: 1, destination: { address: IpAddress('10.0.0.111'), port: 3, identity: IdentityId(257) } }),
  ])
  await store.flush()
  const args = ['replay', '--kernel', '--flows', '10', '--log', story.path, '--at', String(story.at.landing)]
  const { code, out, err } = await hindcast(...args, '-o', 'json')
  assert.equal(code, 0, `${out}${err}`)
  const { packets, leftOut } = JSON.parse(out)
  const found = packets.map(
    ({ recorded, sides: [side] }: { recorded: NewFlow & { id: number }; sides: readonly Side[] }) => [
      recorded.id,
      recorded.verdict,
      side?.kernel.verdict,
    ],
  )
  assert.deepEqual(found, [
    [1, 'FORWARDED', 'deny'],
    [3, 'FORWARDED', 'redirect'],
  ])
  assert.deepEqual(Object.values(leftOut), [1, 1])
  const { out: text } = await hindcast(...args)
  assert.match(
    text,
    /^ip:10\.0\.0\.209 -> ip:10\.0\.0\.111:80\/6 +ingress of 863 .* deny \(133\).* FORWARDED \(flow 1\)$/m,
  )
  assert.match(text, /^1 flow not given: ICMP type 3 begins no connection/m)
})

test('T41 where kernel and evaluator differ both are shown, and it ends with 4', { skip }, async () => {
  const { code, out } = await run(contestedLog(), '--at', String(story.at.landing))
  assert.equal(code, 4, out)
  assert.match(
    out,
    /^tiefighter -> deathstar:80\/6 +ingress of 863 \(node1\) +deny \(133\), none, .* redirect to .* DIFFERENT$/m,
  )
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
    /packet-unusable at --packets \/0: no side is endpoint 863 of node node1/,
  )
  await refused(
    '- { from: xwing, to: deathstar, protocol: GRE, port: 80 }',
    /protocol-unknown at .* \/0\/protocol, line 1/,
  )
  await refused('- { from: xwing, to: deathstar, protocol: ICMP, port: 3 }', /ICMP type 3 begins no connection/)
  await refused('- { from: nobody, to: deathstar, port: 80 }', /--packets \/0: nobody is no endpoint/)
  await refused('- { from: xwing, to: deathstar }', /port-missing/)
  await refused('- { from: deathstar, to: deathstar, port: 80 }', /what an endpoint sends itself meets no program/)
  await refused(
    '- { from: xwing, to: deathstar, port: 80, protocol: UDP, http: GET / }',
    /request-without-tcp at .* \/0\/http/,
  )
  await refused('- { from: xwing, to: deathstar, port: 80, http: nothing at all }', /request-invalid/)
  await refused('[]', /input-empty/)
  assert.equal((await hindcast('replay', '--kernel', '--log', story.path)).code, 2)
  assert.equal((await hindcast('replay', '--log', story.path, '--at', '3')).code, 2)
  assert.equal((await run(story.path, '--to', '3')).code, 2)
  assert.equal((await run(story.path, '--at', '1')).code, 3)
})
