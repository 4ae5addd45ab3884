/** Values of options: those to choose from, and how what a person wrote is read. */
import { InvalidArgumentError } from 'commander'
import type { Flow } from '../ports/flows.ts'
import type { Output } from './answer.ts'
import type { ReportFormat } from './check/report.ts'

export const OUTPUTS: readonly Output[] = ['table', 'json', 'yaml', 'jsonl']
export const REPORT_FORMATS: readonly ReportFormat[] = ['table', 'json', 'junit', 'tap']
export const FLOW_VERDICTS: readonly Flow['verdict'][] = ['FORWARDED', 'DROPPED', 'REDIRECTED', 'ERROR']
export const BPFFS_DEFAULT = '/sys/fs/bpf'

const PORT_MAX = 0xffff

/** For options that may be repeated. */
export function collect(value: string, before: readonly string[]): readonly string[] {
  return [...before, value]
}

export function wholeNumber(text: string): number {
  if (!/^[0-9]{1,10}$/.test(text)) throw new InvalidArgumentError('is not a whole number')
  return Number(text)
}

export function count(text: string): number {
  if (!/^[1-9][0-9]{0,8}$/.test(text)) throw new InvalidArgumentError('is not a number above 0')
  return Number(text)
}

const UNITS_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }
/** Within what a timer takes. */
const INTERVAL_DAYS_MAX = 7

/** Milliseconds; 0 for `never` and `0`. */
export function interval(text: string): number {
  if (text === 'never' || text === '0') return 0
  const found = /^([1-9][0-9]{0,5})(s|m|h|d)$/.exec(text)
  const ms = Number(found?.[1]) * (UNITS_MS[found?.[2] ?? ''] ?? Number.NaN)
  if (ms <= INTERVAL_DAYS_MAX * UNITS_MS['d']!) return ms
  throw new InvalidArgumentError(`is not a duration such as 30s, 5m or 1h, up to ${INTERVAL_DAYS_MAX}d, nor never`)
}

export function portNumber(text: string): number {
  const port = Number(text)
  if (!/^[0-9]{1,5}$/.test(text) || port > PORT_MAX) throw new InvalidArgumentError(`is not 0 to ${PORT_MAX}`)
  return port
}
