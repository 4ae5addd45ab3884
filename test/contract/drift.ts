/** What `drift` finds and repairs on any datapath, below a real agent with the policy engine as it is. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { canonicalText, digestOf } from '../../events/canonical.ts'
import { encodeEvent } from '../../events/codec.ts'
import { Cidr, CorrelationId, EndpointId, endpointStream, IdentityId, IpAddress } from '../../events/ids.ts'
import type { Recorded } from '../../events/recorded.ts'
import type { Json } from '../../events/schema.ts'
import { PRECEDENCE_DENY_MAX, policyMapKeyText } from '../../projections/datapath/policy-map.ts'
import type { Agent } from '../../src/agent/agent.ts'
import { EnginePolicyView } from '../../src/agent/engine-view.ts'
import { mapWritten, readMap, reconciled } from '../../src/agent/map-sync.ts'
import { type RepairPorts, removeStranger, repairEndpoint, repairIpcache } from '../../src/agent/repair.ts'
import { type DriftAnswer, nodeDrift } from '../../src/history/drift/drift.ts'
import type { ExplainedDrift } from '../../src/history/drift/explain.ts'
import { replay } from '../../src/history/replay/replay.ts'
import { worldFrom } from '../../src/history/state-at.ts'
import type { Datapath, IpcacheEntry, KernelPolicyEntry } from '../../src/ports/datapath.ts'
import { type EventLog, LogError } from '../../src/ports/log.ts'
import type { ReadModel } from '../../src/ports/read-model.ts'
import { IN_MEMORY, openReadModel } from '../../src/readmodel/model.ts'
import { NODE, Rig } from '../agent/rig.ts'
import { turns } from '../doubles/gate.ts'
import { landing, SHIPS } from '../history/agent-story.ts'

export type DriftFactory = {
  readonly name: string
  readonly skip: string | null
  readonly open: () => Promise<{ readonly datapath: Datapath } & AsyncDisposable>
  /** Where the log is; in memory where it is left out. */
  readonly log?: () => EventLog
}

export const DEATHSTAR: EndpointId = EndpointId(863)
const DENY = { verdict: 'deny', proxyPort: 0, precedence: PRECEDENCE_DENY_MAX, authType: 0 } as const

/** A node with three ships and one policy, all built. */
export class Scene implements AsyncDisposable {
  readonly rig: Rig
  readonly datapath: Datapath
  readonly model: ReadModel
  readonly agent: Agent

  private constructor(rig: Rig, datapath: Datapath, model: ReadModel, agent: Agent) {
    this.rig = rig
    this.datapath = datapath
    this.model = model
    this.agent = agent
  }

  static async open(datapath: Datapath, log?: EventLog): Promise<Scene> {
    const policies = (): EnginePolicyView => new EnginePolicyView(NODE)
    const rig = new Rig({ datapath, policies, ...(log === undefined ? {} : { log }) })
    const agent = await rig.start()
    const endpoints = SHIPS.map(({ id, name, org, ipv4 }) => {
      const labels = [`k8s:class=${name.split('/')[1]}`, `k8s:org=${org}`, 'k8s:io.kubernetes.pod.namespace=default']
      return { id, name, labels, ipv4 }
    })
    await rig.operator.submit({ kind: 'add-endpoints', node: NODE, endpoints })
    await rig.quiet(agent)
    const scene = new Scene(rig, datapath, await openReadModel(rig.log, IN_MEMORY), agent)
    await scene.policy(landing('POST /v1/request-landing'))
    return scene
  }

  async policy(manifest: Json): Promise<void> {
    const resource = { kind: 'CiliumNetworkPolicy', namespace: 'default', name: 'rule1' } as const
    const wish = { kind: 'policy', resource, manifest, rules: 1, inputDigest: digestOf(manifest) } as const
    await this.rig.operator.submit({ kind: 'set-policies', wishes: [wish] })
    await this.rig.quiet(this.agent)
  }

  drift(): Promise<DriftAnswer> {
    const history = { log: this.rig.log, model: this.model }
    return nodeDrift({ history, datapath: this.datapath, node: NODE, pause: () => turns(5) })
  }

  get ports(): RepairPorts {
    const { clock, log } = this.rig
    const context = {
      actor: { kind: 'user', name: 'leia' },
      source: { kind: 'test', detail: 'drift --repair' },
      correlation: CorrelationId(clock.newId()),
      cause: null,
    } as const
    return {
      ...{ log, node: NODE, datapath: this.datapath, context, pausesMax: 20 },
      attach: (spec) => this.datapath.attachEndpoint(spec),
      newId: () => clock.newId(),
      pause: () => turns(20),
    }
  }

  async map(): Promise<readonly KernelPolicyEntry[]> {
    return (await this.datapath.readPolicyMap(DEATHSTAR)) ?? []
  }

  /** Behind everybody's back: one entry denies, one is gone, one nobody ever asked for. */
  async tamper(): Promise<{ readonly changed: string; readonly removed: string; readonly foreign: string }> {
    const entries = await this.map()
    const changed = entries.find(({ value }) => value.verdict === 'redirect')!.key
    const removed = entries.find(({ key, value }) => key.direction === 'ingress' && value.verdict !== 'redirect')!.key
    const foreign = { ...changed, identity: IdentityId(2), protocol: 6, port: 22, portBits: 16 }
    await this.datapath.writePolicyMap(DEATHSTAR, {
      upserts: [
        { key: changed, value: DENY },
        { key: foreign, value: { ...DENY, verdict: 'allow', precedence: 0 } },
      ],
      removals: [removed],
    })
    const [a, b, c] = [changed, removed, foreign].map(policyMapKeyText)
    return { changed: a!, removed: b!, foreign: c! }
  }

  /** The agent dies without a word: the log says that it runs. */
  async kill(): Promise<void> {
    const { log } = this.rig
    const append = log.append.bind(log)
    log.append = () => Promise.reject(new LogError('log-closed', 'killed'))
    await this.agent[Symbol.asyncDispose]()
    log.append = append
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.model[Symbol.dispose]()
    await this.rig[Symbol.asyncDispose]()
  }
}

const inShort = ({ what, kind, endpoint, name }: ExplainedDrift): string => `${what} ${kind} ${endpoint} ${name}`

export function driftContract({ name, skip, open, log }: DriftFactory): void {
  const withScene = (title: string, body: (scene: Scene) => Promise<void>): void => {
    test(`${title} (${name})`, { skip: skip ?? false }, async () => {
      await using opened = await open()
      await using scene = await Scene.open(opened.datapath, log?.())
      await body(scene)
    })
  }
  found(withScene)
  repaired(withScene)
}

type WithScene = (title: string, body: (scene: Scene) => Promise<void>) => void

function found(withScene: WithScene): void {
  withScene('T60 a kernel that holds what the log says has no drift', async (scene) => {
    const { position, agent, steady, drifts } = await scene.drift()
    assert.deepEqual(drifts, [])
    assert.deepEqual([position, agent, steady], [await scene.rig.log.head(), true, true])
  })
  withScene(
    'T60 what is missing, extra, different and foreign is told apart, with rules, labels and events',
    async (scene) => {
      await scene.policy(landing('POST /v1/request-landing', 'PUT /v1/exhaust-port'))
      const { changed, removed, foreign } = await scene.tamper()
      const { steady, drifts } = await scene.drift()
      assert.ok(steady)
      assert.deepEqual(
        new Set(drifts.map(inShort)),
        new Set([`entry different 863 ${changed}`, `entry missing 863 ${removed}`, `entry foreign 863 ${foreign}`]),
      )
      const different = drifts.find(({ kind }) => kind === 'different')!
      assert.deepEqual(different.found, DENY)
      assert.equal((different.recorded as { readonly verdict: string }).verdict, 'redirect')
      assert.ok(different.labels.includes('k8s:org=empire'))
      assert.deepEqual(
        different.rules.map(({ origin, policy }) => [origin, policy?.type, policy?.actor]),
        [['CiliumNetworkPolicy/default/rule1#/spec/ingress/0', 'PolicyAdded', 'user leia']],
      )
      assert.equal(different.event?.type, 'PolicyMapWritten')
      const none = drifts.find(({ kind }) => kind === 'foreign')!
      assert.deepEqual([none.event, none.cause, none.rules, none.recorded], [null, null, [], null])
    },
  )
  withScene('T60 an entry that a deleted policy left behind is extra, and its end is named', async (scene) => {
    const stale = (await scene.map()).find(({ value }) => value.verdict === 'redirect')!
    const resources = [{ kind: 'CiliumNetworkPolicy', namespace: 'default', name: 'rule1' } as const]
    await scene.rig.operator.submit({ kind: 'delete-policies', resources, ignoreMissing: false })
    await scene.rig.quiet(scene.agent)
    await scene.datapath.writePolicyMap(DEATHSTAR, { upserts: [stale], removals: [] })
    const [extra, ...more] = (await scene.drift()).drifts
    assert.deepEqual(more, [])
    assert.equal(inShort(extra!), `entry extra 863 ${policyMapKeyText(stale.key)}`)
    assert.deepEqual(
      extra?.rules.map(({ origin, policy }) => [origin, policy?.type]),
      [['CiliumNetworkPolicy/default/rule1#/spec/ingress/0', 'PolicyDeleted']],
    )
  })
  withScene('T60 addresses, endpoints and whole maps are compared, too', async (scene) => {
    const { datapath } = scene
    const [first] = (await datapath.readIpcache()).filter(({ prefix }) => prefix === '10.0.0.123/32')
    const entries: readonly IpcacheEntry[] = [
      { ...first!, identity: IdentityId(2) },
      { ...first!, prefix: Cidr('203.0.113.0/24') },
    ]
    await datapath.writeIpcache({ upserts: entries, removals: [Cidr('10.0.0.209/32')] })
    await datapath.detachEndpoint(EndpointId(775))
    const ipv4 = IpAddress('10.0.0.77')
    const stranger = { endpoint: EndpointId(77), identity: IdentityId(300), device: null, mac: null, nodeMac: null }
    await datapath.attachEndpoint({ ...stranger, ipv4 })
    assert.deepEqual((await scene.drift()).drifts.map(inShort).toSorted(), [
      'endpoint foreign 77 10.0.0.77',
      'endpoint missing 775 10.0.0.209',
      'ipcache different null 10.0.0.123/32',
      'ipcache foreign null 203.0.113.0/24',
      'ipcache missing null 10.0.0.209/32',
      'map foreign 77 77',
      'map missing 775 775',
    ])
  })
}

function repaired(withScene: WithScene): void {
  withScene('T61 where an agent runs it is asked, and builds again what was found', async (scene) => {
    await scene.tamper()
    const before = await scene.rig.log.head()
    const outcome = await repairEndpoint(scene.ports, DEATHSTAR, false)
    assert.equal(outcome.kind, 'built')
    assert.deepEqual((await scene.drift()).drifts, [])
    const events = await since(scene, before)
    assert.deepEqual(
      events.filter(({ event }) => event.type === 'PolicyMapWritten').map(({ context }) => context.actor.kind),
      ['user', 'agent'],
    )
    const request = events.find(({ event }) => event.type === 'EndpointRegenerationRequested')?.event
    assert.equal(request?.type === 'EndpointRegenerationRequested' && request.trigger, 'divergence')
    await comesOutAgain(scene)
  })
  withScene(
    'T61 where none runs, or none answers, the map of the last build is written, and that is written down',
    async (scene) => {
      const wanted = await scene.map()
      await scene.tamper()
      await scene.kill()
      assert.equal((await scene.drift()).agent, true)
      const before = await scene.rig.log.head()
      const outcome = await repairEndpoint({ ...scene.ports, pausesMax: 2 }, DEATHSTAR, true)
      assert.deepEqual(outcome, { kind: 'written', changes: 3 })
      assert.deepEqual(texts(await scene.map()), texts(wanted))
      const { drifts, agent } = await scene.drift()
      assert.deepEqual([drifts, agent], [[], true])
      const written = (await since(scene, before)).filter(({ event }) => event.type === 'PolicyMapWritten')
      assert.deepEqual(
        written.map(({ event, context }) => [event.type === 'PolicyMapWritten' && event.build, context.actor.name]),
        [
          [null, 'leia'],
          [null, 'leia'],
        ],
      )
      await comesOutAgain(scene)
    },
  )
  withScene('T61 what an agent found and wrote down before it died is drift still', async (scene) => {
    const { rig, datapath } = scene
    const { foreign, removed } = await scene.tamper()
    await scene.kill()
    await scene.model.catchUp(rig.log)
    const recorded = worldFrom(scene.model, scene.agent.position).nodes.get(NODE)?.endpoints.get(DEATHSTAR)?.policyMap
    const found = reconciled(recorded!, (await readMap(datapath, DEATHSTAR))!)
    const event = mapWritten(DEATHSTAR, null, recorded!, found)!
    const stored = encodeEvent({ id: rig.clock.newId(), event, context: scene.ports.context })
    await rig.log.append([{ stream: endpointStream(NODE, DEATHSTAR), expected: 'any', events: [stored] }])
    const { drifts } = await scene.drift()
    assert.equal(drifts.length, 3)
    assert.ok(drifts.some((drift) => drift.name === foreign && drift.kind === 'foreign' && drift.event !== null))
    assert.ok(drifts.some((drift) => drift.name === removed && drift.kind === 'missing'))
    const outcome = await repairEndpoint({ ...scene.ports, pausesMax: 0 }, DEATHSTAR, false)
    assert.equal(outcome.kind, 'written')
    assert.deepEqual((await scene.drift()).drifts, [])
    await comesOutAgain(scene)
  })
  withScene('T61 addresses and strangers are put right while the agent runs, and it goes on', async (scene) => {
    const { datapath, rig } = scene
    const kept = await datapath.readIpcache()
    const [first] = kept.filter(({ prefix }) => prefix === '10.0.0.123/32')
    await datapath.writeIpcache({
      upserts: [
        { ...first!, identity: IdentityId(2) },
        { ...first!, prefix: Cidr('203.0.113.0/24') },
      ],
      removals: [Cidr('10.0.0.209/32')],
    })
    const stranger = { endpoint: EndpointId(77), identity: IdentityId(300), device: null, mac: null, nodeMac: null }
    await datapath.attachEndpoint({ ...stranger, ipv4: null })
    const before = await rig.log.head()
    assert.equal(await repairIpcache(scene.ports), 3)
    assert.equal(await removeStranger(scene.ports, EndpointId(77)), true)
    assert.equal(await removeStranger(scene.ports, DEATHSTAR), false)
    await rig.quiet(scene.agent)
    assert.deepEqual((await scene.drift()).drifts, [])
    assert.deepEqual(
      (await since(scene, before)).map(({ event }) => 'prefix' in event && `${event.type} ${event.prefix}`).toSorted(),
      ['IpcacheDeleted 203.0.113.0/24', 'IpcacheUpserted 10.0.0.123/32', 'IpcacheUpserted 10.0.0.209/32'],
    )
    assert.equal(await repairIpcache(scene.ports), 0)
    await scene.policy(landing('PUT /v1/exhaust-port'))
    assert.deepEqual((await scene.drift()).drifts, [])
  })
  withScene('T61 repairs and policies at the same time end without drift', async (scene) => {
    for (let round = 0; round < 4; round += 1) {
      await scene.tamper()
      const policy = scene.policy(landing(`GET /v1/round/${round}`))
      const repairs = [repairEndpoint(scene.ports, DEATHSTAR, true), repairEndpoint(scene.ports, DEATHSTAR, false)]
      for (const { kind } of await Promise.all(repairs)) assert.notEqual(kind, 'failed')
      await policy
    }
    await scene.rig.quiet(scene.agent)
    const { drifts, steady } = await scene.drift()
    assert.deepEqual([drifts, steady], [[], true])
    await comesOutAgain(scene)
  })
}

async function since({ rig }: Scene, position: bigint | null): Promise<readonly Recorded[]> {
  return (await rig.operator.history()).filter((recorded) => recorded.position > (position ?? 0n))
}

async function comesOutAgain({ rig }: Scene): Promise<void> {
  const found = await replay({ log: rig.log, from: null, to: null, endpoint: null, nodes: [NODE] })
  assert.equal(found.mismatch, null)
}

function texts(entries: readonly KernelPolicyEntry[]): readonly string[] {
  return entries.map(({ key, value }) => `${policyMapKeyText(key)} ${canonicalText(value)}`).toSorted()
}
