/**
 * What every datapath does, whatever decides in it: BPF programs or the projections themselves.
 *
 * A fixture brings a fresh datapath and a way to let one packet through it. Nothing here knows how either works.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PolicyMapKey } from '../../events/fields.ts'
import { Cidr, EndpointId, IdentityId, IpAddress, Port } from '../../events/ids.ts'
import { comparePolicyMapKeys } from '../../projections/datapath/policy-map.ts'
import type {
  Datapath,
  IpcacheEntry,
  KernelPolicyEntry,
  KernelPolicyValue,
  PolicyVerdict,
} from '../../src/ports/datapath.ts'

/** A packet at a pod's device. `remote` is the other end; ports are those of the packet. For ICMP the destination port is the type. */
export type ContractPacket = {
  readonly direction: 'ingress' | 'egress'
  readonly local: IpAddress
  readonly remote: IpAddress
  readonly protocol: number
  readonly sourcePort: number
  readonly destinationPort: number
  /** TCP only: the first packet of a connection, or a later one. */
  readonly syn: boolean
}

export type DatapathFixture = AsyncDisposable & {
  readonly datapath: Datapath
  /** Attaches an endpoint at a place where `send` finds it. */
  readonly attach: (pod: ContractPod) => Promise<void>
  readonly send: (packet: ContractPacket) => Promise<'passed' | 'dropped' | 'redirected'>
  /** Returns when verdicts of packets sent so far have been delivered to subscribers. */
  readonly settled: () => Promise<void>
}

export type ContractPod = { readonly endpoint: EndpointId; readonly identity: IdentityId; readonly ipv4: IpAddress }

/** `skip` gives the reason where the datapath cannot run. */
export type DatapathFactory = {
  readonly name: string
  readonly skip: string | null
  readonly open: () => Promise<DatapathFixture>
}

type WithDatapath = (title: string, body: (fixture: DatapathFixture) => Promise<void>) => void

export function datapathContract({ name, skip, open }: DatapathFactory): void {
  const withDatapath: WithDatapath = (title, body) => {
    test(`${title} (${name})`, { skip: skip ?? false }, async () => {
      await using fixture = await open()
      await body(fixture)
    })
  }
  endpoints(withDatapath)
  inspection(withDatapath)
  policyMaps(withDatapath)
  ipcache(withDatapath)
  verdicts(withDatapath)
  connections(withDatapath)
}

const TCP = 6
const UDP = 17
const WEB: ContractPod = { endpoint: EndpointId(21), identity: IdentityId(40_021), ipv4: IpAddress('10.9.0.21') }
const DB: ContractPod = { endpoint: EndpointId(22), identity: IdentityId(40_022), ipv4: IpAddress('10.9.0.22') }
const CLIENT = IpAddress('10.9.1.5')
const CLIENT_IDENTITY = IdentityId(40_001)
const WORLD = IdentityId(2)
const PRECEDENCE_DENY = 0xffff_ffff
/** Cilium's default of bpf-policy-map-max. */
const POLICY_MAP_MAX = 16_384

const ANY: PolicyMapKey = { direction: 'ingress', identity: IdentityId(0), protocol: 0, port: 0, portBits: 0 }
const ALLOW: KernelPolicyValue = { verdict: 'allow', proxyPort: 0, precedence: 0, authType: 0 }
const DENY: KernelPolicyValue = { ...ALLOW, verdict: 'deny', precedence: PRECEDENCE_DENY }
const HTTP: PolicyMapKey = { ...ANY, identity: CLIENT_IDENTITY, protocol: TCP, port: 80, portBits: 16 }

const request: ContractPacket = {
  direction: 'ingress',
  local: WEB.ipv4,
  remote: CLIENT,
  protocol: TCP,
  sourcePort: 41_000,
  destinationPort: 80,
  syn: true,
}

function write(
  datapath: Datapath,
  upserts: readonly (readonly [PolicyMapKey, KernelPolicyValue])[],
  removals: readonly PolicyMapKey[] = [],
  endpoint: EndpointId = WEB.endpoint,
): Promise<void> {
  return datapath.writePolicyMap(endpoint, { upserts: upserts.map(([key, value]) => ({ key, value })), removals })
}

async function contents(
  datapath: Datapath,
  endpoint: EndpointId = WEB.endpoint,
): Promise<readonly (readonly [PolicyMapKey, KernelPolicyValue])[]> {
  const entries = await datapath.readPolicyMap(endpoint)
  assert.ok(entries !== null, `endpoint ${endpoint} has a map`)
  return entries.toSorted((a, b) => comparePolicyMapKeys(a.key, b.key)).map(({ key, value }) => [key, value] as const)
}

const peer = (prefix: string, identity: IdentityId): IpcacheEntry => ({
  prefix: Cidr(prefix),
  identity,
  tunnelEndpoint: null,
  encryptKey: 0,
  skipTunnel: false,
})

function endpoints(withDatapath: WithDatapath): void {
  withDatapath(
    'D20 an attached endpoint has an empty map, which drops everything',
    async ({ datapath, attach, send }) => {
      assert.deepEqual(await datapath.listEndpoints(), [])
      assert.equal(await datapath.readPolicyMap(WEB.endpoint), null)
      await attach(WEB)
      assert.deepEqual(await datapath.listEndpoints(), [WEB.endpoint])
      assert.deepEqual(await datapath.readPolicyMap(WEB.endpoint), [])
      assert.equal(await send(request), 'dropped')
      assert.equal(await send({ ...request, direction: 'egress' }), 'dropped')
    },
  )
  withDatapath(
    'D20 attaching again keeps the map; another endpoint has its own',
    async ({ datapath, attach, send }) => {
      await attach(WEB)
      await write(datapath, [[ANY, ALLOW]])
      await attach(WEB)
      await attach(DB)
      assert.deepEqual(await contents(datapath), [[ANY, ALLOW]])
      assert.deepEqual(await contents(datapath, DB.endpoint), [])
      assert.deepEqual(await datapath.listEndpoints(), [WEB.endpoint, DB.endpoint])
      assert.equal(await send(request), 'passed')
      assert.equal(await send({ ...request, local: DB.ipv4 }), 'dropped')
    },
  )
  withDatapath(
    'D21 a detached endpoint has no map, and one attached in its place starts empty',
    async ({ datapath, attach, send }) => {
      await attach(WEB)
      await attach(DB)
      await write(datapath, [[ANY, ALLOW]])
      await datapath.detachEndpoint(WEB.endpoint)
      await datapath.detachEndpoint(WEB.endpoint)
      assert.equal(await datapath.readPolicyMap(WEB.endpoint), null)
      assert.deepEqual(await datapath.listEndpoints(), [DB.endpoint])
      await attach(WEB)
      assert.deepEqual(await contents(datapath), [])
      assert.equal(await send(request), 'dropped')
    },
  )
  withDatapath(
    'D21 the connections of a detached endpoint are forgotten, those of others are not',
    async ({ datapath, attach, send }) => {
      const query = {
        ...request,
        direction: 'egress',
        protocol: UDP,
        sourcePort: 46_000,
        destinationPort: 53,
        syn: false,
      } as const
      for (const pod of [WEB, DB]) {
        await attach(pod)
        await write(datapath, [[{ ...ANY, direction: 'egress' }, ALLOW]], [], pod.endpoint)
        assert.equal(await send({ ...query, local: pod.ipv4 }), 'passed')
      }
      await datapath.detachEndpoint(WEB.endpoint)
      assert.deepEqual(
        (await datapath.readConntrack()).map(({ source }) => source),
        [DB.ipv4],
      )
      await attach(WEB)
      const answer = { ...query, direction: 'ingress', sourcePort: 53, destinationPort: 46_000 } as const
      assert.equal(await send({ ...answer, local: WEB.ipv4 }), 'dropped')
      assert.equal(await send({ ...answer, local: DB.ipv4 }), 'passed')
    },
  )
  withDatapath(
    'D21 an endpoint that gets another address leaves that one and its connections behind',
    async ({ datapath, attach, send }) => {
      await attach(WEB)
      await write(datapath, [[{ ...ANY, direction: 'egress' }, ALLOW]])
      const query = {
        ...request,
        direction: 'egress',
        protocol: UDP,
        sourcePort: 48_000,
        destinationPort: 53,
        syn: false,
      } as const
      assert.equal(await send(query), 'passed')
      const moved = IpAddress('10.9.0.77')
      await attach({ ...WEB, ipv4: moved })
      assert.deepEqual(await datapath.readConntrack(), [])
      assert.equal(await send({ ...query, local: moved }), 'passed')
      assert.equal((await datapath.readPolicyMap(WEB.endpoint))?.length, 1)
    },
  )
}

function inspection(withDatapath: WithDatapath): void {
  withDatapath(
    'D60 a datapath says which endpoints are entered under which address, and whose map decides',
    async ({ datapath, attach }) => {
      assert.deepEqual(await datapath.readEndpoints(), [])
      assert.deepEqual(await datapath.endpointsInForce(), [])
      await attach(DB)
      await attach(WEB)
      assert.deepEqual(await datapath.readEndpoints(), [WEB, DB])
      assert.deepEqual(await datapath.endpointsInForce(), [WEB.endpoint, DB.endpoint])
      await datapath.detachEndpoint(WEB.endpoint)
      assert.deepEqual(await datapath.readEndpoints(), [DB])
      assert.deepEqual(await datapath.endpointsInForce(), [DB.endpoint])
      assert.deepEqual(await datapath.readPrograms(), [])
    },
  )
}

function policyMaps(withDatapath: WithDatapath): void {
  withDatapath('D22 every kind of entry reads back as it was written', async ({ datapath, attach }) => {
    await attach(WEB)
    const entries: readonly (readonly [PolicyMapKey, KernelPolicyValue])[] = [
      [ANY, ALLOW],
      [{ ...ANY, protocol: 1, port: 8, portBits: 16 }, ALLOW],
      [
        { ...ANY, protocol: TCP },
        { ...ALLOW, precedence: 1 },
      ],
      [{ ...HTTP, identity: IdentityId(0x0100_0001), port: 0x8000, portBits: 1 }, DENY],
      [
        { ...HTTP, identity: IdentityId(0xffff_ffff), port: 8080, portBits: 12 },
        { ...ALLOW, authType: 1 },
      ],
      [{ ...ANY, direction: 'egress', identity: IdentityId(0xffff_ffff) }, DENY],
      [
        { ...HTTP, direction: 'egress', identity: IdentityId(0xffff_ffff), port: 65_535 },
        { ...ALLOW, verdict: 'redirect', proxyPort: 20_000, precedence: 0xffff_fe00 },
      ],
    ]
    await write(datapath, entries)
    assert.deepEqual(await contents(datapath), entries)
  })
  withDatapath(
    'D23 writing is idempotent, and what is upserted and removed in one change is gone',
    async ({ datapath, attach }) => {
      await attach(WEB)
      await write(datapath, [])
      await write(datapath, [[HTTP, ALLOW]], [ANY])
      await write(datapath, [[HTTP, ALLOW]])
      assert.deepEqual(await contents(datapath), [[HTTP, ALLOW]])
      await write(datapath, [
        [HTTP, DENY],
        [ANY, ALLOW],
      ])
      assert.deepEqual(await contents(datapath), [
        [ANY, ALLOW],
        [HTTP, DENY],
      ])
      await write(datapath, [[ANY, DENY]], [ANY, HTTP, { ...HTTP, port: 81 }, HTTP])
      assert.deepEqual(await contents(datapath), [])
    },
  )
  withDatapath(
    'D24 a full map refuses one more entry with map-full and keeps what it has',
    async ({ datapath, attach }) => {
      await attach(WEB)
      const key = (index: number): PolicyMapKey => ({ ...ANY, identity: IdentityId(index + 1) })
      const whole = Array.from({ length: POLICY_MAP_MAX }, (_, index) => [key(index), ALLOW] as const)
      await write(datapath, whole)
      await assert.rejects(write(datapath, [[key(POLICY_MAP_MAX), ALLOW]]), { name: 'DatapathError', code: 'map-full' })
      assert.equal((await contents(datapath)).length, POLICY_MAP_MAX)
      await write(
        datapath,
        [],
        whole.map(([removed]) => removed),
      )
      assert.deepEqual(await contents(datapath), [])
    },
  )
  withDatapath('D22 what the kernel would take for something else is not written', async ({ datapath, attach }) => {
    await attach(WEB)
    const wrong: readonly (readonly [PolicyMapKey, KernelPolicyValue])[] = [
      [{ ...ANY, port: 80, portBits: 16 }, ALLOW],
      [{ ...HTTP, port: 81, portBits: 15 }, ALLOW],
      [HTTP, { ...ALLOW, verdict: 'redirect' }],
      [HTTP, { ...DENY, proxyPort: 10_000 }],
    ]
    for (const entry of wrong) await assert.rejects(write(datapath, [entry]), TypeError)
    assert.deepEqual(await contents(datapath), [])
  })
}

function ipcache(withDatapath: WithDatapath): void {
  withDatapath('D25 ipcache entries of both families read back, and removal is idempotent', async ({ datapath }) => {
    const entries: readonly IpcacheEntry[] = [
      peer('0.0.0.0/0', WORLD),
      { ...peer('10.0.0.0/8', IdentityId(0x0100_0001)), tunnelEndpoint: IpAddress('192.168.7.1'), encryptKey: 3 },
      { ...peer('fd00::/64', IdentityId(40_077)), tunnelEndpoint: IpAddress('fd01::1'), skipTunnel: true },
    ]
    await datapath.writeIpcache({ upserts: entries, removals: [Cidr('10.1.0.0/16')] })
    const byPrefix = async (): Promise<readonly IpcacheEntry[]> =>
      (await datapath.readIpcache()).toSorted((a, b) => (a.prefix < b.prefix ? -1 : 1))
    assert.deepEqual(await byPrefix(), entries)
    await datapath.writeIpcache({
      upserts: [peer('10.0.0.0/8', IdentityId(7))],
      removals: [Cidr('fd00::/64'), Cidr('fd00::/64')],
    })
    assert.deepEqual(await byPrefix(), [entries[0], peer('10.0.0.0/8', IdentityId(7))])
  })
  withDatapath(
    'D25 the longest prefix gives the identity; where there is none it is world',
    async ({ datapath, attach, send, settled }) => {
      await attach(WEB)
      const seen = collected(datapath)
      await datapath.writeIpcache({
        upserts: [
          peer('10.9.0.0/16', IdentityId(501)),
          peer('10.9.1.0/24', IdentityId(502)),
          peer('10.9.1.5/32', CLIENT_IDENTITY),
        ],
        removals: [],
      })
      for (const remote of ['10.9.1.5', '10.9.1.6', '10.9.2.1', '10.10.0.1'])
        await send({ ...request, remote: IpAddress(remote) })
      await settled()
      assert.deepEqual(
        seen.map(({ remoteIdentity }) => remoteIdentity),
        [CLIENT_IDENTITY, 502, 501, WORLD],
      )
      await send({ ...request, direction: 'egress', remote: IpAddress('10.9.1.6') })
      await settled()
      assert.equal(seen.at(-1)?.remoteIdentity, 502)
    },
  )
}

/** What the datapath tells from now on. */
function collected(datapath: Datapath): PolicyVerdict[] {
  const seen: PolicyVerdict[] = []
  datapath.verdicts.subscribe((batch) => seen.push(...batch))
  return seen
}

function verdicts(withDatapath: WithDatapath): void {
  withDatapath('D26 one verdict a connection and one a dropped packet', async ({ datapath, attach, send, settled }) => {
    await attach(WEB)
    await datapath.writeIpcache({ upserts: [peer(`${CLIENT}/32`, CLIENT_IDENTITY)], removals: [] })
    await write(datapath, [[HTTP, ALLOW]])
    const seen = collected(datapath)
    assert.equal(await send(request), 'passed')
    assert.equal(await send({ ...request, syn: false }), 'passed')
    for (let i = 0; i < 2; i++) assert.equal(await send({ ...request, destinationPort: 81 }), 'dropped')
    await settled()
    const told = {
      endpoint: WEB.endpoint,
      direction: 'ingress',
      remoteIdentity: CLIENT_IDENTITY,
      protocol: TCP,
      source: CLIENT,
      sourcePort: 41_000,
      destination: WEB.ipv4,
      proxyPort: null,
    }
    const denied = { ...told, destinationPort: 81, action: 'deny', dropReason: 133, matchType: 'none' }
    assert.deepEqual(seen, [
      { ...told, destinationPort: 80, action: 'allow', dropReason: null, matchType: 'L3-L4' },
      denied,
      denied,
    ])
    assert.equal(datapath.lostVerdicts(), 0)
  })
  withDatapath(
    'D27 deny is 181, a required authentication 189, a redirect names its port',
    async ({ datapath, attach, send, settled }) => {
      await attach(WEB)
      const seen = collected(datapath)
      const redirect = { ...ALLOW, verdict: 'redirect', proxyPort: 10_001 } as const
      const values = [DENY, { ...ALLOW, authType: 1 }, redirect]
      const outcomes = ['dropped', 'dropped', 'redirected']
      for (const [index, value] of values.entries()) {
        await write(datapath, [[{ ...ANY, protocol: TCP, port: 80, portBits: 16 }, value]])
        assert.equal(await send({ ...request, sourcePort: 42_000 + index }), outcomes[index])
      }
      await settled()
      assert.deepEqual(
        seen.map(({ action, dropReason, proxyPort, matchType }) => [action, dropReason, proxyPort, matchType]),
        [
          ['deny', 181, null, 'L4-Only'],
          ['deny', 189, null, 'L4-Only'],
          ['redirect', null, Port(10_001), 'L4-Only'],
        ],
      )
    },
  )
  withDatapath(
    'D28 precedence decides between the identity and the wildcard, then the longer prefix, then the identity',
    async ({ datapath, attach, send }) => {
      await attach(WEB)
      await datapath.writeIpcache({ upserts: [peer(`${CLIENT}/32`, CLIENT_IDENTITY)], removals: [] })
      const any80: PolicyMapKey = { ...ANY, protocol: TCP, port: 80, portBits: 16 }
      const own: PolicyMapKey = { ...ANY, identity: CLIENT_IDENTITY }
      const cases: readonly (readonly [
        readonly (readonly [PolicyMapKey, KernelPolicyValue])[],
        'passed' | 'dropped',
      ])[] = [
        [
          [
            [any80, ALLOW],
            [own, DENY],
          ],
          'dropped',
        ],
        [
          [
            [any80, DENY],
            [own, ALLOW],
          ],
          'dropped',
        ],
        [
          [
            [any80, { ...ALLOW, precedence: 9 }],
            [own, { ...DENY, precedence: 8 }],
          ],
          'passed',
        ],
        [
          [
            [any80, ALLOW],
            [own, { ...DENY, precedence: 0 }],
          ],
          'passed',
        ],
        [
          [
            [any80, { ...DENY, precedence: 0 }],
            [HTTP, ALLOW],
          ],
          'passed',
        ],
      ]
      for (const [index, [entries, outcome]] of cases.entries()) {
        await write(datapath, entries)
        assert.equal(await send({ ...request, sourcePort: 43_000 + index }), outcome, `case ${index}`)
        await write(
          datapath,
          [],
          entries.map(([key]) => key),
        )
      }
    },
  )
}

function connections(withDatapath: WithDatapath): void {
  withDatapath(
    'D29 answers to an allowed connection pass without an entry, and nothing else from there does',
    async ({ datapath, attach, send, settled }) => {
      await attach(WEB)
      await write(datapath, [[{ ...ANY, direction: 'egress', protocol: UDP, port: 53, portBits: 16 }, ALLOW]])
      const query = {
        ...request,
        direction: 'egress',
        protocol: UDP,
        sourcePort: 44_000,
        destinationPort: 53,
        syn: false,
      } as const
      const reply = { ...query, direction: 'ingress', sourcePort: 53, destinationPort: 44_000 } as const
      assert.equal(await send(reply), 'dropped')
      assert.equal(await send(query), 'passed')
      await settled()
      const seen = collected(datapath)
      assert.equal(await send(reply), 'passed')
      assert.equal(await send({ ...reply, destinationPort: 44_001 }), 'dropped')
      await settled()
      assert.equal(seen.length, 1)
    },
  )
  withDatapath(
    'D29 the first packet of a connection is never an answer; a port that is used again is judged and told anew',
    async ({ datapath, attach, send, settled }) => {
      await attach(WEB)
      await write(datapath, [[{ ...ANY, direction: 'egress' }, ALLOW]])
      const call = { ...request, direction: 'egress', sourcePort: 47_000 } as const
      const back = { ...call, direction: 'ingress', sourcePort: 80, destinationPort: 47_000 } as const
      assert.equal(await send(call), 'passed')
      assert.equal(await send(back), 'dropped')
      assert.equal(await send({ ...back, syn: false }), 'passed')
      await settled()
      const seen = collected(datapath)
      assert.equal(await send({ ...call, syn: false }), 'passed')
      assert.equal(await send(call), 'passed')
      assert.equal(await send(call), 'passed')
      await settled()
      assert.equal(seen.length, 1)
    },
  )
  withDatapath('D30 conntrack follows the identity of the source', async ({ datapath, attach, send }) => {
    await attach(WEB)
    await write(datapath, [[ANY, ALLOW]])
    await send(request)
    await datapath.writeIpcache({ upserts: [peer(`${CLIENT}/32`, CLIENT_IDENTITY)], removals: [] })
    await send({ ...request, syn: false })
    assert.deepEqual(
      (await datapath.readConntrack()).map(({ sourceSecurityId }) => sourceSecurityId),
      [CLIENT_IDENTITY],
    )
  })
  withDatapath('D29 a change of policy holds for connections that exist', async ({ datapath, attach, send }) => {
    await attach(WEB)
    await write(datapath, [[ANY, ALLOW]])
    assert.equal(await send(request), 'passed')
    await write(datapath, [], [ANY])
    assert.equal(await send({ ...request, syn: false }), 'dropped')
  })
  withDatapath(
    'D30 connections are in conntrack with the identity of their source, and entries count what they let pass',
    async ({ datapath, attach, send }) => {
      await attach(WEB)
      await datapath.writeIpcache({ upserts: [peer(`${CLIENT}/32`, CLIENT_IDENTITY)], removals: [] })
      await write(datapath, [
        [HTTP, ALLOW],
        [{ ...ANY, direction: 'egress' }, ALLOW],
      ])
      await send(request)
      await send({ ...request, syn: false })
      await send({ ...request, direction: 'egress', sourcePort: 45_000, destinationPort: 5432 })
      const found = (await datapath.readConntrack()).map((entry) => [
        entry.direction,
        entry.source,
        entry.sourcePort,
        entry.destination,
        entry.destinationPort,
        entry.protocol,
        entry.sourceSecurityId,
        entry.rxPackets,
        entry.txPackets,
      ])
      assert.deepEqual(found.toSorted(), [
        ['in', CLIENT, 41_000, WEB.ipv4, 80, TCP, CLIENT_IDENTITY, 2, 0],
        ['out', WEB.ipv4, 45_000, CLIENT, 5432, TCP, WEB.identity, 0, 1],
      ])
      const counted = (await datapath.readPolicyMap(WEB.endpoint)) ?? []
      const packetsOf = (direction: 'ingress' | 'egress'): KernelPolicyEntry | undefined =>
        counted.find(({ key }) => key.direction === direction)
      assert.equal(packetsOf('ingress')?.packets, 2)
      assert.equal(packetsOf('egress')?.packets, 1)
      assert.ok((packetsOf('ingress')?.bytes ?? 0) >= 80)
    },
  )
}
