/**
 * The states of an endpoint and who may change them (Cilium 1.13 pkg/endpoint/endpoint.go, setState and BuilderSetStateLocked).
 *
 * The builder begins and ends builds; everyone else asks for them. So a request that comes while a build runs is never lost: the state is then
 * `waiting-to-regenerate`, and the end of the running build leaves it there.
 */
import type { EndpointState } from '../../events/endpoint.ts'

export type StateMover = 'builder' | 'anyone'

export type Transition =
  | { readonly kind: 'moved'; readonly to: EndpointState }
  /** Nothing to do: another request or build takes care of it. The state stays. */
  | { readonly kind: 'kept' }
  /** A bug of whoever asks. The state stays. */
  | { readonly kind: 'refused'; readonly reason: string }

/** Null stands for an endpoint that does not exist yet. */
export function transition(from: EndpointState | null, to: EndpointState, by: StateMover): Transition {
  const moves = by === 'builder' ? BUILDER : ANYONE
  if ((moves[from ?? 'none'] as readonly EndpointState[]).includes(to)) return { kind: 'moved', to }
  if (isKept(from, to, by)) return { kind: 'kept' }
  return { kind: 'refused', reason: `${by} may not move an endpoint from ${from ?? 'nothing'} to ${to}` }
}

type Moves = { readonly [From in EndpointState | 'none']: readonly EndpointState[] }

const ANYONE: Moves = {
  none: ['waiting-for-identity', 'restoring'],
  'waiting-for-identity': ['ready', 'disconnecting', 'invalid'],
  ready: ['waiting-for-identity', 'disconnecting', 'waiting-to-regenerate', 'restoring'],
  'waiting-to-regenerate': ['disconnecting', 'restoring'],
  regenerating: ['waiting-for-identity', 'disconnecting', 'waiting-to-regenerate', 'restoring'],
  restoring: ['disconnecting', 'restoring'],
  disconnecting: ['disconnected'],
  disconnected: [],
  invalid: [],
}

const BUILDER: Moves = {
  none: [],
  'waiting-for-identity': [],
  ready: [],
  'waiting-to-regenerate': ['regenerating'],
  regenerating: ['ready'],
  restoring: ['regenerating'],
  disconnecting: [],
  disconnected: [],
  invalid: [],
}

function isKept(from: EndpointState | null, to: EndpointState, by: StateMover): boolean {
  if (from !== 'waiting-to-regenerate') return false
  return by === 'builder' ? to === 'ready' : to === 'waiting-to-regenerate' || to === 'waiting-for-identity'
}
