/** Writes flows until it is killed: `writer-process.ts PATH`. After each flush it says on stdout how many are safe. */
import { writeSync } from 'node:fs'
import { openFlowStore } from '../../src/flows/sqlite.ts'
import { someFlows } from './flows.ts'

const store = openFlowStore({ path: process.argv[2]! })
for (let written = 0; ; written += 20) {
  store.add(someFlows(20, written))
  await store.flush()
  writeSync(1, `${written + 20}\n`)
}
