/**
 * The agent's own checkpoints: now and then, and at a clean stop, in a thread of their own. Whatever goes wrong there is a line of the agent's
 * log and nothing else: enforcement does not wait for it.
 */
import { Worker } from 'node:worker_threads'
import type { Logger } from 'pino'
import type { Clock } from '../../ports/clock.ts'
import { messageOf } from '../failure.ts'
import type { SignMessage } from './sign-worker.ts'

export type SigningOptions = {
  readonly path: string
  readonly node: string
  /** 0: never. */
  readonly everyMs: number
  readonly clock: Clock
  readonly logger: Logger
}

/** What a stop waits for; a log that was never signed may take longer, and is signed by the next agent. */
const STOP_LIMIT_MS = 10_000
/** Many times what it takes; beyond that something is wrong, and the agent's memory is not to suffer. */
const MEMORY_MAX_MIB = 512
/** Of what is read and thrown away at once; V8 would take 100. */
const YOUNG_MAX_MIB = 24
const WORKER = new URL('./sign-worker.ts', import.meta.url)

export class Signing implements AsyncDisposable {
  readonly #options: SigningOptions
  #timer: NodeJS.Timeout | null = null
  #round: { readonly worker: Worker; readonly ended: Promise<void> } | null = null
  #atStop = false

  constructor(options: SigningOptions) {
    this.#options = options
    this.#wait()
  }

  /** The stop that comes is a clean one: what the log is then will be signed, too. */
  signAtStop(): void {
    this.#atStop = this.#options.everyMs > 0
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
    const limit = setTimeout(() => this.#giveUp(), STOP_LIMIT_MS)
    if (this.#atStop) {
      await this.#round?.ended
      // Unless the limit was over meanwhile.
      if (this.#atStop) await this.#sign()
    } else await this.#round?.worker.terminate()
    clearTimeout(limit)
  }

  #wait(): void {
    const { everyMs } = this.#options
    if (everyMs === 0) return
    this.#timer = setTimeout(async () => {
      await this.#sign()
      if (this.#timer !== null) this.#wait()
    }, everyMs)
  }

  #giveUp(): void {
    this.#atStop = false
    this.#options.logger.warn(`the stop does not wait for a checkpoint: more than ${STOP_LIMIT_MS} ms`)
    void this.#round?.worker.terminate()
  }

  async #sign(): Promise<void> {
    try {
      await this.#signIn(this.#newThread())
    } catch (error) {
      this.#say({ kind: 'failed', reason: `no thread: ${messageOf(error)}` })
    }
  }

  #newThread(): Worker {
    const { path, node, clock } = this.#options
    return new Worker(WORKER, {
      workerData: { path, node, now: clock.now() },
      resourceLimits: { maxOldGenerationSizeMb: MEMORY_MAX_MIB, maxYoungGenerationSizeMb: YOUNG_MAX_MIB },
    })
  }

  async #signIn(worker: Worker): Promise<void> {
    const ended = Promise.withResolvers<void>()
    worker.on('message', (message: SignMessage) => this.#say(message))
    worker.on('error', (error) => this.#say({ kind: 'failed', reason: error.message }))
    worker.on('exit', () => ended.resolve())
    this.#round = { worker, ended: ended.promise }
    await ended.promise
    this.#round = null
  }

  #say(message: SignMessage): void {
    const { logger } = this.#options
    if (message.kind === 'failed') logger.error({ reason: message.reason }, 'no checkpoint was signed')
    else if (message.kind === 'said') logger.info(`checkpoint: ${message.text}`)
    else if (message.kind === 'nothing-new') logger.debug('no checkpoint: nothing was appended since the last one')
    else {
      const { kind, ...what } = message
      logger.info(what, 'checkpoint signed')
    }
  }
}
