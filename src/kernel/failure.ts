/** A negative errno of libbpf as an error of the port, with what libbpf printed. */
import { constants } from 'node:os'
import { getSystemErrorName } from 'node:util'
import { DatapathError, type DatapathErrorCode } from '../ports/datapath.ts'
import { takePrinted } from './libbpf.ts'

const { EPERM, EACCES, ENOSPC, E2BIG, ENODEV } = constants.errno

/** The result where it is none of the negative ones. */
export function checked(result: number, what: string): number {
  if (result < 0) throw failureOf(-result, what)
  return result
}

export function failureOf(errno: number, what: string): DatapathError {
  const printed = takePrinted()
  const words = printed === '' ? '' : `\n${printed}`
  return new DatapathError(codeOf(errno), `${what}: ${getSystemErrorName(-errno)}${words}`, printed)
}

function codeOf(errno: number): DatapathErrorCode {
  if (errno === EPERM || errno === EACCES) return 'no-privilege'
  if (errno === ENOSPC || errno === E2BIG) return 'map-full'
  if (errno === ENODEV) return 'no-device'
  return 'kernel-error'
}
