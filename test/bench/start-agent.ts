/**
 * Starts an agent on a log, on the model datapath with a proxy that takes everything, waits until it has nothing to do, and stops it: a process of
 * its own for test/bench/long.ts. Prints processor and wall time up to the end of the start, the rest, and the memory.
 */
import { dirname, join } from 'node:path'
import { pino } from 'pino'
import { startAgent } from '../../src/agent/agent.ts'
import { systemClock } from '../../src/agent/system-clock.ts'
import { openSqliteLog } from '../../src/log/sqlite/log.ts'
import { createModelDatapath } from '../../src/model/datapath.ts'
import { openSavedStates } from '../../src/states/saved-states.ts'
import { createXdsClient } from '../../src/xds/client.ts'
import { startXdsServer } from '../../src/xds/server.ts'
import { NODE } from './long-log.ts'
import { residentMiB } from './measure.ts'

export type Started = {
  readonly cpuMs: number
  readonly wallMs: number
  readonly residentMiB: number
  readonly settledMs: number
  readonly stopMs: number
}

const [path] = process.argv.slice(2)
if (path === undefined) throw new TypeError('start-agent.ts wants the path of a log')

const logger = pino({ level: 'error' }, pino.destination(2))
await using owned = new AsyncDisposableStack()
const log = owned.use(openSqliteLog({ path, now: systemClock.now }))
const states = owned.use(openSavedStates(`${path}.agent-${NODE}`))
const datapath = owned.use(createModelDatapath({ clock: systemClock }))
const socket = join(dirname(path), 'xds.sock')
const xds = owned.use(await startXdsServer({ socket, epoch: 'bench' }))
const client = owned.use(createXdsClient({ socket, node: 'proxy' }))
client.start(() => ({ kind: 'taken' }))
const [cpu, wall] = [process.cpuUsage(), performance.now()]
const ports = { node: NODE, log, datapath, xds, flows: null, clock: systemClock, logger, states }
const agent = await startAgent(ports)
const { user, system } = process.cpuUsage(cpu)
const started = performance.now()
const resident = residentMiB()
await agent.settled()
const settled = performance.now()
await agent[Symbol.asyncDispose]()
const found: Started = {
  cpuMs: (user + system) / 1_000,
  wallMs: started - wall,
  residentMiB: resident,
  settledMs: settled - started,
  stopMs: performance.now() - settled,
}
process.stdout.write(`${JSON.stringify(found)}\n`)
