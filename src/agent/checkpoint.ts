/**
 * All that an agent has folded up to one event, in pieces of text and back. The policy engine is not among it: it is made anew from the events that it
 * still rests on, with the options and the code of the day.
 */
import { Map as PersistentMap } from 'immutable'
import type { EventId, NodeName, Position, StreamName, StreamRevision } from '../../events/ids.ts'
import { type AgentState, agentState } from '../../projections/agent/state.ts'
import { type Ledger, ledger } from '../../projections/ledger/ledger.ts'
import { type PolicyInputs, policyInputs } from '../../projections/policy/inputs.ts'
import { foldName } from '../../projections/projection.ts'
import { stateFrom, stateText } from '../../projections/state-text.ts'

export type Folded = {
  readonly state: AgentState
  readonly ledger: Ledger
  readonly inputs: PolicyInputs
  /** The last revision of each stream. */
  readonly heads: ReadonlyMap<StreamName, StreamRevision>
}

/** The last event that was folded. */
export type Mark = { readonly position: Position; readonly event: EventId }

/** Of the pieces themselves. */
const FORM = 1
/** Entries in a piece, so that none takes long to write: some hundred kilobytes where they are large. */
const PIECE_ENTRIES = 200
/** A policy map may have 16,000 entries. */
const ENDPOINTS_PER_PIECE = 1

export function checkpointFold(node: NodeName): string {
  return `${FORM} ${foldName([agentState(node), ledger, policyInputs(node)])}`
}

/** What grows with the cluster or the node is spread over pieces. */
export function* checkpointPieces({ state, ledger: book, inputs, heads }: Folded): Generator<string> {
  const { endpoints, builds, remote, addresses, localIdentities, ipcache, desiredIpcache, ...agent } = state
  const { nodes, ...shared } = book
  yield stateText(['agent', agent])
  yield stateText(['shared', shared])
  const few = { builds, remote, addresses, localIdentities, ipcache, desiredIpcache, inputs, heads }
  for (const [name, map] of Object.entries(few)) yield* pieces(name, map, PIECE_ENTRIES)
  yield* pieces('nodes', nodes, 1)
  yield* pieces('endpoints', endpoints, ENDPOINTS_PER_PIECE)
}

/** Throws where the pieces are none of `checkpointPieces`. */
export function checkpointFrom(texts: readonly string[]): Folded {
  const entries = new Map<string, (readonly [unknown, unknown])[]>()
  const values = new Map<string, object>()
  for (const text of texts) {
    const [name, value] = stateFrom(text) as [string, object | (readonly [unknown, unknown])[]]
    if (!Array.isArray(value)) values.set(name, value)
    else entries.set(name, [...(entries.get(name) ?? []), ...value])
  }
  const map = <Key, Value>(name: string): PersistentMap<Key, Value> =>
    PersistentMap((entries.get(name) ?? []) as [Key, Value][])
  return {
    state: {
      ...(value(values, 'agent') as Omit<AgentState, 'endpoints'>),
      endpoints: map('endpoints'),
      builds: map('builds'),
      remote: map('remote'),
      addresses: map('addresses'),
      localIdentities: map('localIdentities'),
      ipcache: map('ipcache'),
      desiredIpcache: map('desiredIpcache'),
    },
    ledger: { ...(value(values, 'shared') as Omit<Ledger, 'nodes'>), nodes: map('nodes') },
    inputs: map('inputs'),
    heads: new Map((entries.get('heads') ?? []) as [StreamName, StreamRevision][]),
  }
}

function* pieces(name: string, entries: Iterable<readonly [unknown, unknown]>, size: number): Generator<string> {
  let piece: (readonly [unknown, unknown])[] = []
  for (const entry of entries) {
    piece.push(entry)
    if (piece.length < size) continue
    yield stateText([name, piece])
    piece = []
  }
  if (piece.length > 0) yield stateText([name, piece])
}

function value(values: ReadonlyMap<string, object>, name: string): object {
  const found = values.get(name)
  if (found === undefined) throw new TypeError(`a checkpoint has ${name}`)
  return found
}
