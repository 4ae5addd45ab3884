/**
 * The embedded proxy beside HAProxy: requests through a method-and-path rule on loopback, in turns on one core, the client (wrk) and the server on the
 * other. CPU per request is the figure to trust: the rates of two proxies on a shared machine wander. Ours writes two access records a request.
 *
 * Needs `haproxy`, `wrk` and `taskset` (Debian: apt-get install haproxy wrk).
 */
import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, connect, createServer } from 'node:net'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { median } from './measure.ts'
import { atLeast, atMost, type Benchmark, type Figure, figure } from './report.ts'

const CONNECTIONS = 64
const SECONDS = 2
const ROUNDS = 5
const BODY = 'x'.repeat(256)
const MANY = 100

type Scenario = { readonly name: string; readonly paths: readonly string[]; readonly path: string }

const ONE_RULE = ['/api/v[0-9]+/users/[0-9]+(/.*)?']
const SCENARIOS: readonly Scenario[] = [
  { name: 'allowed, 1 rule', paths: ONE_RULE, path: '/api/v1/users/1977' },
  {
    name: 'allowed, 100 rules',
    paths: Array.from({ length: MANY }, (_, i) => `/sector${i}/[a-z]+/[0-9]+`),
    path: '/sector99/hangar/94',
  },
  { name: 'denied, 1 rule', paths: ONE_RULE, path: '/plans' },
]

type Run = { readonly perSecond: number; readonly cpuUs: number; readonly p99Ms: number }

export const benchmark: Benchmark = {
  title: 'requests through the embedded proxy beside HAProxy, with the same method and path rule',
  run: async (say) => {
    const missing = ['haproxy', 'wrk', 'taskset'].filter((program) => !isInstalled(program))
    if (missing.length > 0) throw new Error(`not installed: ${missing.join(', ')}`)
    const folder = mkdtempSync(join(tmpdir(), `hindcast-bench-proxy-${process.pid}-`))
    try {
      const figures: Figure[] = []
      for (const scenario of SCENARIOS) figures.push(...(await measure(scenario, folder, say)))
      return figures
    } finally {
      rmSync(folder, { recursive: true })
    }
  },
}

async function measure(scenario: Scenario, folder: string, say: (line: string) => void): Promise<readonly Figure[]> {
  const [backendPort, haproxyPort, ourPort] = await freePorts(3)
  const processes: ChildProcess[] = []
  try {
    processes.push(await startBackend(folder, backendPort!))
    const haproxy = await startHaproxy(scenario, folder, { port: haproxyPort!, upstream: backendPort! })
    processes.push(haproxy)
    const ours = await startOurs(scenario, { port: ourPort!, upstream: backendPort! })
    processes.push(ours)
    const runs: Record<'haproxy' | 'ours', Run[]> = { haproxy: [], ours: [] }
    for (let round = 0; round <= ROUNDS; round += 1) {
      const one = {
        haproxy: await load(haproxy, haproxyPort!, scenario.path),
        ours: await load(ours, ourPort!, scenario.path),
      }
      // The first warms both up.
      if (round === 0) continue
      runs.haproxy.push(one.haproxy)
      runs.ours.push(one.ours)
    }
    say(`${scenario.name}: measured`)
    return figuresOf(scenario.name, runs)
  } finally {
    for (const process of processes) process.kill()
  }
}

function figuresOf(name: string, { haproxy, ours }: Record<'haproxy' | 'ours', readonly Run[]>): readonly Figure[] {
  const middle = (runs: readonly Run[], key: keyof Run): number => median(runs.map((run) => run[key]))
  const denied = name.startsWith('denied')
  return [
    ...(['haproxy', 'ours'] as const).flatMap((who) => {
      const runs = who === 'haproxy' ? haproxy : ours
      return [
        figure(`${name}: ${who}`, middle(runs, 'perSecond'), 'requests/s'),
        figure(`${name}: ${who}, CPU a request`, middle(runs, 'cpuUs'), 'us'),
        figure(`${name}: ${who}, p99`, middle(runs, 'p99Ms'), 'ms'),
      ]
    }),
    figure(
      `${name}: rate, ours : haproxy`,
      middle(ours, 'perSecond') / middle(haproxy, 'perSecond'),
      'x',
      atLeast(0.5),
    ),
    figure(
      `${name}: CPU, ours : haproxy`,
      middle(ours, 'cpuUs') / middle(haproxy, 'cpuUs'),
      'x',
      atMost(denied ? 3 : 2.5),
    ),
  ]
}

/** One run of wrk; CPU is user and system time of the proxy's process, from /proc. */
async function load(proxy: ChildProcess, port: number, path: string): Promise<Run> {
  const before = cpuUs(proxy.pid!)
  const { stdout } = await promisify(execFile)('taskset', [
    '-c',
    clientCore(),
    'wrk',
    '-t1',
    `-c${CONNECTIONS}`,
    `-d${SECONDS}s`,
    '--latency',
    '-H',
    'User-Agent: bench',
    '-H',
    'Accept: */*',
    `http://127.0.0.1:${port}${path}`,
  ])
  const used = cpuUs(proxy.pid!) - before
  const requests = Number(/(\d+) requests in/.exec(stdout)?.[1])
  const perSecond = Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1])
  const p99 = /99%\s+([\d.]+)(us|ms|s)/.exec(stdout)
  if (!Number.isFinite(requests) || p99 === null) throw new Error(`wrk said: ${stdout}`)
  const scale = { us: 1e-3, ms: 1, s: 1e3 }[p99[2] as 'us' | 'ms' | 's']
  return { perSecond, cpuUs: used / requests, p99Ms: Number(p99[1]) * scale }
}

/** Fields 14 and 15 of /proc/PID/stat, in hundredths of a second. */
function cpuUs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ')
  return (Number(fields[11]) + Number(fields[12])) * 10_000
}

async function startBackend(folder: string, port: number): Promise<ChildProcess> {
  return await startHaproxyProcess(folder, 'backend', { core: clientCore(), port }, [
    `  http-request return status 200 content-type text/plain string "${BODY}"`,
  ])
}

async function startHaproxy(
  { paths }: Scenario,
  folder: string,
  { port, upstream }: { readonly port: number; readonly upstream: number },
): Promise<ChildProcess> {
  return await startHaproxyProcess(folder, 'proxy', { core: proxyCore(), port }, [
    '  acl method_ok method GET',
    ...paths.map((path) => `  acl path_ok path_reg ^(?:${path})$`),
    '  http-request deny deny_status 403 unless method_ok path_ok',
    '  default_backend upstream',
    'backend upstream',
    `  server upstream 127.0.0.1:${upstream}`,
  ])
}

async function startHaproxyProcess(
  folder: string,
  name: string,
  { core, port }: { readonly core: string; readonly port: number },
  lines: readonly string[],
): Promise<ChildProcess> {
  const path = join(folder, `${name}-${port}.cfg`)
  const config = [
    'global',
    '  nbthread 1',
    '  maxconn 2000',
    'defaults',
    '  mode http',
    '  timeout client 30s',
    '  timeout server 30s',
    '  timeout connect 5s',
    `frontend ${name}`,
    `  bind 127.0.0.1:${port}`,
    ...lines,
    '',
  ]
  writeFileSync(path, config.join('\n'))
  const child = spawn('taskset', ['-c', core, 'haproxy', '-db', '-f', path], { stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  child.stderr?.on('data', (chunk: Buffer) => {
    said += chunk.toString()
  })
  await accepting(port, () => said)
  return child
}

async function startOurs(
  { paths }: Scenario,
  { port, upstream }: { readonly port: number; readonly upstream: number },
): Promise<ChildProcess> {
  const program = join(import.meta.dirname, '../proxy/serve.ts')
  const child = spawn('taskset', ['-c', proxyCore(), process.execPath, program, String(port), String(upstream)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  child.stdin!.write(`${JSON.stringify(paths)}\n`)
  await once(createInterface({ input: child.stdout! }), 'line')
  return child
}

async function accepting(port: number, said: () => string): Promise<void> {
  for (const end = Date.now() + 5_000; Date.now() < end; ) {
    const socket = connect(port, '127.0.0.1')
    const connected = await once(socket, 'connect').then(
      () => true,
      () => false,
    )
    socket.destroy()
    if (connected) return
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  throw new Error(`nobody listens at ${port}: ${said()}`)
}

async function freePorts(count: number): Promise<readonly number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'))
  await Promise.all(servers.map((server) => once(server, 'listening')))
  const ports = servers.map((server) => (server.address() as AddressInfo).port)
  for (const server of servers) server.close()
  return ports
}

const proxyCore = (): string => '0'
/** On a machine with one core all share it; then the ratios are too kind to nobody. */
const clientCore = (): string => (availableParallelism() > 1 ? '1' : '0')

function isInstalled(program: string): boolean {
  try {
    execFileSync('sh', ['-c', `command -v ${program}`], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
