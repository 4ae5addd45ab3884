/** Loaded beside a command (`node --import`): says at its end how much memory it held at most, in KiB. */
import { writeSync } from 'node:fs'

process.on('exit', () => void writeSync(2, `max-rss-kib ${process.resourceUsage().maxRSS}\n`))
