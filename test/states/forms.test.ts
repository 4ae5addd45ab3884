/** A saved state is read by its name alone, so another form of state needs another name: the golden holds both together. */
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { digestOf } from '../../events/canonical.ts'
import type { Json } from '../../events/schema.ts'
import { agentState } from '../../projections/agent/state.ts'
import { ledger } from '../../projections/ledger/ledger.ts'
import { policyInputs } from '../../projections/policy/inputs.ts'
import { foldName, type Projection, step } from '../../projections/projection.ts'
import { history, NODE } from '../agent/history.ts'
import { examples } from '../events/examples.ts'
import { normal } from './normal.ts'

const GOLDEN = join(import.meta.dirname, 'forms.json')

/** Of every event there is an example; those that take something away come late, so that something is there. */
const EVENTS = Object.values(examples).toSorted(
  (a, b) => Number(/Deleted|Released|Expired/.test(a.type)) - Number(/Deleted|Released|Expired/.test(b.type)),
)

/** The shapes of all states on the way: field names and kinds of values, without the values. */
function form(projection: Projection<unknown>): string {
  let state = projection.initial
  const shapes = new Set<string>()
  for (const recorded of history(...EVENTS)) {
    try {
      state = step(projection, state, recorded)
    } catch {
      // An example that contradicts the others, such as a snapshot with another digest, says nothing about the form.
    }
    shapes.add(JSON.stringify(shape(normal(state))))
  }
  return digestOf([...shapes].toSorted())
}

function shape(value: unknown): Json {
  if (typeof value !== 'object' || value === null) return typeof value
  if (Array.isArray(value)) return [...new Set(value.map((one) => JSON.stringify(shape(one))))].toSorted()
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, shape(one)]))
}

test('C50 a state of another form has another name: raise the version of the fold, then GOLDEN=update', () => {
  const folds = [agentState(NODE), ledger, policyInputs(NODE)] as unknown as readonly Projection<unknown>[]
  const found = Object.fromEntries(folds.map((fold) => [foldName([fold]), form(fold)]))
  const known = JSON.parse(readFileSync(GOLDEN, 'utf8')) as Record<string, string>
  for (const [name, digest] of Object.entries(found)) {
    assert.equal(digest, known[name] ?? digest, `${name.split(' ')[0]} has states of another form under the same name`)
  }
  if (process.env['GOLDEN'] === 'update') writeFileSync(GOLDEN, `${JSON.stringify(found, null, 2)}\n`)
  else assert.deepEqual(Object.keys(found), Object.keys(known), 'GOLDEN=update after a version was raised')
})
