import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { hindcast, recordedLog } from '../cli/recorded-log.ts'
import { driftContract } from '../contract/drift.ts'
import { FakeDatapath } from '../doubles/datapath.ts'
import { modelFixture } from '../model/fixture.ts'
import { agentStory } from './agent-story.ts'

driftContract({ name: 'model', skip: null, open: async () => modelFixture() })

driftContract({
  name: 'double',
  skip: null,
  open: async () => {
    const datapath = new FakeDatapath()
    return { datapath, [Symbol.asyncDispose]: () => datapath[Symbol.asyncDispose]() }
  },
})

test('T62 drift says that there is no kernel datapath to look at, and ends with 5', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'hindcast-drift-'))
  const path = join(folder, 'log.db')
  await agentStory(path)
  const model = await hindcast('drift', '--log', path)
  assert.equal(model.code, 5)
  assert.match(model.err, /^error: no-kernel-datapath: node node1 runs the model datapath/)
  using recorded = await recordedLog()
  const nothing = await hindcast('drift', '--log', recorded.path, '--bpffs', folder)
  assert.equal(nothing.code, 5, nothing.err)
  rmSync(folder, { recursive: true })
})
