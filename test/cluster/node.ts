/** One machine of a cluster, in this process: its own copy of the shared log, its own datapath and proxy, and the production agent. */
import { join } from 'node:path'
import { pino } from 'pino'
import { digestOf } from '../../events/canonical.ts'
import { decodeEvent } from '../../events/codec.ts'
import type { EndpointId, NodeName } from '../../events/ids.ts'
import type { Recorded } from '../../events/recorded.ts'
import type { Json } from '../../events/schema.ts'
import { readPolicy } from '../../projections/policy/parse/policy.ts'
import { type Agent, startAgent } from '../../src/agent/agent.ts'
import { systemClock } from '../../src/agent/system-clock.ts'
import { submit } from '../../src/cli/submit.ts'
import type { Command } from '../../src/decide/command.ts'
import { readAddress } from '../../src/log/kurrentdb/address.ts'
import { type KurrentLog, openKurrentLog } from '../../src/log/kurrentdb/log.ts'
import { FakeDatapath, nothingPinned, type Pinned } from '../doubles/datapath.ts'
import { aProxy, FakeXdsServer } from '../doubles/xds.ts'

export type ClusterNodeOptions = {
  readonly name: NodeName
  readonly url: string
  readonly folder: string
  /** How long one append waits for the server. */
  readonly deadlineMs?: number
}

export class ClusterNode implements AsyncDisposable {
  readonly name: NodeName
  readonly log: KurrentLog
  /** Lines of the agent's log. */
  readonly said: string[] = []
  readonly pinned: Pinned
  readonly agent: Agent

  private constructor(name: NodeName, log: KurrentLog, pinned: Pinned, agent: Agent, said: string[]) {
    this.name = name
    this.log = log
    this.pinned = pinned
    this.agent = agent
    this.said = said
  }

  static async start({ name, url, folder, deadlineMs = 2_000 }: ClusterNodeOptions): Promise<ClusterNode> {
    const clock = systemClock
    const address = readAddress(url, {})
    const mirrorPath = join(folder, `${name}.db`)
    const log = await openKurrentLog({ address, mirrorPath, now: clock.now, deadlineMs, whenAway: 'go-on' })
    const pinned = nothingPinned()
    const xds = new FakeXdsServer({ epoch: clock.newId().slice(0, 8), proxy: aProxy(), clock })
    const said: string[] = []
    const logger = pino({ level: 'debug', base: null }, { write: (line) => void said.push(line) })
    const datapath = new FakeDatapath(pinned)
    const agent = await startAgent({ node: name, log, datapath, xds, flows: null, clock, logger })
    xds.changed()
    return new ClusterNode(name, log, pinned, agent, said)
  }

  /** Throws where it is refused. */
  async submit(command: Command): Promise<void> {
    const source = () => ({ kind: 'test', detail: command.kind }) as const
    const { decision } = await submit({ log: this.log, command, source, dryRun: false })
    if (decision.kind === 'refused') throw new Error(decision.problems.map(({ reason }) => reason).join('; '))
  }

  async apply(object: Json): Promise<void> {
    const reading = readPolicy(object)
    if (reading.kind === 'refused') throw new Error(reading.problems.map(({ reason }) => reason).join('; '))
    const { resource, manifest, rules } = reading.policy
    const wish = { kind: 'policy', resource, manifest, rules: rules.length, inputDigest: digestOf(manifest) } as const
    await this.submit({ kind: 'set-policies', wishes: [wish] })
  }

  async add(id: number, labels: readonly string[], ipv4: string): Promise<void> {
    const wish = { id, name: `default/${this.name}-${id}`, labels, ipv4 }
    await this.submit({ kind: 'add-endpoints', node: this.name, endpoints: [wish] })
  }

  /** What the datapath holds for the endpoint: `<direction>:<identity>:<protocol>:<port>/<bits> <verdict>`, sorted. */
  map(id: number): readonly string[] {
    const entries = this.pinned.maps.get(id as EndpointId) ?? new Map()
    return [...entries].map(([key, { value }]) => `${key} ${value.verdict}`).toSorted()
  }

  /** What the datapath's ipcache holds, sorted: `10.0.1.1/32 256`. */
  ipcache(): readonly string[] {
    return [...this.pinned.ipcache.values()].map(({ prefix, identity }) => `${prefix} ${identity}`).toSorted()
  }

  async history(): Promise<readonly Recorded[]> {
    const stored = await Array.fromAsync(this.log.readAll({ direction: 'forwards', after: null }))
    return stored.flat().map(decodeEvent)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.agent[Symbol.asyncDispose]()
    await this.log[Symbol.asyncDispose]()
  }
}
