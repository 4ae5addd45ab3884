/** The agent is killed again and again under traffic, on the real kernel: what was denied stays denied, what was allowed goes on. */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Position } from '../../events/ids.ts'
import { AgentProcess } from '../../src/demo/agent-process.ts'
import { member, NODE, type Stage } from '../../src/demo/cast.ts'
import { Console } from '../../src/demo/console.ts'
import { kernelStage } from '../../src/demo/kernel-stage.ts'
import { inNamespace, namespaceOf } from '../../src/demo/network.ts'
import { firstLine } from '../../src/demo/process.ts'
import { realized } from '../../src/demo/waiting.ts'
import { KERNEL_REASON } from '../kernel/laboratory.ts'
import { PORTS, REQUESTS } from './siege-ports.ts'
import type { Arrival } from './siege-server.ts'
import type { Log, Score } from './siege-ship.ts'

/** SIEGE_KILLS=100 for a longer siege. */
const KILLS = Number(process.env['SIEGE_KILLS'] ?? 14)
/** Far above what a busy machine takes to answer what is allowed. */
const PATIENCE_MS = 5_000
const DENIED_PATIENCE_MS = 150
/** Until an agent has begun to work, under load. */
const START_MAX_MS = 1_500
const AWAY_MAX_MS = 400
const BUILD_MAX_MS = 60

/** What policy allows throughout. */
const RULES = `apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: rule1, namespace: default}
spec:
  endpointSelector: {matchLabels: {class: deathstar}}
  ingress:
    - fromEndpoints: [{matchLabels: {org: empire}}]
      toPorts:
        - ports: [{port: "${PORTS.http}", protocol: TCP}]
          rules: {http: [{method: POST, path: /v1/request-landing}]}
    - fromEndpoints: [{matchLabels: {org: empire}}]
      toPorts: [{ports: [{port: "${PORTS.stream}", protocol: TCP}, {port: "${PORTS.datagram}", protocol: UDP}]}]
`

/** What comes and goes meanwhile: it rewrites maps and messages, and neither allows nor denies anything of the ships' traffic. */
const CHURN: readonly ((round: number) => string)[] = [
  (round) => `spec:
  endpointSelector: {matchLabels: {class: deathstar}}
  ingress:
    - fromEndpoints: [{matchLabels: {org: alliance}}]
      toPorts: [{ports: [${Array.from({ length: 1 + (round % 30) }, (_, n) => `{port: "${9000 + round + n}", protocol: TCP}`).join(', ')}]}]`,
  (round) => `spec:
  endpointSelector: {matchLabels: {class: deathstar}}
  ingress:
    - fromEndpoints: [{matchLabels: {org: empire}}]
      toPorts:
        - ports: [{port: "${PORTS.http}", protocol: TCP}]
          rules: {http: [{method: GET, path: /v1/status-${round}}]}`,
  () => `spec:
  endpointSelector: {matchLabels: {class: tiefighter}}
  egress: [{toEndpoints: [{matchLabels: {class: deathstar}}]}]`,
  (round) => `spec:
  endpointSelector: {matchLabels: {class: deathstar}}
  ingressDeny: [{fromCIDR: [192.0.2.${round % 200}/32, 198.51.100.0/24]}]`,
]

class Siege implements AsyncDisposable {
  readonly #stack = new AsyncDisposableStack()
  readonly state: string
  readonly console: Console
  readonly arrivals = new Set<string>()
  readonly #ships = new Map<string, ChildProcess>()
  #round = 0
  #stage: Stage | null = null

  constructor() {
    const folder = mkdtempSync(join(tmpdir(), 'hindcast-siege-'))
    this.#stack.defer(() => rmSync(folder, { recursive: true, force: true }))
    this.state = join(folder, 'state')
    mkdirSync(this.state)
    this.console = new Console(this.state, new AbortController().signal)
  }

  get stage(): Stage {
    assert.ok(this.#stage !== null)
    return this.#stage
  }

  async prepare(): Promise<void> {
    this.#stage = this.#stack.use(
      await kernelStage(join(this.state, '..'), (command, stack) => this.#serve(command, stack)),
    )
  }

  agent(): AgentProcess {
    return this.#stack.use(new AgentProcess(this.stage, this.state))
  }

  async apply(name: string, body: string): Promise<void> {
    const path = join(this.state, `${name}.yaml`)
    writeFileSync(path, body)
    await this.console.must('apply', '-f', path)
  }

  /** One policy more, less or different. */
  async churn(): Promise<void> {
    this.#round += 1
    const round = this.#round
    const which = Math.floor(Math.random() * CHURN.length)
    const name = `churn${which}`
    if (Math.random() < 0.3) await this.console.must('delete', `cnp/${name}`, '--ignore-not-found')
    else {
      const head = `apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {name: ${name}, namespace: default}\n`
      await this.apply(name, `${head}${CHURN[which]?.(round)}\n`)
    }
  }

  async where(): Promise<{ readonly revision: number; readonly position: Position }> {
    const { revision, position } = JSON.parse(await this.console.must('policy', 'get', '-o', 'json'))
    return { revision, position: Position(BigInt(position)) }
  }

  async inForce(agent: AgentProcess, builtAfter: Position | null = null): Promise<void> {
    const { revision } = await this.where()
    const stop = new AbortController().signal
    const { ok, seen } = await realized({ state: this.state, revision, builtAfter, alive: () => agent.running, stop })
    assert.ok(ok, seen)
  }

  async launch(name: 'tiefighter' | 'xwing', patienceMs: number): Promise<void> {
    const script = join(import.meta.dirname, 'siege-ship.ts')
    const args = [process.execPath, script, member('deathstar').ipv4, String(patienceMs)]
    const ship = this.#start([...inNamespace(namespaceOf(name)), ...args], this.#stack)
    await firstLine(ship, 'ready')
    this.#ships.set(name, ship)
  }

  async land(name: 'tiefighter' | 'xwing'): Promise<Log> {
    const ship = this.#ships.get(name)
    assert.ok(ship?.stdin !== null && ship?.stdout != null)
    ship.stdin.end()
    return JSON.parse(await text(ship.stdout)) as Log
  }

  async #serve(inDeathstar: readonly string[], stack: AsyncDisposableStack): Promise<void> {
    const script = join(import.meta.dirname, 'siege-server.ts')
    const server = this.#start([...inDeathstar, process.execPath, script, member('deathstar').ipv4], stack)
    await firstLine(server, 'ready')
    createInterface({ input: server.stdout! }).on('line', (line) => {
      const { what, from, detail } = JSON.parse(line) as Arrival
      this.arrivals.add(`${what} ${detail} from ${from}`)
    })
  }

  #start([command = '', ...args]: readonly string[], stack: AsyncDisposableStack): ChildProcess {
    const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] })
    const closed = once(child, 'close')
    stack.defer(async () => {
      child.kill('SIGKILL')
      await closed
    })
    return child
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stack.disposeAsync()
  }
}

/** Three kinds of deaths: while it starts, in the middle of a build, and at any time of a busy life. */
async function oneLife(siege: Siege, kind: number): Promise<void> {
  await using agent = siege.agent()
  if (kind === 0) {
    const changes = siege.churn()
    await sleep(Math.random() * START_MAX_MS)
    await changes
  } else if (kind === 1) {
    await siege.inForce(agent)
    await siege.churn()
    await sleep(Math.random() * BUILD_MAX_MS)
  } else {
    await siege.inForce(agent)
    for (let changes = 1 + Math.random() * 6; changes > 0; changes -= 1) await siege.churn()
  }
  await agent.kill()
  if (Math.random() < 0.5) await siege.churn()
  await sleep(Math.random() * AWAY_MAX_MS)
}

function unanswered(log: Log, what: string): readonly [string, number] {
  const { tried, answered } = log[what] as Score
  assert.ok(tried > KILLS, `${what} was tried ${tried} times`)
  return [what, tried - answered]
}

test(`A14 an agent killed ${KILLS} times under traffic never lets a denied packet pass, and allowed ones go on without it`, {
  skip: KERNEL_REASON ?? false,
}, async (context) => {
  await using siege = new Siege()
  await siege.prepare()
  {
    await using first = siege.agent()
    await siege.console.must('endpoint', 'add', '--node', NODE, '-f', siege.stage.endpointFile)
    await siege.apply('rules', RULES)
    await siege.inForce(first)
    await first.kill()
  }
  await siege.launch('tiefighter', PATIENCE_MS)
  await siege.launch('xwing', DENIED_PATIENCE_MS)
  for (let life = 0; life < KILLS - 1; life += 1) await oneLife(siege, life % 3)

  await using last = siege.agent()
  const { position } = await siege.where()
  await siege.inForce(last, position)
  assert.deepEqual(await siege.stage.differences(siege.state), [])
  const landing = await siege.stage.send({ from: 'tiefighter', method: 'POST', path: '/v1/request-landing' })
  assert.equal(landing.kind === 'answered' && landing.status, 200)

  const [tiefighter, xwing] = await Promise.all([siege.land('tiefighter'), siege.land('xwing')])
  context.diagnostic(`tiefighter ${JSON.stringify(tiefighter)}, xwing ${JSON.stringify(xwing)}`)
  const tie = member('tiefighter').ipv4
  assert.deepEqual(
    [...siege.arrivals].toSorted(),
    [`http ${REQUESTS[0]} from ${tie}`, `tcp ${PORTS.stream} from ${tie}`, `udp ${PORTS.datagram} from ${tie}`],
    'what got through is what is allowed',
  )
  assert.deepEqual(
    ['stream', 'lasting', 'datagram'].map((what) => unanswered(tiefighter, what)),
    [
      ['stream', 0],
      ['lasting', 0],
      ['datagram', 0],
    ],
    'allowed traffic of the third and fourth layer does not need the agent',
  )
})
