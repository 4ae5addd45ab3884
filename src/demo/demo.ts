/**
 * `npm run demo`: the story on the kernel where it can be used, else on the model datapath. `--json` prints steps for programs, `--keep` leaves
 * everything running until Ctrl-C, `--stage kernel|model` insists, `--state FOLDER` leaves the log there. Ends 0 only if every step went as told; cleans
 * up in any case.
 */
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Stage } from './cast.ts'
import { NODE } from './cast.ts'
import { kernelStage } from './kernel-stage.ts'
import { modelStage } from './model-stage.ts'
import { type Narrator, narratorForPeople, narratorForPrograms } from './narrator.ts'
import { tellStory } from './story.ts'

type Options = {
  readonly json: boolean
  readonly keep: boolean
  readonly stage: 'auto' | 'kernel' | 'model'
  /** Null: a folder that goes with the demo. */
  readonly state: string | null
}

const EXIT = { ok: 0, failed: 1, usage: 2 } as const

function options(): Options {
  const { values } = parseArgs({
    options: {
      json: { type: 'boolean', default: false },
      keep: { type: 'boolean', default: false },
      stage: { type: 'string', default: 'auto' },
      state: { type: 'string' },
    },
  })
  const { json, keep, stage, state = null } = values
  if (stage !== 'auto' && stage !== 'kernel' && stage !== 'model')
    throw new TypeError(`--stage ${stage} is not one of auto, kernel, model`)
  if (state !== null && existsSync(join(state, 'log.db')))
    throw new TypeError(`--state ${state} has a log already; the story begins with an empty one`)
  return { json, keep, stage, state }
}

/** The kernel where it can be used; otherwise the model, with the reason in its scenery. */
async function chooseStage(wanted: Options['stage'], folder: string): Promise<Stage> {
  if (wanted === 'model') return modelStage(folder, 'asked for by --stage')
  if (process.getuid?.() !== 0 && wanted === 'auto') return modelStage(folder, 'this is not root')
  try {
    return await kernelStage(folder)
  } catch (error) {
    if (wanted === 'kernel') throw error
    return modelStage(folder, error instanceof Error ? error.message.trim() : String(error))
  }
}

async function play({ json, keep, stage: wanted, state: kept }: Options, stop: AbortSignal): Promise<number> {
  const write = (text: string): void => void process.stdout.write(text)
  const narrator: Narrator = json ? narratorForPrograms(write) : narratorForPeople(write)
  const began = performance.now()
  await using stack = new AsyncDisposableStack()
  const folder = mkdtempSync(join(tmpdir(), 'hindcast-demo-'))
  stack.defer(() => rmSync(folder, { recursive: true, force: true }))
  // The verbs of this process speak of the story's node.
  process.env['HINDCAST_NODE'] = NODE
  const stage = stack.use(await chooseStage(wanted, folder))
  narrator.progress(`${stage.datapath} datapath: ${stage.scenery}`)
  const state = kept ?? folder
  mkdirSync(state, { recursive: true })
  const meanwhile = keep ? waitForStop(narrator, state, stop) : async (): Promise<void> => {}
  const result = await tellStory({ stage, state, narrator, stop, kept: meanwhile })
  narrator.end({ ...result, durationMs: Math.round(performance.now() - began) })
  return result.failed === 0 ? EXIT.ok : EXIT.failed
}

/** `--keep`: before the curtain falls, the reader may look around with the same commands. */
function waitForStop(narrator: Narrator, folder: string, stop: AbortSignal): () => Promise<void> {
  return () => {
    narrator.progress(`everything keeps running; look with: npx hindcast status --state ${folder} (Ctrl-C ends it)`)
    return new Promise((resolve) => {
      // An open handle: waiting for a signal alone would let the process end.
      const alive = setInterval(() => {}, 60_000)
      stop.addEventListener('abort', () => resolve(clearInterval(alive)), { once: true })
    })
  }
}

const stopping = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => stopping.abort(new Error(`ended by ${signal}; everything was cleaned up`)))
// A reader such as `head` that has seen enough ends the story; what was set up still has to go.
process.stdout.on('error', () => stopping.abort(new Error('nobody reads on; everything was cleaned up')))
try {
  process.exitCode = await play(options(), stopping.signal)
} catch (error) {
  // What was interrupted says only that it was; the reason is the signal's.
  const cause: unknown = stopping.signal.aborted ? stopping.signal.reason : error
  process.stderr.write(`error: ${cause instanceof Error ? cause.message : String(cause)}\n`)
  process.exitCode = error instanceof TypeError ? EXIT.usage : EXIT.failed
}
