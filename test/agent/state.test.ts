import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { HindcastEvent } from '../../events/catalogue.ts'
import type { PolicyRevision } from '../../events/ids.ts'
import { type AgentState, agentState } from '../../projections/agent/state.ts'
import { fold } from '../../projections/projection.ts'
import { examples } from '../events/examples.ts'
import { history, NODE } from './history.ts'

const { EndpointCreated: created, EndpointIdentityChanged: identified } = examples
const { EndpointRegenerationRequested: requested, EndpointRegenerationStarted: started } = examples
const { EndpointRegenerationSucceeded: succeeded, EndpointRegenerationFailed: failed } = examples
const DEATHSTAR = created.endpoint

const state = (...events: readonly HindcastEvent[]): AgentState => fold(agentState(NODE), history(...events))
const endpoint = (...events: readonly HindcastEvent[]) => state(created, ...events).endpoints.get(DEATHSTAR)

test('A2 requests gather until a build begins; what comes while it runs waits for the next', () => {
  const gathered = endpoint(identified, requested, {
    ...requested,
    trigger: 'retry',
    level: 'rewrite+load',
    folded: true,
  })
  assert.deepEqual(gathered?.pending, {
    level: 'rewrite+load',
    triggers: [
      { trigger: 'policy-changed', cause: '200' },
      { trigger: 'retry', cause: '300' },
    ],
  })
  const running = endpoint(identified, requested, started, requested)
  assert.equal(running?.running?.build, started.build)
  assert.equal(running?.pending?.triggers.length, 1)
})

test('A2 a failed build keeps what is in force and says when to try again', () => {
  const after = endpoint(identified, requested, started, succeeded, requested, { ...started, build: 3 }, failed)
  assert.equal(after?.realised?.revision, succeeded.revision)
  assert.equal(after?.running, null)
  assert.equal(after?.failures, 1)
  assert.deepEqual(after?.failure, { code: 'nacked', position: 800n, retryAt: 1_007_000 + 2_000 })
})

test('A2 a new agent finds no running build and no connected proxy, and keeps the pending ones', () => {
  const before = [created, identified, requested, started, requested, examples.ProxyConnectionChanged]
  const after = state(...before, examples.AgentStarted)
  const found = after.endpoints.get(DEATHSTAR)
  assert.equal(state(...before).proxy.connected.size, 1)
  assert.equal(after.proxy.connected.size, 0)
  assert.equal(found?.running, null)
  assert.equal(found?.pending?.triggers.length, 1)
})

test('A2 a deleted endpoint stays known until it is disconnected; the next of its id counts its builds on', () => {
  const left = { ...examples.EndpointStateChanged, to: 'disconnected' } as const
  const leaving = state(
    created,
    identified,
    requested,
    started,
    succeeded,
    examples.ProgramLoaded,
    examples.EndpointDeleted,
  )
  assert.equal(leaving.endpoints.get(DEATHSTAR)?.leaving, true)
  const gone = state(created, identified, requested, started, examples.EndpointDeleted, left)
  assert.equal(gone.endpoints.size, 0)
  assert.equal(gone.builds.get(DEATHSTAR), started.build)
  const again = state(
    created,
    identified,
    requested,
    started,
    examples.ProgramLoaded,
    examples.EndpointDeleted,
    created,
    left,
  )
  assert.equal(again.endpoints.get(DEATHSTAR)?.stale, true)
  assert.equal(again.endpoints.get(DEATHSTAR)?.programs.size, 1)
})

test('A2 changes of the repository wait in order for the reaction to them', () => {
  const second = { ...examples.PolicyDeleted, revision: 3 as PolicyRevision }
  const waiting = state(examples.PolicyAdded, second)
  assert.deepEqual(waiting.unreacted, [
    { revision: 2, position: 100n },
    { revision: 3, position: 200n },
  ])
  const reacted = state(examples.PolicyAdded, second, examples.PolicyReaction)
  assert.deepEqual(reacted.unreacted, [{ revision: 3, position: 200n }])
  assert.equal(reacted.reacted, 2)
})
