/** The file that keeps states of folds: whole or not at all, whatever happens to it. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, test } from 'node:test'
import fc from 'fast-check'
import { Map as PersistentMap } from 'immutable'
import { EventId } from '../../events/ids.ts'
import { stateFrom, stateText } from '../../projections/state-text.ts'
import type { StateMark } from '../../src/ports/saved-states.ts'
import { openSavedStates } from '../../src/states/saved-states.ts'

const folder = mkdtempSync(join(tmpdir(), `hindcast-states-${process.pid}-`))
after(() => rmSync(folder, { recursive: true, force: true }))

let files = 0
const newPath = (): string => join(folder, `states-${++files}`)
const mark = (at: string): StateMark => ({ fold: 'f@1', event: EventId('6a0d3c9e-7b1f-4d58-9c2a-3e5f70819243'), at })

test('C50 what was saved is loaded, the last one of a name, and nothing where nothing was', async () => {
  const path = newPath()
  using states = openSavedStates(path)
  assert.equal(states.load('a'), null)
  assert.equal(existsSync(path), false, 'looking makes no file')
  assert.equal(await states.save('a', mark('1'), ['one', 'more', '']), true)
  assert.equal(await states.save('a', mark('2'), ['two']), true)
  assert.equal(await states.save('b', mark('3'), []), true)
  using again = openSavedStates(path)
  assert.deepEqual(again.load('a'), { ...mark('2'), pieces: ['two'] })
  assert.deepEqual(again.load('b'), { ...mark('3'), pieces: [] })
  assert.equal(again.load('c'), null)
})

test('C50 a state that was changed, cut or whose pieces were moved is not loaded', async () => {
  const damages = [
    `UPDATE pieces SET text = 'onE' WHERE number = 0`,
    `DELETE FROM pieces WHERE number = 1`,
    `UPDATE pieces SET number = number + 2`,
    `UPDATE pieces SET text = CASE number WHEN 0 THEN 'on' ELSE 'emore' END`,
    `UPDATE states SET at = '2'`,
    `UPDATE states SET fold = 'f@2'`,
    `UPDATE states SET pieces = 1`,
  ]
  const loaded = []
  for (const damage of damages) {
    const path = newPath()
    using states = openSavedStates(path)
    await states.save('a', mark('1'), ['one', 'more'])
    const database = new DatabaseSync(path)
    database.exec(damage)
    database.close()
    loaded.push(states.load('a'))
  }
  // Where the pieces stand in the file is not part of what was saved, as long as their order is the same.
  assert.deepEqual(
    loaded.map((state) => state === null),
    damages.map((damage) => !damage.includes('number + 2')),
  )
})

test('C50 any byte of the file may be wrong: a state is loaded as it was saved or not at all', async () => {
  const path = newPath()
  {
    using states = openSavedStates(path)
    await states.save('a', mark('1'), ['x'.repeat(5_000), 'y'.repeat(300)])
  }
  const good = readFileSync(path)
  await fc.assert(
    fc.asyncProperty(fc.nat(good.length - 1), fc.integer({ min: 1, max: 255 }), async (place, bits) => {
      const damaged = Buffer.from(good)
      damaged[place] = damaged[place]! ^ bits
      writeFileSync(path, damaged)
      using states = openSavedStates(path)
      const state = states.load('a')
      if (state !== null) assert.deepEqual(state, { ...mark('1'), pieces: ['x'.repeat(5_000), 'y'.repeat(300)] })
      // And the file is of use again, at the latest when the next one looks after it was thrown away.
      if (!(await states.save('a', mark('2'), ['z']))) assert.equal(await states.save('a', mark('2'), ['z']), true)
      assert.equal(states.load('a')?.at, '2')
    }),
    {
      numRuns: 150,
      examples: [
        [18, 4],
        [19, 1],
        [44, 1],
        [47, 255],
        [60, 1],
        [68, 1],
      ],
    },
  )
})

test('C50 what is no such file is made anew, and where nothing can be written nothing is kept', async () => {
  const path = newPath()
  writeFileSync(path, 'a letter to leia')
  using states = openSavedStates(path)
  assert.equal(states.load('a'), null)
  assert.equal(await states.save('a', mark('1'), ['one']), true)
  const foreign = newPath()
  const database = new DatabaseSync(foreign)
  database.exec('CREATE TABLE ships (name TEXT)')
  database.close()
  using other = openSavedStates(foreign)
  assert.equal(other.load('a'), null)
  assert.equal(await other.save('a', mark('1'), ['one']), true)
  using nowhere = openSavedStates(join(folder, 'no', 'folder', 'states'))
  assert.equal(nowhere.load('a'), null)
  assert.equal(await nowhere.save('a', mark('1'), ['one']), false)
  const closed = join(folder, 'closed')
  mkdirSync(closed)
  using inside = openSavedStates(join(closed, 'states'))
  await inside.save('a', mark('1'), ['one'])
  chmodSync(closed, 0o500)
  assert.deepEqual(inside.load('a')?.pieces, ['one'])
  chmodSync(closed, 0o700)
})

test('C50 of two that save at once one is told that it did not, and nothing is mixed', async () => {
  const path = newPath()
  using first = openSavedStates(path)
  using second = openSavedStates(path)
  await first.save('a', mark('0'), ['before'])
  const pieces = async function* (): AsyncGenerator<string> {
    yield 'one'
    assert.equal(await second.save('a', mark('2'), ['two']), false)
    assert.deepEqual(second.load('a')?.pieces, ['before'], 'a reader has what was there')
    yield 'more'
  }
  assert.equal(await first.save('a', mark('1'), pieces()), true)
  assert.deepEqual(second.load('a'), { ...mark('1'), pieces: ['one', 'more'] })
})

test('C50 who gives up while saving leaves what was there', async () => {
  using states = openSavedStates(newPath())
  await states.save('a', mark('1'), ['one'])
  const pieces = function* (): Generator<string> {
    yield 'two'
    throw new Error('told to stop')
  }
  await assert.rejects(states.save('a', mark('2'), pieces()), /told to stop/)
  assert.deepEqual(states.load('a'), { ...mark('1'), pieces: ['one'] })
})

test('C50 who is killed while saving leaves what was there', async () => {
  const path = newPath()
  {
    using states = openSavedStates(path)
    await states.save('a', mark('1'), ['one'])
  }
  const script = `
    import { openSavedStates } from ${JSON.stringify(join(import.meta.dirname, '../../src/states/saved-states.ts'))}
    const pieces = async function* () {
      for (let piece = 0; piece < 3_000; piece++) yield 'x'.repeat(10_000)
      process.stdout.write('half')
      await new Promise((resolve) => setTimeout(resolve, 60_000))
    }
    await openSavedStates(${JSON.stringify(path)}).save('a', ${JSON.stringify(mark('2'))}, pieces())`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
  await once(child.stdout, 'data')
  child.kill('SIGKILL')
  await once(child, 'exit')
  using states = openSavedStates(path)
  assert.deepEqual(states.load('a'), { ...mark('1'), pieces: ['one'] })
  assert.equal(await states.save('a', mark('3'), ['three']), true)
})

test('C50 the text of a state gives the state back', () => {
  const leaf = fc.oneof(fc.string(), fc.integer(), fc.bigInt({ min: 0n }), fc.boolean(), fc.constant(null))
  const { state } = fc.letrec((tie) => ({
    state: fc.oneof(
      { maxDepth: 4 },
      leaf,
      fc.array(tie('state'), { maxLength: 4 }),
      fc.dictionary(fc.oneof(fc.constantFrom('$', 'of', '__proto__'), fc.string()), tie('state'), { maxKeys: 4 }),
      fc.array(fc.tuple(leaf, tie('state')), { maxLength: 4 }).map((entries) => new Map(entries)),
      fc.array(leaf, { maxLength: 4 }).map((values) => new Set(values)),
      fc.array(fc.tuple(fc.string(), tie('state')), { maxLength: 12 }).map((entries) => PersistentMap(entries)),
    ),
  }))
  fc.assert(
    fc.property(state, (value) => {
      const text = stateText(value)
      assert.equal(stateText(stateFrom(text)), text)
      assert.deepEqual(bare(stateFrom(text)), bare(value))
    }),
    { numRuns: 300 },
  )
})

/** Without the insides of persistent maps, which differ by how they were filled, and without prototypes. */
function bare(value: unknown): unknown {
  if (PersistentMap.isMap(value)) return ['persistent', new Map([...value].map(([key, each]) => [key, bare(each)]))]
  if (value instanceof Map) return new Map([...value].map(([key, each]) => [key, bare(each)]))
  if (value instanceof Set || typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(bare)
  return Object.entries(value).map(([name, each]) => [name, bare(each)])
}
