/**
 * The flow report against a slow answer: the rules of the policies walked address by address, before and after the plan, without identities, prefixes or
 * maps. Prefixes overlap on purpose. A failing seed is in the message.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { digestOf } from '../../events/canonical.ts'
import { IdentityId, IpAddress, Timestamp } from '../../events/ids.ts'
import type { Json } from '../../events/schema.ts'
import { readPolicy } from '../../projections/policy/parse/policy.ts'
import type { World } from '../../projections/world.ts'
import { EnginePolicyView } from '../../src/agent/engine-view.ts'
import { flowJudge } from '../../src/history/plan/flows.ts'
import { type PlannedPolicy, planOf } from '../../src/history/plan/plan.ts'
import { worldAt } from '../../src/history/state-at.ts'
import type { Flow } from '../../src/ports/flows.ts'
import { NODE, Rig } from '../agent/rig.ts'
import { chance } from './random-story.ts'

/** Each holds those after it that share its beginning. */
const PREFIXES = ['192.0.2.0/24', '192.0.2.0/25', '192.0.2.64/26', '192.0.2.64/32', '192.0.2.200/32', '198.51.100.0/24']
const ADDRESSES = ['192.0.2.1', '192.0.2.64', '192.0.2.70', '192.0.2.130', '192.0.2.200', '198.51.100.9', '203.0.113.5']
const PORTS = [80, 443]
const NAMES = ['hoth', 'endor', 'naboo', 'tatooine']

type Dice = ReturnType<typeof chance>
type Element = { readonly cidr: string | null; readonly except: string | null; readonly port: number | null }
type Rules = { readonly allow: readonly Element[]; readonly deny: readonly Element[] }
type Policies = ReadonlyMap<string, Rules>

function element(dice: Dice): Element {
  if (dice(5) === 0) return { cidr: null, except: null, port: dice(2) === 0 ? null : PORTS[dice(2)]! }
  const cidr = PREFIXES[dice(PREFIXES.length)]!
  const inner = PREFIXES.filter((one) => one !== cidr && bitsOf(one) > bitsOf(cidr) && covers(cidr, one.split('/')[0]!))
  const except = dice(3) === 0 ? (inner[dice(Math.max(1, inner.length))] ?? null) : null
  return { cidr, except, port: dice(2) === 0 ? null : PORTS[dice(2)]! }
}

function rules(dice: Dice): Rules {
  const some = (length: number): readonly Element[] => Array.from({ length }, () => element(dice))
  return { allow: some(1 + dice(3)), deny: some(dice(3)) }
}

function manifestOf(name: string, { allow, deny }: Rules): Json {
  const elements = (list: readonly Element[]): Json =>
    list.map(({ cidr, except, port }) => ({
      ...(cidr === null
        ? { toEntities: ['world'] }
        : { toCIDRSet: [{ cidr, ...(except === null ? {} : { except: [except] }) }] }),
      ...(port === null ? {} : { toPorts: [{ ports: [{ port: String(port), protocol: 'TCP' }] }] }),
    }))
  const spec = {
    endpointSelector: { matchLabels: { class: 'xwing' } },
    egress: elements(allow),
    ...(deny.length === 0 ? {} : { egressDeny: elements(deny) }),
  }
  return { kind: 'CiliumNetworkPolicy', metadata: { name, namespace: 'default' }, spec }
}

function numberOf(address: string): number {
  return address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0)
}

function bitsOf(cidr: string): number {
  return Number(cidr.split('/')[1])
}

function covers(cidr: string, address: string): boolean {
  const size = 2 ** (32 - bitsOf(cidr))
  return Math.floor(numberOf(address) / size) === Math.floor(numberOf(cidr.split('/')[0]!) / size)
}

/** The slow way. */
function isAllowed(policies: Policies, address: string, port: number): boolean {
  const fits = ({ cidr, except, port: wanted }: Element): boolean =>
    (cidr === null || covers(cidr, address)) &&
    (except === null || !covers(except, address)) &&
    (wanted === null || wanted === port)
  const all = [...policies.values()]
  if (all.length === 0) return true
  if (all.some(({ deny }) => deny.some(fits))) return false
  return all.some(({ allow }) => allow.some(fits))
}

const resourceOf = (name: string) => ({ kind: 'CiliumNetworkPolicy', namespace: 'default', name }) as const

function planned(name: string, wanted: Rules | null): PlannedPolicy {
  if (wanted === null) return { resource: resourceOf(name), manifest: null, rules: null }
  const manifest = manifestOf(name, wanted)
  const reading = readPolicy(manifest)
  assert.ok(reading.kind === 'accepted')
  return { resource: resourceOf(name), manifest, rules: reading.policy.rules }
}

/** A real agent's node with one endpoint and these policies. */
async function worldWith(policies: Policies): Promise<World> {
  await using rig = new Rig({ policies: () => new EnginePolicyView(NODE) })
  const agent = await rig.start()
  const labels = ['k8s:class=xwing', 'k8s:io.kubernetes.pod.namespace=default']
  const endpoint = { id: 775, name: 'default/xwing', labels, ipv4: '10.0.0.209', device: 'lxc775' }
  await rig.operator.submit({ kind: 'add-endpoints', node: NODE, endpoints: [endpoint] })
  const wishes = [...policies].map(([name, wanted]) => {
    const manifest = manifestOf(name, wanted)
    return { kind: 'policy', resource: resourceOf(name), manifest, rules: 1, inputDigest: digestOf(manifest) } as const
  })
  if (wishes.length > 0) await rig.operator.submit({ kind: 'set-policies', wishes })
  await rig.quiet(agent)
  return worldAt(rig.log, { position: (await rig.log.head())!, recordedAt: Timestamp(0) })
}

/** As the flow was recorded: with the number that the address had then, which may be anybody's by now. */
function flowTo(address: string, port: number, identity: number): Flow {
  const side = (ip: string, own: number, number: number) => ({
    address: IpAddress(ip),
    port: own,
    identity: IdentityId(number),
  })
  return {
    id: 1,
    time: Timestamp(1_700_000_000_000),
    stamp: { position: '1', revision: 1 },
    kind: 'policy-verdict',
    verdict: 'FORWARDED',
    direction: 'egress',
    endpoint: 775,
    source: side('10.0.0.209', 40_000, 256),
    destination: side(address, port, identity),
    protocol: 6,
    dropReason: null,
    matchType: null,
    proxyPort: null,
    http: null,
  } as unknown as Flow
}

function randomPolicies(dice: Dice): Policies {
  return new Map(NAMES.slice(0, dice(NAMES.length)).map((name) => [name, rules(dice)]))
}

test('T91 flows to overlapping prefixes change under a plan as the rules say, address by address', async () => {
  let changed = 0
  for (let seed = 1; seed <= 15; seed += 1) {
    const dice = chance(seed)
    const before = randomPolicies(dice)
    const world = await worldWith(before)
    const view = world.nodes.get(NODE)!
    for (let round = 0; round < 4; round += 1) {
      const name = NAMES[dice(NAMES.length)]!
      const wanted = before.has(name) && dice(3) === 0 ? null : rules(dice)
      const after = new Map(before)
      if (wanted === null) after.delete(name)
      else after.set(name, wanted)
      const { plan, policies } = planOf(world, [planned(name, wanted)], [])
      for (const address of ADDRESSES) {
        for (const port of PORTS) {
          const [was, is] = [isAllowed(before, address, port), isAllowed(after, address, port)]
          const identity = dice(2) === 0 ? 2 : 0x0100_0001 + dice(4)
          const found = flowJudge({ node: NODE, view, policies, plan })(flowTo(address, port, identity))
          assert.ok(typeof found !== 'string', String(found))
          assert.deepEqual([found.was, found.is], [was, is], `seed ${seed} round ${round} ${address}:${port}`)
          if (was !== is) changed += 1
        }
      }
    }
  }
  assert.ok(changed > 60, `${changed} flows changed`)
})
