/** How the command ends. 0 is success; the meaning of the others is fixed, so that scripts can rely on it. */
import { DecodeError } from '../../events/codec.ts'
import { LogError } from '../ports/log.ts'

export const EXIT = { ok: 0, difference: 1, usage: 2, notFound: 3, integrity: 4, backend: 5 } as const

type Kind = 'usage' | 'notFound'

/** An expected end with one clear sentence for people. */
export class CliError extends Error {
  override readonly name = 'CliError'
  readonly kind: Kind

  constructor(kind: Kind, message: string) {
    super(message)
    this.kind = kind
  }
}

/** Null for what nobody expected: a bug, which keeps its stack. */
export function exitCodeOf(error: unknown): number | null {
  if (error instanceof CliError) return EXIT[error.kind]
  if (error instanceof DecodeError) return EXIT.integrity
  if (!(error instanceof LogError)) return null
  return error.code === 'log-corrupt' || error.code === 'log-newer' ? EXIT.integrity : EXIT.backend
}
