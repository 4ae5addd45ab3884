/** Recorded flows, each asked about at the position at which it was decided. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { IdentityId, IpAddress, Timestamp } from '../../events/ids.ts'
import { openFlowStore } from '../../src/flows/sqlite.ts'
import type { NewFlow } from '../../src/ports/flows.ts'
import { hindcast } from '../cli/recorded-log.ts'
import { agentStory, type Story, type StoryMoment } from './agent-story.ts'

const folder = mkdtempSync(join(tmpdir(), 'hindcast-why-flow-'))
const TIEFIGHTER = { address: IpAddress('10.0.0.123'), port: 40_000, identity: IdentityId(258) }
const XWING = { address: IpAddress('10.0.0.209'), port: 40_001, identity: IdentityId(256) }
const REVISIONS: Readonly<Partial<Record<StoryMoment, number>>> = { ships: 1, landing: 2, exhaust: 3, noFighters: 4 }
let story: Story

type Decided = { readonly at: StoryMoment; readonly verdict: NewFlow['verdict'] } & Partial<NewFlow>

function flow({ at, verdict, ...more }: Decided): NewFlow {
  return {
    time: Timestamp(1_700_000_000_000),
    stamp: { position: String(story.at[at]), revision: REVISIONS[at]! },
    kind: 'policy-verdict',
    verdict,
    direction: 'ingress',
    endpoint: 863,
    source: TIEFIGHTER,
    destination: { address: IpAddress('10.0.0.111'), port: 80, identity: IdentityId(257) },
    protocol: 6,
    dropReason: null,
    matchType: null,
    proxyPort: null,
    http: null,
    ...more,
  }
}

function put(path: string): Partial<NewFlow> {
  const http = { method: 'PUT', host: 'deathstar', path, protocol: 'HTTP/1.1', status: 403, durationMs: null }
  return { kind: 'http-request', http: { ...http, missing: [], rejected: [] } }
}

before(async () => {
  story = await agentStory(join(folder, 'log.db'))
  await using store = openFlowStore({ path: join(folder, 'flows-node1.db') })
  store.add([
    flow({ at: 'ships', verdict: 'FORWARDED', source: XWING }),
    flow({ at: 'landing', verdict: 'DROPPED', source: XWING }),
    flow({ at: 'landing', verdict: 'REDIRECTED' }),
    flow({ at: 'landing', verdict: 'DROPPED', ...put('/v1/exhaust-port') }),
    flow({ at: 'exhaust', verdict: 'FORWARDED', ...put('/v1/exhaust-port') }),
    flow({ at: 'noFighters', verdict: 'DROPPED' }),
    // What no datapath of this log would have said.
    flow({ at: 'landing', verdict: 'FORWARDED', source: XWING }),
    flow({ at: 'landing', verdict: 'DROPPED', stamp: { position: String(story.at.landing), revision: 1 } }),
    flow({ at: 'landing', verdict: 'FORWARDED', ...put('/v1/exhaust-port'), kind: 'http-response' }),
    flow({ at: 'landing', verdict: 'DROPPED', endpoint: 9 }),
  ])
  await store.flush()
})
after(() => rmSync(folder, { recursive: true }))

const why = (...args: readonly string[]) => hindcast('why', '--log', story.path, ...args)

async function answered(...args: readonly string[]) {
  const { out, err } = await why(...args, '-o', 'json')
  assert.equal(err, '')
  return JSON.parse(out).items[0]
}

test('T34 a recorded flow is judged again at its own position, and comes out as it was recorded', async () => {
  for (const id of ['1', '2', '3', '4', '5', '6']) {
    const { flow: asked, recorded, recomputed, differs, doubt } = await answered('--flow', id)
    assert.deepEqual([String(asked.id), recomputed, differs, doubt], [id, recorded, false, null])
    assert.equal(recorded, asked.verdict)
  }
  const { out, code } = await why('--flow', '2')
  assert.equal(code, 0)
  assert.match(out, /^flow 2 {2}default\/xwing \(.*\) -> default\/deathstar \(endpoint 863, identity 257\), TCP 80\n/)
  assert.match(out, /\n {2}recorded DROPPED, and so it is judged again\n\ningress of default\/deathstar: denied/)
  assert.match(out, new RegExp(`\\nat position ${story.at.landing}, .*, revision 2\\n$`))
  assert.equal((await why('--flow', '2', '--exit-code')).code, 1)
  assert.equal((await why('--flow', '3', '--exit-code')).code, 0)
})

test('T34 a flow that was recorded otherwise is said to differ, and doubts about the comparison are named', async () => {
  const wrong = await answered('--flow', '7')
  assert.deepEqual([wrong.recorded, wrong.recomputed, wrong.differs, wrong.doubt], ['FORWARDED', 'DROPPED', true, null])
  assert.match((await why('--flow', '7')).out, /recorded FORWARDED, but judged again DROPPED\n/)
  const late = await answered('--flow', '8')
  assert.deepEqual([late.recomputed, late.differs], ['REDIRECTED', true])
  assert.equal(late.doubt, 'it was decided under revision 1, and revision 2 is in force at this position')
  const other = await answered('--flow', '4', '--at', String(story.at.exhaust))
  assert.deepEqual([other.recorded, other.recomputed], ['DROPPED', 'FORWARDED'])
})

test('T34 a flow that is not there, or that nothing decided, is named and ends with 3', async () => {
  const ends = async (...args: readonly string[]) => {
    const { code, out, err } = await why(...args)
    return [code, out, err]
  }
  const [missing, response, gone] = [await ends('--flow', '99'), await ends('--flow', '9'), await ends('--flow', '10')]
  assert.deepEqual([missing[0], response[0], gone[0]], [3, 3, 3])
  assert.match(String(missing[2]), /no-such-flow at --flow: 99; the newest is 10/)
  assert.match(String(response[2]), /not-judged at --flow: flow 9: it is a response/)
  assert.match(String(gone[2]), /not-found at --flow: flow 10: endpoint 9 of node1 is not there/)
  assert.deepEqual([(await ends('--flow', '1', '--from', 'xwing'))[0], (await ends('--from', 'xwing'))[0]], [2, 2])
})
