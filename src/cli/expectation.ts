/** An expectation in words: `allow tiefighter -> deathstar:80 POST /v1/request-landing`, `deny world -> deathstar:53/UDP`. */
import type { Expectation } from '../history/bisect.ts'
import { CliError } from './failure.ts'
import { requestOf } from './why-verb.ts'

const PROTOCOLS: Readonly<Record<string, number>> = { TCP: 6, UDP: 17, SCTP: 132, ICMP: 1, ICMPV6: 58 }
const WORDS =
  /^(?<expect>allow|deny)\s+(?<from>\S+)\s*->\s*(?<to>\S+?):(?<port>[0-9]{1,5})(?:\/(?<protocol>[A-Za-z0-9]+))?(?:\s+(?<http>\S.*))?$/
const PORT_MAX = 0xffff
const TCP = 6

/** Throws `CliError`. */
export function readExpectation(words: readonly string[]): Expectation {
  const option = words.find((word) => word.startsWith('--'))
  if (option !== undefined)
    throw new CliError('usage', `option-misplaced: ${option} stands before --, and the expectation alone after it`)
  const text = words.join(' ').trim()
  const found = WORDS.exec(text)?.groups
  const protocol = PROTOCOLS[(found?.['protocol'] ?? 'TCP').toUpperCase()]
  const port = Number(found?.['port'])
  if (found === undefined || protocol === undefined || port > PORT_MAX) {
    throw new CliError(
      'usage',
      `expectation-wrong: ${text === '' ? 'nothing' : text} is not allow|deny FROM -> TO:PORT[/PROTOCOL] [METHOD PATH]`,
    )
  }
  const request = found['http'] === undefined ? null : requestOf(found['http'], [])
  if (request !== null && protocol !== TCP) throw new CliError('usage', 'expectation-wrong: HTTP goes over TCP')
  return {
    question: { from: found['from']!, to: found['to']!, protocol, port, request },
    expect: found['expect'] === 'allow',
  }
}
