/** The command itself: standard streams, signals and the exit code. src/cli/hindcast.mjs starts it on the right Node. */
import { runCommand } from './program.ts'

const stop = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort())
// A reader such as `head` that has seen enough is not a failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0)
  throw error
})

process.exitCode = await runCommand(process.argv.slice(2), {
  write: (text) => void process.stdout.write(text),
  warn: (text) => void process.stderr.write(text),
  stdin: process.stdin,
  terminal: process.stdout.isTTY === true,
  stop: stop.signal,
})
