/**
 * A cluster in a bad world, from one number: nodes that die, are cut off and hear late; requests and answers that are lost, late and out of order
 * between nodes; people who change policies and endpoints through any of them. Every event, every map and every resolved policy is checked
 * (sim-checks.ts); when the weather clears, all nodes come to the same.
 */
import { digestOf } from '../../events/canonical.ts'
import { EventId, NodeName, Timestamp } from '../../events/ids.ts'
import type { Json } from '../../events/schema.ts'
import { policyMapDigest, policyMapOf } from '../../projections/datapath/policy-map.ts'
import { readPolicy } from '../../projections/policy/parse/policy.ts'
import type { Command } from '../../src/decide/command.ts'
import { ClusterChecks, PORTS } from './sim-checks.ts'
import { SimLog } from './sim-log.ts'
import { type Request, SimNode } from './sim-node.ts'

export type ClusterOptions = {
  readonly seed: number
  readonly nodes: number
  /** Things that happen before the weather clears. */
  readonly steps: number
  readonly say?: (line: string) => void
}

const ORGS = ['empire', 'alliance', 'hutts'] as const
const CLASSES = ['deathstar', 'ship'] as const
const NAMES = ['landing', 'cantina', 'trench'] as const
const ENDPOINTS_EACH = 3
const DELAY_MAX_MS = 80
const RESEND_MS = 400
/** Far more than any cluster that comes to rest needs. */
const MOMENTS_MAX = 1_000_000

type Moment = { readonly at: number; readonly order: number; readonly happen: () => void }

/** Throws with the broken rule and the command that repeats the run. */
export function simulateCluster(options: ClusterOptions): { readonly events: number } {
  try {
    return new Cluster(options).run()
  } catch (error) {
    const { seed, nodes } = options
    const why = error instanceof Error ? (error.stack ?? error.message) : String(error)
    throw new Error(`npm run sim -- --cluster --nodes ${nodes} --seed ${seed}: ${why}`, { cause: error })
  }
}

class Cluster {
  readonly #options: ClusterOptions
  readonly #random: () => number
  readonly #log = new SimLog()
  readonly #nodes: readonly SimNode[]
  readonly #checks: ClusterChecks
  readonly #moments = new Moments()
  #stormy = true
  #checked = 0
  #ids = 0

  constructor(options: ClusterOptions) {
    this.#options = options
    this.#random = randomOf(options.seed)
    const names = Array.from({ length: options.nodes }, (_, index) => NodeName(`node${index + 1}`))
    this.#checks = new ClusterChecks(names)
    this.#nodes = names.map((name) => this.#node(name))
  }

  run(): { readonly events: number } {
    for (const node of this.#nodes) node.restart([])
    for (let step = 0; step < this.#options.steps; step++) {
      this.#moments.at(this.#moments.now + this.#upTo(30), () => this.#step())
      this.#moments.runUntil(this.#moments.now + this.#upTo(60))
    }
    this.#clear()
    return { events: this.#log.events.length }
  }

  #node(name: NodeName): SimNode {
    const node: SimNode = new SimNode(name, {
      newId: () => this.#newId(),
      send: (request) => this.#send(node, request),
      later: (work) => this.#moments.at(this.#moments.now + 1 + this.#upTo(DELAY_MAX_MS), work),
      onMap: (_, map, step) => this.#checks.map(name, map, step),
    })
    return node
  }

  #step(): void {
    if (!this.#stormy) return
    const node = this.#one(this.#nodes)
    const roll = this.#random()
    if (!node.alive && roll < 0.7) this.#restart(node)
    else if (node.partitioned && roll < 0.5) this.#cut(node, false)
    else if (roll < 0.4) this.#changePolicy(node)
    else if (roll < 0.88) this.#changeEndpoints(node)
    else if (roll < 0.94) this.#kill(node)
    else this.#cut(node, true)
  }

  #restart(node: SimNode): void {
    this.#say(`start ${node.name} with ${node.copied} events`)
    node.restart(this.#log.events.slice(0, node.copied))
    this.#deliver(node)
  }

  #kill(node: SimNode): void {
    this.#say(`kill ${node.name}`)
    node.kill()
  }

  #cut(node: SimNode, partitioned: boolean): void {
    this.#say(`${partitioned ? 'cut off' : 'heal'} ${node.name}`)
    node.partitioned = partitioned
    if (!partitioned) this.#deliver(node)
  }

  #changePolicy(node: SimNode): void {
    const name = this.#one(NAMES)
    const resource = { kind: 'CiliumNetworkPolicy', namespace: 'default', name } as const
    if (this.#random() < 0.2) {
      this.#command(node, { kind: 'delete-policies', resources: [resource], ignoreMissing: true })
      return
    }
    const manifest = this.#manifest(name)
    const reading = readPolicy(manifest)
    if (reading.kind === 'refused') throw new Error(JSON.stringify(reading.problems))
    const { rules } = reading.policy
    const wish = {
      kind: 'policy',
      resource,
      manifest: reading.policy.manifest,
      rules: rules.length,
      inputDigest: digestOf(manifest),
    } as const
    this.#command(node, { kind: 'set-policies', wishes: [wish] })
  }

  #manifest(name: string): Json {
    const peers = () => ({ matchLabels: { org: this.#one(ORGS) } })
    const ports = () => [{ ports: [{ port: String(this.#one(PORTS)), protocol: 'TCP' }] }]
    const from = (): Json => ({ fromEndpoints: [peers()], ...(this.#random() < 0.7 ? { toPorts: ports() } : {}) })
    const to = (): Json => ({ toEndpoints: [peers()], ...(this.#random() < 0.7 ? { toPorts: ports() } : {}) })
    const spec = {
      endpointSelector: {
        matchLabels: this.#random() < 0.5 ? { org: this.#one(ORGS) } : { class: this.#one(CLASSES) },
      },
      ingress: [from(), from()],
      ...(this.#random() < 0.3 ? { ingressDeny: [from()] } : {}),
      ...(this.#random() < 0.3 ? { egress: [to()] } : {}),
    }
    return { apiVersion: 'cilium.io/v2', kind: 'CiliumNetworkPolicy', metadata: { name, namespace: 'default' }, spec }
  }

  #changeEndpoints(node: SimNode): void {
    const id = 1 + Math.floor(this.#random() * ENDPOINTS_EACH)
    const target = this.#random() < 0.9 ? node : this.#one(this.#nodes)
    if (this.#random() < 0.3) {
      this.#command(node, { kind: 'delete-endpoints', node: target.name, endpoints: [String(id)] })
      return
    }
    const labels = [`org=${this.#one(ORGS)}`, `class=${this.#one(CLASSES)}`]
    const host = this.#nodes.indexOf(target)
    const wish = { id, name: `default/ship-${id}`, labels, ipv4: `10.1.${host}.${id}` }
    this.#command(node, { kind: 'add-endpoints', node: target.name, endpoints: [wish] })
  }

  #command(node: SimNode, command: Command): void {
    this.#say(`${command.kind} on ${node.name}`)
    node.command(command)
  }

  /** The request may be lost, and so may the answer; then the node asks again. Either may overtake what others send. */
  #send(node: SimNode, request: Request): void {
    this.#moments.at(this.#moments.now + RESEND_MS, () => node.life === request.life && node.unanswered(request))
    if (this.#lost(node)) return
    this.#after(() => {
      if (this.#lost(node)) return
      const outcome = this.#log.append(request.batch, Timestamp(this.#moments.now))
      this.#check()
      for (const each of this.#nodes) this.#deliver(each)
      if (this.#lost(node)) return
      this.#after(() => node.life === request.life && node.answered(request, outcome))
    })
  }

  /** Some of what has not arrived yet, in order, after a while of its own. */
  #deliver(node: SimNode): void {
    if (this.#onTheWay.has(node)) return
    this.#onTheWay.add(node)
    this.#after(() => {
      this.#onTheWay.delete(node)
      if (node.partitioned || node.copied === this.#log.events.length) return
      const missing = this.#log.events.length - node.copied
      const count = this.#stormy ? 1 + Math.floor(this.#random() * missing) : missing
      const end = this.#wholeBatch(node.copied + count)
      const events = this.#log.events.slice(node.copied, end)
      node.copied = end
      node.receive(events)
      if (node.alive) this.#checks.resolved(node)
      if (node.copied < this.#log.events.length) this.#deliver(node)
    })
  }

  readonly #onTheWay: Set<SimNode> = new Set()

  /** Appends arrive whole: up to where an append ended. */
  #wholeBatch(index: number): number {
    return (
      this.#ends.findLast((end, at) => end >= index && (this.#ends[at - 1] ?? 0) < index) ?? this.#log.events.length
    )
  }
  readonly #ends: number[] = []

  #check(): void {
    const { events } = this.#log
    if (events.length === this.#checked) return
    for (const stored of events.slice(this.#checked)) {
      this.#say(`    ${stored.position} ${stored.stream} ${stored.type}`)
      this.#checks.recorded(stored)
    }
    this.#checked = events.length
    this.#ends.push(events.length)
  }

  #clear(): void {
    this.#say('clear')
    this.#stormy = false
    for (const node of this.#nodes) {
      this.#cut(node, false)
      if (!node.alive) this.#restart(node)
    }
    this.#moments.runOut()
    for (const node of this.#nodes) this.#converged(node)
    this.#checks.settled()
  }

  #converged(node: SimNode): void {
    const { state } = node.situation
    const holds = (condition: boolean, what: string): void => {
      if (!condition) throw new Error(`broken: when the weather has cleared, ${node.name} ${what}`)
    }
    holds(node.idle && node.copied === this.#log.events.length, 'has nothing left to do')
    holds(node.maps.size === state.endpoints.size, 'holds the maps of its endpoints')
    for (const [id, endpoint] of state.endpoints) {
      holds(
        endpoint.state === 'ready' && endpoint.realised?.revision === state.revision,
        `has endpoint ${id} at the newest revision`,
      )
      const resolved = node.policy.resolve({ identity: endpoint.identity!, namedPorts: [] })
      const wanted = resolved.kind === 'resolved' ? policyMapOf(resolved.entries, new Map()) : new Map()
      holds(
        policyMapDigest(node.maps.get(id) ?? new Map()) === policyMapDigest(wanted),
        `enforces for endpoint ${id} what is asked`,
      )
    }
    const addresses = (one: SimNode): string =>
      [...one.situation.state.desiredIpcache.values()]
        .map(({ prefix, identity }) => `${prefix} ${identity}`)
        .toSorted()
        .join()
    holds(addresses(node) === addresses(this.#nodes[0]!), 'knows the same addresses as the first')
  }

  #lost(node: SimNode): boolean {
    return node.partitioned || (this.#stormy && this.#random() < 0.05)
  }

  #after(happen: () => void): void {
    this.#moments.at(this.#moments.now + 1 + this.#upTo(this.#stormy ? DELAY_MAX_MS : 5), happen)
  }

  #newId(): EventId {
    this.#ids += 1
    return EventId(`00000000-0000-4000-8000-${this.#ids.toString(16).padStart(12, '0')}`)
  }

  #one<T>(list: readonly T[]): T {
    return list[Math.floor(this.#random() * list.length)]!
  }

  #upTo(max: number): number {
    return Math.floor(this.#random() * max)
  }

  #say(line: string): void {
    this.#options.say?.(line)
  }
}

/** What is to happen, in order of time; of one time in the order in which it was planned. A binary heap. */
class Moments {
  readonly #heap: Moment[] = []
  #order = 0
  #count = 0
  now = 1_000_000

  at(at: number, happen: () => void): void {
    this.#order += 1
    this.#heap.push({ at, order: this.#order, happen })
    let index = this.#heap.length - 1
    while (index > 0) {
      const parent = (index - 1) >> 1
      if (isBefore(this.#heap[parent]!, this.#heap[index]!)) return
      this.#swap(parent, index)
      index = parent
    }
  }

  runUntil(end: number): void {
    for (let next = this.#heap[0]; next !== undefined && next.at <= end; next = this.#heap[0]) this.#happen()
    this.now = end
  }

  runOut(): void {
    while (this.#heap.length > 0) this.#happen()
  }

  #happen(): void {
    const first = this.#heap[0]!
    const last = this.#heap.pop()!
    if (this.#heap.length > 0) {
      this.#heap[0] = last
      this.#sink()
    }
    this.#count += 1
    if (this.#count > MOMENTS_MAX) throw new Error('broken: the cluster does not come to rest')
    this.now = first.at
    first.happen()
  }

  #sink(): void {
    let index = 0
    for (;;) {
      const [left, right] = [2 * index + 1, 2 * index + 2]
      let least = index
      if (left < this.#heap.length && isBefore(this.#heap[left]!, this.#heap[least]!)) least = left
      if (right < this.#heap.length && isBefore(this.#heap[right]!, this.#heap[least]!)) least = right
      if (least === index) return
      this.#swap(least, index)
      index = least
    }
  }

  #swap(a: number, b: number): void {
    const moment = this.#heap[a]!
    this.#heap[a] = this.#heap[b]!
    this.#heap[b] = moment
  }
}

function isBefore(a: Moment, b: Moment): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order)
}

/** Mulberry32: small, and the same everywhere. */
function randomOf(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
