/** An explanation as text: the end first, then one paragraph a side, with every rule by policy, pointer, revision, position, time and actor. */
import type { FactRef } from '../../history/fact-refs.ts'
import { PORT_TO_COME } from '../../history/plan/port-to-come.ts'
import type { RuleRef } from '../../history/provenance.ts'
import type { Layers, PartyView, Side, WhyAnswer, WhyQuestion } from '../../history/why.ts'
import type { NearMiss, Shortfall } from '../../history/why-denied.ts'
import type { Paint } from './colour.ts'

const PROTOCOLS: Readonly<Record<number, string>> = { 1: 'ICMP', 6: 'TCP', 17: 'UDP', 58: 'ICMPv6', 132: 'SCTP' }

export function whyText(
  answer: WhyAnswer,
  { question, paint }: { readonly question: WhyQuestion; readonly paint: Paint },
): string {
  const end = answer.allowed ? paint('ALLOWED', 'good') : paint('DENIED', 'bad')
  const { request, protocol, port } = question
  const what = `${PROTOCOLS[protocol] ?? protocol} ${port}${request === null ? '' : `, ${request.method} ${request.path}`}`
  const lines = [
    `${end}  ${partyText(answer.from)} -> ${partyText(answer.to)}, ${what}`,
    ...answer.sides.flatMap((side) => [
      '',
      ...sideLines(side, side.direction === 'egress' ? answer.from : answer.to, paint),
    ]),
  ]
  return `${lines.join('\n')}\n`
}

export function partyText({ name, endpoint, address, identity, labels }: PartyView): string {
  const who = name ?? address ?? labels.find((label) => label.startsWith('reserved:')) ?? `identity ${identity}`
  const numbers = [...(endpoint === null ? [] : [`endpoint ${endpoint}`]), `identity ${identity}`]
  return `${who} (${numbers.join(', ')})`
}

export function sideLines(side: Side, party: PartyView, paint: Paint): readonly string[] {
  const title = `${side.direction} of ${party.name ?? party.address ?? `identity ${party.identity}`}`
  if (side.endpoint === null) return [`${title}: no endpoint of a node, so nothing is enforced`]
  const end = side.allowed ? paint('allowed', 'good') : paint('denied', 'bad')
  const deciding = side.inForce ?? side.wanted
  const basis =
    side.inForce === null
      ? 'no policy was written for the endpoint yet; this is what its policies ask for'
      : `as written for revision ${side.revision}`
  return [
    `${title}: ${end} (${basis})`,
    ...(side.unresolvable === null ? [] : [`  its policies contradict each other: ${side.unresolvable}`]),
    ...(side.enforcement === 'never' ? ['  its node enforces no policies (agent --enable-policy never)'] : []),
    ...(deciding === null ? [] : layerLines(deciding)),
    ...underWayLines(side),
    ...listenerLines(side),
    ...(side.differs ? differenceLines(side) : []),
    ...(side.shortfall === null ? [] : shortfallLines(side.shortfall)),
  ]
}

function layerLines({ enforced, verdict, matchType, entry, rules, facts, http }: Layers): readonly string[] {
  if (!enforced && entry === null) return ['  not enforced: no policy switches default deny on here']
  const l4 = entry === null ? `${verdict}, no entry fits` : `${verdict} by ${matchType}${proxyText(entry.proxyPort)}`
  return [
    `  L3/L4 ${l4}`,
    ...rules.map((rule) => `    ${ruleText(rule)}`),
    ...facts.map((fact) => `      through ${factText(fact)}`),
    ...(http === null ? [] : [`  L7    ${http.allowed ? 'allow' : 'deny'}${httpReason(http.reason)}`]),
    ...(http?.rules ?? []).map((rule) => `    ${ruleText(rule)}`),
  ]
}

function factText({ kind, name, position, time, actor, source }: FactRef): string {
  return `${FACTS[kind]} ${name}: position ${position}, ${time}, ${actor} by ${source}`
}

const FACTS: Readonly<Record<FactRef['kind'], string>> = {
  service: 'service',
  dns: 'the DNS answer for',
  'cidr-group': 'CIDR group',
}

function proxyText(proxyPort: number): string {
  if (proxyPort === PORT_TO_COME) return ', to a proxy port that is to be allocated'
  return proxyPort === 0 ? '' : `, to proxy port ${proxyPort}`
}

function httpReason(reason: string): string {
  if (reason === 'no-match') return ', no rule takes the request'
  if (reason === 'no-port') return ', the proxy has no policy for the port'
  return reason === 'no-rules' ? ', the port takes every request' : ''
}

function listenerLines({ listeners }: Side): readonly string[] {
  if (listeners === null) return []
  const { version, position, detail } = listeners
  return [`  the proxy refused its listeners of version ${version} at position ${position}: ${detail} (see xds status)`]
}

function underWayLines({ underWay }: Side): readonly string[] {
  if (underWay === null) return []
  const { since, version, acked, refused, judged } = underWay
  const by = acked === null ? 'has taken no network policy yet' : `goes by what it took last, version ${acked}`
  const would = judged === null ? '' : `, and would ${judged.allowed ? 'allow' : 'deny'} it`
  return [
    `  the proxy ${by}: version ${version} was published at position ${since} and is not acknowledged${would}`,
    ...(refused === null
      ? []
      : [`    version ${refused.version} was refused at position ${refused.position}: ${refused.detail}`]),
    ...(judged?.http?.rules ?? []).map((rule) => `    ${ruleText(rule)}`),
  ]
}

function differenceLines({ wanted, unresolvable, failure }: Side): readonly string[] {
  if (wanted === null)
    return [`  the policies of this moment cannot be resolved (${unresolvable}): the last good one is in force`]
  return [
    `  the policies of this moment say ${wanted.allowed ? 'allow' : 'deny'}; it was not in force yet`,
    ...wanted.rules.map((rule) => `    ${ruleText(rule)}`),
    ...(failure === null
      ? []
      : [
          `    the build of revision ${failure.revision} failed in ${failure.phase}: ${failure.code}: ${failure.reason}`,
        ]),
  ]
}

function shortfallLines({ reason, isolating, nearest, requests, unmet, wouldAllow }: Shortfall): readonly string[] {
  return [
    ...(reason === 'default-deny' ? ['  isolated by', ...orNone(isolating.map(ruleText))] : []),
    ...(nearest.length === 0 ? [] : ['  nearest rules', ...nearest.flatMap(nearLines)]),
    ...(requests.length === 0 ? [] : ['  requests that pass', ...requests.map((text) => `    ${text}`)]),
    ...(unmet.length === 0 ? [] : ['  not met', ...unmet.flatMap(unmetLines)]),
    `  what would allow it: ${wouldAllow}`,
  ]
}

function unmetLines({ rule, conditions }: Shortfall['unmet'][number]): readonly string[] {
  return [`    ${conditions.join(', ')}`, `      ${ruleText(rule)}`]
}

/** More rules than these are counted; `-o json` has all. */
const RULES_SHOWN = 10

function orNone(lines: readonly string[]): readonly string[] {
  if (lines.length === 0) return ['    no policy of this moment']
  const further = lines.length - RULES_SHOWN
  return [
    ...lines.slice(0, RULES_SHOWN).map((line) => `    ${line}`),
    ...(further > 0 ? [`    and ${further} more (-o json names all)`] : []),
  ]
}

/** Lacks in the words of the explanation, for people. */
const LACKS: Readonly<Record<NearMiss['lacks'][number], string>> = {
  peer: 'the other side is not among its peers',
  requirement: 'the other side lacks what rules require of peers',
  protocol: 'another protocol',
  port: 'another port',
  'port-name': 'the name of its port is no port here',
  everything: 'it names neither peers nor ports',
}

function nearLines({ rule, lacks, takes, named }: NearMiss): readonly string[] {
  return [
    `    ${ruleText(rule)}`,
    `      misses: ${lacks.map((lack) => LACKS[lack]).join('; ')}`,
    ...named.map(({ peer, prefixes, further }) => {
      const more = further === 0 ? '' : ` and ${further} more`
      return `      ${peer} stands for ${prefixes.length === 0 ? 'nobody by now' : `${prefixes.join(', ')}${more}`}`
    }),
    ...takes.map(({ port, identities, further }) => {
      const who = identities.map(
        ({ identity, labels }) => `${identity === 0 ? 'anyone' : identity}${labelText(labels)}`,
      )
      return `      takes ${port} with ${who.join(', ')}${further === 0 ? '' : ` and ${further} more`}`
    }),
  ]
}

function labelText(labels: readonly string[]): string {
  return labels.length === 0 ? '' : ` (${labels.join(', ')})`
}

export function ruleText({
  origin,
  policy,
  pointer,
  revision,
  position,
  time,
  actor,
  source,
  deletedAt,
}: RuleRef): string {
  if (policy === null) return origin
  const gone = deletedAt === null ? '' : `, deleted at position ${deletedAt}`
  const by =
    position === null ? 'not on the log' : `revision ${revision}, position ${position}, ${time}, ${actor} by ${source}`
  return `${policy} ${pointer}: ${by}${gone}`
}
