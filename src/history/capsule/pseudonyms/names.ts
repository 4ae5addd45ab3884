/**
 * Keyed pseudonyms: the same name has the same one everywhere, and nobody finds it by trying names without the key. Of an address each bit is turned
 * or not by what stands before it, so that two addresses share as long a prefix as they did.
 *
 * A name with dots is renamed label by label, whether it is of a node, a service or a host, so that `web` in `web.default.svc.cluster.local` is
 * the service `web`. What an IPv4 address could be is one, wherever it stands.
 */
import { createHmac } from 'node:crypto'
import {
  addressText,
  type IpFamily,
  parseAddress,
  parsePrefix,
  prefixText,
  widthOf,
} from '../../../../projections/ip/prefix.ts'
import { isWellKnownWord } from './vocabulary.ts'

/** With the `p` before them a pseudonym is as long as a named port and a network device may be. */
const DIGITS = 14
/** Of a label's value and of a key's last part. */
const LABEL_CHARS_MAX = 63
const NAME_CHARS_MAX = 253
const DOTTED = /^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)+$/

export class Pseudonyms {
  readonly #key: Uint8Array
  readonly #known: Map<string, string> = new Map()
  readonly #bits: Map<string, bigint> = new Map()

  constructor(key: Uint8Array) {
    this.#key = key
  }

  /** A DNS-1123 subdomain of as many labels, and so a label's key or value, too, where it is not longer than `charsMax`. */
  name(text: string, charsMax: number = NAME_CHARS_MAX): string {
    if (text === '' || isWellKnownWord(text)) return text
    if (!DOTTED.test(text)) return this.#word(text)
    if (/^[0-9.]+$/.test(text) && parseAddress(text) !== null) return this.address(text)
    const dotted = text
      .split('.')
      .map((label) => this.name(label))
      .join('.')
    return dotted.length <= charsMax ? dotted : this.#word(text)
  }

  #word(text: string): string {
    const known = this.#known.get(text)
    if (known !== undefined) return known
    const pseudonym = `p${this.#hmac(`name ${text}`).toString('hex').slice(0, DIGITS)}`
    this.#known.set(text, pseudonym)
    return pseudonym
  }

  /** `namespace/pod`: part by part. */
  path(text: string): string {
    return text
      .split('/')
      .map((part) => this.name(part))
      .join('/')
  }

  digest(text: string): string {
    return `sha256:${this.#hmac(`digest ${text}`).toString('hex')}`
  }

  /** A DNS name or pattern, label by label, in lower case. Throws `RangeError` where a wildcard stands within a label. */
  dns(text: string): string {
    const lower = text.toLowerCase()
    if (parseAddress(lower) !== null) return this.address(lower)
    return lower
      .split('.')
      .map((label) => this.#dnsLabel(label))
      .join('.')
  }

  #dnsLabel(label: string): string {
    if (label === '*' || label === '**' || label === '') return label
    if (label.includes('*')) throw new RangeError(`the pattern ${label} matches a part of a name`)
    return this.name(label)
  }

  /** What a request says whom it is for: a name or an address, with or without a port. */
  host(text: string): string {
    const [, six, port = ''] = /^\[(.*)\](:[0-9]+)?$/s.exec(text) ?? []
    if (six !== undefined) return `[${parseAddress(six) === null ? this.#word(six) : this.address(six)}]${port}`
    const [, name = text, end = ''] = /^(.*?)(:[0-9]+)?$/s.exec(text) ?? []
    if (parseAddress(name) !== null) return `${this.address(name)}${end}`
    return `${name
      .split('.')
      .map((label) => this.name(label))
      .join('.')}${end}`
  }

  /** Numbers are no names. */
  port(text: string): string {
    return /^[0-9]*$/.test(text) ? text : this.#word(text.toLowerCase())
  }

  /** Hexadecimal digits, as many as there were. */
  tag(text: string): string {
    return this.#hmac(`tag ${text}`).toString('hex').slice(0, text.length)
  }

  /** One that was given by hand, as the second bit says. */
  mac(text: string): string {
    return `02:${[...this.#hmac(`mac ${text}`).subarray(0, 5)].map((byte) => byte.toString(16).padStart(2, '0')).join(':')}`
  }

  /** A label's value, or a part of its key. */
  labelPart(text: string): string {
    return this.name(text, LABEL_CHARS_MAX)
  }

  address(text: string): string {
    const address = parseAddress(text)
    if (address === null) throw new RangeError(`${text} is no address`)
    const { family, bits } = address
    return addressText({ family, bits: this.#turned(family, bits, widthOf(family)) })
  }

  /** A prefix, or an address where only prefixes are wanted. */
  prefix(text: string): string {
    const prefix = parsePrefix(text)
    if (prefix === null) return this.address(text)
    return prefixText({ ...prefix, bits: this.#turned(prefix.family, prefix.bits, prefix.length) })
  }

  #turned(family: IpFamily, bits: bigint, length: number): bigint {
    const key = `${family} ${bits} ${length}`
    const known = this.#bits.get(key)
    if (known !== undefined) return known
    const width = widthOf(family)
    let turned = 0n
    for (let at = 0; at < length; at += 1) {
      const shift = BigInt(width - 1 - at)
      const before = bits >> (shift + 1n)
      const flip = BigInt((this.#hmac(`bit ${family} ${at} ${before}`)[0] ?? 0) & 1)
      turned |= (((bits >> shift) & 1n) ^ flip) << shift
    }
    this.#bits.set(key, turned)
    return turned
  }

  #hmac(text: string): Buffer {
    return createHmac('sha256', this.#key).update(text).digest()
  }
}
