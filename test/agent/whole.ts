/** Everything together on one machine without privileges: a log in a file, the agent, the xDS socket, the embedded proxy, the model datapath. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { canonicalText, digestOfText } from '../../events/canonical.ts'
import type { HindcastEvent } from '../../events/catalogue.ts'
import { decodeEvent } from '../../events/codec.ts'
import { IpAddress, NodeName } from '../../events/ids.ts'
import type { Recorded } from '../../events/recorded.ts'
import type { Json } from '../../events/schema.ts'
import { readPolicy } from '../../projections/policy/parse/policy.ts'
import { type Agent, startAgent } from '../../src/agent/agent.ts'
import type { AgentOptions } from '../../src/agent/options.ts'
import { systemClock } from '../../src/agent/system-clock.ts'
import { submit } from '../../src/cli/submit.ts'
import type { Command } from '../../src/decide/command.ts'
import { openFlowStore } from '../../src/flows/sqlite.ts'
import { openSqliteLog } from '../../src/log/sqlite/log.ts'
import { createModelDatapath, type ModelDatapath } from '../../src/model/datapath.ts'
import { Gate } from '../../src/model/gate.ts'
import { type ModelNetwork, openModelNetwork } from '../../src/model/network.ts'
import { modelSockets } from '../../src/model/sockets.ts'
import type { Clock } from '../../src/ports/clock.ts'
import type { FlowStore } from '../../src/ports/flows.ts'
import type { EventLog } from '../../src/ports/log.ts'
import { startProxy } from '../../src/proxy/proxy.ts'
import { createXdsClient } from '../../src/xds/client.ts'
import { startXdsServer } from '../../src/xds/server.ts'

export const NODE: NodeName = NodeName('node1')
const NODE_ADDRESS = IpAddress('10.0.0.254')

export class WholeNode implements AsyncDisposable {
  readonly log: EventLog
  readonly datapath: ModelDatapath
  readonly network: ModelNetwork
  readonly gate: Gate
  readonly flows: FlowStore
  readonly #folder: string
  readonly #clock: Clock
  readonly #owned: AsyncDisposableStack
  #epoch = 0

  private constructor(folder: string, clock: Clock, datapath: ModelDatapath, network: ModelNetwork) {
    this.#folder = folder
    this.#clock = clock
    this.#owned = new AsyncDisposableStack()
    this.log = openSqliteLog({ path: join(folder, 'log.db'), now: () => clock.now() })
    this.flows = openFlowStore({ path: join(folder, 'flows.db') })
    this.datapath = datapath
    this.network = network
    this.gate = new Gate(network)
    this.#owned.use(this.log)
    this.#owned.use(this.flows)
    this.#owned.use(datapath)
    this.#owned.use(network)
    this.#owned.use(this.gate)
  }

  /** `clock` is that of the log and of the agents. */
  static async open(clock: Clock = systemClock): Promise<WholeNode> {
    const folder = mkdtempSync(join(tmpdir(), `hw-${process.pid}-`))
    const datapath = createModelDatapath({ clock: systemClock })
    const node = new WholeNode(folder, clock, datapath, await openModelNetwork(datapath))
    const client = createXdsClient({ socket: join(folder, 'xds.sock'), node: 'proxy' })
    node.#owned.use(client)
    node.#owned.use(
      startProxy({
        client,
        identities: datapath.identities,
        sockets: modelSockets({ network: node.network, nodeAddress: NODE_ADDRESS }),
        flows: node.flows,
        clock: systemClock,
      }),
    )
    return node
  }

  /** An agent with an xDS server of its own; both end together, and the proxy stays. */
  async startAgent(options: Partial<AgentOptions> = {}): Promise<Agent> {
    this.#epoch += 1
    const xds = await startXdsServer({ socket: join(this.#folder, 'xds.sock'), epoch: `e${this.#epoch}` })
    const { log, datapath, flows } = this
    const logger = pino({ level: 'silent' })
    const agent = await startAgent({ node: NODE, log, datapath, xds, flows, clock: this.#clock, logger, options })
    const end = agent[Symbol.asyncDispose].bind(agent)
    const both = async (): Promise<void> => {
      await end()
      await xds[Symbol.asyncDispose]()
    }
    agent[Symbol.asyncDispose] = both
    this.#owned.use(agent)
    return agent
  }

  async submit(command: Command): Promise<void> {
    const source = () => ({ kind: 'test', detail: 'whole' }) as const
    const { decision } = await submit({ log: this.log, command, source, dryRun: false })
    if (decision.kind === 'refused') throw new Error(decision.problems.map(({ reason }) => reason).join('; '))
  }

  async apply(object: Json): Promise<void> {
    const reading = readPolicy(object)
    if (reading.kind === 'refused') throw new Error(reading.problems.map(({ reason }) => reason).join('; '))
    const { resource, manifest, rules } = reading.policy
    const inputDigest = digestOfText(canonicalText(object))
    const wish = { kind: 'policy', resource, manifest, rules: rules.length, inputDigest } as const
    await this.submit({ kind: 'set-policies', wishes: [wish] })
  }

  async history(): Promise<readonly Recorded[]> {
    const stored = await Array.fromAsync(this.log.readAll({ direction: 'forwards', after: null }))
    return stored.flat().map(decodeEvent)
  }

  async events(): Promise<readonly HindcastEvent[]> {
    return (await this.history()).map(({ event }) => event)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#owned.disposeAsync()
    rmSync(this.#folder, { recursive: true, force: true })
  }
}
