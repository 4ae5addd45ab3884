import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Cidr } from '../../events/ids.ts'
import type { Recorded } from '../../events/recorded.ts'
import type { PolicyMap } from '../../projections/datapath/policy-map.ts'
import { policyVerdict } from '../../projections/datapath/verdict.ts'
import { contains, parseAddress, parsePrefix } from '../../projections/ip/prefix.ts'
import { ipcacheOfNode } from '../../projections/ipcache.ts'
import { step } from '../../projections/projection.ts'
import { engineOfWorld } from '../../projections/verdict/engine-of-world.ts'
import { EMPTY_NODE, world as fold, type World } from '../../projections/world.ts'
import { NodeWindows, type Window } from '../../src/history/windows/node-windows.ts'
import { imaginedOf, mapsOf, NODE, windowStory } from './window-story.ts'

const ADDRESSES = [
  '10.0.0.1',
  '10.0.0.2',
  '10.0.0.3',
  '10.0.0.4',
  '203.0.113.1',
  '203.0.113.2',
  '203.0.113.3',
  '198.51.100.9',
]
const PORTS = [1, 79, 80, 81, 442, 443, 444]
const PROTOCOLS = [6, 17]
const WORLD = 2

type Table = ReadonlyMap<Cidr, number>
type Wrong = {
  readonly endpoint: number
  readonly direction: 'ingress' | 'egress'
  readonly kind: 'deny' | 'allow'
  readonly address: string
  readonly protocol: number
  readonly port: number
}
type Oracle = {
  readonly inForce: Table
  readonly wanted: Table
  readonly maps: ReadonlyMap<number, readonly [PolicyMap, PolicyMap]>
  readonly wrongs: readonly Wrong[]
}

/** The narrowest prefix around an address, by looking at all of them. */
function around(table: Iterable<Cidr>, address: string): Cidr | null {
  const value = parseAddress(address)!
  const covering = [...table].filter((prefix) => contains(parsePrefix(prefix)!, value))
  return covering.toSorted((a, b) => parsePrefix(b)!.length - parsePrefix(a)!.length)[0] ?? null
}

function identityIn(table: Table, address: string): number {
  const prefix = around(table.keys(), address)
  return prefix === null ? WORLD : table.get(prefix)!
}

/** Everything from the world alone, as slowly as it can be said. */
function oracle(world: World): Oracle {
  const view = world.nodes.get(NODE, EMPTY_NODE)
  const required = [...engineOfWorld(world, NODE).requiredPrefixes()]
  const local = new Map([...view.localIdentities.values()].map(({ prefix, identity }) => [prefix, identity as number]))
  const missing = required.filter((prefix) => !local.has(prefix))
  const entries = ipcacheOfNode(world, NODE) as unknown as ReadonlyMap<
    Cidr,
    { readonly identity: number; readonly origin: string }
  >
  const inForce = new Map([...entries].map(([prefix, { identity }]) => [prefix, identity]))
  const wanted = new Map(required.map((prefix) => [prefix, local.get(prefix) ?? imaginedOf(prefix)]))
  for (const { ipv4, identity } of view.endpoints.values())
    if (identity !== null) wanted.set(`${ipv4}/32` as Cidr, identity)
  for (const [node, { endpoints }] of world.nodes) {
    if (node === NODE) continue
    for (const { ipv4, identity } of endpoints.values())
      if (identity !== null) wanted.set(`${ipv4}/32` as Cidr, identity)
  }
  for (const [prefix, { identity, origin }] of view.ipcache as unknown as typeof entries) {
    if (origin === 'user') wanted.set(prefix, identity)
  }
  const maps = new Map<number, readonly [PolicyMap, PolicyMap]>()
  const mapFor = mapsOf(world, missing)
  const wrongs: Wrong[] = []
  for (const endpoint of view.endpoints.values()) {
    const map = endpoint.revision === null ? null : mapFor(endpoint)
    if (map === null) continue
    maps.set(endpoint.endpoint, [endpoint.policyMap, map])
    for (const address of ADDRESSES) {
      const [f, w] = [identityIn(inForce, address), identityIn(wanted, address)]
      for (const direction of ['ingress', 'egress'] as const)
        for (const protocol of PROTOCOLS)
          for (const port of PORTS) {
            const is = policyVerdict(endpoint.policyMap, { direction, identity: f, protocol, port }).verdict !== 'deny'
            const should = policyVerdict(map, { direction, identity: w, protocol, port }).verdict !== 'deny'
            if (is === should) continue
            wrongs.push({
              endpoint: endpoint.endpoint,
              direction,
              kind: should ? 'deny' : 'allow',
              address,
              protocol,
              port,
            })
          }
    }
  }
  return { inForce, wanted, maps, wrongs }
}

function isAbout({ peers, endpoint }: Window, address: string, { inForce, wanted, maps }: Oracle): boolean {
  const [f, w] = [identityIn(inForce, address), identityIn(wanted, address)]
  const own = around([...inForce.keys(), ...wanted.keys()], address)
  const named = new Set(
    (maps.get(endpoint) ?? []).flatMap((map) => [...map.values()].map(({ key }) => key.identity as number)),
  )
  return peers.some((peer) => {
    if (peer.what === 'prefix') return peer.prefix === own
    return f === w && (peer.what === 'identity' ? peer.identity === f : !named.has(f))
  })
}

const isOpenAt = ({ since, until }: Window, position: bigint): boolean =>
  (since === null || BigInt(since.position) <= position) && (until === null || BigInt(until.position) > position)

function windowsIn(events: readonly Recorded[], from: number, world: World): readonly Window[] {
  const walk = new NodeWindows(NODE, world)
  return [...events.slice(from).flatMap((event) => walk.take(event)), ...walk.end()]
}

test('T72 at every position a window is open exactly for those whose packets are judged wrongly then', () => {
  let checked = 0
  for (let seed = 1; seed <= 6; seed++) {
    const events = windowStory(seed, 120)
    const windows = windowsIn(events, 0, fold.initial)
    let world = fold.initial
    for (const recorded of events) {
      world = step(fold, world, recorded)
      const expected = oracle(world)
      const open = windows.filter((window) => isOpenAt(window, recorded.position))
      const said = `seed ${seed}, position ${recorded.position}, ${recorded.event.type}`
      for (const wrong of expected.wrongs) {
        const covering = open.filter(
          (window) =>
            window.endpoint === wrong.endpoint &&
            window.direction === wrong.direction &&
            window.kind === wrong.kind &&
            window.ports.some(
              ({ protocol, from, to }) => protocol === wrong.protocol && from <= wrong.port && wrong.port <= to,
            ) &&
            isAbout(window, wrong.address, expected),
        )
        assert.ok(covering.length > 0, `${said}: no window for ${JSON.stringify(wrong)}`)
        checked += 1
      }
      for (const window of open) {
        const grounds = expected.wrongs.some(
          (wrong) =>
            window.endpoint === wrong.endpoint &&
            window.direction === wrong.direction &&
            window.kind === wrong.kind &&
            isAbout(window, wrong.address, expected),
        )
        assert.ok(grounds, `${said}: nothing is wrong for ${JSON.stringify(window)}`)
      }
    }
  }
  assert.ok(checked > 2_000, `${checked} wrong verdicts`)
})

test('T72 windows that are looked at from the middle of the log on are those of the whole, and say that they were open before', () => {
  let before = 0
  for (let seed = 20; seed < 26; seed++) {
    const events = windowStory(seed, 120)
    const whole = windowsIn(events, 0, fold.initial)
    const middle = 50 + seed
    const world = events.slice(0, middle).reduce((state, event) => step(fold, state, event), fold.initial)
    const part = windowsIn(events, middle, world)
    const at = events[middle - 1]!.position
    for (const { position } of events.slice(middle - 1)) {
      const [a, b] = [whole, part].map((all) =>
        all
          .filter((window) => isOpenAt(window, position))
          .flatMap(inWords)
          .toSorted(),
      )
      assert.deepEqual(b, a, `seed ${seed} from ${at}, at ${position}`)
    }
    assert.ok(
      part.every(({ since, durationMs }) => (since === null ? durationMs === null : BigInt(since.position) > at)),
    )
    before += part.filter(({ since }) => since === null).length
  }
  assert.ok(before > 0)
})

function inWords({ endpoint, direction, kind, peers, until }: Window): readonly string[] {
  return peers.map((peer) =>
    JSON.stringify([
      endpoint,
      direction,
      kind,
      until?.position ?? null,
      { ...peer, names: [], labels: [], except: [] },
    ]),
  )
}
