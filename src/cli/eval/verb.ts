/** `hindcast eval FILE.jsonl`: answers line by line as they are worked out, so that a file may be of any length. */

import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { CliError, messageOf } from '../failure.ts'
import type { LogSink } from '../log-verb.ts'
import { counted } from '../render/counted.ts'
import { type EvalCase, readCase } from './case.ts'
import { type EvalResult, evaluate } from './evaluate.ts'

/**
 * Bad lines are said on standard error with their number and passed over; the command then ends with 2. A case on which the engine fails is a bug:
 * it is said likewise, the others are answered, and the command ends with 4.
 */
export async function evaluateFile(file: string, sink: LogSink): Promise<void> {
  let [number, bad, failed] = [0, 0, 0]
  for await (const line of linesOf(file, sink)) {
    number++
    if (line.trim() === '') continue
    const reading = readCase(line)
    if (reading.kind === 'case') {
      const answer = answerOf(reading.case)
      if (answer.kind === 'failed') {
        failed++
        sink.warn(`${file}:${number}: engine-failed: ${answer.reason}\n`)
      } else sink.write(`${JSON.stringify(answer.result)}\n`)
    } else {
      bad++
      sink.warn(reading.reasons.map((reason) => `${file}:${number}: ${reason}\n`).join(''))
    }
  }
  if (failed > 0) throw new CliError('integrity', `the engine failed on ${counted(failed, 'case')} of ${file}`)
  if (bad > 0)
    throw new CliError(
      'usage',
      `${bad} of ${counted(number, 'line')} of ${file} ${bad === 1 ? 'is no case' : 'are no cases'}`,
    )
}

type Answer =
  | { readonly kind: 'answered'; readonly result: EvalResult }
  | { readonly kind: 'failed'; readonly reason: string }

/** One case must not take the answers of the others with it. */
function answerOf(asked: EvalCase): Answer {
  try {
    return { kind: 'answered', result: evaluate(asked) }
  } catch (error) {
    return { kind: 'failed', reason: error instanceof Error ? (error.stack ?? error.message) : String(error) }
  }
}

async function* linesOf(file: string, sink: LogSink): AsyncGenerator<string> {
  const input = file === '-' ? sink.stdin : createReadStream(file)
  try {
    yield* createInterface({ input: input as NodeJS.ReadableStream, crlfDelay: Number.POSITIVE_INFINITY })
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    if (code === undefined) throw error
    throw new CliError(code === 'ENOENT' ? 'notFound' : 'usage', `input-unreadable: ${file}: ${messageOf(error)}`)
  }
}
