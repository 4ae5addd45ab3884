/** What stands between an agent and its ports in a simulation: delay, failure, and death in the middle of a call. */

/** One process: once dead, no call of it ever returns. */
export type Life = { alive: boolean }

export type Fault = 'before' | 'after' | 'death'

export type Weather = {
  /** A fault for the next call of this name, or none. */
  readonly fault: (call: string) => Fault | null
  /** How many turns of the event loop the next step takes. */
  readonly delay: () => number
}

export const CALM: Weather = { fault: () => null, delay: () => 0 }

export type Gate = <T>(call: string, effect: () => T, failure: () => Error) => Promise<T>

/** `before`: the call fails and nothing happened; `after`: it happened and fails all the same; `death`: it happened and nobody is told. */
export function gateOf(life: Life, weather: Weather): Gate {
  const never = <T>(): Promise<T> => new Promise(() => undefined)
  return async (call, effect, failure) => {
    await turns(weather.delay())
    if (!life.alive) return never()
    const fault = weather.fault(call)
    if (fault === 'before') throw failure()
    const result = effect()
    if (fault === 'death') life.alive = false
    await turns(weather.delay())
    if (!life.alive) return never()
    if (fault === 'after') throw failure()
    return result
  }
}

export async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise<void>((resolve) => setImmediate(resolve))
}
