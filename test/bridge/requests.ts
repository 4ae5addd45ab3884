/**
 * Generated policies resolved by the engine and sent to the embedded proxy; requests that it passes or answers with 403, beside the evaluator in
 * projections/l7 and the plain walk over the rules in test/oracle.
 */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import fc from 'fast-check'
import { EndpointId, IdentityId, IpAddress, type Port } from '../../events/ids.ts'
import { type PolicyMap, policyMapOf } from '../../projections/datapath/policy-map.ts'
import { policyVerdict } from '../../projections/datapath/verdict.ts'
import {
  type CompiledNetworkPolicy,
  compileNetworkPolicy,
  requestVerdict,
} from '../../projections/l7/network-policy.ts'
import { networkPolicyMessage } from '../../projections/policy/network-policy.ts'
import { httpListener } from '../../projections/xds/listeners.ts'
import type { ProxySockets } from '../../src/ports/proxy.ts'
import { type EmbeddedProxy, startProxy } from '../../src/proxy/proxy.ts'
import { plainSockets } from '../../src/proxy/sockets.ts'
import { type Chance, chance } from '../kernel/chance.ts'
import { type OracleHttp, type OracleProbe, type OracleWorld, oracleRequest } from '../oracle/policy.ts'
import { anything, hostAtL7, manyRequests, type OracleCase, REMOTES, resolveCase } from '../policy/oracle-property.ts'
import { clock, FakeXdsClient, freePort, RawClient } from '../proxy/fixture.ts'

/** `seed` chooses the connections and the requests. */
export type RequestCase = OracleCase & { readonly seed: number }

export const requestCases: fc.Arbitrary<RequestCase> = fc
  .tuple(fc.oneof({ weight: 1, arbitrary: anything }, { weight: 3, arbitrary: manyRequests }), fc.nat(0xffff_ffff))
  .map(([one, seed]) => ({ ...one, seed }))

const CONNECTIONS_PER_CASE = 8
const REQUESTS_PER_CONNECTION = 6
const HTTP_PORTS = [80, 79, 53, 64, 8080, 9090] as const
/** The endpoint whose policy decides, and who is at the other end. */
const [ENDPOINT, PEER] = [IpAddress('10.4.0.41'), IpAddress('11.0.0.1')]

type Direction = 'ingress' | 'egress'
type Connection = { readonly direction: Direction; readonly remote: number; readonly port: number }

/** Of a case: the requests on which all agreed, those that were let through, and those that the plain walk was asked too. */
export type RequestCounts = { requests: number; allowed: number; walked: number }

/** An embedded proxy with a listener for each direction, over a server that answers every request. */
export class RequestBridge implements AsyncDisposable {
  readonly #client = new FakeXdsClient()
  readonly #proxy: EmbeddedProxy
  readonly #upstream: Server
  readonly #ports: Readonly<Record<Direction, Port>>
  /** What the next connection is redirected from. */
  #asked: Connection = { direction: 'ingress', remote: 2, port: 80 }

  private constructor(upstream: Server, ports: Readonly<Record<Direction, Port>>) {
    this.#upstream = upstream
    this.#ports = ports
    const { port } = upstream.address() as AddressInfo
    this.#proxy = startProxy({
      client: this.#client,
      identities: {
        // The endpoint's own identity on egress does not matter to its policy.
        fromConntrack: (_, direction) => (direction === 'ingress' ? IdentityId(this.#asked.remote) : null),
        fromIpcache: (address) => (address === PEER ? IdentityId(this.#asked.remote) : null),
      },
      sockets: redirected(() => this.#asked, port),
      flows: { add: () => undefined },
      clock,
    })
  }

  static async open(): Promise<RequestBridge> {
    const upstream = createServer(answerEveryHead).listen(0, '127.0.0.1')
    await once(upstream, 'listening')
    const bridge = new RequestBridge(upstream, { ingress: await freePort(), egress: await freePort() })
    await bridge.#listen()
    return bridge
  }

  /** At most `most` requests. Throws where two answers differ. */
  async compare(one: RequestCase, most: number = Number.POSITIVE_INFINITY): Promise<RequestCounts> {
    const counts = { requests: 0, allowed: 0, walked: 0 }
    const found = resolveCase(one)
    if (found === null) return counts
    const { networkPolicy, redirects, entries } = found.resolved
    const proxyPorts = new Map(redirects.map(({ id, direction }) => [id, this.#ports[direction]]))
    const message = networkPolicyMessage(networkPolicy, { endpoint: EndpointId(41), addresses: [ENDPOINT], proxyPorts })
    assert.deepEqual(await this.#client.policies(message), { kind: 'taken' })
    const random = chance(one.seed)
    const compiled = compileNetworkPolicy(message)
    const places = shuffled(random, redirectedConnections(policyMapOf(entries, proxyPorts)))
    for (const connection of places.filter((place) => isHttp(found.world, place)).slice(0, CONNECTIONS_PER_CASE)) {
      const requests = Array.from({ length: REQUESTS_PER_CONNECTION }, () => generatedRequest(random))
      const context = { world: found.world, compiled, connection }
      await this.#ask(context, requests.slice(0, most - counts.requests), counts)
    }
    return counts
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#proxy[Symbol.asyncDispose]()
    this.#upstream.close()
  }

  async #listen(): Promise<void> {
    const listeners = (['ingress', 'egress'] as const).map((direction) =>
      httpListener(
        { listener: `cilium-http-${direction}`, direction, port: this.#ports[direction] },
        { bpfRoot: '/sys/fs/bpf', ipcacheName: 'hindcast_ipcache' },
      ),
    )
    assert.deepEqual(await this.#client.listeners(...listeners), { kind: 'taken' })
  }

  /** One connection, its requests one after the other. */
  async #ask(context: Context, requests: readonly OracleHttp[], counts: RequestCounts): Promise<void> {
    this.#asked = context.connection
    const proxyPort = this.#ports[context.connection.direction]
    await using client = await RawClient.to(proxyPort)
    for (const request of requests) {
      const { expected, walked } = expectedAnswer(context, { request, proxyPort })
      const answer = await answerOf(client, request)
      assert.equal(answer, expected, JSON.stringify({ ...context.connection, request, walked }))
      counts.requests++
      if (answer === 'allow') counts.allowed++
      if (walked) counts.walked++
    }
  }
}

type Context = {
  readonly world: OracleWorld
  readonly compiled: CompiledNetworkPolicy
  readonly connection: Connection
}

/** As if the client had wanted the other address; whoever is wanted, the server answers. */
function redirected(asked: () => Connection, upstreamPort: number): ProxySockets {
  const plain = plainSockets()
  return {
    ...plain,
    connect: (target) =>
      plain.connect({ ...target, destination: IpAddress('127.0.0.1'), destinationPort: upstreamPort }),
    original: (socket) => {
      const { direction, port } = asked()
      const tuple = plain.original(socket)
      const [source, destination] = direction === 'ingress' ? [PEER, ENDPOINT] : [ENDPOINT, PEER]
      return tuple === null ? null : { ...tuple, source, destination, destinationPort: port }
    },
  }
}

function answerEveryHead(socket: Socket): void {
  let bytes = ''
  socket.on('error', () => socket.destroy())
  socket.on('data', (chunk) => {
    bytes += chunk.toString('latin1')
    for (let end = bytes.indexOf('\r\n\r\n'); end >= 0; end = bytes.indexOf('\r\n\r\n')) {
      bytes = bytes.slice(end + 4)
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')
    }
  })
}

function redirectedConnections(map: PolicyMap): readonly Connection[] {
  const connections = (['ingress', 'egress'] as const).flatMap((direction) =>
    REMOTES.flatMap((remote) => HTTP_PORTS.map((port) => ({ direction, remote, port }))),
  )
  return connections.filter((connection) => policyVerdict(map, probeOf(connection)).verdict === 'redirect')
}

const ANY_REQUEST: OracleHttp = { method: 'GET', path: '/', authority: '', headers: [] }

/** Other parsers and server names are not asked about. */
function isHttp(world: OracleWorld, connection: Connection): boolean {
  return oracleRequest(world, probeOf(connection), ANY_REQUEST) !== null
}

function probeOf({ direction, remote, port }: Connection): OracleProbe {
  return { direction, identity: remote, protocol: 6, port }
}

const HEADERS = [
  ['x-a', 'z'],
  ['X-B', '1'],
  ['x-c', '1'],
] as const
const OTHER_HEADERS = [
  ['X-A', ''],
  ['x-b', '2'],
  ['X-C', '2'],
  ['x-d', 'x'],
] as const

/** Every second one is near to what generated rules want, or nearly all would be denied. */
function generatedRequest({ pick, below }: Chance): OracleHttp {
  const near = below(2) === 0
  const headers = HEADERS.filter(() => below(near ? 8 : 2) > 0)
  return {
    method: pick(near ? ['GET', 'GET', 'PUT'] : ['GET', 'POST', 'PUT', 'GETS']),
    path: pick(near ? ['/v1/x', '/', '/health'] : ['/v1/', '/v1', '/health', '/healthy', '/v1/x?y=1', '/?a=/v1/']),
    authority: pick(near ? ['web.example'] : ['web.example', 'db.example', 'web.example.com']),
    headers: near ? headers : [...headers, ...OTHER_HEADERS.filter(() => below(3) === 0)],
  }
}

/** Of the evaluator, which must be that of the plain walk where that has one. */
function expectedAnswer(
  { world, compiled, connection }: Context,
  { request, proxyPort }: { readonly request: OracleHttp; readonly proxyPort: Port },
): { readonly expected: 'allow' | 'deny'; readonly walked: boolean } {
  const { direction, remote, port } = connection
  const { allowed } = requestVerdict(compiled, { direction, port, remote, proxyPort, request })
  const expected = allowed ? 'allow' : 'deny'
  const probe = probeOf(connection)
  if (hostAtL7(world, probe)) return { expected, walked: false }
  assert.equal(expected, oracleRequest(world, probe, request), JSON.stringify({ probe, request }))
  return { expected, walked: true }
}

async function answerOf(client: RawClient, request: OracleHttp): Promise<'allow' | 'deny'> {
  const headers = [['Host', request.authority], ...request.headers].map(([name, value]) => `${name}: ${value}\r\n`)
  client.received = ''
  client.send(`${request.method} ${request.path} HTTP/1.1\r\n${headers.join('')}\r\n`)
  await client.until(
    ({ received, ended, reset }) => ended || reset || /200 OK[\s\S]*\r\n\r\n$|Access denied\r\n$/.test(received),
  )
  const status = client.received.slice(9, 12)
  assert.ok(status === '200' || status === '403', JSON.stringify({ received: client.received, request }))
  return status === '200' ? 'allow' : 'deny'
}

function shuffled<T>({ below }: Chance, from: readonly T[]): readonly T[] {
  return from
    .map((value) => ({ value, order: below(2 ** 30) }))
    .toSorted((a, b) => a.order - b.order)
    .map(({ value }) => value)
}
