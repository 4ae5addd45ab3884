/** What proxies run, and what was said to and by them, for people. */
import type { Disagreement } from '../../history/xds/disagreements.ts'
import type { ProxyType, XdsStatus } from '../../history/xds/status.ts'
import type { StepResource, XdsStep } from '../../history/xds/steps.ts'
import { table } from './table.ts'

const HEADER: readonly string[] = ['PROXY', 'TYPE', 'SERVED', 'RUNS', 'STATE', 'SINCE', 'WHAT IT SAID']
/** Resources of one step that are shown; programs get all. */
const RESOURCES_MAX = 10

export function statusText({ proxies, served, disagreements }: XdsStatus): string {
  const rows = proxies.flatMap(({ client, types }) => types.map((type) => typeRow(client, type)))
  const nobody = served.map(({ xds, version }) => ['(none)', xds, version, '-', 'no proxy is connected', '', ''])
  const shown = rows.length === 0 ? nobody : rows
  const lines = disagreements.flatMap((one) => [
    `! ${disagreementText(one)}`,
    `    since ${one.since.position}, ${one.since.time}, ${one.since.type} by ${one.since.actor}`,
    ...one.rules.map((rule) => `    ${rule}`),
  ])
  return `${table([HEADER, ...shown])}${lines.length === 0 ? '' : `\n${lines.join('\n')}\n`}`
}

function typeRow(client: string, { xds, serves, runs, state, answer }: ProxyType): readonly string[] {
  const since = answer === null ? '' : `${answer.event.time} (${answer.event.position})`
  return [client, xds, serves, runs ?? 'nothing', state, since, answer?.detail ?? '']
}

function disagreementText(one: Disagreement): string {
  const who = `endpoint ${one.endpoint} ${one.name}`
  const said = one.refused.length === 0 ? '' : `: ${one.refused.join('; ')}`
  if (one.what === 'no-listener') {
    const ports = one.to.map((port) => (port === 0 ? 'any' : String(port))).join(', ')
    return `${who}: ${one.direction} to port ${ports} is sent to proxy port ${one.proxyPort}, on which no connected proxy listens${said}`
  }
  const runs = one.runs === null ? 'nothing that is known' : `version ${one.runs}`
  return `${who}: ${one.client} runs ${runs}, with another network policy than version ${one.serves}, which is served${said}`
}

/** Fixed widths, because a stream's rows are printed as they come. */
const WIDTHS: readonly number[] = [10, 26, 14, 7, 8]

export function stepText(step: XdsStep): string {
  const { event, kind, xds, version, client, detail, runs, resources } = step
  const said = detail === null ? '' : `: ${detail}; it runs ${runs ?? 'nothing'}`
  const cells = [event.position, event.time, kind, xds ?? '', version ?? '', `${client ?? ''}${said}`]
  const line = cells
    .map((cell, column) => `${cell} `.padEnd(WIDTHS[column] ?? 0))
    .join('')
    .trimEnd()
  const more = resources.length > RESOURCES_MAX ? [`          and ${resources.length - RESOURCES_MAX} more`] : []
  return `${[line, ...resources.slice(0, RESOURCES_MAX).map(resourceText), ...more].join('\n')}\n`
}

function resourceText({ name, gone, rules }: StepResource): string {
  return `          ${gone ? '-' : '~'} ${[name, ...rules].join('  ')}`
}
