/**
 * A log as a real agent writes it, with its chains of causes: the Star Wars story on a faked kernel and proxy, with the policy engine as it is.
 * A moment of the story is the position at which the agent had nothing more to do.
 */
import { digestOf } from '../../events/canonical.ts'
import type { NodeName, Position } from '../../events/ids.ts'
import type { Json } from '../../events/schema.ts'
import { EnginePolicyView } from '../../src/agent/engine-view.ts'
import { openSqliteLog } from '../../src/log/sqlite/log.ts'
import { NODE, Rig } from '../agent/rig.ts'
import { VirtualClock } from '../doubles/clock.ts'

export type StoryMoment = 'ships' | 'landing' | 'exhaust' | 'noFighters' | 'narrow' | 'gone'
export type Story = {
  readonly path: string
  readonly node: NodeName
  readonly at: Readonly<Record<StoryMoment, Position>>
}

export const SHIPS = [
  { id: 863, name: 'default/deathstar', org: 'empire', ipv4: '10.0.0.111' },
  { id: 2216, name: 'default/tiefighter', org: 'empire', ipv4: '10.0.0.123' },
  { id: 775, name: 'default/xwing', org: 'alliance', ipv4: '10.0.0.209' },
] as const

export function landing(...requests: readonly string[]): Json {
  const http = requests.map((request) => ({ method: request.split(' ')[0]!, path: request.split(' ')[1]! }))
  return {
    kind: 'CiliumNetworkPolicy',
    metadata: { name: 'rule1', namespace: 'default' },
    spec: {
      endpointSelector: { matchLabels: { class: 'deathstar', org: 'empire' } },
      ingress: [
        {
          fromEndpoints: [{ matchLabels: { org: 'empire' } }],
          toPorts: [{ ports: [{ port: '80', protocol: 'TCP' }], rules: { http } }],
        },
      ],
    },
  }
}

const NO_FIGHTERS: Json = {
  kind: 'CiliumNetworkPolicy',
  metadata: { name: 'no-fighters', namespace: 'default' },
  spec: {
    endpointSelector: { matchLabels: { class: 'deathstar' } },
    ingressDeny: [{ fromEndpoints: [{ matchLabels: { class: 'tiefighter' } }] }],
  },
}

export async function agentStory(path: string): Promise<Story> {
  const clock = new VirtualClock()
  await using log = openSqliteLog({ path, now: () => clock.now() })
  await using rig = new Rig({ log, policies: () => new EnginePolicyView(NODE) })
  const agent = await rig.start()
  const { operator } = rig
  const rest = async (): Promise<Position> => {
    await rig.quiet(agent)
    return (await log.head())!
  }
  const set = async (name: string, manifest: Json): Promise<Position> => {
    const resource = { kind: 'CiliumNetworkPolicy', namespace: 'default', name } as const
    const wish = { kind: 'policy', resource, manifest, rules: 1, inputDigest: digestOf(manifest) } as const
    await operator.submit({ kind: 'set-policies', wishes: [wish] })
    return rest()
  }
  const drop = async (...names: readonly string[]): Promise<Position> => {
    const resources = names.map((name) => ({ kind: 'CiliumNetworkPolicy', namespace: 'default', name }) as const)
    await operator.submit({ kind: 'delete-policies', resources, ignoreMissing: false })
    return rest()
  }
  const endpoints = SHIPS.map(({ id, name, org, ipv4 }) => {
    const labels = [`k8s:class=${name.split('/')[1]}`, `k8s:org=${org}`, 'k8s:io.kubernetes.pod.namespace=default']
    return { id, name, labels, ipv4, device: `lxc${id}` }
  })
  await operator.submit({ kind: 'add-endpoints', node: NODE, endpoints })
  const at = {
    ships: await rest(),
    landing: await set('rule1', landing('POST /v1/request-landing')),
    exhaust: await set('rule1', landing('POST /v1/request-landing', 'PUT /v1/exhaust-port')),
    noFighters: await set('no-fighters', NO_FIGHTERS),
    narrow: await drop('no-fighters'),
    gone: await drop('rule1'),
  }
  return { path, node: NODE, at }
}
