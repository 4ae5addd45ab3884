/** Why an agent does not go on. Whatever the reason, maps, programs and proxies stay as they are and keep enforcing. */
export type AgentEndCode =
  /** It was asked to. */
  | 'stopped'
  /** Another agent of the same node has started on this log. */
  | 'superseded'
  /** The log cannot be written, or holds what this program cannot read. */
  | 'log-failed'
  /** An invariant did not hold. */
  | 'bug'

export class AgentEnd extends Error {
  override readonly name = 'AgentEnd'
  readonly code: AgentEndCode

  constructor(code: AgentEndCode, reason: string, options?: ErrorOptions) {
    super(`${code}: ${reason}`, options)
    this.code = code
  }
}

/** Throws an `AgentEnd` with code `bug`: going on could enforce what nobody asked for. */
export function ensure(holds: boolean, invariant: string): void {
  if (!holds) throw new AgentEnd('bug', invariant)
}
