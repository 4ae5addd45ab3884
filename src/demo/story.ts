/**
 * The Star Wars case of "How Cilium handles L7 traffic", as a list of scenes. Each scene does something real, says what was expected and what was
 * seen; nothing is printed that was not asked for by the same commands that a reader has.
 */
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Position } from '../../events/ids.ts'
import { EXIT } from '../cli/failure.ts'
import { AgentProcess } from './agent-process.ts'
import type { Reply, ShipRequest, Stage } from './cast.ts'
import { Console } from './console.ts'
import type { Exhibit, Narrator } from './narrator.ts'
import { realized } from './waiting.ts'

export type Result = { readonly passed: number; readonly failed: number }

type Told = { readonly ok: boolean; readonly seen: string; readonly exhibits?: readonly Exhibit[] }

const LAND_TIE: ShipRequest = { from: 'tiefighter', method: 'POST', path: '/v1/request-landing' }
const LAND_XWING: ShipRequest = { ...LAND_TIE, from: 'xwing' }
const EXHAUST: ShipRequest = { from: 'tiefighter', method: 'PUT', path: '/v1/exhaust-port' }
const FLOW_LOOKS_MAX = 100
const FLOW_LOOK_MS = 50
const POLICY = join(import.meta.dirname, 'rule1.yaml')

export type Setting = {
  readonly stage: Stage
  /** State folder of the agent: the log is `log.db` there. */
  readonly state: string
  readonly narrator: Narrator
  readonly stop: AbortSignal
  /** Called while the policy's story is over but everything still runs. */
  readonly kept: () => Promise<void>
}

export async function tellStory(setting: Setting): Promise<Result> {
  const teller = new Teller(setting)
  await using agents = new AsyncDisposableStack()
  let agent = agents.use(new AgentProcess(setting.stage, setting.state))
  await teller.endpoints(agent)
  await teller.withoutPolicy()
  const before = await teller.withPolicy(agent)
  await teller.tables()
  await teller.reasons()
  agent = agents.use(await teller.killedAgent(agent))
  await teller.withoutPolicyAgain(agent, before)
  await setting.kept()
  return teller.result
}

class Teller {
  readonly #setting: Setting
  readonly #console: Console
  #passed = 0
  #failed = 0

  constructor(setting: Setting) {
    this.#setting = setting
    this.#console = new Console(setting.state, setting.stop)
  }

  get result(): Result {
    return { passed: this.#passed, failed: this.#failed }
  }

  async endpoints(agent: AgentProcess): Promise<void> {
    await this.#scene('The node’s agent starts and three endpoints appear', 'all three ready', async () => {
      await this.#console.must('endpoint', 'add', '-f', this.#setting.stage.endpointFile)
      const waited = await this.#realized(1, { agent })
      return { ...waited, exhibits: [await this.#console.exhibit('endpoint', 'list')] }
    })
  }

  async withoutPolicy(): Promise<void> {
    await this.#scene('Without a policy every ship may land', 'Ship landed, twice', async () => {
      const replies = [await this.#send(LAND_TIE), await this.#send(LAND_XWING)]
      return { ok: replies.every(landed), seen: replies.map(inWords).join('; ') }
    })
  }

  /** Gives the position at which the policy was in force. */
  async withPolicy(agent: AgentProcess): Promise<Position> {
    await this.#scene('A CiliumNetworkPolicy arrives', 'realised by every endpoint', async () => {
      await this.#console.must('apply', '-f', POLICY)
      const waited = await this.#realized(2, { agent })
      const events = await this.#console.exhibit(
        'log',
        '--type',
        'PolicyAdded',
        'PolicyReaction',
        'EndpointRegenerationSucceeded',
      )
      return { ...waited, exhibits: [events] }
    })
    await this.#scene('tiefighter: POST /v1/request-landing', '200 Ship landed', async () => {
      const reply = await this.#send(LAND_TIE)
      return { ok: landed(reply), seen: inWords(reply) }
    })
    await this.#scene('tiefighter: PUT /v1/exhaust-port', '403 Access denied', async () => {
      const reply = await this.#send(EXHAUST)
      return { ok: denied(reply), seen: inWords(reply) }
    })
    await this.#scene('xwing: POST /v1/request-landing', 'no answer: dropped, Policy denied', async () => {
      const reply = await this.#send(LAND_XWING)
      const flows = await this.#flows(/Policy denied/i)
      const ok = reply.kind === 'no-answer' && flows !== null
      return {
        ok,
        seen: `${inWords(reply)}; ${flows === null ? 'no such flow' : 'Policy denied'}`,
        exhibits: flows === null ? [] : [flows],
      }
    })
    return this.#position()
  }

  async tables(): Promise<void> {
    await this.#scene('What the policy became', 'a redirect for identity 29439 on port 80', async () => {
      const map = await this.#console.exhibit('bpf', 'policy', 'get', '863')
      const exhibits = [
        map,
        await this.#console.exhibit('bpf', 'ipcache', 'list'),
        await this.#console.exhibit('bpf', 'ct', 'list', 'global', ...this.#setting.stage.liveArguments),
        await this.#console.exhibit('xds', 'get', 'npds'),
      ]
      const [redirect] = map.output.split('\n').filter((row) => /^Allow +Ingress +.*80\/TCP +1[0-9]{4}/.test(row))
      return { ok: redirect !== undefined, seen: redirect?.trim() ?? 'no such entry', exhibits }
    })
  }

  async reasons(): Promise<void> {
    await this.#scene('Why, for all three', 'allowed, denied at L7, denied at L3', async () => {
      const verdicts = await this.#verdicts()
      const exhibits = [
        await this.#console.exhibit(...why(LAND_TIE)),
        await this.#console.exhibit(...why(EXHAUST)),
        await this.#console.exhibit(...why(LAND_XWING)),
      ]
      return { ok: verdicts === 'allowed, denied, denied', seen: verdicts, exhibits }
    })
  }

  /** The agent is killed while ships fly; its successor finds what the log says in the kernel. */
  async killedAgent(agent: AgentProcess): Promise<AgentProcess> {
    const { stage, state } = this.#setting
    await this.#scene('The agent is killed with kill -9', 'the policy holds without it', async () => {
      await agent.kill()
      const [tie, xwing] = [await this.#send(EXHAUST), await this.#send(LAND_XWING)]
      const holds = !passed(tie) && xwing.kind === 'no-answer'
      return { ok: holds, seen: `tiefighter PUT: ${inWords(tie)}; xwing POST: ${inWords(xwing)}` }
    })
    const killedAt = await this.#position()
    const successor = new AgentProcess(stage, state)
    await this.#scene('A new agent takes over', 'maps and log agree, traffic as before', async () => {
      const waited = await this.#realized(2, { agent: successor, builtAfter: killedAt })
      const drift = await stage.drift(state)
      const replies = [await this.#send(LAND_TIE), await this.#send(EXHAUST), await this.#send(LAND_XWING)]
      const ok =
        waited.ok &&
        drift?.none !== false &&
        landed(replies[0]!) &&
        denied(replies[1]!) &&
        replies[2]!.kind === 'no-answer'
      const kernel = drift === null ? [] : [drift.none ? 'no drift' : 'the kernel is not what the log says']
      const exhibits = drift === null ? [] : [{ command: 'hindcast drift', output: drift.output }]
      return { ok, seen: [...kernel, ...replies.map(inWords)].join('; '), exhibits }
    })
    return successor
  }

  async withoutPolicyAgain(agent: AgentProcess, before: Position): Promise<void> {
    await this.#scene('The policy is deleted', 'Ship landed, twice', async () => {
      await this.#console.must('delete', '-f', POLICY)
      const waited = await this.#realized(3, { agent })
      const replies = [await this.#send(LAND_TIE), await this.#send(LAND_XWING)]
      return { ok: waited.ok && replies.every(landed), seen: replies.map(inWords).join('; ') }
    })
    await this.#scene(
      'The same questions, now and then',
      'allowed now; the earlier answers at the earlier position',
      async () => {
        const [now, then] = [await this.#verdicts(), await this.#verdicts('--at', String(before))]
        const ok = now === 'allowed, allowed, allowed' && then === 'allowed, denied, denied'
        const map = await this.#console.exhibit('bpf', 'policy', 'get', '863', '--at', String(before))
        const reason = await this.#console.exhibit(...why(LAND_XWING), '--at', String(before))
        return { ok, seen: `now ${now}; at ${before} ${then}`, exhibits: [map, reason] }
      },
    )
  }

  async #verdicts(...at: readonly string[]): Promise<string> {
    const verdicts: string[] = []
    for (const request of [LAND_TIE, EXHAUST, LAND_XWING]) {
      const { code, out, err } = await this.#console.run(...why(request), ...at, '-o', 'json')
      if (code !== EXIT.ok) throw new Error(err)
      const { items } = JSON.parse(out) as { readonly items: readonly { readonly allowed: boolean }[] }
      verdicts.push(items[0]?.allowed === true ? 'allowed' : 'denied')
    }
    return verdicts.join(', ')
  }

  /** Flows reach their store in groups: a moment after the packet. Null where none fits in time. */
  async #flows(wanted: RegExp): Promise<Exhibit | null> {
    for (let look = 0; look < FLOW_LOOKS_MAX; look += 1) {
      const flows = await this.#console.exhibit('flows', '--last', '12')
      if (wanted.test(flows.output)) return flows
      await sleep(FLOW_LOOK_MS, undefined, { signal: this.#setting.stop })
    }
    return null
  }

  #realized(
    revision: number,
    { agent, builtAfter = null }: { readonly agent: AgentProcess; readonly builtAfter?: Position | null },
  ): Promise<{ readonly ok: boolean; readonly seen: string }> {
    const { state, stop } = this.#setting
    return realized({ state, revision, builtAfter, alive: () => agent.running, stop })
  }

  async #position(): Promise<Position> {
    const { position } = JSON.parse(await this.#console.must('status', '-o', 'json')) as { readonly position: string }
    return Position(BigInt(position))
  }

  #send(request: ShipRequest): Promise<Reply> {
    return this.#setting.stage.send(request)
  }

  async #scene(title: string, expected: string, play: () => Promise<Told>): Promise<void> {
    this.#setting.stop.throwIfAborted()
    this.#setting.narrator.begin(title)
    const { ok, seen, exhibits = [] } = await play()
    if (ok) this.#passed += 1
    else this.#failed += 1
    this.#setting.narrator.tell({ title, expected, seen, ok, exhibits })
  }
}

function why({ from, method, path }: ShipRequest): readonly string[] {
  return ['why', '--from', from, '--to', 'deathstar', '--port', '80', '--http', `${method} ${path}`]
}

function landed(reply: Reply): boolean {
  return reply.kind === 'answered' && reply.status === 200 && reply.body === 'Ship landed\n'
}

function denied(reply: Reply): boolean {
  return reply.kind === 'answered' && reply.status === 403 && reply.body === 'Access denied\r\n'
}

/** Whether the deathstar itself answered. */
function passed(reply: Reply): boolean {
  return reply.kind === 'answered' && reply.status !== 403
}

function inWords(reply: Reply): string {
  return reply.kind === 'answered' ? `${reply.status} "${reply.body.trim()}"` : `no answer (${reply.reason})`
}
