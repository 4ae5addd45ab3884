/** Three endpoints under the model datapath, a real HTTP server behind one of them, and where a test wants it the embedded proxy in between. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { PolicyMapKey } from '../../events/fields.ts'
import { Cidr, EndpointId, type EventId, IdentityId, IpAddress, Port, Timestamp } from '../../events/ids.ts'
import type { Json } from '../../events/schema.ts'
import { httpListeners } from '../../projections/xds/listeners.ts'
import {
  type HeaderMatcher,
  type NetworkPolicyMessage,
  PLAIN_RULE,
  type PortNetworkPolicy,
} from '../../projections/xds/messages.ts'
import { createModelDatapath, type ModelDatapath } from '../../src/model/datapath.ts'
import { Gate, type GateAddress } from '../../src/model/gate.ts'
import { type ModelNetwork, openModelNetwork } from '../../src/model/network.ts'
import { modelSockets } from '../../src/model/sockets.ts'
import type { Clock } from '../../src/ports/clock.ts'
import type { KernelPolicyValue, PolicyVerdict } from '../../src/ports/datapath.ts'
import type { NewFlow } from '../../src/ports/flows.ts'
import { startProxy } from '../../src/proxy/proxy.ts'
import { createXdsClient } from '../../src/xds/client.ts'
import { startXdsServer } from '../../src/xds/server.ts'

type Pod = { readonly endpoint: EndpointId; readonly identity: IdentityId; readonly address: IpAddress }

const pod = (endpoint: number): Pod => ({
  endpoint: EndpointId(endpoint),
  identity: IdentityId(1_000 + endpoint),
  address: IpAddress(`10.2.0.${endpoint}`),
})
export const DEATHSTAR: Pod = pod(3)
export const TIEFIGHTER: Pod = pod(4)
export const XWING: Pod = pod(5)
export const LANDING: { readonly address: IpAddress; readonly port: Port } = {
  address: DEATHSTAR.address,
  port: Port(80),
}
export const PROXY_PORT: { readonly ingress: Port; readonly egress: Port } = {
  ingress: Port(14_567),
  egress: Port(14_568),
}
const NODE_ADDRESS = IpAddress('10.2.0.1')
export const PATIENCE_MS = 10_000

export const OUT: PolicyMapKey = { direction: 'egress', identity: IdentityId(0), protocol: 0, port: 0, portBits: 0 }
export const FROM_TIEFIGHTER: PolicyMapKey = {
  direction: 'ingress',
  identity: TIEFIGHTER.identity,
  protocol: 6,
  port: 80,
  portBits: 16,
}
const ALLOW: KernelPolicyValue = { verdict: 'allow', proxyPort: 0, precedence: 0, authType: 0 }
export const redirectTo = (proxyPort: number): KernelPolicyValue => ({ ...ALLOW, verdict: 'redirect', proxyPort })

export const clock: Clock = {
  now: () => Timestamp(Date.now()),
  monotonicUs: () => performance.now() * 1_000,
  sleep: async (ms) => await new Promise((resolve) => setTimeout(resolve, ms)),
  newId: () => crypto.randomUUID() as EventId,
}

export type World = AsyncDisposable & {
  readonly datapath: ModelDatapath
  readonly network: ModelNetwork
  readonly gate: Gate
  readonly verdicts: PolicyVerdict[]
  /** Connections that the death star's server has seen. */
  readonly visits: () => number
  readonly allow: (pod: Pod, key: PolicyMapKey, value?: KernelPolicyValue) => Promise<void>
}

/** The server answers with the request line. */
export async function world(): Promise<World> {
  const datapath = createModelDatapath({ clock })
  const network = await openModelNetwork(datapath)
  const gate = new Gate(network)
  const verdicts: PolicyVerdict[] = []
  datapath.verdicts.subscribe((batch) => verdicts.push(...batch))
  for (const { endpoint, identity, address } of [DEATHSTAR, TIEFIGHTER, XWING]) {
    await datapath.attachEndpoint({ endpoint, identity, ipv4: address, device: null, mac: null, nodeMac: null })
    const known = { identity, tunnelEndpoint: null, encryptKey: 0, skipTunnel: false }
    await datapath.writeIpcache({ upserts: [{ prefix: Cidr(`${address}/32`), ...known }], removals: [] })
  }
  let visits = 0
  const server = createServer((incoming, response) => response.end(`${incoming.method} ${incoming.url}`))
  server.on('connection', () => (visits += 1))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  network.serve(LANDING.address, LANDING.port, { host: '127.0.0.1', port: (server.address() as AddressInfo).port })
  return {
    datapath,
    network,
    gate,
    verdicts,
    visits: () => visits,
    allow: ({ endpoint }, key, value = ALLOW) =>
      datapath.writePolicyMap(endpoint, { upserts: [{ key, value }], removals: [] }),
    [Symbol.asyncDispose]: async () => {
      await gate[Symbol.asyncDispose]()
      await network[Symbol.asyncDispose]()
      await datapath[Symbol.asyncDispose]()
      server.closeAllConnections()
      server.close()
    },
  }
}

/** Status and body, or the error's code. */
export async function ask({ host, port }: GateAddress, method = 'GET', path = '/v1'): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>()
  const sent = request({ host, port, method, path, agent: false }, (response) => {
    let body = ''
    response.setEncoding('utf8').on('data', (text: string) => (body += text))
    response.on('end', () => resolve(`${response.statusCode} ${body}`))
  })
  sent.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
  sent.end()
  return await promise
}

/** Waits for a condition, and fails with its words. */
export async function eventually(condition: () => boolean | Promise<boolean>, words: string): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS
  while (!(await condition())) {
    assert.ok(performance.now() < deadline, words)
    await clock.sleep(5)
  }
}

/** `owner` lets `remote` request a landing, and nothing else. */
export function landingOnly(owner: Pod, direction: 'ingress' | 'egress', remote: Pod): NetworkPolicyMessage {
  const matching = (name: string, regex: string): HeaderMatcher => ({
    name,
    invertMatch: false,
    stringMatch: { ignoreCase: false, safeRegex: { regex } },
  })
  const headers = [matching(':method', 'POST'), matching(':path', '/v1/request-landing')]
  const rule = {
    ...PLAIN_RULE,
    remotePolicies: [remote.identity],
    httpRules: { httpRules: [{ headers, headerMatches: [] }] },
  }
  const port: PortNetworkPolicy = { port: LANDING.port, endPort: 0, protocol: 'TCP', rules: [rule] }
  return {
    endpointId: owner.endpoint,
    endpointIps: [owner.address],
    ingressPerPortPolicies: direction === 'ingress' ? [port] : [],
    egressPerPortPolicies: direction === 'egress' ? [port] : [],
  }
}

/** The xDS server, its client and the embedded proxy, with a listener each way. */
export async function withProxy(
  { datapath, network }: World,
  policies: readonly NetworkPolicyMessage[],
): Promise<AsyncDisposable & { readonly flows: readonly NewFlow[] }> {
  const folder = mkdtempSync(join(tmpdir(), 'hx-'))
  const server = await startXdsServer({ socket: join(folder, 'xds.sock'), epoch: 'e' })
  const publish = (xds: 'npds' | 'lds', resources: ReadonlyMap<string, unknown>): void =>
    server.publish(
      xds,
      { version: 'e.1', resources: resources as ReadonlyMap<string, Json> },
      { position: '7', revision: 2 },
    )
  publish('npds', new Map(policies.map((policy) => [String(policy.endpointId), policy])))
  const directions = ['ingress', 'egress'] as const
  const listeners = directions.map((direction) => ({
    listener: `cilium-http-${direction}`,
    direction,
    port: PROXY_PORT[direction],
  }))
  publish('lds', httpListeners(listeners, { bpfRoot: '', ipcacheName: 'model' }))
  const client = createXdsClient({ socket: server.socket, node: 'proxy' })
  const flows: NewFlow[] = []
  const proxy = startProxy({
    client,
    identities: datapath.identities,
    sockets: modelSockets({ network, nodeAddress: NODE_ADDRESS }),
    flows: { add: (added) => void flows.push(...added) },
    clock,
  })
  await eventually(() => proxy.listeners.length === directions.length, 'the proxy listens')
  for (const xds of ['npds', 'lds'] as const) {
    assert.deepEqual(await server.acknowledged(xds, 'e.1', PATIENCE_MS), { kind: 'acked' })
  }
  return {
    flows,
    [Symbol.asyncDispose]: async () => {
      await proxy[Symbol.asyncDispose]()
      await client[Symbol.asyncDispose]()
      await server[Symbol.asyncDispose]()
      rmSync(folder, { recursive: true })
    },
  }
}
