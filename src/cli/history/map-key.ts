/** Policy map keys in words: `ingress:29439:80/TCP`, `egress:ANY:8000-8191/UDP`, `ingress:0:ANY`; or the word of the log, `i:29439:6:80/16`. */
import { IdentityId } from '../../../events/ids.ts'
import { policyMapKeyOf, policyMapKeyText } from '../../../projections/datapath/policy-map.ts'
import { CliError } from '../failure.ts'

const PROTOCOLS: Readonly<Record<string, number>> = { TCP: 6, UDP: 17, SCTP: 132, ICMP: 1, ICMPV6: 58 }
const WORDS =
  /^(?<direction>ingress|egress):(?<identity>[0-9]{1,10}|ANY):(?:(?<port>[0-9]{1,5})(?:-(?<last>[0-9]{1,5}))?|ANY)(?:\/(?<protocol>[A-Za-z0-9]+))?$/
const PORT_BITS = 16

/** Throws `CliError`. */
export function mapKeyWord(text: string): string {
  if (/^[ie]:/.test(text)) return checked(text)
  const found = WORDS.exec(text)?.groups
  if (found === undefined) throw wrong(text)
  const { direction, identity, port, last, protocol } = found
  const number = protocol === undefined ? 0 : (PROTOCOLS[protocol.toUpperCase()] ?? Number(protocol))
  if (!Number.isInteger(number) || number > 255 || (number === 0 && port !== undefined)) throw wrong(text)
  const [from, to] = [Number(port ?? 0), Number(last ?? port ?? 0)]
  return policyMapKeyText({
    direction: direction as 'ingress' | 'egress',
    identity: IdentityId(identity === 'ANY' ? 0 : Number(identity)),
    protocol: number,
    port: from,
    portBits: port === undefined ? 0 : bitsOf(from, to, text),
  })
}

/** A key holds a range only where it is a prefix: 8192-16383 is, 8000-9000 stands in the map as several keys. */
function bitsOf(from: number, to: number, text: string): number {
  const bits = PORT_BITS - Math.log2(to - from + 1)
  if (!Number.isInteger(bits) || bits < 0 || from % 2 ** (PORT_BITS - bits) !== 0) throw wrong(text)
  return bits
}

function checked(text: string): string {
  try {
    return policyMapKeyText(policyMapKeyOf(text))
  } catch {
    throw wrong(text)
  }
}

function wrong(text: string): CliError {
  return new CliError(
    'usage',
    `map-key-wrong: ${text} is not DIRECTION:IDENTITY:PORT/PROTOCOL, such as ingress:29439:80/TCP`,
  )
}
