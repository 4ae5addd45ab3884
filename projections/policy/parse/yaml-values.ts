/** The value of a parsed YAML document, and where its parts stand. Aliases are bounded by what they would unfold to. */
import { isAlias, isMap, isScalar, isSeq, type Pair, type ParsedNode, type Scalar } from 'yaml'
import type { Json } from '../../../events/schema.ts'
import { DEPTH_MAX, stepsOf, type TextFault } from './document.ts'

/** Values of one document with its aliases unfolded. */
const YAML_VALUES_MAX = 500_000

type Anchor = { readonly node: ParsedNode; readonly value: Json; readonly count: number }
type Node = ParsedNode | null
type Member = { readonly key: Node; readonly value: Node }

export class YamlValues {
  readonly faults: TextFault[] = []
  readonly #anchors = new Map<string, Anchor>()
  readonly #members = new Map<ParsedNode, ReadonlyMap<string, Member>>()
  #count = 0

  valueOf(node: Node, depth: number): Json {
    if (node === null) return null
    if (depth > DEPTH_MAX) return this.#fault(node, 'too-deep', `more than ${DEPTH_MAX} levels`)
    if (this.#count > YAML_VALUES_MAX) return null
    const before = this.#count
    this.#countUp(node, 1)
    if (isAlias(node)) return this.#alias(node.source, node)
    const value = isScalar(node)
      ? this.#scalar(node)
      : isSeq(node)
        ? this.#list(node.items, depth)
        : this.#object(node, depth)
    if (node.anchor !== undefined) this.#anchors.set(node.anchor, { node, value, count: this.#count - before })
    return value
  }

  locate(root: Node, pointer: string, part: 'key' | 'value'): number {
    let found = root?.range[0] ?? 0
    let node = root
    for (const step of stepsOf(pointer)) {
      if (isAlias(node)) node = this.#anchors.get(node.source)?.node ?? null
      const next = this.#childOf(node, step)
      if (next === null) break
      found = (part === 'key' ? next.key : (next.value ?? next.key))?.range[0] ?? found
      node = next.value
    }
    return found
  }

  #childOf(node: Node, step: string): Member | null {
    if (node === null) return null
    const members = this.#members.get(node) ?? membersOf(node)
    this.#members.set(node, members)
    return members.get(step) ?? null
  }

  #alias(name: string, node: ParsedNode): Json {
    const anchor = this.#anchors.get(name)
    if (anchor === undefined) return this.#fault(node, 'yaml-alias', `*${name} names no anchor before it`)
    this.#countUp(node, anchor.count)
    return anchor.value
  }

  #countUp(node: ParsedNode, count: number): void {
    const before = this.#count
    this.#count += count
    if (this.#count > YAML_VALUES_MAX && before <= YAML_VALUES_MAX) {
      this.#fault(node, 'document-too-large', `more than ${YAML_VALUES_MAX} values, aliases unfolded`)
    }
  }

  #scalar(node: Scalar.Parsed): Json {
    const { value, source, type } = node
    if (type === 'PLAIN' && AMBIGUOUS.test(source)) {
      return this.#fault(
        node,
        'yaml-ambiguous',
        `${source} means one thing in YAML 1.1 and another in 1.2: write it in quotes`,
      )
    }
    if (typeof value === 'string' || typeof value === 'boolean' || value === null) return value
    if (typeof value === 'number' && Number.isFinite(value)) return value
    return this.#fault(node, 'not-json', `${source} has no JSON form`)
  }

  #list(items: readonly Node[], depth: number): Json {
    return items.map((item) => this.valueOf(item, depth + 1))
  }

  #object(node: ParsedNode, depth: number): Json {
    const object = new Map<string, Json>()
    const merged = new Map<string, Json>()
    for (const pair of isMap(node) ? (node.items as readonly Pair<ParsedNode, Node>[]) : []) {
      const key = this.#key(pair.key)
      if (key === null) continue
      const value = this.valueOf(pair.value, depth + 1)
      if (key === '<<' && isScalar(pair.key) && pair.key.type === 'PLAIN') this.#merge(pair.key, value, merged)
      else if (object.has(key)) this.#fault(pair.key, 'duplicate-key', `${JSON.stringify(key)} is given twice`)
      else object.set(key, value)
    }
    const inherited = [...merged].filter(([key]) => !object.has(key))
    return Object.fromEntries([...inherited, ...object])
  }

  #key(node: ParsedNode): string | null {
    const value = isScalar(node) ? this.#scalar(node) : null
    if (typeof value === 'string') return value
    this.#fault(node, 'key-not-text', 'a key must be text: write it in quotes')
    return null
  }

  /** `<<: *base`, or a list of such, of which the earlier wins. */
  #merge(node: ParsedNode, value: Json, into: Map<string, Json>): void {
    for (const source of Array.isArray(value) ? (value as readonly Json[]) : [value]) {
      if (typeof source !== 'object' || source === null || Array.isArray(source)) {
        this.#fault(node, 'yaml-merge', '<< takes an object, or a list of objects')
        continue
      }
      for (const [key, inner] of Object.entries(source)) if (!into.has(key)) into.set(key, inner)
    }
  }

  #fault(node: ParsedNode, code: string, reason: string): null {
    this.faults.push({ code, reason, offset: node.range[0] })
    return null
  }
}

/** Plain scalars that YAML 1.1 takes for booleans or numbers of another base, and 1.2 does not, or the other way round. */
const AMBIGUOUS =
  /^(?:y|Y|yes|Yes|YES|n|N|no|No|NO|on|On|ON|off|Off|OFF|[-+]?0[0-9_]+|[-+]?0o[0-7_]+|[-+]?0b[01_]+|[-+]?[0-9][0-9_]*_[0-9_.]*|[-+]?0x[0-9a-fA-F]*_[0-9a-fA-F_]*)$/

function membersOf(node: ParsedNode): ReadonlyMap<string, Member> {
  const members = new Map<string, Member>()
  if (isSeq(node)) {
    for (const [index, item] of (node.items as readonly Node[]).entries()) {
      members.set(String(index), { key: item, value: item })
    }
  }
  for (const { key, value } of isMap(node) ? (node.items as readonly Pair<ParsedNode, Node>[]) : []) {
    if (isScalar(key)) members.set(String(key.value), { key, value })
  }
  return members
}
