/**
 * The story on the model datapath: the projections decide instead of BPF programs, and loopback doors stand for the pods' networks. The deathstar, its
 * requests and the proxy are as real as on the kernel.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { CAST, member, type Reply, type ShipRequest, type Stage } from './cast.ts'
import { answerOf, firstLine, shipCommand } from './process.ts'

const SERVICE_PORT = 80
const LOOPBACK = '127.0.0.1'

export async function modelStage(folder: string, reason: string): Promise<Stage> {
  const stack = new AsyncDisposableStack()
  const [real, fromTiefighter, fromXwing] = await freePorts()
  const doors = { tiefighter: fromTiefighter, xwing: fromXwing }
  const endpointFile = join(folder, 'endpoints.json')
  const endpoints = CAST.map(({ endpoint, name, identity, labels, ipv4 }) => ({
    ...{ id: endpoint, name: `default/${name}`, identity, labels, ipv4 },
  }))
  writeFileSync(endpointFile, JSON.stringify(endpoints, null, 2))
  const gateFile = join(folder, 'gate.json')
  writeFileSync(gateFile, JSON.stringify(gateOf(real, doors), null, 2))
  try {
    await startDeathstar(real, stack)
  } catch (error) {
    await stack.disposeAsync()
    throw error
  }
  return {
    datapath: 'model',
    scenery: `the kernel is not used (${reason}): the projections decide about connections, the proxy about requests`,
    endpointFile,
    agentArguments: ['--datapath', 'model', '--gate', gateFile],
    liveArguments: [],
    onNode: [],
    send: (request) => send(request, doors),
    drift: async () => null,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}

type Doors = { readonly [From in ShipRequest['from']]: number }

function gateOf(real: number, doors: Doors): unknown {
  const to = member('deathstar').ipv4
  return {
    servers: [{ address: to, port: SERVICE_PORT, host: LOOPBACK, realPort: real }],
    doors: Object.entries(doors).map(([name, listen]) => ({
      from: member(name as ShipRequest['from']).ipv4,
      ...{ to, port: SERVICE_PORT, listen },
    })),
  }
}

async function startDeathstar(port: number, stack: AsyncDisposableStack): Promise<void> {
  const script = join(import.meta.dirname, 'deathstar.ts')
  const server: ChildProcess = spawn(process.execPath, [script, LOOPBACK, String(port)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  stack.defer(() => void server.kill('SIGKILL'))
  await firstLine(server, 'ready')
}

function send({ from, method, path }: ShipRequest, doors: Doors): Promise<Reply> {
  return answerOf(shipCommand(method, `http://${LOOPBACK}:${doors[from]}${path}`))
}

/** Held open together, so that they differ. */
async function freePorts(): Promise<readonly [number, number, number]> {
  const servers = [createServer(), createServer(), createServer()]
  const ports = await Promise.all(
    servers.map(async (server) => {
      await new Promise<void>((resolve) => server.listen(0, LOOPBACK, resolve))
      return (server.address() as AddressInfo).port
    }),
  )
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  const [a = 0, b = 0, c = 0] = ports
  return [a, b, c]
}
