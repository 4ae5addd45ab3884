/** A node on the real kernel with three ships and a deathstar that tells what got through to it; its agents come and go. */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { Position } from '../../events/ids.ts'
import { AgentProcess } from '../../src/demo/agent-process.ts'
import { member, type Stage } from '../../src/demo/cast.ts'
import { Console } from '../../src/demo/console.ts'
import { kernelStage } from '../../src/demo/kernel-stage.ts'
import { inNamespace, namespaceOf } from '../../src/demo/network.ts'
import { firstLine } from '../../src/demo/process.ts'
import { realized } from '../../src/demo/waiting.ts'
import { PORTS } from './siege-ports.ts'
import type { Arrival } from './siege-server.ts'
import type { Log } from './siege-ship.ts'

/** What policy allows throughout. */
export const RULES: string = `apiVersion: cilium.io/v2
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

export class Siege implements AsyncDisposable {
  readonly #stack = new AsyncDisposableStack()
  readonly state: string
  readonly console: Console
  readonly arrivals: Set<string> = new Set()
  readonly #ships: Map<string, ChildProcess> = new Map()
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

  /** Name of the node's network namespace. */
  get node(): string {
    return namespaceOf('node')
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
    const ship = this.start([...inNamespace(namespaceOf(name)), ...args])
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
    const server = this.start([...inDeathstar, process.execPath, script, member('deathstar').ipv4], stack)
    await firstLine(server, 'ready')
    createInterface({ input: server.stdout! }).on('line', (line) => {
      const { what, from, detail } = JSON.parse(line) as Arrival
      this.arrivals.add(`${what} ${detail} from ${from}`)
    })
  }

  /** A child that ends with the siege. */
  start([command = '', ...args]: readonly string[], stack: AsyncDisposableStack = this.#stack): ChildProcess {
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
