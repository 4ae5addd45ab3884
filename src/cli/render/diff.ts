/** `hindcast diff` for people: one line for each thing that came (+), went (-) or changed (~), under the name of what it is. */
import type { PolicyMapDelta, PolicyMapValue } from '../../../events/fields.ts'
import type { Json } from '../../../events/schema.ts'
import type { JsonDifference } from '../../../projections/history/changes.ts'
import {
  type EndpointDifference,
  type FactDifference,
  type HistoryDiff,
  type Kind,
  kindOf,
  type NodeDifference,
} from '../../history/diff-view.ts'
import { PORT_TO_COME } from '../../history/plan/port-to-come.ts'
import { portText } from './datapath.ts'

const SIGNS: Readonly<Record<Kind, string>> = { added: '+', removed: '-', changed: '~' }
/** A rule longer than this is cut; `-o json` has it whole. */
const VALUE_MAX = 160

export function diffText(diff: HistoryDiff): string {
  const { revision, policies, facts, identities, ipcache, endpoints, nodes } = diff
  const lines = [
    ...(revision.before === revision.after ? [] : [`~ policy revision ${revision.before} -> ${revision.after}`]),
    ...policies.flatMap(({ policy, kind, rules }) => [`${SIGNS[kind]} policy ${policy}`, ...rules.flatMap(ruleLines)]),
    ...facts.flatMap(factLines),
    ...identities.map(({ node, identity, kind, labels }) => {
      const where = node === null ? '' : ` of node ${node}`
      return `${SIGNS[kind]} identity ${identity}${where} ${labels.join(' ')}`
    }),
    ...ipcache.map(({ prefix, before, after, labels }) => {
      const kind = before === null ? 'added' : after === null ? 'removed' : 'changed'
      const from = kind === 'changed' ? `${before} -> ` : ''
      return `${SIGNS[kind]} ipcache ${prefix} identity ${from}${after ?? before} ${labels.join(' ')}`
    }),
    ...endpoints.flatMap(endpointLines),
    ...nodes.flatMap(({ node, what, name, kind, differences }) => {
      const title = `${SIGNS[kind]} ${what === 'node' ? `node ${node}` : `${NODE_PARTS[what]} ${name}`}`
      return [title, ...(kind === 'changed' ? differences.flatMap(memberLines) : [])]
    }),
  ]
  return lines.length === 0 ? 'no difference\n' : `${lines.map((line) => line.trimEnd()).join('\n')}\n`
}

/** `unacked` is there from a publication to its acknowledgement: it goes when the proxy goes by what was published. */
const NODE_PARTS: Readonly<Record<Exclude<NodeDifference['what'], 'node'>, string>> = {
  program: 'program',
  xds: 'xds',
  unacked: 'unacknowledged xds',
  refused: 'refusal of xds',
}

const FACTS: Readonly<Record<FactDifference['what'], string>> = {
  'cidr-group': 'CIDR group',
  service: 'service',
  dns: 'DNS name',
}

function factLines({ node, what, name, kind, differences }: FactDifference): readonly string[] {
  const where = node === null ? '' : ` on node ${node}`
  return [
    `${SIGNS[kind]} ${FACTS[what]} ${name}${where}`,
    ...(kind === 'changed' ? differences.flatMap(memberLines) : []),
  ]
}

function endpointLines({ endpoint, name, kind, fields, map }: EndpointDifference): readonly string[] {
  const title = `${SIGNS[kind]} endpoint ${endpoint}${name === null ? '' : ` ${name}`}`
  return [title, ...fields.flatMap(memberLines), ...map.map((entry) => mapLine(entry, () => entry.labels))]
}

/** One changed entry, with the rules behind it. */
export function mapLine(
  { key, before, after }: PolicyMapDelta,
  labelsOf: (identity: number) => readonly string[],
): string {
  const labels = labelsOf(key.identity)
  const peer = key.identity === 0 ? 'ANY' : labels.length === 0 ? String(key.identity) : labels.join(' ')
  const [old, value] = [before === null ? null : valueText(before), after === null ? null : valueText(after)]
  const words = before !== null && after !== null && old !== value ? `${old} -> ${value}` : (value ?? old)
  const origins = (after ?? before)!.origins.join(' ')
  return `  ${SIGNS[kindOf(before, after)]} ${key.direction} ${peer} ${portText(key)} ${words}  ${origins}`
}

function valueText({ verdict, proxyPort, precedence, authType }: PolicyMapValue): string {
  const port = proxyPort === PORT_TO_COME ? '(port to be allocated)' : String(proxyPort)
  const proxy = proxyPort === 0 ? '' : ` proxy ${port}`
  return `${verdict}${proxy} precedence ${precedence}${authType === 0 ? '' : ` auth ${authType}`}`
}

export function ruleLines({ path, before, after }: JsonDifference): readonly string[] {
  return [
    ...(before === undefined ? [] : [`  - ${path} ${short(before)}`]),
    ...(after === undefined ? [] : [`  + ${path} ${short(after)}`]),
  ]
}

function memberLines({ path, before, after }: JsonDifference): readonly string[] {
  // What has no members is the thing itself: the version of what the proxy is served.
  const what = path === '' ? 'version' : path
  return [
    `  ~ ${what} ${before === undefined ? '' : `${short(before)} `}-> ${after === undefined ? 'gone' : short(after)}`,
  ]
}

function short(value: Json): string {
  const text = JSON.stringify(value)
  return text.length > VALUE_MAX ? `${text.slice(0, VALUE_MAX - 1)}…` : text
}
