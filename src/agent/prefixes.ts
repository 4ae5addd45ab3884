/** Holds a build that has written its map until the prefixes that it rests on have their entries in the ipcache. */
import type { EndpointId, Position } from '../../events/ids.ts'
import { type Passed, prefixesBefore } from '../react/prefixes.ts'
import type { IpcacheSync } from './ipcache.ts'
import type { PolicyView } from './policy-view.ts'
import type { View } from './view.ts'

export type PrefixesTools = {
  readonly view: View
  readonly policy: PolicyView
  readonly ipcache: IpcacheSync
  readonly signal: AbortSignal
  /** A prefix may be publishable now. */
  readonly onPassed: () => void
}

export class Prefixes {
  readonly #tools: PrefixesTools
  readonly #passed: Map<EndpointId, Position> = new Map()

  constructor(tools: PrefixesTools) {
    this.#tools = tools
  }

  get passed(): Passed {
    return this.#passed
  }

  /** The endpoint holds nobody up any more with what it read up to `reads`. */
  pass(id: EndpointId, reads: Position): void {
    this.#passed.set(id, reads)
    this.#tools.onPassed()
  }

  /**
   * Resolves when the ipcache has what the build rests on. It ends, because every other build passes before it waits here, and none waits for
   * anything else without a deadline.
   */
  async published(id: EndpointId, reads: Position): Promise<void> {
    const { view, signal } = this.#tools
    this.pass(id, reads)
    await view.until(() => signal.aborted || this.#isPublished(reads))
    signal.throwIfAborted()
  }

  #isPublished(reads: Position): boolean {
    const { view, policy, ipcache } = this.#tools
    return prefixesBefore(view.now.state, policy.requiredPrefixes(), reads).every((prefix) => ipcache.has(prefix))
  }
}
