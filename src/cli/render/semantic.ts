/** `hindcast diff --semantic`: what is newly allowed (+) and newly denied (-), with the question that shows it. */
import type { LabelsOf } from '../../history/labels.ts'
import type { SemanticDiff } from '../../history/semantic-diff.ts'

export type Item = {
  readonly node: string
  readonly endpoint: number
  readonly name: string
  readonly change: 'allowed' | 'denied'
  readonly direction: 'ingress' | 'egress'
  /** 0: everybody whom no entry names; the witness is one of them. */
  readonly peer: { readonly identity: number; readonly labels: readonly string[] }
  readonly protocol: string
  readonly ports: { readonly from: number; readonly to: number }
  readonly request: { readonly method: string; readonly path: string; readonly authority: string } | null
  /** A question to `why` that is answered differently at the two moments. */
  readonly witness: string
}

export type SemanticView = {
  readonly differences: readonly Item[]
  readonly notComparable: SemanticDiff['notComparable']
  readonly underWay: SemanticDiff['underWay']
}

const PROTOCOLS: Readonly<Record<number, string>> = { 1: 'ICMP', 6: 'TCP', 17: 'UDP', 58: 'ICMPv6', 132: 'SCTP' }
const PORT_MAX = 0xffff

export function semanticView(
  { endpoints, notComparable, underWay }: SemanticDiff,
  labelsOf: (node: string) => LabelsOf,
): SemanticView {
  const differences = endpoints.flatMap(({ node, endpoint, name, differences: own }) =>
    own.map(({ change, direction, identity, protocol, ports, witness }): Item => {
      const word = PROTOCOLS[protocol] ?? String(protocol)
      const sides =
        direction === 'ingress' ? [`identity:${witness.identity}`, name] : [name, `identity:${witness.identity}`]
      const { request } = witness
      const http = request === null ? '' : ` --http '${request.method} ${request.path}'`
      return {
        node,
        endpoint,
        name,
        change,
        direction,
        peer: { identity, labels: identity === 0 ? [] : labelsOf(node)(identity) },
        protocol: word,
        ports,
        request: request === null ? null : { method: request.method, path: request.path, authority: request.authority },
        witness: `why --from ${sides[0]} --to ${sides[1]} --port ${witness.port} --protocol ${word}${http}`,
      }
    }),
  )
  return { differences, notComparable, underWay }
}

export function semanticText({ differences, notComparable, underWay }: SemanticView): string {
  const silent = notComparable.map(({ name }) => `? ${name}: no policy in force at one of the moments`)
  const found = [...semanticLines(differences), ...silent]
  const late = underWay.map(({ name, version, since, refused }) => {
    const answer = refused === null ? '' : `; version ${refused.version} was refused: ${refused.detail}`
    return `! ${name}: version ${version}, published at position ${since}, is not acknowledged and not in force${answer}`
  })
  return `${[...(found.length === 0 ? ['nothing is newly allowed or denied'] : found), ...late].join('\n')}\n`
}

/** Two lines for each: what, and the question that shows it. */
export function semanticLines(differences: readonly Item[]): readonly string[] {
  return differences.flatMap((item) => {
    const peer = item.peer.identity === 0 ? 'everybody else' : item.peer.labels.join(' ') || String(item.peer.identity)
    const side = item.direction === 'ingress' ? 'from' : 'to'
    const what = item.request === null ? '' : ` such as ${item.request.method} ${item.request.path}`
    const sign = item.change === 'allowed' ? '+' : '-'
    return [`${sign} ${item.name} ${item.direction} ${side} ${peer} ${portsText(item)}${what}`, `    ${item.witness}`]
  })
}

function portsText({ ports: { from, to }, protocol }: Item): string {
  if (from === 0 && to >= PORT_MAX) return `ANY/${protocol}`
  return from === to ? `${from}/${protocol}` : `${from}-${to}/${protocol}`
}
