/**
 * A story with everything that has a name: two nodes on one log, each with a real agent on the model datapath, addresses of both families, services, groups,
 * answers of the DNS, policies of every kind with hosts, headers and named ports, a refusal, a proxy that refuses, a build that fails, a map that was
 * changed behind the agent's back, people, Kubernetes, tags and flows. Every name is a word of `SECRETS`.
 */
import { join } from 'node:path'
import { pino } from 'pino'
import { digestOfText } from '../../events/canonical.ts'
import type { EventOf } from '../../events/catalogue.ts'
import { encodeEvent } from '../../events/codec.ts'
import {
  CorrelationId,
  EndpointId,
  type IdentityId,
  type IpAddress,
  NodeName,
  type Position,
} from '../../events/ids.ts'
import type { Actor, Source } from '../../events/recorded.ts'
import { readPolicyText } from '../../projections/policy/parse/text.ts'
import { type Agent, startAgent } from '../../src/agent/agent.ts'
import { EnginePolicyView } from '../../src/agent/engine-view.ts'
import type { Command } from '../../src/decide/command.ts'
import { decide } from '../../src/decide/command.ts'
import type { EndpointWish } from '../../src/decide/endpoint-fields.ts'
import type { PolicyWish, SetPolicies } from '../../src/decide/policies.ts'
import { openFlowStore } from '../../src/flows/sqlite.ts'
import { openSqliteLog } from '../../src/log/sqlite/log.ts'
import { createModelDatapath, type ModelDatapath } from '../../src/model/datapath.ts'
import { DatapathError } from '../../src/ports/datapath.ts'
import type { FlowStore, NewFlow } from '../../src/ports/flows.ts'
import type { EventLog } from '../../src/ports/log.ts'
import { Operator } from '../agent/rig.ts'
import { VirtualClock } from '../doubles/clock.ts'
import { turns } from '../doubles/gate.ts'
import { aProxy, FakeXdsServer } from '../doubles/xds.ts'

export const ALDERAAN: NodeName = NodeName('alderaan.rebels.corp')
export const BESPIN: NodeName = NodeName('bespin')

/** Every word that is somebody's name; those of a host or a file part by part. */
export const SECRETS: readonly string[] = [
  ...[
    'alderaan',
    'bespin',
    'rebels',
    'corp',
    'yavin',
    'hoth',
    'deathstar',
    'tiefighter',
    'xwing',
    'falcon',
    'snowspeeder',
  ],
  ...['squadron', 'rogue', 'blue', 'allegiance', 'empire', 'alliance', 'rank', 'captain', 'pilots', 'kessel', 'spice'],
  ...[
    'leia',
    'mothma',
    'mon-mothma',
    'obi-wan',
    'r2d2-controller',
    'tarkin',
    'superlaser',
    'exhaust',
    'blockade',
    'hyperdrive',
  ],
  ...['trench', 'tatooine', 'mos-eisley', 'cantina', 'outer-rim', 'inner-rim', 'sector', 'arkanis', 'corellian'],
  ...[
    'darkside',
    'lightside',
    'veth863',
    'vethfalcon',
    'plans',
    'yaml',
    'briefing',
    'ewok',
    'endor',
    'naboo',
    'gungan',
    'holonet',
  ],
]
/** How addresses of the story begin. */
export const SECRET_ADDRESSES: readonly string[] = [
  '10.77.',
  '10.78.',
  '198.51.100.',
  '203.0.113.',
  '192.0.2.',
  'fd77:',
  '2001:db8',
]

const SHIPS: readonly (EndpointWish & { readonly id: number })[] = [
  {
    id: 863,
    name: 'yavin/deathstar',
    labels: ['allegiance=empire', 'rebels.corp/rank=captain', 'k8s:io.cilium.k8s.namespace.labels.squadron=blue'],
    ...{ ipv4: '10.77.0.111', ipv6: 'fd77::111', device: 'veth863', mac: '02:77:00:00:00:6f' },
    namedPorts: [{ name: 'hyperdrive', port: 8080, protocol: 'TCP' }],
  },
  {
    id: 2216,
    name: 'yavin/tiefighter',
    labels: ['allegiance=empire', 'k8s:io.cilium.k8s.namespace.labels.squadron=blue'],
    ...{ ipv4: '10.77.0.123', ipv6: 'fd77::123' },
  },
  { id: 775, name: 'hoth/xwing', labels: ['allegiance=alliance', 'squadron=rogue'], ipv4: '10.77.1.209' },
]
const FAR_SHIPS: readonly (EndpointWish & { readonly id: number })[] = [
  {
    id: 11,
    name: 'hoth/falcon',
    labels: ['allegiance=alliance', 'kessel=spice'],
    ipv4: '10.78.0.5',
    device: 'vethfalcon',
  },
  {
    id: 12,
    name: 'hoth/snowspeeder',
    labels: ['allegiance=alliance', 'squadron=rogue'],
    ipv4: '10.78.0.6',
    ipv6: 'fd77:1::6',
  },
]

const SUPERLASER = `# what obi-wan must not read
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata:
  name: superlaser
  namespace: yavin
  labels: {sector: arkanis}
  annotations: {briefing: "plans of tarkin"}
spec:
  description: who may fire the superlaser
  endpointSelector: {matchLabels: {allegiance: empire, rebels.corp/rank: captain}}
  ingress:
  - fromEndpoints:
    - matchExpressions: [{key: allegiance, operator: In, values: [empire, alliance]}]
    toPorts:
    - ports: [{port: hyperdrive, protocol: TCP}]
      rules:
        http:
        - {method: POST, path: /v1/request-landing, host: '(holonet|naboo)\\.rebels\\.corp', headers: ['X-Force: lightside']}
        - {method: GET, path: '/v1/.*', host: '.*\\.rebels\\.corp'}
  - fromEndpoints: [{matchLabels: {allegiance: empire, 'k8s:io.kubernetes.pod.namespace': yavin}}]
    toPorts: [{ports: [{port: "443", protocol: TCP}], serverNames: [holonet.rebels.corp]}]
`
const EXHAUST = `apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: exhaust, namespace: hoth}
spec:
  endpointSelector: {matchLabels: {squadron: rogue}}
  egress:
  - toServices:
    - k8sService: {serviceName: tatooine, namespace: hoth}
  - toServices:
    - k8sServiceSelector: {selector: {matchLabels: {sector: corellian}}}
  - toFQDNs: [{matchName: cantina.tatooine.corp}, {matchPattern: '*.endor.corp'}]
  - toCIDRSet: [{cidr: 198.51.100.0/24, except: [198.51.100.128/25]}, {cidrGroupRef: outer-rim}]
  - toCIDRSet: [{cidrGroupSelector: {matchLabels: {sector: arkanis}}}]
  - toCIDR: [2001:db8:7::/48]
  - toEndpoints: [{matchLabels: {'k8s:io.kubernetes.pod.namespace': kube-system, 'k8s:k8s-app': kube-dns}}]
    toPorts: [{ports: [{port: "53", protocol: ANY}], rules: {dns: [{matchPattern: '*.corp'}]}}]
  - toEntities: [kube-apiserver]
  - icmps: [{fields: [{family: IPv4, type: 8}]}]
`
const BLOCKADE = `apiVersion: cilium.io/v2
kind: CiliumClusterwideNetworkPolicy
metadata: {name: blockade}
spec:
  endpointSelector: {matchLabels: {allegiance: empire}}
  ingress: [{fromEntities: [cluster]}]
  ingressDeny:
  - fromCIDRSet: [{cidr: 10.78.0.0/16}]
  - fromEndpoints: [{matchLabels: {squadron: rogue, 'k8s:io.kubernetes.pod.namespace': hoth}}]
    toPorts: [{ports: [{port: "80", protocol: TCP}]}]
`
const PILOTS = `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: pilots, namespace: hoth}
spec:
  podSelector: {matchLabels: {allegiance: alliance}}
  ingress:
  - from:
    - namespaceSelector: {matchLabels: {squadron: blue}}
    - podSelector: {matchExpressions: [{key: kessel, operator: Exists}]}
    - ipBlock: {cidr: 192.0.2.0/24, except: [192.0.2.64/26]}
    ports: [{port: hyperdrive, protocol: TCP}, {port: 8000, endPort: 8010}]
`
const FACTS = `apiVersion: cilium.io/v2alpha1
kind: CiliumCIDRGroup
metadata: {name: outer-rim, labels: {sector: arkanis}}
spec: {externalCIDRs: [203.0.113.0/26, 2001:db8:9::/64]}
---
apiVersion: cilium.io/v2alpha1
kind: CiliumCIDRGroup
metadata: {name: inner-rim, labels: {sector: arkanis}}
spec: {externalCIDRs: [203.0.113.192/26]}
---
apiVersion: v1
kind: Service
metadata: {name: tatooine, namespace: hoth, labels: {sector: corellian}}
spec: {ports: [{port: 80}]}
---
apiVersion: v1
kind: Endpoints
metadata: {name: tatooine, namespace: hoth}
subsets: [{addresses: [{ip: 203.0.113.90}, {ip: 203.0.113.9}], ports: [{port: 80}]}]
---
apiVersion: v1
kind: Service
metadata: {name: mos-eisley, namespace: yavin, labels: {sector: corellian}}
spec: {ports: [{port: 80}]}
---
apiVersion: v1
kind: Endpoints
metadata: {name: mos-eisley, namespace: yavin}
subsets: [{addresses: [{ip: 203.0.113.91}], ports: [{port: 80}]}]
`
const WRONG = `apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: ewok, namespace: hoth}
spec: {endpointSelector: {matchLabels: {gungan: jabba}}, ingress: [{toPorts: [{ports: [{port: "70000"}]}]}]}
`

const PERSON: Actor = { kind: 'user', name: 'leia' }
const KUBERNETES: Actor = { kind: 'kubernetes', name: 'r2d2-controller' }
const MINUTE = 60_000

export type Chapter =
  | ('ships' | 'superlaser' | 'exhaust' | 'blockade' | 'refused' | 'narrow')
  | ('failed' | 'repaired' | 'expired' | 'restarted' | 'end')

export type Galaxy = {
  readonly path: string
  readonly positions: readonly Position[]
  /** Where a chapter ended and both agents had nothing more to do. */
  readonly at: Readonly<Record<Chapter, Position>>
  readonly flowIds: number
}

type Node = { readonly name: NodeName; readonly datapath: ModelDatapath; agent: Agent | null }

class Stage {
  readonly log: EventLog
  readonly clock: VirtualClock
  readonly operator: Operator
  readonly flows: FlowStore
  readonly nodes: readonly Node[]
  readonly proxy = aProxy()
  readonly at: Map<Chapter, Position> = new Map()
  #epochs = 0

  constructor(log: EventLog, clock: VirtualClock, flows: FlowStore) {
    this.log = log
    this.clock = clock
    this.flows = flows
    this.operator = new Operator(log, clock)
    this.nodes = [ALDERAAN, BESPIN].map((name) => ({ name, datapath: createModelDatapath({ clock }), agent: null }))
  }

  async start(node: Node): Promise<void> {
    await node.agent?.[Symbol.asyncDispose]()
    this.#epochs += 1
    const { log, clock } = this
    const xds = new FakeXdsServer({ epoch: `e${this.#epochs}`, proxy: this.proxy, clock })
    const flows = node.name === ALDERAAN ? this.flows : null
    const logger = pino({ level: 'silent' })
    const ports = { node: node.name, log, datapath: node.datapath, xds, policy: new EnginePolicyView(node.name), flows }
    node.agent = await startAgent({ ...ports, clock, logger, options: {} })
    xds.changed()
  }

  async quiet(): Promise<void> {
    for (let turn = 0; turn < 40_000; turn += 1) {
      await turns(1)
      const head = await this.log.head()
      const isIdle = ({ agent }: Node): boolean =>
        agent === null || (agent.idle && (head === null || head <= agent.position))
      if (this.nodes.every(isIdle)) return
    }
    throw new Error('the agents do not come to rest')
  }

  async chapter(name: Chapter): Promise<void> {
    await this.quiet()
    this.at.set(name, (await this.log.head())!)
  }

  async tell(command: Command, actor: Actor = PERSON, file: string | null = null): Promise<void> {
    const source: Source = file === null ? { kind: 'cli', detail: 'holonet' } : { kind: 'file', detail: file }
    await this.#append(command, actor, source)
    await this.quiet()
  }

  async apply(text: string, file: string, actor: Actor = PERSON): Promise<void> {
    const inputDigest = digestOfText(text)
    const { readings, facts } = readPolicyText(text, 'bare')
    const wishes = readings.map((reading): PolicyWish => {
      if (reading.kind === 'refused')
        return { kind: 'unreadable', resource: reading.resource, problems: reading.problems, inputDigest }
      const { resource, manifest, rules } = reading.policy
      return { kind: 'policy', resource, manifest, rules: rules.length, inputDigest }
    })
    const told = facts.flatMap(({ fact }): SetPolicies['wishes'] =>
      fact === null ? [] : [{ kind: 'fact', inputDigest, fact }],
    )
    await this.tell({ kind: 'set-policies', wishes: [...wishes, ...told] }, actor, file)
  }

  async identityOf(
    name: string,
  ): Promise<{ readonly identity: IdentityId; readonly endpoint: EndpointId; readonly ipv4: IpAddress }> {
    const events = (await this.operator.history()).map(({ event }) => event)
    const created = events.findLast((event) => event.type === 'EndpointCreated' && event.name === name)
    const { endpoint, ipv4 } = created as EventOf<'EndpointCreated'>
    const changed = events.findLast((event) => event.type === 'EndpointIdentityChanged' && event.endpoint === endpoint)
    return { identity: (changed as EventOf<'EndpointIdentityChanged'>).identity, endpoint, ipv4: ipv4! }
  }

  async #append(command: Command, actor: Actor, source: Source): Promise<void> {
    for (;;) {
      const { ledger, heads } = await this.operator.known()
      const decision = decide(command, ledger)
      const appends = decision.kind === 'refused' ? decision.record : decision.appends
      if (appends.length === 0) return
      const correlation = CorrelationId(this.clock.newId())
      const context = { actor, source, correlation, cause: null }
      const outcome = await this.log.append(
        appends.map(({ stream, events }) => ({
          stream,
          expected: heads.get(stream) ?? 'no-stream',
          events: events.map((event) => encodeEvent({ id: this.clock.newId(), event, context })),
        })),
      )
      if (outcome.kind === 'appended') return
    }
  }
}

/** Into `<folder>/log.db`, with the flows beside it. */
export async function galaxy(folder: string): Promise<Galaxy> {
  const clock = new VirtualClock()
  const path = join(folder, 'log.db')
  await using log = openSqliteLog({ path, now: () => clock.now() })
  await using flows = openFlowStore({ path: join(folder, `flows-${ALDERAAN}.db`) })
  const stage = new Stage(log, clock, flows)
  const [alderaan, bespin] = stage.nodes as [Node, Node]
  for (const node of stage.nodes) await stage.start(node)
  try {
    await ships(stage)
    await war(stage)
    await troubles(stage, alderaan)
    await ending(stage, bespin)
    await flows.flush()
    const stored = await Array.fromAsync(log.readAll({ direction: 'forwards', after: null }))
    const positions = stored.flat().map(({ position }) => position)
    return {
      path,
      positions,
      at: Object.fromEntries(stage.at) as Galaxy['at'],
      flowIds: (await flows.query({})).length,
    }
  } finally {
    for (const { agent } of stage.nodes) await agent?.[Symbol.asyncDispose]()
  }
}

async function ships(stage: Stage): Promise<void> {
  await stage.tell({ kind: 'add-endpoints', node: ALDERAAN, endpoints: [...SHIPS] }, KUBERNETES)
  await stage.tell({ kind: 'add-endpoints', node: BESPIN, endpoints: [...FAR_SHIPS] }, KUBERNETES)
  await stage.chapter('ships')
  await stage.apply(SUPERLASER, 'plans/superlaser.yaml')
  await stage.tell({ kind: 'tag-position', name: 'trench', position: (await stage.log.head())!, move: false })
  await stage.chapter('superlaser')
  await recordFlows(stage)
}

async function war(stage: Stage): Promise<void> {
  stage.clock.advance(MINUTE)
  await stage.apply(EXHAUST, 'plans/exhaust.yaml', { kind: 'user', name: 'mon-mothma' })
  await stage.apply(FACTS, 'plans/tatooine.yaml', KUBERNETES)
  const cantina = { kind: 'learn-dns', name: 'cantina.tatooine.corp', ttlSeconds: 600, askedBy: 775 } as const
  await stage.tell({ ...cantina, node: ALDERAAN, addresses: ['203.0.113.77', '2001:db8:5::77'] })
  await stage.tell({ ...cantina, node: BESPIN, name: 'ewok.endor.corp', addresses: ['203.0.113.78'], askedBy: 12 })
  await stage.chapter('exhaust')
  await stage.apply(BLOCKADE, 'plans/blockade.yaml', { kind: 'user', name: 'tarkin' })
  await stage.apply(PILOTS, 'plans/pilots.yaml', KUBERNETES)
  await stage.chapter('blockade')
  await recordFlows(stage)
}

async function troubles(stage: Stage, node: Node): Promise<void> {
  await stage.apply(WRONG, 'plans/ewok.yaml')
  await stage.apply(SUPERLASER.replace('/v1/request-landing', '/v1/refused'), 'plans/superlaser.yaml', PERSON)
  await stage.chapter('refused')
  await stage.apply(SUPERLASER.replaceAll('[empire, alliance]', '[empire]'), 'plans/superlaser.yaml')
  await stage.chapter('narrow')
  const { writePolicyMap } = node.datapath
  node.datapath.writePolicyMap = () => Promise.reject(new DatapathError('kernel-error', 'tarkin was here'))
  await stage.apply(BLOCKADE.replace('port: "80"', 'port: "81"'), 'plans/blockade.yaml', {
    kind: 'user',
    name: 'obi-wan',
  })
  node.datapath.writePolicyMap = writePolicyMap
  stage.clock.advance(2 * MINUTE)
  await stage.chapter('failed')
  const [entry] = (await node.datapath.readPolicyMap(EndpointId(863)))!
  await node.datapath.writePolicyMap(EndpointId(863), { upserts: [], removals: [entry!.key] })
  stage.clock.advance(2 * MINUTE)
  await stage.chapter('repaired')
}

async function ending(stage: Stage, bespin: Node): Promise<void> {
  stage.clock.advance(20 * MINUTE)
  await stage.chapter('expired')
  await recordFlows(stage)
  await stage.apply(
    FACTS.replace('203.0.113.0/26', '203.0.113.0/28').replaceAll('203.0.113.91', '203.0.113.92'),
    'plans/naboo.yaml',
  )
  await stage.tell({ kind: 'delete-endpoints', node: BESPIN, endpoints: ['12'] }, KUBERNETES)
  await stage.start(bespin)
  await stage.chapter('restarted')
  const dropped = { kind: 'CiliumClusterwideNetworkPolicy', namespace: null, name: 'blockade' } as const
  await stage.tell({ kind: 'delete-policies', resources: [dropped], ignoreMissing: false })
  await stage.chapter('end')
}

/** As a node records them: some were judged otherwise than they would be. */
async function recordFlows(stage: Stage): Promise<void> {
  const [star, fighter, wing] = [
    await stage.identityOf('yavin/deathstar'),
    await stage.identityOf('yavin/tiefighter'),
    await stage.identityOf('hoth/xwing'),
  ]
  const events = await stage.operator.history()
  const revision = events.findLast(({ event }) => event.type === 'PolicyAdded')?.event as EventOf<'PolicyAdded'>
  const stamp = { position: String((await stage.log.head())!), revision: revision.revision }
  const judged = (from: typeof star, port: number, verdict: NewFlow['verdict'], http: NewFlow['http']): NewFlow => ({
    ...{ time: stage.clock.now(), stamp, kind: http === null ? 'policy-verdict' : 'http-request', verdict },
    ...{ direction: 'ingress', endpoint: star.endpoint, protocol: 6, proxyPort: null, matchType: 'l3-l4' },
    source: { address: from.ipv4, port: 40_000, identity: from.identity },
    destination: { address: star.ipv4, port, identity: star.identity },
    dropReason: verdict === 'DROPPED' ? 133 : null,
    http,
  })
  const request = (host: string, value: string): NewFlow['http'] => ({
    ...{ method: 'POST', host, path: '/v1/request-landing', protocol: 'HTTP/1.1', status: 200, durationMs: null },
    missing: [{ name: 'x-force', value }],
    rejected: [{ name: 'host', value: host }],
  })
  stage.flows.add([
    judged(fighter, 8080, 'FORWARDED', request('holonet.rebels.corp:8080', 'lightside')),
    judged(wing, 8080, 'DROPPED', request('endor.gungan.corp', 'darkside')),
    judged(wing, 80, 'DROPPED', null),
    judged(fighter, 80, 'FORWARDED', null),
  ])
}
