/**
 * Where an incident of the gallery is played: a node whose agent, deciders and policy engine are the real ones, on a faked kernel and proxy, with a
 * clock that goes only when it is told to. What is left is a state folder as `hindcast agent` leaves it.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { digestOfText } from '../../events/canonical.ts'
import type { EventOf } from '../../events/catalogue.ts'
import type { ResourceRef } from '../../events/fields.ts'
import type { IdentityId } from '../../events/ids.ts'
import type { XdsType } from '../../events/node.ts'
import type { PolicyOptions } from '../../events/policy-options.ts'
import { DEFAULT_POLICY_OPTIONS } from '../../projections/policy/default-options.ts'
import { readPolicyText } from '../../projections/policy/parse/text.ts'
import type { Agent } from '../../src/agent/agent.ts'
import { EnginePolicyView } from '../../src/agent/engine-view.ts'
import type { PolicyView } from '../../src/agent/policy-view.ts'
import type { PolicyWish } from '../../src/decide/policies.ts'
import { openFlowStore } from '../../src/flows/sqlite.ts'
import { openSqliteLog } from '../../src/log/sqlite/log.ts'
import { createModelDatapath } from '../../src/model/datapath.ts'
import type { Datapath, PolicyVerdict } from '../../src/ports/datapath.ts'
import { type EventLog, LogError } from '../../src/ports/log.ts'
import { NODE, Rig } from '../agent/rig.ts'
import { VirtualClock } from '../doubles/clock.ts'
import { turns } from '../doubles/gate.ts'
import type { FakeProxy } from '../doubles/xds.ts'

export type Ship = {
  readonly id: number
  readonly name: string
  readonly labels: readonly string[]
  readonly ipv4: string
}

/** A verdict of the datapath, which knows identities by the names of endpoints. */
export type Judged = (identityOf: (name: string) => IdentityId) => PolicyVerdict

type Asked = { readonly ttlSeconds: number; readonly askedBy: number }

export type Incident = {
  /** Of its state folder, and of its section in README.md. */
  readonly name: string
  /** `model`: the kernel's own limits hold, too. `kernel`: it is the kernel. */
  readonly datapath?: 'model' | 'kernel'
  /** What an agent of it sees of its policy engine, where that is not all. */
  readonly sees?: (engine: PolicyView) => PolicyView
  readonly play: (stage: Stage) => Promise<void>
  /** What is done to the file when nobody looks. */
  readonly afterwards?: (database: DatabaseSync) => void
}

/** Positions of a recorded log begin here, so that no port or endpoint looks like one. */
const POSITION_BEFORE_FIRST = 700_000
const START = '2026-05-04T14:00:00Z'
/** More than an agent takes to see a change and begin what follows. */
const TURNS_OF_A_REACTION = 500

export const MINUTE = 60_000
export const HOUR: number = 60 * MINUTE
export const DAY: number = 24 * HOUR

export const GALAXY: readonly Ship[] = [
  ship(863, 'deathstar', 'empire', '10.0.0.111'),
  ship(2216, 'tiefighter', 'empire', '10.0.0.123'),
  ship(775, 'xwing', 'alliance', '10.0.0.209'),
]

function ship(id: number, kind: string, org: string, ipv4: string): Ship {
  const labels = [`k8s:class=${kind}`, `k8s:org=${org}`, 'k8s:io.kubernetes.pod.namespace=default']
  return { id, name: `default/${kind}`, labels, ipv4 }
}

type Scene = Pick<Stage, 'folder' | 'rig' | 'clock'> & {
  readonly agent: Agent
  /** Another agent, which reads policies by these options. */
  readonly restart: (options: PolicyOptions) => Promise<Agent>
}

export class Stage {
  readonly folder: string
  readonly rig: Rig
  readonly clock: VirtualClock
  readonly #restart: (options: PolicyOptions) => Promise<Agent>
  #agent: Agent

  constructor({ folder, rig, clock, agent, restart }: Scene) {
    this.folder = folder
    this.rig = rig
    this.clock = clock
    this.#agent = agent
    this.#restart = restart
  }

  /** Where the incident is played on one that holds its own. */
  get datapath(): Datapath {
    return this.rig.deciding
  }

  get proxy(): FakeProxy {
    return this.rig.proxy
  }

  async endpoints(...ships: readonly Ship[]): Promise<void> {
    await this.rig.operator.submit({ kind: 'add-endpoints', node: NODE, endpoints: [...ships] })
    await this.quiet()
  }

  /** Writes the file beside the log and applies it as `hindcast apply -f` does, good or bad. */
  async apply(by: string, file: string, text: string): Promise<void> {
    await this.#apply(by, file, text)
    await this.quiet()
  }

  /** The same where the agent cannot finish what follows. */
  async applyUnfinished(by: string, file: string, text: string): Promise<void> {
    await this.#apply(by, file, text)
    await turns(TURNS_OF_A_REACTION)
  }

  /** An endpoint of the node was told the addresses of a name; what follows need not be finished. */
  async dnsAnswer(name: string, addresses: readonly string[], { ttlSeconds, askedBy }: Asked): Promise<void> {
    await this.rig.operator.submit({ kind: 'learn-dns', node: NODE, name, addresses, ttlSeconds, askedBy })
    await turns(TURNS_OF_A_REACTION)
  }

  /** Lets time go by while the agent is in the middle of something. */
  async pass(ms: number): Promise<void> {
    this.clock.advance(ms)
    await turns(TURNS_OF_A_REACTION)
  }

  /** It begins anew, takes what it is served as far as it can, and refuses the types that are said. */
  async proxyRestarts(refuses: Readonly<Partial<Record<XdsType, string>>>): Promise<void> {
    for (const [xds, detail] of Object.entries(refuses)) this.proxy.refuses.set(xds as XdsType, detail)
    this.rig.xds.restarted()
    await turns(TURNS_OF_A_REACTION)
    await this.quiet()
  }

  /** It answers again. */
  async proxyRecovers(): Promise<void> {
    this.proxy.hung = false
    this.rig.xds.changed()
    await this.quiet()
  }

  /** The agent ends, and another one begins with other options. */
  async restartAgent(change: Partial<PolicyOptions>): Promise<void> {
    await this.#agent[Symbol.asyncDispose]()
    this.#agent = await this.#restart({ ...DEFAULT_POLICY_OPTIONS, ...change })
    await this.quiet()
  }

  /** Its pod is gone. */
  async endpointsGone(...ids: readonly number[]): Promise<void> {
    await this.rig.operator.submit({ kind: 'delete-endpoints', node: NODE, endpoints: ids.map(String) })
    await this.quiet()
  }

  /** A file that nobody has applied yet. */
  write(file: string, text: string): void {
    writeFileSync(join(this.folder, file), text)
  }

  async delete(by: string, ...resources: readonly ResourceRef[]): Promise<void> {
    await this.rig.operator.submit({ kind: 'delete-policies', resources, ignoreMissing: false }, { by, file: '' })
    await this.quiet()
  }

  async tag(name: string): Promise<void> {
    const position = (await this.rig.log.head())!
    await this.rig.operator.submit({ kind: 'tag-position', name, position, move: false })
    await this.quiet()
  }

  /** Lets time go by and the agent do what was due. */
  async wait(ms: number): Promise<void> {
    this.clock.advance(ms)
    await this.quiet()
  }

  /** The datapath judged a packet; the agent stamps and keeps it. */
  async verdict(judged: Judged): Promise<void> {
    const events = (await this.rig.operator.history()).map(({ event }) => event)
    this.rig.datapath.emit([
      judged((name) => {
        const created = events.findLast((event) => event.type === 'EndpointCreated' && event.name === name)
        const { endpoint } = created as EventOf<'EndpointCreated'>
        const changed = events.findLast((e) => e.type === 'EndpointIdentityChanged' && e.endpoint === endpoint)
        return (changed as EventOf<'EndpointIdentityChanged'>).identity
      }),
    ])
  }

  quiet(): Promise<void> {
    return this.rig.quiet(this.#agent)
  }

  async #apply(by: string, file: string, text: string): Promise<void> {
    this.write(file, text)
    const inputDigest = digestOfText(text)
    const wishes = readPolicyText(text, file).readings.map((reading): PolicyWish => {
      if (reading.kind === 'accepted') {
        const { resource, manifest, rules } = reading.policy
        return { kind: 'policy', resource, manifest, rules: rules.length, inputDigest }
      }
      return { kind: 'unreadable', resource: reading.resource, problems: reading.problems, inputDigest }
    })
    await this.rig.operator.submit({ kind: 'set-policies', wishes }, { by, file })
  }
}

/** Plays the incident into `<root>/<name>/`; `kernel` is the datapath of one that is recorded there. */
export async function record(root: string, incident: Incident, kernel: Datapath | null = null): Promise<string> {
  const folder = join(root, incident.name)
  mkdirSync(folder, { recursive: true })
  const path = join(folder, 'log.db')
  await played({ folder, path, incident, kernel })
  if (incident.afterwards !== undefined) {
    const database = new DatabaseSync(path)
    incident.afterwards(database)
    database.close()
  }
  return folder
}

type Playing = {
  readonly folder: string
  readonly path: string
  readonly incident: Incident
  readonly kernel: Datapath | null
}

async function played({ folder, path, incident, kernel }: Playing): Promise<void> {
  const clock = new VirtualClock(Date.parse(START))
  await using log: EventLog = openSqliteLog({ path, now: () => clock.now() })
  beginAt(path, POSITION_BEFORE_FIRST)
  await using flows = openFlowStore({ path: join(folder, `flows-${NODE}.db`) })
  let reading = DEFAULT_POLICY_OPTIONS
  const { sees = (engine) => engine } = incident
  const options = { log, clock, flows, policies: () => sees(new EnginePolicyView(NODE, reading)) }
  const datapath = incident.datapath === 'model' ? createModelDatapath({ clock }) : kernel
  await using rig = new Rig(datapath === null ? options : { ...options, datapath })
  const agent = await rig.start()
  const restart = (next: PolicyOptions): Promise<Agent> => {
    reading = next
    return rig.start()
  }
  await incident.play(new Stage({ folder, rig, clock, agent, restart }))
  await flows.flush()
  // The incident is not over: as far as the log knows, the agent runs.
  log.append = () => Promise.reject(new LogError('log-closed', 'the recording is over'))
}

function beginAt(path: string, before: number): void {
  const database = new DatabaseSync(path)
  database.prepare("INSERT INTO sqlite_sequence (name, seq) VALUES ('events', ?)").run(before)
  database.close()
}
