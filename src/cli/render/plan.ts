/** `hindcast plan` for people: what would come (+), go (-) and change (~), and which recorded flows it would touch. */

import type { HindcastEvent } from '../../../events/catalogue.ts'
import type { JsonDifference } from '../../../projections/history/changes.ts'
import type { LabelsOf } from '../../history/labels.ts'
import type { ConnectionGroup, ConnectionReport, ConnectionsUnseen } from '../../history/plan/connections.ts'
import type { FlowCoverage, FlowGroup, FlowReport } from '../../history/plan/flows.ts'
import type { EndpointPlan, Plan } from '../../history/plan/plan.ts'
import { counted } from './counted.ts'
import { mapLine, ruleLines } from './diff.ts'
import { type Item, semanticLines, semanticView } from './semantic.ts'

export type PlanView = Omit<Plan, 'endpoints'> & {
  readonly endpoints: readonly (Omit<EndpointPlan, 'differences'> & { readonly differences: readonly Item[] })[]
  readonly flows: readonly (Omit<FlowReport, 'groups'> & { readonly groups: readonly LabelledGroup[] })[]
  readonly connections: readonly (ConnectionReport | ConnectionsUnseen)[]
}

type LabelledGroup = FlowGroup & { readonly labels: readonly string[] }
type Context = Pick<PlanView, 'connections'> & {
  readonly flows: readonly FlowReport[]
  readonly labelsOf: (node: string) => LabelsOf
}

const KINDS: Readonly<Record<string, string>> = {
  added: '+',
  changed: '~',
  removed: '-',
  unchanged: '=',
  'not-there': '?',
}
const PROTOCOLS: Readonly<Record<number, string>> = { 1: 'ICMP', 6: 'TCP', 17: 'UDP', 58: 'ICMPv6', 132: 'SCTP' }
const GROUPS_MAX = 20
const NODES_MAX = 3

export function planView(plan: Plan, { flows, connections, labelsOf }: Context): PlanView {
  const labels = withImagined(plan, labelsOf)
  return {
    ...plan,
    endpoints: plan.endpoints.map((endpoint) => {
      const { differences } = semanticView({ endpoints: [endpoint], notComparable: [], underWay: [] }, labels)
      const map = endpoint.map.map((delta) => ({ ...delta, labels: labels(endpoint.node)(delta.key.identity) }))
      return { ...endpoint, map, differences }
    }),
    flows: flows.map((report) => ({
      ...report,
      groups: report.groups.map((group) => ({ ...group, labels: labels(group.node)(group.identity) })),
    })),
    connections,
  }
}

/** `summary`: how many entries and verdicts, without each of them. */
export type PlanDetail = 'all' | 'summary'

export function planText(view: PlanView, detail: PlanDetail = 'all'): string {
  const { policies, enforcement, facts, endpoints, unaffected, prefixes, released, flows, connections } = view
  const lines = [
    ...policies.flatMap(({ policy, kind, rules }) => [
      `${KINDS[kind]} policy ${policy}`,
      ...(detail === 'all' ? rules.flatMap((rule: JsonDifference) => ruleLines(rule)) : []),
    ]),
    ...enforcement.map(({ node, before, after }) => `~ node ${node} /enforcement ${before} -> ${after}`),
    ...facts.map(factLine),
    ...(detail === 'all' ? prefixes.map(({ node, prefix }) => `+ identity for ${prefix} on node ${node}`) : []),
    ...(detail === 'all' ? released.map(({ node, prefix }) => `- identity for ${prefix} on node ${node}`) : []),
    ...endpoints.flatMap((endpoint) => endpointLines(endpoint, detail)),
    `${counted(endpoints.length, 'endpoint')} would be regenerated, ${unaffected} would not`,
    ...flows.flatMap(flowLines),
    ...(flows.length === 0 ? ['no recorded flows to ask'] : []),
    ...connectionLines(connections),
  ]
  return `${lines.join('\n')}\n`
}

function factLine(event: HindcastEvent): string {
  switch (event.type) {
    case 'CidrGroupSet':
      return `~ CIDR group ${event.name}: ${event.prefixes.join(' ')}`
    case 'CidrGroupDeleted':
      return `- CIDR group ${event.name}`
    case 'ServiceSet':
      return `~ service ${event.namespace}/${event.name}: ${event.backends.flatMap((one) => one.addresses).join(' ')}`
    case 'ServiceDeleted':
      return `- service ${event.namespace}/${event.name}`
    case 'DnsAnswerLearned':
      return `~ DNS answer for ${event.name}: ${event.addresses.join(' ')}`
    case 'DnsAnswerExpired':
      return `- DNS answer for ${event.name}: ${event.addresses.join(' ')}`
    case 'EndpointIdentityChanged':
      return `~ labels of endpoint ${event.endpoint}: ${event.labels.join(' ')}`
    default:
      throw new TypeError(`${event.type} is no fact`)
  }
}

/** Labels of the prefixes that only the plan knows. */
function withImagined({ prefixes }: Plan, labelsOf: (node: string) => LabelsOf): (node: string) => LabelsOf {
  return (node) => (identity) => {
    const imagined = prefixes.find((one) => one.node === node && one.identity === identity)
    return imagined === undefined ? labelsOf(node)(identity) : [`cidr:${imagined.prefix}`]
  }
}

type Endpoint = PlanView['endpoints'][number]

function endpointLines(endpoint: Endpoint, detail: PlanDetail): readonly string[] {
  const { node, endpoint: id, name, entries, pressure, unresolvable } = endpoint
  const title = `~ endpoint ${id} ${name} of node ${node}: ${entries.before} -> ${entries.after} entries`
  if (unresolvable !== null)
    return [`! endpoint ${id} ${name} of node ${node}: ${unresolvable}; what is in force would stay`]
  const full =
    pressure === null
      ? []
      : [`  ! ${pressure.entries} of ${pressure.max} entries, most by selector ${pressure.selector}`]
  return detail === 'summary'
    ? [title, ...enforcementLines(endpoint), ...countLines(endpoint), ...full]
    : [
        title,
        ...enforcementLines(endpoint),
        ...endpoint.map.map((delta) =>
          mapLine(delta, () => (delta as { readonly labels?: readonly string[] }).labels ?? []),
        ),
        ...endpoint.redirects.come.map((redirect) => `  + redirect ${redirect}`),
        ...endpoint.redirects.go.map((redirect) => `  - redirect ${redirect}`),
        ...full,
        ...semanticLines(endpoint.differences).map((line) => `  ${line}`),
      ]
}

function enforcementLines(endpoint: Endpoint): readonly string[] {
  return (['ingress', 'egress'] as const).flatMap((direction) => {
    const { before, after } = direction === 'ingress' ? endpoint.ingressEnforced : endpoint.egressEnforced
    if (before === after) return []
    return [`  ~ ${direction} ${after ? 'would be enforced' : 'would not be enforced any more'}`]
  })
}

function countLines({ map, differences }: Endpoint): readonly string[] {
  const come = map.filter(({ before }) => before === null).length
  const go = map.filter(({ after }) => after === null).length
  const allowed = differences.filter(({ change }) => change === 'allowed').length
  const denied = differences.length - allowed
  return [
    `  entries: ${come} come, ${go} go, ${map.length - come - go} change`,
    `  ranges of connections: ${allowed} newly allowed, ${denied} newly denied`,
  ]
}

function flowLines({ groups, coverage }: PlanView['flows'][number]): readonly string[] {
  const { from, to, seen, judged, notJudged } = coverage
  const rest = Object.entries(notJudged).map(([reason, count]) => `  ${count} not judged: ${reason}`)
  const more = groups.length > GROUPS_MAX ? [`  and ${counted(groups.length - GROUPS_MAX, 'more group')}`] : []
  const window = from === null ? '' : `, ${from} to ${to}`
  const changed = groups.reduce((sum, { count }) => sum + count, 0)
  return [
    `${changed} of ${judged} judged flows would change (${seen} seen${window})`,
    ...groups.slice(0, GROUPS_MAX).map(groupLine),
    ...more,
    ...rest,
    ...outsideLines(coverage),
  ]
}

/** What the answer does not rest on. */
function outsideLines({ window, kept, leftOut }: FlowCoverage): readonly string[] {
  if (kept === null) return []
  const earlier = leftOut.before ? [`  not looked at: flows of before that, which are kept from ${kept.from} on`] : []
  const later = leftOut.after ? [`  not looked at: flows of after that, which are kept up to ${kept.to}`] : []
  const unkept = window.since !== null && window.since < kept.from && !leftOut.before
  return [...earlier, ...later, ...(unkept ? [`  nothing is kept of before ${kept.from}`] : [])]
}

function groupLine(group: LabelledGroup): string {
  const { endpoint, direction, identity, protocol, port, request, change, count, labels, first, last } = group
  const side = direction === 'ingress' ? 'from' : 'to'
  const what = request === null ? '' : ` ${request}`
  const sign = change === 'allowed' ? '+' : '-'
  const who = labels.length === 0 ? '' : ` (${labels.join(' ')})`
  const when = first === last ? first : `${first} to ${last}`
  return `  ${sign} ${count} x endpoint ${endpoint} ${direction} ${side} identity ${identity}${who} ${port}/${PROTOCOLS[protocol] ?? protocol}${what}, ${when}`
}

function connectionLines(all: PlanView['connections']): readonly string[] {
  const unseen = all.filter((one) => 'reason' in one)
  const reasons = [...Map.groupBy(unseen, ({ reason }) => reason)].map(([reason, nodes]) => {
    const names = nodes.slice(0, NODES_MAX).map(({ node }) => node)
    const more = nodes.length > NODES_MAX ? ` and ${nodes.length - NODES_MAX} more` : ''
    return `connections on node ${names.join(', ')}${more} were not looked at: ${reason}`
  })
  return [...all.filter((one) => 'groups' in one).flatMap(reportLines), ...reasons]
}

function reportLines({ node, groups, coverage }: ConnectionReport): readonly string[] {
  const { seen, judged, expired, notJudged } = coverage
  const ended = (change: ConnectionGroup['change']): number =>
    groups.filter((group) => group.change === change).reduce((sum, { count }) => sum + count, 0)
  return [
    `of ${judged} judged conntrack entries on node ${node}, ${ended('cut')} would be cut and ${ended('redirected')} reset to be redirected (${seen} seen, ${expired} expired)`,
    ...groups.slice(0, GROUPS_MAX).map(connectionLine),
    ...(groups.length > GROUPS_MAX ? [`  and ${counted(groups.length - GROUPS_MAX, 'more group')}`] : []),
    ...Object.entries(notJudged).map(([reason, count]) => `  ${count} not judged: ${reason}`),
  ]
}

function connectionLine({ endpoint, direction, identity, protocol, port, change, count }: ConnectionGroup): string {
  const side = direction === 'ingress' ? 'from' : 'to'
  const sign = change === 'cut' ? '-' : '~'
  return `  ${sign} ${count} x endpoint ${endpoint} ${direction} ${side} identity ${identity} ${port}/${PROTOCOLS[protocol] ?? protocol} ${change}`
}
