import assert from 'node:assert/strict'
import { test } from 'node:test'
import { digestOf } from '../../events/canonical.ts'
import type { HindcastEvent } from '../../events/catalogue.ts'
import { Cidr, IdentityId, nodeStream } from '../../events/ids.ts'
import type { Recorded } from '../../events/recorded.ts'
import type { Json } from '../../events/schema.ts'
import type { PolicyMap } from '../../projections/datapath/policy-map.ts'
import { policyVerdict } from '../../projections/datapath/verdict.ts'
import { contains, parseAddress, parsePrefix } from '../../projections/ip/prefix.ts'
import { ipcacheOfNode } from '../../projections/ipcache.ts'
import { step } from '../../projections/projection.ts'
import { engineOfWorld } from '../../projections/verdict/engine-of-world.ts'
import { EMPTY_NODE, world as fold, type World } from '../../projections/world.ts'
import { HostWindows } from '../../src/history/windows/host-windows.ts'
import { NodeWindows, type Window } from '../../src/history/windows/node-windows.ts'
import { chance } from './random-story.ts'
import { imaginedOf, mapsOf, NODE, recordedAs, windowStory } from './window-story.ts'

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

const isOpenAt = ({ since, until }: Pick<Window, 'since' | 'until'>, position: bigint): boolean =>
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

/** Addresses come and go, proxies are told of them or not, and listeners go by it or not. */
function hostStory(seed: number, length: number): readonly Recorded[] {
  const dice = chance(seed)
  const stream = nodeStream(NODE)
  const prefixes = [1, 2, 3].map((last) => Cidr(`203.0.113.${last}/32`))
  const identity = (): IdentityId => IdentityId(300 + dice(3))
  const told = new Map<Cidr, IdentityId>()
  const next = (version: string): HindcastEvent => {
    const prefix = prefixes[dice(3)]!
    switch (dice(6)) {
      case 0:
        return { type: 'IpcacheDeleted', v: 1, prefix }
      case 1:
      case 2: {
        const place = { tunnelEndpoint: null, encryptKey: 0, skipTunnel: false, origin: 'policy' } as const
        return { type: 'IpcacheUpserted', v: 1, prefix, identity: identity(), ...place }
      }
      case 3: {
        const resource: Json = { listenerFilters: [{ typedConfig: { useNphds: dice(3) > 0 } }] }
        const changed = [{ name: 'listener', resource }]
        return { type: 'XdsPublished', v: 1, xds: 'lds', version, digest: digestOf('any'), changed, removed: [] }
      }
      default: {
        // An address is of one identity: what one loses another may gain in the same publication.
        const before = told.get(prefix)
        if (dice(4) === 0) told.delete(prefix)
        else told.set(prefix, identity())
        const touched = [before, told.get(prefix)].filter((one) => one !== undefined)
        const resources = [...new Set(touched)].map((one) => ({
          name: String(one),
          resource: { hostAddresses: prefixes.filter((each) => told.get(each) === one) },
        }))
        const changed = resources.filter(({ resource }) => resource.hostAddresses.length > 0)
        const removed = resources.filter((one) => !changed.includes(one)).map(({ name }) => name)
        return { type: 'XdsPublished', v: 1, xds: 'nphds', version, digest: digestOf('any'), changed, removed }
      }
    }
  }
  return Array.from({ length }, (_, index) => recordedAs(stream, next(String(index)), index))
}

/** What each prefix is told as. */
function toldBy(events: readonly Recorded[]): ReadonlyMap<string, number> {
  const told = new Map<string, number>()
  for (const { event } of events) {
    if (event.type !== 'XdsPublished' || event.xds !== 'nphds') continue
    for (const name of [...event.removed, ...event.changed.map((one) => one.name)]) {
      for (const [prefix, identity] of told) if (String(identity) === name) told.delete(prefix)
    }
    for (const { name, resource } of event.changed) {
      for (const prefix of (resource as unknown as { hostAddresses: readonly string[] }).hostAddresses)
        told.set(prefix, Number(name))
    }
  }
  return told
}

test('T72 a window of what proxies are told is open exactly where a listener goes by it and it is not what the ipcache has', () => {
  let checked = 0
  for (let seed = 1; seed <= 30; seed++) {
    const events = hostStory(seed, 60)
    const middle = seed % 2 === 0 ? 0 : 20
    const start = events.slice(0, middle).reduce((state, event) => step(fold, state, event), fold.initial)
    const walk = new HostWindows(NODE, start)
    let world = start
    const windows = events.slice(middle).flatMap((event) => {
      world = step(fold, world, event)
      return walk.take(event, world)
    })
    const all = [...windows, ...walk.end()]
    for (const [index, { position }] of events.entries()) {
      if (index < middle) continue
      const until = events.slice(0, index + 1)
      const listener = until.findLast(({ event }) => event.type === 'XdsPublished' && event.xds === 'lds')
      const isUsed = JSON.stringify(listener?.event ?? '').includes('"useNphds":true')
      const state = until.reduce((before, event) => step(fold, before, event), fold.initial)
      const has = new Map(
        [...(state.nodes.get(NODE)?.ipcache.values() ?? [])].map((entry) => [
          String(entry.prefix),
          Number(entry.identity),
        ]),
      )
      const told = toldBy(until)
      const wrong = [...new Set([...has.keys(), ...told.keys()])].filter(
        (prefix) => isUsed && has.get(prefix) !== told.get(prefix),
      )
      const open = all.filter((window) => isOpenAt(window, position))
      const found = open.map(({ peer }) => (peer.what === 'prefix' ? peer.prefix : peer.what))
      assert.deepEqual(found.toSorted(), wrong.toSorted(), `seed ${seed}, position ${position}`)
      checked += wrong.length
    }
  }
  assert.ok(checked > 500, `${checked} prefixes were told wrongly`)
})
