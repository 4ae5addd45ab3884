/** How long each step of a build took, under Cilium's names of regeneration scopes. A step that comes twice is added up. */
import type { Phase } from '../../events/regeneration.ts'
import type { Clock } from '../ports/clock.ts'

export type PhaseName =
  | 'policyCalculation'
  | 'proxyConfiguration'
  | 'proxyPolicyCalculation'
  | 'proxyWaitForAck'
  | 'loadProgram'
  | 'mapSync'
  | 'ipcacheSync'

export class Phases {
  readonly #clock: Clock
  readonly #startedUs: number
  readonly #spentUs: Map<PhaseName, number> = new Map()
  #current: PhaseName = 'policyCalculation'

  constructor(clock: Clock) {
    this.#clock = clock
    this.#startedUs = clock.monotonicUs()
  }

  /** The step that is under way or was the last. */
  get current(): PhaseName {
    return this.#current
  }

  async measure<T>(name: PhaseName, work: () => Promise<T>): Promise<T> {
    this.#current = name
    const start = this.#clock.monotonicUs()
    try {
      return await work()
    } finally {
      this.#add(name, start)
    }
  }

  measureNow<T>(name: PhaseName, work: () => T): T {
    this.#current = name
    const start = this.#clock.monotonicUs()
    try {
      return work()
    } finally {
      this.#add(name, start)
    }
  }

  toList(): readonly Phase[] {
    const total = Math.round(this.#clock.monotonicUs() - this.#startedUs)
    return [
      ...[...this.#spentUs].map(([name, us]) => ({ name, durationUs: Math.round(us) })),
      { name: 'total', durationUs: total },
    ]
  }

  #add(name: PhaseName, startUs: number): void {
    this.#spentUs.set(name, (this.#spentUs.get(name) ?? 0) + this.#clock.monotonicUs() - startUs)
  }
}
