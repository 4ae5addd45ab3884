import { Timestamp } from '../../events/ids.ts'
import { openMemoryLog } from '../../src/log/memory.ts'
import { logContract } from '../contract/log.ts'

logContract('memory', async () => {
  const clock = { now: 1 }
  return { clock, log: openMemoryLog({ now: () => Timestamp(clock.now) }) }
})
