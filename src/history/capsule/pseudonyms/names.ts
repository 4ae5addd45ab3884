/**
 * Keyed pseudonyms: the same name has the same one everywhere, and nobody finds it by trying names without the key. Of an address each bit is turned
 * or not by what stands before it, so that two addresses share as long a prefix as they did.
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

const DIGITS = 14
/** Of names that mean something to the engine itself. */
const KNOWN_KEY =
  /^(io\.kubernetes|io\.cilium|kubernetes\.io|k8s\.io|app\.kubernetes\.io)|^(pod-template-(generation|hash)|controller-revision-hash|etcd_node)$|kubernetes\.io/
const NAMESPACE_LABELS = 'io.cilium.k8s.namespace.labels.'
const SOURCES = new Set([
  'k8s',
  'any',
  'reserved',
  'cidr',
  'fqdn',
  'cidrgroup',
  'unspec',
  'container',
  'cilium-generated',
])

export class Pseudonyms {
  readonly #key: Uint8Array
  readonly #known: Map<string, string> = new Map()
  readonly #bits: Map<string, bigint> = new Map()

  constructor(key: Uint8Array) {
    this.#key = key
  }

  /** A DNS-1123 label, and so a label's key or value, too. */
  name(text: string): string {
    if (text === '') return ''
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

  /** A DNS name or pattern, label by label. Throws `RangeError` where a wildcard stands within a label. */
  dns(text: string): string {
    return text
      .toLowerCase()
      .split('.')
      .map((label) => this.#dnsLabel(label))
      .join('.')
  }

  #dnsLabel(label: string): string {
    if (label === '*' || label === '**' || label === '') return label
    if (label.includes('*')) throw new RangeError(`the pattern ${label} matches a part of a name`)
    return this.name(label)
  }

  /** Hexadecimal digits, as many as there were. */
  tag(text: string): string {
    return this.#hmac(`tag ${text}`).toString('hex').slice(0, text.length)
  }

  /** One that was given by hand, as the second bit says. */
  mac(text: string): string {
    return `02:${[...this.#hmac(`mac ${text}`).subarray(0, 5)].map((byte) => byte.toString(16).padStart(2, '0')).join(':')}`
  }

  /** A label's key without its source. */
  labelKey(key: string): string {
    if (key.startsWith(NAMESPACE_LABELS))
      return `${NAMESPACE_LABELS}${this.labelKey(key.slice(NAMESPACE_LABELS.length))}`
    // These make no identity, and must not under another name.
    if (key.startsWith('annotation')) return `annotation.${this.name(key)}`
    return KNOWN_KEY.test(key) ? key : this.name(key)
  }

  labelValue(key: string, value: string): string {
    return key === 'io.cilium.k8s.policy.cluster' || key === 'io.cilium.k8s.policy.derived-from'
      ? value
      : this.name(value)
  }

  /** `source:key`, `source.key` or `key`, as selectors write it. */
  selectorKey(text: string): string {
    const [, source = '', key = text] = /^([a-z0-9-]+[:.])(.*)$/s.exec(text) ?? []
    if (source === '' || !SOURCES.has(source.slice(0, -1))) return this.labelKey(text)
    if (source.startsWith('reserved')) return text
    if (source.startsWith('cidr:') || source.startsWith('fqdn')) throw new RangeError(`the label ${text} in a selector`)
    return `${source}${this.labelKey(key)}`
  }

  /** `source:key=value`. */
  label(text: string): string {
    if (text.startsWith('reserved:')) return text
    const [, source = '', key = '', value] = /^([^:]*:)([^=]*)(?:=(.*))?$/s.exec(text) ?? []
    if (source === 'cidr:') throw new RangeError(`the label ${text} outside of a prefix`)
    if (source === 'fqdn:') return `fqdn:${this.dns(key)}`
    const end = value === undefined ? '' : `=${this.labelValue(key, value)}`
    return `${source}${this.labelKey(key)}${end}`
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
