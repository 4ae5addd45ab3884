/** The programs at real devices: pods in network namespaces, whose kernels open the connections. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { createSocket, type Socket as UdpSocket } from 'node:dgram'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { EndpointId, IpAddress } from '../../events/ids.ts'
import { pinFolder } from '../../src/kernel/bpffs.ts'
import { openKernelDatapath, removeKernelDatapath } from '../../src/kernel/datapath.ts'
import { ICMP, TCP, UDP } from '../../src/kernel/packet.ts'
import { ensureProxyRoutes, hasProxyRule, removeProxyRoutes } from '../../src/kernel/routes.ts'
import { transparentSockets } from '../../src/kernel/transparent-sockets.ts'
import {
  answer,
  attach,
  DROPPED_MS,
  deathstarServer,
  dial,
  EXHAUST,
  LANDING,
  networkTest,
  PODS,
  startProxy,
} from './galaxy.ts'
import { entry, type Laboratory } from './laboratory.ts'
import { ip, linkId, type Network } from './network.ts'

const { deathstar, tiefighter, xwing } = PODS
const LANDED = `200 POST ${LANDING.path} from ${tiefighter.address}`
const DENY = { verdict: 'deny', precedence: 0xffff_ffff } as const

networkTest(
  'D2 between pods of one node the egress of the source and the ingress of the destination both hold',
  async (lab, network) => {
    using _ = deathstarServer(network)
    await lab.policy(11, entry({ identity: tiefighter.identity, protocol: TCP, port: 80 }))
    assert.equal(await answer(dial(network, 'tiefighter'), LANDING), LANDED)
    assert.equal(await answer(dial(network, 'xwing'), LANDING, DROPPED_MS), null)
    await lab.policy(12, entry({ direction: 'egress', identity: deathstar.identity }, DENY))
    assert.equal(await answer(dial(network, 'tiefighter'), LANDING, DROPPED_MS), null)
    const drops = (await lab.verdicts()).filter(({ dropReason }) => dropReason !== null)
    assert.deepEqual(
      new Set(
        drops.map(
          ({ endpoint, direction, remoteIdentity, dropReason }) =>
            `${endpoint} ${direction} ${remoteIdentity} ${dropReason}`,
        ),
      ),
      new Set([`11 ingress ${xwing.identity} 133`, `12 egress ${deathstar.identity} 181`]),
    )
  },
)

const redirectTo = (proxyPort: number) => ({ verdict: 'redirect', proxyPort }) as const

networkTest(
  'D3 a redirected connection reaches the proxy with its addresses and identity, and the server sees the client',
  async (lab, network) => {
    await ensureProxyRoutes()
    using _ = deathstarServer(network)
    using proxy = startProxy(lab, { direction: 'ingress', port: 10_080, allows: 'POST /v1/request-landing' })
    await lab.policy(11, entry({ identity: tiefighter.identity, protocol: TCP, port: 80 }, redirectTo(10_080)))
    assert.equal(await answer(dial(network, 'tiefighter'), LANDING), LANDED)
    assert.equal(await answer(dial(network, 'tiefighter'), EXHAUST), '403 Access denied')
    assert.equal(await answer(dial(network, 'xwing'), LANDING, DROPPED_MS), null)
    const from = `${tiefighter.identity} ${tiefighter.address} -> ${deathstar.address}:80`
    assert.deepEqual(proxy.seen, [`${from} POST /v1/request-landing`, `${from} PUT /v1/exhaust-port`])
  },
)

networkTest('D3 what the node itself sends is redirected as well, and known as the host', async (lab, network) => {
  await ensureProxyRoutes()
  using _ = deathstarServer(network)
  using proxy = startProxy(lab, { direction: 'ingress', port: 10_080, allows: 'POST ' })
  await lab.policy(11, entry({ protocol: TCP, port: 80 }, redirectTo(10_080)))
  assert.equal(await answer(network.connect('node', deathstar.address, 80), EXHAUST), '403 Access denied')
  assert.equal(proxy.seen[0]?.split(' ')[0], '1')
})

networkTest(
  'D19 an egress redirect reaches the proxy; its own connection is judged at the destination as the client’s',
  async (lab, network) => {
    await ensureProxyRoutes()
    using _ = deathstarServer(network)
    using proxy = startProxy(lab, { direction: 'egress', port: 10_081, allows: 'POST /v1/request-landing' })
    await lab.policy(
      12,
      entry({ direction: 'egress', identity: deathstar.identity, protocol: TCP, port: 80 }, redirectTo(10_081)),
    )
    await lab.policy(11, entry({ identity: tiefighter.identity, protocol: TCP, port: 80 }))
    assert.equal(await answer(dial(network, 'tiefighter'), LANDING), LANDED)
    assert.equal(await answer(dial(network, 'tiefighter'), EXHAUST), '403 Access denied')
    await lab.policy(11, entry({ identity: tiefighter.identity, protocol: TCP, port: 80 }, DENY))
    assert.equal(await answer(dial(network, 'tiefighter'), LANDING, DROPPED_MS), null)
    assert.equal(proxy.seen.length, 3)
  },
)

networkTest(
  'D19 egress and ingress redirects meet: both proxies see the request, the server the client',
  async (lab, network) => {
    await ensureProxyRoutes()
    using _ = deathstarServer(network)
    using egress = startProxy(lab, { direction: 'egress', port: 10_081, allows: 'P' })
    using ingress = startProxy(lab, { direction: 'ingress', port: 10_080, allows: 'POST ' })
    await lab.policy(
      12,
      entry({ direction: 'egress', identity: deathstar.identity, protocol: TCP, port: 80 }, redirectTo(10_081)),
    )
    await lab.policy(11, entry({ identity: tiefighter.identity, protocol: TCP, port: 80 }, redirectTo(10_080)))
    assert.equal(await answer(dial(network, 'tiefighter'), LANDING), LANDED)
    assert.equal(await answer(dial(network, 'tiefighter'), EXHAUST), '403 Access denied')
    assert.deepEqual([egress.seen.length, ingress.seen.length], [2, 2])
    assert.deepEqual(ingress.seen, egress.seen)
  },
)

networkTest(
  'D13 a connection that the proxy holds stays with it when the redirect becomes a plain allow',
  async (lab, network) => {
    await ensureProxyRoutes()
    using _ = deathstarServer(network)
    using proxy = startProxy(lab, { direction: 'ingress', port: 10_080, allows: 'POST ' })
    const key = { identity: tiefighter.identity, protocol: TCP, port: 80 }
    await lab.policy(11, entry(key, redirectTo(10_080)))
    const connection = dial(network, 'tiefighter')
    connection.write('POST /first HTTP/1.1\r\nhost: deathstar\r\n\r\n')
    await once(connection, 'data')
    await lab.policy(11, entry(key))
    connection.write('PUT /second HTTP/1.1\r\nhost: deathstar\r\nconnection: close\r\n\r\n')
    const [second] = await once(connection, 'data')
    assert.match(String(second), /PUT \/second from 10\.244\.0\.12/)
    connection.destroy()
    assert.equal(
      await answer(dial(network, 'tiefighter'), EXHAUST),
      `200 PUT ${EXHAUST.path} from ${tiefighter.address}`,
    )
    assert.equal(proxy.seen.length, 1)
  },
)

const FIN_WAIT2 = 5
const TIME_WAIT = 6
const WAIT_MS = 5_000

async function until(condition: () => boolean): Promise<void> {
  for (const end = Date.now() + WAIT_MS; !condition(); await new Promise((resolve) => setTimeout(resolve, 5)))
    assert.ok(Date.now() < end, 'the condition is met in time')
}

/** States of this namespace's TCP sockets whose local or remote end is port 80 of the address (`/proc/net/tcp`, addresses as little-endian words). */
function tcpStates(address: string, end: 'local' | 'remote'): readonly number[] {
  const octets = address.split('.').map((octet) => Number(octet).toString(16).padStart(2, '0'))
  const wanted = `${octets.toReversed().join('').toUpperCase()}:0050`
  return readFileSync('/proc/net/tcp', 'utf8')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter((columns) => columns[end === 'local' ? 1 : 2] === wanted)
    .map((columns) => Number.parseInt(columns[3]!, 16))
}

/** Resets that the node's stack has sent. */
function resetsSent(): number {
  const [names = '', values = ''] = readFileSync('/proc/net/snmp', 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('Tcp: '))
  return Number(values.split(' ')[names.split(' ').indexOf('OutRsts')])
}

networkTest(
  'D13 the end of a connection that the proxy closed first reaches the stack that remembers it',
  async (lab, network) => {
    await ensureProxyRoutes()
    await using server = createServer((client) => {
      client.on('error', () => undefined)
      client.once('data', () => client.end('Access denied', () => client.destroy()))
    })
    server.listen({ fd: transparentSockets.listen(IpAddress('127.0.0.1'), 10_080) })
    await lab.policy(11, entry({ protocol: TCP, port: 80 }, redirectTo(10_080)))
    const before = resetsSent()
    const client = network.connect('tiefighter', deathstar.address, 80, 'half-open')
    client.write('GET / HTTP/1.1\r\n\r\n')
    client.resume()
    await once(client, 'end')
    // Both the closing socket and what the stack remembers of it are no longer the proxy's.
    await until(() =>
      tcpStates(deathstar.address, 'local').every((state) => state === FIN_WAIT2 || state === TIME_WAIT),
    )
    client.end()
    await until(() => network.in('tiefighter', () => tcpStates(deathstar.address, 'remote')).length === 0)
    client.destroy()
    assert.equal(resetsSent() - before, 0)
  },
)

/** Sends a datagram from a pod to the deathstar; what comes back, an error's code, or null. */
async function ask(
  network: Network,
  from: 'tiefighter' | 'xwing',
  port: number,
  waitMs: number,
): Promise<string | null> {
  const socket = createSocket('udp4')
  const opened = network.in(from, () => once(socket.bind(0, '0.0.0.0'), 'listening'))
  await network.during(from, opened)
  await network.during(from, new Promise<void>((done) => socket.connect(port, deathstar.address, done)))
  try {
    return await new Promise((resolve) => {
      const timer = setTimeout(() => resolve(null), waitMs)
      const end = (outcome: string): void => {
        clearTimeout(timer)
        resolve(outcome)
      }
      socket.on('message', (message) => end(message.toString()))
      socket.on('error', (error) => end('code' in error ? String(error.code) : error.message))
      socket.send('where are you')
    })
  } finally {
    socket.close()
  }
}

networkTest(
  'D11 datagrams: what is allowed is answered, what is not stays unanswered, and a closed port is told by the pod’s own kernel',
  async (lab, network) => {
    const echo: UdpSocket = createSocket('udp4', (message, { address, port }) =>
      echo.send(`${message}?`, port, address),
    )
    await network.during('deathstar', once(echo.bind(53, deathstar.address), 'listening'))
    try {
      await lab.policy(
        11,
        entry({ identity: tiefighter.identity, protocol: UDP, port: 53 }),
        entry({ identity: tiefighter.identity, protocol: UDP, port: 54 }),
      )
      assert.equal(await ask(network, 'tiefighter', 53, 5_000), 'where are you?')
      assert.equal(await ask(network, 'xwing', 53, DROPPED_MS), null)
      // The unreachable message passes both programs because it quotes the datagram.
      assert.equal(await ask(network, 'tiefighter', 54, 5_000), 'ECONNREFUSED')
    } finally {
      echo.close()
    }
  },
)

networkTest('D9 pings: the kernel of a pod answers those that are allowed', async (lab, network) => {
  await lab.policy(11, entry({ identity: tiefighter.identity, protocol: ICMP, port: 8 }))
  assert.equal(await network.ping('tiefighter', deathstar.address, 5_000), true)
  assert.equal(await network.ping('xwing', deathstar.address, DROPPED_MS), false)
  assert.equal(await network.ping('deathstar', tiefighter.address, DROPPED_MS), false)
})

networkTest(
  'D32 enforcement outlives a killed process; the next one takes maps, connections and links over',
  async (lab, network) => {
    using _ = deathstarServer(network)
    await lab.datapath.detachEndpoint(EndpointId(deathstar.endpoint))
    const holder = spawn(
      process.execPath,
      [
        new URL('holder.ts', import.meta.url).pathname,
        JSON.stringify({ ...lab.options, name: 'killed' }),
        network.deviceOf('deathstar'),
      ],
      { stdio: ['pipe', 'pipe', 'inherit'] },
    )
    await once(holder.stdout, 'data')
    const connection = dial(network, 'tiefighter')
    const ask = async (path: string): Promise<string> => {
      connection.write(`GET ${path} HTTP/1.1\r\nhost: deathstar\r\n\r\n`)
      return String((await once(connection, 'data'))[0])
    }
    assert.match(await ask('/before'), /GET \/before/)
    holder.kill('SIGKILL')
    await once(holder, 'exit')
    assert.match(await ask('/after'), /GET \/after/)
    assert.equal(await answer(dial(network, 'xwing'), LANDING, DROPPED_MS), null)

    const options = { ...lab.options, name: 'killed' }
    const linkPath = pinFolder(options).attachPaths(EndpointId(deathstar.endpoint), 'egress').link
    const before = linkId(linkPath)
    await using next = await openKernelDatapath(options)
    assert.deepEqual(await next.listEndpoints(), [deathstar.endpoint])
    assert.equal((await next.readPolicyMap(EndpointId(deathstar.endpoint)))?.length, 1)
    assert.equal((await next.readConntrack()).filter(({ direction }) => direction === 'in').length, 1)
    await attach(next, network, 'deathstar')
    assert.equal(linkId(linkPath), before, 'the program was replaced in its link, which was never taken off')
    assert.match(await ask('/taken-over'), /GET \/taken-over/)
    assert.equal(await answer(dial(network, 'xwing'), LANDING, DROPPED_MS), null)
    connection.destroy()
  },
)

networkTest(
  'D33 detaching takes the programs off; attaching again to a device that was made anew works',
  async (lab, network) => {
    using _ = deathstarServer(network)
    await lab.policy(11, entry({ identity: tiefighter.identity }))
    assert.equal(await answer(dial(network, 'tiefighter'), LANDING), LANDED)
    network.remake('deathstar', deathstar.address)
    await attach(lab.datapath, network, 'deathstar')
    assert.equal(await answer(dial(network, 'tiefighter'), LANDING), LANDED)
    assert.equal(await answer(dial(network, 'xwing'), LANDING, DROPPED_MS), null)
    await lab.datapath.detachEndpoint(EndpointId(deathstar.endpoint))
    assert.match((await answer(dial(network, 'xwing'), LANDING)) ?? '', /^200 /)
  },
)

networkTest('D33 where tcx is not used clsact holds the programs in the same way', async (lab, network) => {
  using _ = deathstarServer(network)
  await using other = await openKernelDatapath({ ...lab.options, name: 'clsact', attach: ['clsact'] })
  await lab.datapath.detachEndpoint(EndpointId(deathstar.endpoint))
  for (const attempt of [1, 2]) {
    const loaded = await attach(other, network, 'deathstar')
    assert.deepEqual(
      loaded.map(({ attach, hook, program }) => [attach, hook, program]),
      [
        ['clsact', 'egress', 'to_pod'],
        ['clsact', 'ingress', 'from_pod'],
      ],
      `${attempt}`,
    )
  }
  assert.equal(await answer(dial(network, 'tiefighter'), LANDING, DROPPED_MS), null)
  await other.writePolicyMap(EndpointId(deathstar.endpoint), { upserts: [entry({})], removals: [] })
  assert.equal(await answer(dial(network, 'tiefighter'), LANDING), LANDED)
  await other.detachEndpoint(EndpointId(deathstar.endpoint))
  assert.doesNotMatch(ip(`link show dev ${network.deviceOf('deathstar')}`), /xdp/)
  assert.equal(await answer(dial(network, 'xwing'), LANDING).then((found) => found?.slice(0, 3)), '200')
})

networkTest('D35 removing the datapath detaches everything and leaves nothing', async (lab, network) => {
  using _ = deathstarServer(network)
  assert.equal(await answer(dial(network, 'xwing'), LANDING, DROPPED_MS), null)
  for (const _ of [1, 2]) await removeKernelDatapath(lab.options)
  assert.match((await answer(dial(network, 'xwing'), LANDING)) ?? '', /^200 /)
  assert.equal(existsSync(pinFolder(lab.options).root), false)
  await assert.rejects(openKernelDatapath({ ...lab.options, purpose: 'read' }), {
    name: 'DatapathError',
    code: 'kernel-error',
  })
})

networkTest('D31 the routes of the proxy are made once and removed as a whole', async (_: Laboratory, __: Network) => {
  for (const __ of [1, 2]) await ensureProxyRoutes()
  assert.equal(ip('rule show').split('fwmark').length, 2)
  assert.match(ip('route show table 2004'), /^local default dev lo/)
  for (const __ of [1, 2]) await removeProxyRoutes()
  assert.equal(await hasProxyRule(), false)
  assert.doesNotMatch(ip('route show table all'), /table 2004/)
})
