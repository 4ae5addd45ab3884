/** How the command ends. 0 is success; the meaning of the others is fixed, so that scripts can rely on it. */
import type { Problem } from '../../events/fields.ts'

export const EXIT = { ok: 0, difference: 1, usage: 2, notFound: 3, integrity: 4, backend: 5, interrupted: 130 } as const

type Kind = 'difference' | 'usage' | 'notFound' | 'integrity' | 'backend' | 'interrupted'

/** An expected end with one clear sentence for people. An empty message ends without one: the answer has said it. */
export class CliError extends Error {
  override readonly name = 'CliError'
  readonly kind: Kind

  constructor(kind: Kind, message: string, options?: ErrorOptions) {
    super(message, options)
    this.kind = kind
  }
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
