/** The agent is killed again and again under traffic, on the real kernel: what was denied stays denied, what was allowed goes on. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { member, NODE } from '../../src/demo/cast.ts'
import { KERNEL_REASON } from '../kernel/laboratory.ts'
import { RULES, Siege } from './siege.ts'
import { PORTS, REQUESTS } from './siege-ports.ts'
import type { Log, Score } from './siege-ship.ts'

/** SIEGE_KILLS=100 for a longer siege. */
const KILLS = Number(process.env['SIEGE_KILLS'] ?? 14)
/** Far above what a busy machine takes to answer what is allowed. */
const PATIENCE_MS = 5_000
const DENIED_PATIENCE_MS = 150
/** Until an agent has begun to work, under load. */
const START_MAX_MS = 1_500
const AWAY_MAX_MS = 400
const BUILD_MAX_MS = 60

/** Three kinds of deaths: while it starts, in the middle of a build, and at any time of a busy life. */
async function oneLife(siege: Siege, kind: number): Promise<void> {
  await using agent = siege.agent()
  if (kind === 0) {
    const changes = siege.churn()
    await sleep(Math.random() * START_MAX_MS)
    await changes
  } else if (kind === 1) {
    await siege.inForce(agent)
    await siege.churn()
    await sleep(Math.random() * BUILD_MAX_MS)
  } else {
    await siege.inForce(agent)
    for (let changes = 1 + Math.random() * 6; changes > 0; changes -= 1) await siege.churn()
  }
  await agent.kill()
  if (Math.random() < 0.5) await siege.churn()
  await sleep(Math.random() * AWAY_MAX_MS)
}

function unanswered(log: Log, what: string): readonly [string, number] {
  const { tried, answered } = log[what] as Score
  assert.ok(tried > KILLS, `${what} was tried ${tried} times`)
  return [what, tried - answered]
}

test(`A14 an agent killed ${KILLS} times under traffic never lets a denied packet pass, and allowed ones go on without it`, {
  skip: KERNEL_REASON ?? false,
}, async (context) => {
  await using siege = new Siege()
  await siege.prepare()
  {
    await using first = siege.agent()
    await siege.console.must('endpoint', 'add', '--node', NODE, '-f', siege.stage.endpointFile)
    await siege.apply('rules', RULES)
    await siege.inForce(first)
    await first.kill()
  }
  await siege.launch('tiefighter', PATIENCE_MS)
  await siege.launch('xwing', DENIED_PATIENCE_MS)
  for (let life = 0; life < KILLS - 1; life += 1) await oneLife(siege, life % 3)

  await using last = siege.agent()
  const { position } = await siege.where()
  await siege.inForce(last, position)
  const drift = await siege.stage.drift(siege.state)
  assert.equal(drift?.none, true, drift?.output)
  const landing = await siege.stage.send({ from: 'tiefighter', method: 'POST', path: '/v1/request-landing' })
  assert.equal(landing.kind === 'answered' && landing.status, 200)

  const [tiefighter, xwing] = await Promise.all([siege.land('tiefighter'), siege.land('xwing')])
  context.diagnostic(`tiefighter ${JSON.stringify(tiefighter)}, xwing ${JSON.stringify(xwing)}`)
  const tie = member('tiefighter').ipv4
  assert.deepEqual(
    [...siege.arrivals].toSorted(),
    [`http ${REQUESTS[0]} from ${tie}`, `tcp ${PORTS.stream} from ${tie}`, `udp ${PORTS.datagram} from ${tie}`],
    'what got through is what is allowed',
  )
  assert.deepEqual(
    ['stream', 'lasting', 'datagram'].map((what) => unanswered(tiefighter, what)),
    [
      ['stream', 0],
      ['lasting', 0],
      ['datagram', 0],
    ],
    'allowed traffic of the third and fourth layer does not need the agent',
  )
})
