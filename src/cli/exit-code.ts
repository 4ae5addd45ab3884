/** Which exit code an error stands for. It knows every part that can fail, so it is loaded only when something did. */
import { DecodeError } from '../../events/codec.ts'
import { CapsuleError } from '../history/capsule/capsule-error.ts'
import { DatapathError } from '../ports/datapath.ts'
import { FlowStoreError } from '../ports/flows.ts'
import { LogError } from '../ports/log.ts'
import { XdsSocketError } from '../xds/socket-file.ts'
import { CliError, EXIT } from './failure.ts'

const INTEGRITY: readonly string[] = ['log-corrupt', 'log-newer', 'flows-damaged', 'flows-newer', 'flows-not-ours']

/** Null for what nobody expected: a bug, which keeps its stack. */
export function exitCodeOf(error: unknown): number | null {
  if (error instanceof CliError) return EXIT[error.kind]
  if (error instanceof DecodeError || error instanceof CapsuleError) return EXIT.integrity
  if (error instanceof DatapathError || error instanceof XdsSocketError) return EXIT.backend
  if (!(error instanceof LogError) && !(error instanceof FlowStoreError)) return null
  return INTEGRITY.includes(error.code) ? EXIT.integrity : EXIT.backend
}
