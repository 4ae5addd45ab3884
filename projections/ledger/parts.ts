/** A ledger taken apart by stream: what a stream says stands in its own part, so parts may be kept and put together again one by one. */
import { IDENTITY_STREAM, POLICY_STREAM, type StreamName } from '../../events/ids.ts'
import { stateFrom, stateText } from '../state-text.ts'
import { nodeOfStream } from '../world.ts'
import { type Ledger, type NodeLedger, nodeOf } from './ledger.ts'

type Shared = Pick<Ledger, 'policies' | 'facts'>

export function ledgerPart(state: Ledger, stream: StreamName): string {
  if (stream === POLICY_STREAM) {
    const { policies, facts } = state
    return stateText({ policies, facts } satisfies Shared)
  }
  if (stream === IDENTITY_STREAM) return stateText(state.identities)
  return stateText(nodeOf(state, nameOf(stream)))
}

/** `text` is what `ledgerPart` gave for this stream, in this version of the fold. */
export function withLedgerPart(state: Ledger, stream: StreamName, text: string): Ledger {
  const part = stateFrom(text)
  if (stream === POLICY_STREAM) return { ...state, ...(part as Shared) }
  if (stream === IDENTITY_STREAM) return { ...state, identities: part as Ledger['identities'] }
  return { ...state, nodes: state.nodes.set(nameOf(stream), part as NodeLedger) }
}

function nameOf(stream: StreamName): string {
  const name = nodeOfStream(stream)
  if (name === null) throw new TypeError(`the ledger has no part for stream ${stream}`)
  return name
}
