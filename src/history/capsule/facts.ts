/** What a capsule says about the machines that it is of: the agents that ran there, and what their kernels can do. */
import { decodeEvent, type StoredEvent } from '../../../events/codec.ts'
import type { DatapathMode } from '../../../events/node.ts'
import { nodeOfStream } from '../../../projections/world.ts'

export type NodeFacts = {
  readonly node: string
  readonly agent: { readonly version: string; readonly datapath: DatapathMode } | null
  /** Null where no agent probed one. `lacks`: features that were tried and are not there. */
  readonly kernel: {
    readonly release: string
    readonly has: readonly string[]
    readonly lacks: readonly string[]
  } | null
}

/** As they stand at the end of the capsule, in order of name. Throws `DecodeError`. */
export function factsOf(events: readonly StoredEvent[]): readonly NodeFacts[] {
  const found = new Map<string, NodeFacts>()
  for (const stored of events) {
    const node = nodeOfStream(stored.stream)
    if (node === null || (stored.type !== 'AgentStarted' && stored.type !== 'KernelProbed')) continue
    const before = found.get(node) ?? { node, agent: null, kernel: null }
    found.set(node, told(before, stored))
  }
  return [...found.values()].toSorted((a, b) => (a.node < b.node ? -1 : 1))
}

function told(before: NodeFacts, stored: StoredEvent): NodeFacts {
  const { event } = decodeEvent(stored)
  if (event.type === 'AgentStarted') {
    const { version, datapath } = event
    return { ...before, agent: { version, datapath } }
  }
  if (event.type !== 'KernelProbed') return before
  const { release, features } = event
  const named = (isThere: boolean): readonly string[] =>
    features.filter(({ available }) => available === isThere).map(({ name }) => name)
  return { ...before, kernel: { release, has: named(true), lacks: named(false) } }
}
