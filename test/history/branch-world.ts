/** Random stories that real agents have lived through, and random branches of them. The same seed gives the same story and the same branch. */
import assert from 'node:assert/strict'
import { pino } from 'pino'
import { digestOf } from '../../events/canonical.ts'
import type { ResourceRef } from '../../events/fields.ts'
import { IpAddress, NodeName, type Position } from '../../events/ids.ts'
import type { Json } from '../../events/schema.ts'
import { readFact } from '../../projections/policy/parse/fact.ts'
import type { World } from '../../projections/world.ts'
import { type Agent, startAgent } from '../../src/agent/agent.ts'
import { EnginePolicyView } from '../../src/agent/engine-view.ts'
import { mergedFact, mergedPolicy } from '../../src/cli/branch/landing.ts'
import type { Branch, BranchCommand } from '../../src/history/branch/branch.ts'
import { type Branches, withBranches } from '../../src/history/branch/branched.ts'
import type { Planned } from '../../src/history/branch/planned.ts'
import type { History } from '../../src/history/history.ts'
import type { Moment } from '../../src/history/position.ts'
import { worldFrom } from '../../src/history/state-at.ts'
import { IN_MEMORY, openReadModel } from '../../src/readmodel/model.ts'
import { NODE, Rig } from '../agent/rig.ts'
import { FakeDatapath, nothingPinned } from '../doubles/datapath.ts'
import { aProxy, FakeXdsServer } from '../doubles/xds.ts'
import type { PolicyEvent } from './branch-events.ts'
import type { chance } from './random-story.ts'

export type Dice = ReturnType<typeof chance>

const SHIPS = [
  { id: 863, name: 'default/deathstar', org: 'empire', ipv4: '10.0.0.111' },
  { id: 2216, name: 'default/tiefighter', org: 'empire', ipv4: '10.0.0.123' },
  { id: 775, name: 'default/xwing', org: 'alliance', ipv4: '10.0.0.209' },
]
const NAMES = ['rule1', 'rule2', 'rule3', 'rule4']
const GROUPS = ['rim', 'core']
const PREFIXES = ['192.0.2.0/24', '192.0.2.64/26', '198.51.100.0/24', '203.0.113.7/32']
const DNS = ['moon.example', 'endor.example']

const one = <T>(dice: Dice, items: readonly T[]): T => items[dice(items.length)]!

const selector = (dice: Dice): Json => ({
  matchLabels:
    dice(2) === 0
      ? { class: one(dice, ['deathstar', 'tiefighter', 'xwing']) }
      : { org: one(dice, ['empire', 'alliance']) },
})

function ports(dice: Dice, direction: 'ingress' | 'egress'): Json {
  const port = { port: one(dice, ['80', '443']), protocol: 'TCP' }
  if (direction === 'egress' || dice(2) === 0) return [{ ports: [port] }]
  // No listener of ours speaks it, so it is denied; beside HTTP on one port it is a conflict.
  if (dice(6) === 0) return [{ ports: [port], rules: { kafka: [{ topic: 'plans' }] } }]
  const path = one(dice, ['/v1/request-landing', '/v1/exhaust-port'])
  return [{ ports: [port], rules: { http: [{ method: 'POST', path }] } }]
}

function peers(dice: Dice, direction: 'ingress' | 'egress'): { readonly [key: string]: Json } {
  const word = direction === 'ingress' ? 'from' : 'to'
  const kinds: readonly (() => { readonly [key: string]: Json })[] = [
    () => ({ [`${word}Endpoints`]: [selector(dice)] }),
    () => ({ [`${word}CIDRSet`]: [{ cidr: one(dice, PREFIXES) }] }),
    () => ({ [`${word}Entities`]: [one(dice, ['world', 'cluster'])] }),
    () => ({ [`${word}CIDRSet`]: [{ cidrGroupRef: one(dice, GROUPS) }] }),
    () => (direction === 'egress' ? { toFQDNs: [{ matchName: one(dice, DNS) }] } : { fromEndpoints: [{}] }),
  ]
  return one(dice, kinds)()
}

function element(dice: Dice, direction: 'ingress' | 'egress'): Json {
  const found = peers(dice, direction)
  return dice(2) === 0 ? found : { ...found, toPorts: ports(dice, direction) }
}

export function policy(dice: Dice, name: string): Json {
  const direction = dice(2) === 0 ? 'ingress' : 'egress'
  const elements = Array.from({ length: 1 + dice(2) }, () => element(dice, direction))
  const deny =
    dice(3) === 0
      ? { [`${direction}Deny`]: [{ [direction === 'ingress' ? 'fromEndpoints' : 'toEndpoints']: [selector(dice)] }] }
      : {}
  const spec = { endpointSelector: selector(dice), [direction]: elements, ...deny }
  return { kind: 'CiliumNetworkPolicy', metadata: { name, namespace: 'default' }, spec }
}

function group(dice: Dice, name: string): Extract<BranchCommand, { readonly kind: 'set-fact' }>['fact'] {
  const externalCIDRs = PREFIXES.filter(() => dice(2) === 0)
  const reading = readFact({
    apiVersion: 'cilium.io/v2alpha1',
    kind: 'CiliumCIDRGroup',
    metadata: { name },
    spec: { externalCIDRs },
  })
  assert.ok(reading.fact !== null)
  return reading.fact
}

export const resourceOf = (name: string): ResourceRef => ({ kind: 'CiliumNetworkPolicy', namespace: 'default', name })

export const SECOND: NodeName = NodeName('node2')

function startSecond({ log, clock }: Rig): Promise<Agent> {
  const xds = new FakeXdsServer({ epoch: 'second', proxy: aProxy(), clock })
  const [logger, datapath] = [pino({ level: 'silent' }), new FakeDatapath(nothingPinned())]
  const started = startAgent({
    ...{ node: SECOND, log, datapath, xds, clock, logger, flows: null },
    policy: new EnginePolicyView(SECOND),
    options: {},
  })
  return started.then((agent) => {
    xds.changed()
    return agent
  })
}

/** Two nodes with three ships and real agents, and people who change things, each after the agent has come to rest. */
export class Life implements AsyncDisposable {
  readonly rig: Rig = new Rig({ policies: () => new EnginePolicyView(NODE) })
  readonly #agents: Agent[] = []

  async begin(): Promise<void> {
    this.#agents.push(await this.rig.start(), await startSecond(this.rig))
    const endpoints = SHIPS.map(({ id, name, org, ipv4 }) => {
      const labels = [`k8s:class=${name.split('/')[1]}`, `k8s:org=${org}`, 'k8s:io.kubernetes.pod.namespace=default']
      return { id, name, labels, ipv4, device: `lxc${id}` }
    })
    const { operator } = this.rig
    await operator.submit({ kind: 'add-endpoints', node: NODE, endpoints: endpoints.slice(0, 2) })
    await operator.submit({ kind: 'add-endpoints', node: SECOND, endpoints: endpoints.slice(2) })
    await this.rest()
  }

  async rest(): Promise<Position> {
    const { log } = this.rig
    // What the one does the other takes in.
    for (let head = null; head !== (await log.head()); ) {
      head = await log.head()
      for (const agent of this.#agents) await this.rig.quiet(agent)
    }
    return (await log.head())!
  }

  async set(name: string, manifest: Json): Promise<void> {
    const wish = {
      kind: 'policy',
      resource: resourceOf(name),
      manifest,
      rules: 1,
      inputDigest: digestOf(manifest),
    } as const
    await this.rig.operator.submit({ kind: 'set-policies', wishes: [wish] })
    await this.rest()
  }

  /** Something that people or the DNS do. */
  async happen(dice: Dice): Promise<void> {
    const { operator } = this.rig
    const kind = dice(10)
    const name = one(dice, NAMES)
    if (kind < 6) return this.set(name, policy(dice, name))
    if (kind === 6)
      await operator.submit({ kind: 'delete-policies', resources: [resourceOf(name)], ignoreMissing: true })
    if (kind === 7) {
      const wish = { kind: 'fact', inputDigest: digestOf(''), fact: group(dice, one(dice, GROUPS)) } as const
      await operator.submit({ kind: 'set-policies', wishes: [wish] })
    }
    if (kind > 7) {
      const addresses = [IpAddress(`203.0.113.${dice(4)}`)]
      await operator.submit({
        kind: 'learn-dns',
        node: NODE,
        name: one(dice, DNS),
        addresses,
        ttlSeconds: null,
        askedBy: null,
      })
    }
    await this.rest()
  }

  /** As `branch merge` does it; what the DNS said is said again, or forgotten. */
  async merge({ policies, others }: Planned): Promise<void> {
    const { operator } = this.rig
    const facts = others.filter(({ subject }) => subject.unit === 'policy').map(mergedFact)
    await operator.submit({ kind: 'merge-policies', policies: policies.map(mergedPolicy), facts })
    for (const { event } of others.flatMap((one) => one.facts)) {
      if (event.type === 'DnsAnswerLearned') await operator.submit({ ...event, kind: 'learn-dns', node: NODE })
      if (event.type === 'DnsAnswerExpired') await operator.submit({ ...event, kind: 'forget-dns', node: NODE })
    }
    await this.rest()
  }

  async history(read: () => Branch | null): Promise<History & { readonly branches: Branches } & Disposable> {
    const model = await openReadModel(this.rig.log, IN_MEMORY)
    const history = withBranches({ log: this.rig.log, model }, { names: async () => [], read: async () => read() })
    return { ...history, [Symbol.dispose]: () => model[Symbol.dispose]() }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#agents[1]?.[Symbol.asyncDispose]()
    await this.rig[Symbol.asyncDispose]()
  }
}

export type Old = { readonly policies: readonly PolicyEvent[]; readonly facts: readonly Position[] }

export function randomCommand(dice: Dice, { policies, facts }: Old): BranchCommand {
  const name = one(dice, NAMES)
  const kind = dice(9)
  if (kind === 0) return { kind: 'delete', resource: resourceOf(name) }
  if (kind === 1) return { kind: 'set-fact', fact: group(dice, one(dice, GROUPS)) }
  if (kind === 2 && facts.length > 0) return { kind: 'without', position: String(one(dice, facts)), what: 'a fact' }
  if (kind < 6 || policies.length === 0)
    return { kind: 'set', resource: resourceOf(name), manifest: policy(dice, name) }
  const old = one(dice, policies)
  if (kind < 8 || old.manifest === null) return { kind: 'without', position: String(old.position), what: old.name }
  return {
    kind: 'edit',
    position: String(old.position),
    resource: resourceOf(old.name),
    manifest: policy(dice, old.name),
  }
}

export async function enter(
  { branches }: { readonly branches: Branches },
  name: string,
  commands: number | null = null,
): Promise<Moment> {
  const outcome = await branches.enter(name, commands)
  assert.ok(outcome.kind === 'found' && outcome.moment !== null, outcome.kind === 'found' ? '' : outcome.reason)
  return outcome.moment
}

export async function branchWorld(history: History & { readonly branches: Branches }, name: string): Promise<World> {
  return worldFrom(history.model, (await enter(history, name)).position)
}
