/** `hindcast why`: may this reach that, and which rule says so. */
import type { HttpRequest } from '../../projections/l7/http-rule.ts'
import { lifeOfEndpoint } from '../history/known.ts'
import { type WhyQuestion, why, whyStateFrom } from '../history/why.ts'
import { momentOf, type Output, render } from './answer.ts'
import { openHistory, type Place } from './compose.ts'
import { CliError } from './failure.ts'
import type { LogSink } from './log-verb.ts'
import { type ColourWhen, paintFor } from './render/colour.ts'
import { whyText } from './render/why.ts'
import { explainFlow } from './why-flow.ts'

export type WhyOptions = Place & {
  readonly from: string | undefined
  readonly to: string | undefined
  readonly flow: number | undefined
  readonly node: string | undefined
  readonly port: number | undefined
  readonly protocol: string
  readonly http: string | undefined
  readonly header: readonly string[]
  readonly at: string | undefined
  readonly exitCode: boolean
  readonly output: Output
  readonly color: ColourWhen
}

const PROTOCOLS: Readonly<Record<string, number>> = { tcp: 6, udp: 17, sctp: 132, icmp: 1, icmpv6: 58 }
const TCP = 6
const HTTP_PORT = 80

/** A denial is an answer like any other, unless `--exit-code` asks for 1. Throws `CliError`. */
export async function explain(options: WhyOptions, sink: LogSink): Promise<void> {
  if (options.flow !== undefined) return explainFlow({ ...options, flow: options.flow }, sink)
  const question = questionOf(options)
  await using history = await openHistory(options, sink.warn)
  const moment = await momentOf(history, options.at ?? null, '--at')
  const state = await whyStateFrom(history, moment)
  const outcome = why(state, question)
  if (outcome.kind !== 'answered') {
    const kind = outcome.kind === 'ambiguous' ? 'usage' : 'notFound'
    const asked = Number(options[outcome.side])
    const life = Number.isInteger(asked) && moment !== null ? lifeOfEndpoint(history.model, asked, moment.position) : ''
    throw new CliError(kind, `${outcome.kind} at --${outcome.side}: ${outcome.reason}${life}`)
  }
  const paint = paintFor({ when: options.color, terminal: sink.terminal, noColor: process.env['NO_COLOR'] })
  const text = whyText(outcome.answer, { question, paint })
  const frame = { moment, revision: state.world.revision, output: options.output }
  sink.write(await render({ items: [{ question, ...outcome.answer }], text }, frame))
  if (options.exitCode && !outcome.answer.allowed) throw new CliError('difference', '')
}

function questionOf({ from, to, port, protocol: word, http, header }: WhyOptions): WhyQuestion {
  if (from === undefined || to === undefined) throw new CliError('usage', 'why takes --from and --to, or --flow')
  const protocol = PROTOCOLS[word.toLowerCase()]
  if (protocol === undefined) {
    throw new CliError(
      'usage',
      `protocol-unknown at --protocol: ${word} is not one of ${Object.keys(PROTOCOLS).join(', ')}`,
    )
  }
  const request = http === undefined ? null : requestOf(http, header)
  if (request === null && header.length > 0) throw new CliError('usage', '--header goes with --http')
  if (request !== null && protocol !== TCP) throw new CliError('usage', '--http goes over TCP')
  if (port === undefined && request === null) throw new CliError('usage', 'port-missing at --port: which port?')
  return { from, to, protocol, port: port ?? HTTP_PORT, request }
}

/** `PUT /v1/exhaust-port`, or `GET http://deathstar/v1`; a bare path is a GET. */
export function requestOf(text: string, headers: readonly string[]): HttpRequest {
  const match = /^(?:([A-Za-z][A-Za-z-]*)\s+)?(?:https?:\/\/([^/\s]*))?(\/\S*)?$/.exec(text.trim())
  if (match === null || (match[2] === undefined && match[3] === undefined)) {
    throw new CliError('usage', `request-invalid at --http: ${text} is not METHOD PATH`)
  }
  const pairs = headers.map(headerOf)
  const host = pairs.find(([name]) => name.toLowerCase() === 'host')?.[1]
  return {
    method: match[1]?.toUpperCase() ?? 'GET',
    path: match[3] ?? '/',
    authority: match[2] ?? host ?? '',
    headers: pairs.filter(([name]) => name.toLowerCase() !== 'host'),
  }
}

function headerOf(text: string): readonly [name: string, value: string] {
  const colon = text.indexOf(':')
  if (colon < 1) throw new CliError('usage', `header-invalid at --header: ${text} is not NAME: VALUE`)
  return [text.slice(0, colon).trim(), text.slice(colon + 1).trim()]
}
