/** Loaded beside a command (`node --import`): says at its end what it took: the most memory that it held, and processor time. */
import { writeSync } from 'node:fs'

process.on('exit', () => {
  const { maxRSS, userCPUTime, systemCPUTime } = process.resourceUsage()
  writeSync(2, `max-rss-kib ${maxRSS} cpu-us ${userCPUTime + systemCPUTime}\n`)
})
