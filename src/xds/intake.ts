/**
 * What a response says, read and checked as a whole: either every resource is one that can be taken into use, or nothing is.
 *
 * State of the world repeats what did not change. A resource whose bytes were taken before is neither decoded nor checked again and is the same
 * object as before, so that a consumer can keep what it made of it.
 */
import type { XdsType } from '../../events/node.ts'
import { resourceName, resourceProblems, togetherProblems, type XdsResource } from '../../projections/xds/check.ts'
import { type DiscoveryResponseMessage, typeUrlOf, unpackResource } from '../../proto/messages.ts'

export type Intake =
  | { readonly kind: 'refused'; readonly detail: string }
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'changed'; readonly resources: ReadonlyMap<string, XdsResource> }

/** Problems that a refusal names; more help nobody. */
const PROBLEMS_MAX = 20

/** By type; `keep` after the consumer took the update. */
export class XdsIntake {
  readonly #xds: XdsType
  /** By their bytes as Latin-1 text. Null: nothing was taken yet. */
  #taken: ReadonlyMap<string, XdsResource> | null = null
  #read: ReadonlyMap<string, XdsResource> = new Map()

  constructor(xds: XdsType) {
    this.#xds = xds
  }

  read(response: DiscoveryResponseMessage): Intake {
    if (response.typeUrl !== typeUrlOf(this.#xds)) {
      return refused([`${response.typeUrl || 'nothing'} on the stream of ${typeUrlOf(this.#xds)}`])
    }
    const problems: string[] = []
    const read = new Map<string, XdsResource>()
    const list: XdsResource[] = []
    for (const [index, packed] of response.resources.entries()) {
      const key = packed.type_url + Buffer.from(packed.value).toString('latin1')
      const resource = this.#taken?.get(key) ?? this.#decode(packed, index, problems)
      if (resource === null) continue
      read.set(key, resource)
      list.push(resource)
    }
    problems.push(...togetherProblems(this.#xds, list))
    if (problems.length > 0) return refused(problems)
    this.#read = read
    if (this.#taken?.size === read.size && [...read.keys()].every((key) => this.#taken?.has(key))) {
      return { kind: 'unchanged' }
    }
    return { kind: 'changed', resources: new Map(list.map((each) => [resourceName(this.#xds, each), each])) }
  }

  /** The last read update is in use. */
  keep(): void {
    this.#taken = this.#read
  }

  #decode(
    packed: DiscoveryResponseMessage['resources'][number],
    index: number,
    problems: string[],
  ): XdsResource | null {
    try {
      const resource = unpackResource(this.#xds, packed)
      const wrong = resourceProblems(this.#xds, resource)
      problems.push(...wrong.map((problem) => `${this.#xds} ${resourceName(this.#xds, resource)}: ${problem}`))
      return wrong.length === 0 ? resource : null
    } catch (error) {
      problems.push(`resource ${index}: ${error instanceof Error ? error.message : String(error)}`)
      return null
    }
  }
}

function refused(problems: readonly string[]): Intake {
  const more = problems.length > PROBLEMS_MAX ? ` (and ${problems.length - PROBLEMS_MAX} more)` : ''
  return { kind: 'refused', detail: problems.slice(0, PROBLEMS_MAX).join('; ') + more }
}
