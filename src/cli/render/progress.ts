/** Endpoints and how far they are, one in a row. */
import type { EndpointProgress } from '../../history/convergence.ts'
import { table } from './table.ts'

export function progressTable(progress: readonly EndpointProgress[]): string {
  const rows = progress.map(({ endpoint, name, state, revision, wanted, realised, since, reason }) => [
    String(endpoint),
    name,
    state,
    `${revision ?? '-'}/${wanted}`,
    realised ? 'yes' : 'no',
    since === null ? '-' : `${since.time} (${since.position})`,
    reason ?? '',
  ])
  return table([['ENDPOINT', 'NAME', 'STATE', 'REVISION', 'REALISED', 'SINCE', 'WHY NOT'], ...rows])
}
