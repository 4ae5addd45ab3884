import assert from 'node:assert/strict'
import fc from 'fast-check'
import { Cidr, EndpointId, IdentityId, IpAddress } from '../../events/ids.ts'
import { PRECEDENCE_DENY_MAX } from '../../projections/datapath/policy-map.ts'
import { CLIENT, entry, FLAGS, type HookPacket, type PacketFixture, PROTOCOL } from '../contract/datapath-packets.ts'
import { modelFixture } from '../model/fixture.ts'
import { kernelTest } from './laboratory.ts'
import { kernelFixture } from './packet-fixture.ts'

const RUNS = 200
/** On a machine that is busy fewer rounds are enough. */
const RUN_MS = 10_000
const POD_IDENTITY = IdentityId(1007)
const OTHER = IpAddress('192.0.2.1')

const aHook = fc.constantFrom('ingress' as const, 'egress' as const)
const aPort = fc.constantFrom(80, 81, 88, 443, 8)

const anEntry = fc
  .record({
    direction: aHook,
    identity: fc.constantFrom(0, 2, CLIENT.identity, POD_IDENTITY),
    protocol: fc.constantFrom(0, PROTOCOL.tcp, PROTOCOL.udp, PROTOCOL.icmp),
    port: aPort,
    bits: fc.constantFrom(0, 10, 13, 16),
    verdict: fc.constantFrom('allow' as const, 'allow' as const, 'deny' as const, 'redirect' as const),
    above: fc.constantFrom(0, 0, 1, 7, PRECEDENCE_DENY_MAX),
    authType: fc.constantFrom(0, 0, 0, 1, 2),
  })
  .map(({ port, bits, verdict, above, authType, ...key }) => {
    // The highest precedence is that of a deny alone.
    const precedence = above === PRECEDENCE_DENY_MAX && verdict !== 'deny' ? 0 : above
    const portBits = key.protocol === 0 ? 0 : bits
    const value = { verdict, precedence, authType, proxyPort: verdict === 'redirect' ? 14_567 : 0 }
    return entry({ ...key, port: port & (0xffff << (16 - portBits)) & 0xffff, portBits }, value)
  })

type Step = { readonly hook: 'ingress' | 'egress'; readonly packet: (pod: IpAddress) => HookPacket }

const aStep: fc.Arbitrary<Step> = fc
  .record({
    hook: aHook,
    remote: fc.constantFrom(CLIENT.address, CLIENT.address, OTHER),
    protocol: fc.constantFrom(PROTOCOL.tcp, PROTOCOL.tcp, PROTOCOL.udp, PROTOCOL.icmp),
    near: aPort,
    far: aPort,
    tcpFlags: fc.constantFrom(FLAGS.syn, FLAGS.ack, FLAGS.syn | FLAGS.ack, FLAGS.fin | FLAGS.ack, FLAGS.rst),
    icmpType: fc.constantFrom(0, 8, 13),
  })
  .map(({ hook, remote, protocol, near, far, tcpFlags, icmpType }) => {
    const out = hook === 'egress'
    const [sourcePort, destinationPort] =
      protocol === PROTOCOL.icmp ? identifierOf(icmpType, near) : out ? [near, far] : [far, near]
    const rest = protocol === PROTOCOL.icmp ? { icmpType } : protocol === PROTOCOL.tcp ? { tcpFlags } : {}
    const ports = { protocol, sourcePort, destinationPort, ...rest }
    return {
      hook,
      packet: (pod) => ({ ...ports, source: out ? pod : remote, destination: out ? remote : pod }),
    }
  })

/** An echo has it as its source port, a reply as its destination port. */
function identifierOf(icmpType: number, id: number): readonly [number, number] {
  return [icmpType === 8 ? id : 0, icmpType === 0 ? id : 0]
}

type Round = {
  readonly endpoint: EndpointId
  readonly address: IpAddress
  readonly entries: readonly ReturnType<typeof entry>[]
  readonly steps: readonly Step[]
}

/** Everything that can be seen of a datapath after a walk of packets. */
async function observe(fixture: PacketFixture, { endpoint, address, entries, steps }: Round): Promise<object> {
  const { datapath } = fixture
  await fixture.pod({ endpoint, identity: POD_IDENTITY, address })
  const known = { identity: CLIENT.identity, tunnelEndpoint: null, encryptKey: 0, skipTunnel: false }
  await datapath.writeIpcache({ upserts: [{ prefix: Cidr(`${CLIENT.address}/32`), ...known }], removals: [] })
  await datapath.writePolicyMap(endpoint, { upserts: entries, removals: [] })
  const sent = steps.map(({ hook, packet }) => fixture.send(endpoint, hook, packet(address)))
  const own = (await datapath.readConntrack()).filter((it) => it.source === address || it.destination === address)
  const map = (await datapath.readPolicyMap(endpoint)) ?? []
  await datapath.detachEndpoint(endpoint)
  return { sent, verdicts: await fixture.verdicts(), connections: timeless(own), map: timeless(map) }
}

/** The clocks of the two differ. */
function timeless(entries: readonly object[]): readonly string[] {
  const times = { expires: 0, lastRxReport: 0, lastTxReport: 0 }
  return entries.map((each) => JSON.stringify(Object.entries({ ...each, ...times }).toSorted())).toSorted()
}

kernelTest('D50 the model and the programs agree on every packet, verdict, connection and counter', async (lab) => {
  const kernel = kernelFixture(lab, 'turning')
  let round = 0
  await fc.assert(
    fc.asyncProperty(
      fc.array(anEntry, { maxLength: 12 }),
      fc.array(aStep, { minLength: 1, maxLength: 12 }),
      async (entries, steps) => {
        round += 1
        // A new address each time: the kernel's connections stay, and must not be met again.
        const address = IpAddress(`10.${2 + (round >> 8)}.0.${round & 255}`)
        const walk = { endpoint: EndpointId(round), address, entries, steps }
        await using model = modelFixture()
        model.datapath.useProxy({ holds: () => false, listens: () => false })
        assert.deepEqual(await observe(model, walk), await observe(kernel, walk))
      },
    ),
    { numRuns: RUNS, interruptAfterTimeLimit: RUN_MS },
  )
})
