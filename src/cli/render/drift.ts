/** Differences of kernel and log, a row each. */
import type { Json } from '../../../events/schema.ts'
import type { ExplainedDrift } from '../../history/drift/explain.ts'
import { portText } from './datapath.ts'
import { table } from './table.ts'

export function driftTable(drifts: readonly ExplainedDrift[]): string {
  const rows = drifts.map((drift) => [
    drift.endpoint === null ? '-' : String(drift.endpoint),
    drift.what,
    drift.kind,
    nameOf(drift),
    valueText(drift.recorded),
    valueText(drift.found),
    drift.rules.map(({ origin }) => origin).join(' ') || '-',
    drift.event === null ? '-' : `${drift.event.position} ${drift.event.type}`,
    drift.cause?.actor ?? drift.rules.find(({ policy }) => policy !== null)?.policy?.actor ?? drift.event?.actor ?? '-',
    drift.labels.join(' '),
  ])
  return table([['ENDPOINT', 'WHAT', 'DRIFT', 'NAME', 'LOG', 'KERNEL', 'RULES', 'EVENT', 'BY', 'LABELS'], ...rows])
}

function nameOf({ key, name }: ExplainedDrift): string {
  if (key === null) return name
  return `${key.direction}:${key.identity === 0 ? 'ANY' : key.identity}:${portText(key)}`
}

/** What people look for first: verdict and proxy port, identity, tag. */
function valueText(value: Json | null): string {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return String(value ?? '-')
  const { verdict, proxyPort, identity, tag, endpoint, precedence } = value as Readonly<Record<string, Json>>
  if (verdict !== undefined) {
    return proxyPort === 0 ? `${verdict} (precedence ${precedence})` : `${verdict} ${proxyPort}`
  }
  return [
    endpoint === undefined ? [] : `endpoint ${endpoint}`,
    identity === undefined ? [] : `identity ${identity}`,
    tag ?? [],
  ]
    .flat()
    .join(', ')
}
