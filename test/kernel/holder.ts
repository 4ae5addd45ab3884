/** A process to be killed: opens a datapath, attaches the deathstar with a policy, says so, and waits. */
import { Cidr, EndpointId, IdentityId, IpAddress } from '../../events/ids.ts'
import { openKernelDatapath } from '../../src/kernel/datapath.ts'
import { TCP } from '../../src/kernel/packet.ts'
import { PODS } from './galaxy.ts'
import { entry } from './laboratory.ts'

const { deathstar, tiefighter } = PODS
const [options = '', device = ''] = process.argv.slice(2)
const datapath = await openKernelDatapath(JSON.parse(options))
for (const { address, identity } of Object.values(PODS)) {
  const peer = { identity: IdentityId(identity), tunnelEndpoint: null, encryptKey: 0, skipTunnel: false }
  await datapath.writeIpcache({ upserts: [{ prefix: Cidr(`${address}/32`), ...peer }], removals: [] })
}
await datapath.attachEndpoint({
  endpoint: EndpointId(deathstar.endpoint),
  identity: IdentityId(deathstar.identity),
  ipv4: IpAddress(deathstar.address),
  device,
  mac: null,
  nodeMac: null,
})
const upserts = [entry({ identity: tiefighter.identity, protocol: TCP, port: 80 })]
await datapath.writePolicyMap(EndpointId(deathstar.endpoint), { upserts, removals: [] })
process.stdout.write('attached\n')
process.stdin.resume()
