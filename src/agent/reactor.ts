/** Asks what follows from the situation whenever something has happened, and writes it down. One question at a time; what happens meanwhile asks again. */
import { dueReactions, type Notice } from '../react/reactions.ts'
import type { IpcacheSync } from './ipcache.ts'
import type { Journal } from './journal.ts'
import type { PolicyView } from './policy-view.ts'
import type { Prefixes } from './prefixes.ts'
import type { View } from './view.ts'

export type ReactorTools = {
  readonly view: View
  readonly journal: Journal
  readonly policy: PolicyView
  readonly ipcache: IpcacheSync
  readonly prefixes: Prefixes
  readonly signal: AbortSignal
  /** Nothing is asked any more; `error` where that is the end. */
  readonly onIdle: (error: unknown) => void
}

export class Reactor {
  readonly #tools: ReactorTools
  #running = false
  #again = false

  constructor(tools: ReactorTools) {
    this.#tools = tools
  }

  get idle(): boolean {
    return !this.#running
  }

  react(): void {
    this.#again = true
    if (!this.#running && !this.#tools.signal.aborted) void this.#run()
  }

  async #run(): Promise<void> {
    this.#running = true
    let failure: unknown = null
    try {
      while (this.#again) {
        this.#again = false
        await this.#ask()
      }
    } catch (error) {
      failure = error
    }
    this.#running = false
    this.#tools.onIdle(failure)
  }

  async #ask(): Promise<void> {
    const { view, journal, policy, ipcache, prefixes } = this.#tools
    let answered: readonly Notice[] = []
    await journal.commit((now) => {
      answered = view.notices
      return dueReactions(now, {
        notices: answered,
        required: policy.requiredPrefixes(),
        inKernel: ipcache.identities,
        passed: prefixes.passed,
        position: view.position,
      })
    })
    view.dropNotices(answered)
  }
}
