/** The command itself: standard streams, signals and the exit code. src/cli/hindcast.mjs starts it on the right Node. */
import { runCommand } from './program.ts'

let stopping: AbortController | null = null

/**
 * Only a verb that ends in a way of its own asks for this: the agent, and what follows. Any other dies of the signal at once, whatever it is computing:
 * a handler would have to wait until it is done, and what is half done is nowhere in its place.
 */
function stopSignal(): AbortSignal {
  if (stopping === null) {
    const controller = new AbortController()
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => controller.abort())
    stopping = controller
  }
  return stopping.signal
}

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
  get stop() {
    return stopSignal()
  },
})
