/**
 * A log that comes out as it was recorded: a real agent wrote it, on a faked kernel and proxy. Endpoints in groups by label, and policies that are
 * set again and again with another port or request, so that some endpoints are built at each and the others bumped.
 */
import { digestOf } from '../../events/canonical.ts'
import type { Json } from '../../events/schema.ts'
import { EnginePolicyView } from '../../src/agent/engine-view.ts'
import { openSqliteLog } from '../../src/log/sqlite/log.ts'
import { NODE, Rig } from '../agent/rig.ts'
import { VirtualClock } from '../doubles/clock.ts'

const GROUPS = 10
const ENDPOINTS = 60
const POLICIES = 40
const PORTS = 40

/** At least `events` events. */
export async function writeReplayableLog(path: string, events: number): Promise<void> {
  const clock = new VirtualClock()
  await using log = openSqliteLog({ path, now: () => clock.now() })
  await using rig = new Rig({ log, clock, policies: () => new EnginePolicyView(NODE) })
  const agent = await rig.start()
  const { operator } = rig
  for (let id = 1; id <= ENDPOINTS; id += 1) await operator.addEndpoint(id, `k8s:team=${id % GROUPS}`)
  await rig.quiet(agent)
  for (let turn = 0; Number((await log.head()) ?? 0n) < events; turn += 1) {
    const name = `policy-${turn % POLICIES}`
    const manifest = policy(name, turn)
    const resource = { kind: 'CiliumNetworkPolicy', namespace: 'default', name } as const
    const wish = { kind: 'policy', resource, manifest, rules: 1, inputDigest: digestOf(manifest) } as const
    await operator.submit({ kind: 'set-policies', wishes: [wish] })
    await rig.quiet(agent)
  }
  await agent[Symbol.asyncDispose]()
}

function policy(name: string, turn: number): Json {
  const ports = Array.from({ length: PORTS }, (_, index) => ({
    port: String(1_000 + index + (turn % 7)),
    protocol: 'TCP',
  }))
  const http = turn % 4 === 0 ? { rules: { http: [{ method: 'GET', path: `/v${turn}/.*` }] } } : {}
  const team = (number: number): Json => ({ matchLabels: { team: String(number % GROUPS) } })
  return {
    kind: 'CiliumNetworkPolicy',
    metadata: { name, namespace: 'default' },
    spec: {
      endpointSelector: team(turn),
      ingress: [
        { fromEndpoints: [team(turn * 3 + 1), team(turn + 5)], toPorts: [{ ports }] },
        { fromEndpoints: [team(turn + 2)], toPorts: [{ ports: [{ port: '80', protocol: 'TCP' }], ...http }] },
      ],
    },
  }
}
