/**
 * The proxy in a process of its own, for the benchmark: `node test/proxy/serve.ts PORT UPSTREAM_PORT`. Path rules come as JSON lines on standard
 * input; it prints `ready` when it listens and ends with its input.
 */
import { createInterface } from 'node:readline'
import { Port } from '../../events/ids.ts'
import { httpListener } from '../../projections/xds/listeners.ts'
import { startProxy } from '../../src/proxy/proxy.ts'
import { plainSockets } from '../../src/proxy/sockets.ts'
import { endpoint, http, portPolicy, route } from '../l7/messages.ts'
import { clock, FakeXdsClient, LUKE, redirected, WEB } from './fixture.ts'

const [port, upstreamPort] = process.argv.slice(2).map((text) => Port(Number(text)))
if (port === undefined || upstreamPort === undefined) throw new TypeError('needs a port and an upstream port')
const client = new FakeXdsClient()
let records = 0
await using _proxy = startProxy({
  client,
  identities: { fromConntrack: () => LUKE, fromIpcache: () => null },
  sockets: redirected(plainSockets(), upstreamPort),
  flows: {
    add: (flows) => {
      records += flows.length
    },
  },
  clock,
  limits: { closeTimeoutMs: 100 },
})
const listener = httpListener(
  { listener: 'cilium-http-ingress', direction: 'ingress', port },
  { bpfRoot: '/sys/fs/bpf', ipcacheName: 'x' },
)
for await (const line of createInterface({ input: process.stdin })) {
  const paths = JSON.parse(line) as readonly string[]
  const rule = { name: 'bench', remotePolicies: [LUKE], ...http(...paths.map((path) => route('GET', path))) }
  await client.policies(endpoint(7, WEB, [portPolicy(upstreamPort, [rule])]))
  await client.listeners(listener)
  process.stdout.write('ready\n')
}
process.stderr.write(`${records} records\n`)
