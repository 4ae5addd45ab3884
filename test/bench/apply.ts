/**
 * From the moment at which somebody applies a policy to the moment at which every endpoint that it selects enforces it, on a log in a file with
 * durable appends: the real engine, the real xDS socket with a client that takes everything, and the model or (as root) the kernel datapath.
 * One durable append stands beside it in the same run, because the way through the log is a handful of them.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { canonicalText, digestOfText } from '../../events/canonical.ts'
import { decodeEvent, type StoredEvent, type UnstoredEvent } from '../../events/codec.ts'
import { EventId, NodeName, StreamName } from '../../events/ids.ts'
import type { Phase } from '../../events/regeneration.ts'
import type { Json } from '../../events/schema.ts'
import { readPolicy } from '../../projections/policy/parse/policy.ts'
import { type Agent, startAgent } from '../../src/agent/agent.ts'
import { systemClock } from '../../src/agent/system-clock.ts'
import { submit } from '../../src/cli/submit.ts'
import type { Command } from '../../src/decide/command.ts'
import { openSqliteLog } from '../../src/log/sqlite/log.ts'
import { createModelDatapath } from '../../src/model/datapath.ts'
import type { Datapath } from '../../src/ports/datapath.ts'
import type { EventLog } from '../../src/ports/log.ts'
import type { SavedStates } from '../../src/ports/saved-states.ts'
import { openSavedStates } from '../../src/states/saved-states.ts'
import { createXdsClient } from '../../src/xds/client.ts'
import { startXdsServer } from '../../src/xds/server.ts'
import { percentile, timeUs } from './measure.ts'
import { type Benchmark, type Figure, figure } from './report.ts'

const NODE = NodeName('bench')
const SIZES = [1, 100] as const
/** Applications of each kind and size, after as many thrown away as `WARM_UP`. */
const ROUNDS = 40
const WARM_UP = 5
const ELSEWHERE = StreamName('node-elsewhere')
const UNRELATED = 20

export const benchmark: Benchmark = {
  title: 'policy applied to policy enforced, beside one durable append',
  run: async (say) => {
    const figures: Figure[] = []
    for (const open of [openModel, openKernel]) {
      const opened = await open(say)
      if (opened === null) continue
      await using place = opened
      for (const size of SIZES) figures.push(...(await measure(place, size, say)))
    }
    return figures
  },
}

type Place = AsyncDisposable & { readonly name: string; readonly datapath: Datapath }

async function openModel(): Promise<Place> {
  const datapath = createModelDatapath({ clock: systemClock })
  return { name: 'model', datapath, [Symbol.asyncDispose]: () => datapath[Symbol.asyncDispose]() }
}

async function openKernel(say: (line: string) => void): Promise<Place | null> {
  // Looking for a kernel that can be used takes a while, and only this needs it.
  const { KERNEL_REASON, laboratory } = await import('../kernel/laboratory.ts')
  if (KERNEL_REASON !== null) {
    say(`kernel: ${KERNEL_REASON}`)
    return null
  }
  const lab = await laboratory()
  return { name: 'kernel', datapath: lab.datapath, [Symbol.asyncDispose]: () => lab[Symbol.asyncDispose]() }
}

/** A node with `size` endpoints that the policies select and some that they do not. */
async function measure(place: Place, size: number, say: (line: string) => void): Promise<readonly Figure[]> {
  say(`${place.name}, ${size} endpoint${size === 1 ? '' : 's'}`)
  const folder = mkdtempSync(join(tmpdir(), `hindcast-bench-apply-${process.pid}-`))
  try {
    await using bench = await Bench.open(place.datapath, folder)
    await bench.addEndpoints(size)
    const l4 = await rounds(bench, size, false)
    const http = await rounds(bench, size, true)
    await bench.deleteEndpoints()
    const name = `${place.name}, ${size}`
    return [...report(`${name}: L4`, l4), ...report(`${name}: HTTP`, http)]
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function rounds(bench: Bench, size: number, http: boolean): Promise<Samples> {
  const samples: { appends: number[]; applied: Sample[] } = { appends: [], applied: [] }
  for (let round = 0; round < WARM_UP + ROUNDS; round++) {
    const append = await bench.append()
    const applied = await bench.apply(policyOf(`landing-${round % 3}`, 8_000 + round, http), size)
    if (round < WARM_UP) continue
    samples.appends.push(append)
    samples.applied.push(applied)
  }
  return samples
}

type Samples = { readonly appends: readonly number[]; readonly applied: readonly Sample[] }
type Sample = { readonly us: number; readonly phases: readonly Phase[] }

function report(name: string, { appends, applied: samples }: Samples): readonly Figure[] {
  const appendUs = percentile(appends, 50)
  const times = samples.map(({ us }) => us)
  const phases = [...new Set(samples.flatMap((sample) => sample.phases.map((phase) => phase.name)))]
  return [
    ...percentiles(`${name}, one durable append`, appends),
    ...percentiles(`${name} enforced`, times),
    figure(`${name} enforced, in durable appends`, percentile(times, 50) / appendUs, 'appends'),
    ...phases.map((phase) => {
      const spent = samples.flatMap((sample) =>
        sample.phases.filter((one) => one.name === phase).map(({ durationUs }) => durationUs),
      )
      return figure(`${name} build, ${phase} p50`, percentile(spent, 50) / 1_000, 'ms')
    }),
  ]
}

function percentiles(name: string, us: readonly number[]): readonly Figure[] {
  return [50, 99].map((percent) => figure(`${name} p${percent}`, percentile(us, percent) / 1_000, 'ms'))
}

const policyOf = (name: string, port: number, http: boolean): Json => ({
  apiVersion: 'cilium.io/v2',
  kind: 'CiliumNetworkPolicy',
  metadata: { name, namespace: 'default' },
  spec: {
    endpointSelector: { matchLabels: { org: 'empire' } },
    ingress: [
      {
        fromEndpoints: [{ matchLabels: { org: 'empire' } }],
        toPorts: [
          {
            ports: [{ port: String(port), protocol: 'TCP' }],
            ...(http ? { rules: { http: [{ method: 'POST', path: '/v1/request-landing' }] } } : {}),
          },
        ],
      },
    ],
  },
})

class Bench implements AsyncDisposable {
  readonly #log: EventLog
  /** A log that nobody folds, on the same disk. */
  readonly #beside: EventLog
  readonly #owned: AsyncDisposableStack
  readonly #names: string[] = []
  #agent: Agent | null = null

  readonly #states: SavedStates

  private constructor(log: EventLog, beside: EventLog, owned: AsyncDisposableStack, states: SavedStates) {
    this.#states = states
    this.#log = log
    this.#beside = beside
    this.#owned = owned
  }

  static async open(datapath: Datapath, folder: string): Promise<Bench> {
    const owned = new AsyncDisposableStack()
    const open = (name: string): EventLog =>
      owned.use(openSqliteLog({ path: join(folder, name), now: systemClock.now }))
    const log = open('log.db')
    const socket = join(folder, 'xds.sock')
    const xds = owned.use(await startXdsServer({ socket, epoch: 'bench' }))
    const client = owned.use(createXdsClient({ socket, node: 'proxy' }))
    client.start(() => ({ kind: 'taken' }))
    const logger = pino({ level: 'silent' })
    const states = owned.use(openSavedStates(join(folder, 'log.db.ledger')))
    const bench = new Bench(log, open('beside.db'), owned, states)
    bench.#agent = owned.use(
      await startAgent({ node: NODE, log, datapath, xds, flows: null, clock: systemClock, logger }),
    )
    return bench
  }

  async addEndpoints(size: number): Promise<void> {
    const ships = Array.from({ length: size + UNRELATED }, (_, index) => ({
      id: index + 1,
      name: `ship-${index + 1}`,
      labels: [`org=${index < size ? 'empire' : 'alliance'}`],
      ipv4: `10.1.${Math.floor(index / 200)}.${(index % 200) + 1}`,
    }))
    this.#names.push(...ships.map(({ id }) => String(id)))
    await this.#submit({ kind: 'add-endpoints', node: NODE, endpoints: ships })
    await this.#agent?.settled()
  }

  /** So that the datapath is empty for whoever comes next. */
  async deleteEndpoints(): Promise<void> {
    await this.#submit({ kind: 'delete-endpoints', node: NODE, endpoints: this.#names })
    await this.#agent?.settled()
  }

  async append(): Promise<number> {
    const id = EventId(systemClock.newId())
    const event: UnstoredEvent = { id, type: 'PositionTagged', v: 1, body: '{}', meta: '{}' }
    return await timeUs(() => this.#beside.append([{ stream: ELSEWHERE, expected: 'any', events: [event] }]))
  }

  /** Microseconds from the command to the last success, and the phases of one of the builds. */
  async apply(object: Json, size: number): Promise<Sample> {
    const reading = readPolicy(object)
    if (reading.kind === 'refused') throw new TypeError(reading.problems.map(({ reason }) => reason).join('; '))
    const { resource, manifest, rules } = reading.policy
    const inputDigest = digestOfText(canonicalText(object))
    const wish = { kind: 'policy', resource, manifest, rules: rules.length, inputDigest } as const
    const after = await this.#log.head()
    const phases: Phase[][] = []
    const enforced = Promise.withResolvers<void>()
    const start = process.hrtime.bigint()
    const subscription = this.#log.subscribe(after).subscribe((message) => {
      if (message.kind !== 'events') return
      phases.push(...message.events.flatMap(successOf))
      if (phases.length >= size) enforced.resolve()
    })
    await this.#submit({ kind: 'set-policies', wishes: [wish] })
    await enforced.promise
    const us = Number(process.hrtime.bigint() - start) / 1_000
    subscription.unsubscribe()
    await this.#agent?.settled()
    return { us, phases: phases[0] ?? [] }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#owned.disposeAsync()
  }

  async #submit(command: Command): Promise<void> {
    const source = () => ({ kind: 'test', detail: 'bench' }) as const
    const { decision } = await submit({ log: this.#log, command, source, states: this.#states, dryRun: false })
    if (decision.kind === 'refused') throw new Error(decision.problems.map(({ reason }) => reason).join('; '))
  }
}

function successOf(stored: StoredEvent): readonly Phase[][] {
  if (stored.type !== 'EndpointRegenerationSucceeded') return []
  const { event } = decodeEvent(stored)
  return event.type === 'EndpointRegenerationSucceeded' ? [[...event.phases]] : []
}
