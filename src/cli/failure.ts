/** How the command ends. 0 is success; the meaning of the others is fixed, so that scripts can rely on it. */
import { DecodeError } from '../../events/codec.ts'
import type { Problem } from '../../events/fields.ts'
import { CapsuleError } from '../history/capsule/capsule-error.ts'
import { DatapathError } from '../ports/datapath.ts'
import { FlowStoreError } from '../ports/flows.ts'
import { LogError } from '../ports/log.ts'
import { XdsSocketError } from '../xds/socket-file.ts'

export const EXIT = { ok: 0, difference: 1, usage: 2, notFound: 3, integrity: 4, backend: 5 } as const

type Kind = 'difference' | 'usage' | 'notFound' | 'integrity' | 'backend'

/** An expected end with one clear sentence for people. An empty message ends without one: the answer has said it. */
export class CliError extends Error {
  override readonly name = 'CliError'
  readonly kind: Kind

  constructor(kind: Kind, message: string, options?: ErrorOptions) {
    super(message, options)
    this.kind = kind
  }
}

const INTEGRITY: readonly string[] = ['log-corrupt', 'log-newer', 'flows-damaged', 'flows-newer', 'flows-not-ours']

/** Null for what nobody expected: a bug, which keeps its stack. */
export function exitCodeOf(error: unknown): number | null {
  if (error instanceof CliError) return EXIT[error.kind]
  if (error instanceof DecodeError || error instanceof CapsuleError) return EXIT.integrity
  if (error instanceof DatapathError || error instanceof XdsSocketError) return EXIT.backend
  if (!(error instanceof LogError) && !(error instanceof FlowStoreError)) return null
  return INTEGRITY.includes(error.code) ? EXIT.integrity : EXIT.backend
}

/** `code at rule.yaml /spec/ingress/0, line 3:5: reason`; `where` is the file or option, and may be empty. */
export function problemLine({ code, path, reason, line, column }: Problem, where: string): string {
  const place = [where, path].filter((part) => part !== '').join(' ')
  const position = line === null ? '' : `, line ${line}${column === null ? '' : `:${column}`}`
  return `${code}${place === '' ? '' : ` at ${place}`}${position}: ${reason}`
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
