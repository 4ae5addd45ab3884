/** Policies that speak of services, names and groups: what those are is on the log, and comes and goes on the maps. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { digestOf } from '../../events/canonical.ts'
import type { EventType } from '../../events/catalogue.ts'
import { type Cidr, EndpointId, type IdentityId } from '../../events/ids.ts'
import type { Json } from '../../events/schema.ts'
import { type Fact, isFact, readFact } from '../../projections/policy/parse/fact.ts'
import type { Agent } from '../../src/agent/agent.ts'
import type { Command } from '../../src/decide/command.ts'
import { bisectExpectation } from '../../src/history/bisect.ts'
import { replay } from '../../src/history/replay/replay.ts'
import { type WhyAnswer, why, whyStateAt } from '../../src/history/why.ts'
import { IN_MEMORY, openReadModel } from '../../src/readmodel/model.ts'
import { VirtualClock } from '../doubles/clock.ts'
import { eventually } from '../doubles/eventually.ts'
import { Invariants } from './invariants.ts'
import { NODE, WholeNode } from './whole.ts'

const PATIENCE_MS = 20_000
const SHIP = EndpointId(7)
const FAR = '203.0.113.9'
const inputDigest = digestOf('a file')

const policy = (name: string, peers: Json): Json => ({
  apiVersion: 'cilium.io/v2',
  kind: 'CiliumNetworkPolicy',
  metadata: { name, namespace: 'default' },
  spec: { endpointSelector: { matchLabels: { class: 'ship' } }, egress: [peers] },
})

function fact(object: Json): Fact {
  const reading = isFact(object) ? readFact(object) : null
  assert.ok(reading?.fact, JSON.stringify(reading?.problems))
  return reading.fact
}

const told = (...facts: readonly Fact[]): Command => ({
  kind: 'set-policies',
  wishes: facts.map((one) => ({ kind: 'fact', inputDigest, fact: one })),
})
const gone = (...facts: readonly Fact[]): Command => ({
  kind: 'delete-policies',
  resources: facts.map(({ ref }) => ref),
  ignoreMissing: false,
})

const metadata = { name: 'tatooine', namespace: 'default', labels: { sector: 'arkanis' } }
const group = fact({
  apiVersion: 'cilium.io/v2',
  kind: 'CiliumCIDRGroup',
  metadata: { name: 'rim', labels: { sector: 'arkanis' } },
  spec: { externalCIDRs: [`${FAR}/32`] },
})
const service = fact({ apiVersion: 'v1', kind: 'Service', metadata, spec: { ports: [{ port: 80 }] } })
const endpoints = fact({
  apiVersion: 'v1',
  kind: 'Endpoints',
  metadata: { name: 'tatooine', namespace: 'default' },
  subsets: [{ addresses: [{ ip: FAR }], ports: [{ port: 80 }] }],
})
const cantina = { node: NODE, name: 'cantina.example' } as const

type Case = {
  readonly what: string
  readonly peers: Json
  readonly comes: readonly Command[]
  readonly goes: Command
  readonly ended: EventType
  readonly kind: string
  readonly name: string
}

const CASES: readonly Case[] = [
  {
    what: 'toServices',
    peers: { toServices: [{ k8sService: { serviceName: 'tatooine' } }] },
    comes: [told(endpoints), told(service)],
    goes: gone(endpoints),
    ended: 'ServiceSet',
    kind: 'service',
    name: 'default/tatooine',
  },
  {
    what: 'toServices by labels',
    peers: { toServices: [{ k8sServiceSelector: { selector: { matchLabels: { sector: 'arkanis' } } } }] },
    comes: [told(service, endpoints)],
    goes: gone(service),
    ended: 'ServiceDeleted',
    kind: 'service',
    name: 'default/tatooine',
  },
  {
    what: 'toFQDNs',
    peers: { toFQDNs: [{ matchPattern: '*.example' }] },
    comes: [{ kind: 'learn-dns', ...cantina, addresses: [FAR], ttlSeconds: null, askedBy: null }],
    goes: { kind: 'forget-dns', ...cantina, addresses: [] },
    ended: 'DnsAnswerExpired',
    kind: 'dns',
    name: 'cantina.example',
  },
  {
    what: 'cidrGroupRef',
    peers: { toCIDRSet: [{ cidrGroupRef: 'rim' }] },
    comes: [told(group)],
    goes: gone(group),
    ended: 'CidrGroupDeleted',
    kind: 'cidr-group',
    name: 'rim',
  },
  {
    what: 'cidrGroupSelector',
    peers: { toCIDRSet: [{ cidrGroupSelector: { matchLabels: { sector: 'arkanis' } } }] },
    comes: [told(group)],
    goes: gone(group),
    ended: 'CidrGroupDeleted',
    kind: 'cidr-group',
    name: 'rim',
  },
]

const addShip = {
  kind: 'add-endpoints',
  node: NODE,
  endpoints: [{ id: SHIP, name: 'ship', labels: ['class=ship'], ipv4: '10.0.0.7' }],
} as const satisfies Command

async function settled(agent: Agent): Promise<void> {
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(() => late.reject(new Error(`not settled within ${PATIENCE_MS} ms`)), PATIENCE_MS)
  await Promise.race([agent.settled(), late.promise]).finally(() => clearTimeout(timer))
}

/** Whether the address has an entry of its own in the ipcache, and the ship's map lets the ship to it. */
async function reaches({ datapath }: WholeNode): Promise<{ readonly inIpcache: boolean; readonly inMap: boolean }> {
  const own = (await datapath.readIpcache()).find(({ prefix }) => prefix === (`${FAR}/32` as Cidr))?.identity ?? null
  const map = (await datapath.readPolicyMap(SHIP)) ?? []
  const isOwn = (identity: IdentityId): boolean => own !== null && identity === own
  return { inIpcache: own !== null, inMap: map.some(({ key }) => key.direction === 'egress' && isOwn(key.identity)) }
}

const REACHED = { inIpcache: true, inMap: true }
const CUT_OFF = { inIpcache: false, inMap: false }

async function checkLog(node: WholeNode): Promise<void> {
  const invariants = new Invariants(NODE)
  for (const recorded of await node.history()) invariants.check(recorded)
  invariants.checkSettled()
  const { mismatch, checked } = await replay({ log: node.log, from: null, to: null, endpoint: null, nodes: [NODE] })
  assert.equal(mismatch, null)
  assert.ok(checked.builds > 2)
}

async function egressOf(node: WholeNode): Promise<WhyAnswer['sides'][0]> {
  const head = (await node.history()).at(-1)!
  const question = { from: 'ship', to: FAR, protocol: 6, port: 80, request: null }
  const outcome = why(await whyStateAt(node.log, head), question)
  assert.ok(outcome.kind === 'answered')
  return outcome.answer.sides[0]
}

async function whyReached(node: WholeNode): Promise<readonly unknown[]> {
  const egress = await egressOf(node)
  const layers = [egress.inForce, egress.wanted]
  return layers.map((one) => ({
    allowed: one?.allowed,
    policies: one?.rules.map(({ policy: name }) => name),
    facts: one?.facts.map(({ kind, name, actor }) => ({ kind, name, isPerson: actor.startsWith('user') })),
  }))
}

/** What the event followed from that took the ship's way away, as bisect finds it. */
async function turnedBy(node: WholeNode): Promise<string | null> {
  const history = await node.history()
  const good = history.findLast(
    ({ event, context }) => event.type === 'AgentStarted' && context.actor.kind === 'agent',
  )!
  using model = await openReadModel(node.log, IN_MEMORY)
  const question = { from: 'ship', to: FAR, protocol: 6, port: 80, request: null }
  const range = { good, bad: history.at(-1)! }
  const found = await bisectExpectation({ log: node.log, model }, range, { question, expect: true })
  return found.kind === 'turned' ? (found.turn.cause?.type ?? null) : found.reason
}

async function namedInDenial(node: WholeNode): Promise<readonly unknown[]> {
  const { shortfall, allowed } = await egressOf(node)
  assert.equal(allowed, false)
  return (shortfall?.nearest ?? []).flatMap(({ named }) => named.map(({ prefixes }) => prefixes))
}

for (const { what, peers, comes, goes, ended, kind, name } of CASES) {
  test(`A17 ${what}: what the policy names opens the map when it comes, closes it when it goes, over a restart`, async () => {
    await using node = await WholeNode.open()
    const first = await node.startAgent()
    await node.submit(addShip)
    await node.apply(policy('far', peers))
    await settled(first)
    assert.deepEqual(await reaches(node), CUT_OFF)
    for (const command of comes) {
      await node.submit(command)
      await settled(first)
    }
    assert.deepEqual(await reaches(node), REACHED)
    const because = {
      allowed: true,
      policies: ['CiliumNetworkPolicy/default/far'],
      facts: [{ kind, name, isPerson: true }],
    }
    assert.deepEqual(await whyReached(node), [because, because])
    await first[Symbol.asyncDispose]()
    const second = await node.startAgent()
    await settled(second)
    assert.deepEqual(await reaches(node), REACHED, 'the next agent knows it from the log')
    await node.submit(goes)
    await settled(second)
    assert.deepEqual(await reaches(node), CUT_OFF)
    assert.deepEqual(await turnedBy(node), ended)
    assert.deepEqual(await namedInDenial(node), [[]], 'the rule that came nearest names somebody who stands for nobody')
    await checkLog(node)
  })
}

test('A17 whether the endpoint, the policy or what it names comes first makes no difference', async () => {
  const orders = [
    [0, 1, 2],
    [2, 1, 0],
    [1, 2, 0],
    [2, 0, 1],
  ]
  const maps: string[] = []
  for (const order of orders) {
    await using node = await WholeNode.open()
    const agent = await node.startAgent()
    const steps = [
      () => node.submit(addShip),
      () => node.apply(policy('far', { toServices: [{ k8sService: { serviceName: 'tatooine' } }] })),
      () => node.submit(told(service, endpoints)),
    ]
    for (const index of order) {
      await steps[index]!()
      if (order !== orders[3]) await settled(agent)
    }
    await settled(agent)
    assert.deepEqual(await reaches(node), REACHED)
    const map = (await node.datapath.readPolicyMap(SHIP)) ?? []
    maps.push(JSON.stringify(map.toSorted((a, b) => a.key.identity - b.key.identity)))
  }
  assert.equal(new Set(maps).size, 1)
})

test('A18 a DNS answer ends when its time is over: the agent says so, on its clock, also for one that ended while no agent ran', async () => {
  const clock = new VirtualClock()
  await using node = await WholeNode.open(clock)
  const first = await node.startAgent()
  await node.submit(addShip)
  await node.apply(policy('far', { toFQDNs: [{ matchName: 'cantina.example' }] }))
  const learn = (ttlSeconds: number) =>
    node.submit({ kind: 'learn-dns', ...cantina, addresses: [FAR], ttlSeconds, askedBy: SHIP })
  await learn(600)
  await settled(first)
  assert.deepEqual(await reaches(node), REACHED)
  // Asked again: the later end counts.
  await learn(1_200)
  await settled(first)
  clock.advance(700_000)
  await settled(first)
  assert.deepEqual(await reaches(node), REACHED)
  clock.advance(600_000)
  await eventually(async () => assert.deepEqual(await reaches(node), CUT_OFF))
  await learn(60)
  await settled(first)
  assert.deepEqual(await reaches(node), REACHED)
  await first[Symbol.asyncDispose]()
  clock.advance(120_000)
  const second = await node.startAgent()
  await eventually(async () => assert.deepEqual(await reaches(node), CUT_OFF))
  await settled(second)
  await checkLog(node)
  const history = await node.history()
  const answers = history.filter(({ event }) => event.type === 'DnsAnswerLearned').map(({ position }) => position)
  const causes = history.filter(({ event }) => event.type === 'DnsAnswerExpired').map(({ context }) => context.cause)
  assert.deepEqual(causes, answers.slice(1), 'each follows from the answer that set the end')
  const over = (await node.events()).filter((event) => event.type === 'DnsAnswerExpired')
  assert.deepEqual(
    over.map(({ addresses, reason }) => [addresses, reason]),
    [
      [[FAR], 'ttl'],
      [[FAR], 'ttl'],
    ],
  )
})
