/**
 * Two manifests of one policy, rule by rule. A rule that only moved in its list is not a difference; what is left on both sides of one list is
 * paired by its place, so that an edited rule is one change and not one gone and one come.
 */
import type { Json } from '../../events/schema.ts'
import { equal, type JsonDifference, jsonDifferences } from './changes.ts'

/** Lists whose elements are rules. */
const RULE_LISTS: readonly string[] = ['ingress', 'egress', 'ingressDeny', 'egressDeny']

type Members = { readonly [key: string]: Json }

/** Null stands for no policy. */
export function policyDifferences(before: Json | null, after: Json | null): readonly JsonDifference[] {
  const [left, right] = [partsOf(before), partsOf(after)]
  const names = [...new Set([...left.keys(), ...right.keys()])]
  return names.flatMap((path) => partDifferences(path, left.get(path), right.get(path)))
}

/** By JSON pointer: rule lists as lists, everything else of the manifest as it is. */
function partsOf(manifest: Json | null): ReadonlyMap<string, Json> {
  const parts = new Map<string, Json>()
  if (!isMembers(manifest)) return parts
  for (const [name, value] of Object.entries(manifest)) {
    if (name === 'spec') specParts(value, '/spec', parts)
    else if (name === 'specs' && Array.isArray(value)) {
      for (const [index, spec] of value.entries()) specParts(spec, `/specs/${index}`, parts)
    } else parts.set(`/${name}`, value)
  }
  return parts
}

function specParts(spec: Json, path: string, parts: Map<string, Json>): void {
  if (!isMembers(spec)) return void parts.set(path, spec)
  for (const [name, value] of Object.entries(spec)) parts.set(`${path}/${name}`, value)
}

function partDifferences(path: string, before: Json | undefined, after: Json | undefined): readonly JsonDifference[] {
  const isRules = RULE_LISTS.includes(path.slice(path.lastIndexOf('/') + 1))
  const [left, right] = [before ?? [], after ?? []]
  if (!isRules || !Array.isArray(left) || !Array.isArray(right)) return jsonDifferences(before, after, path)
  const [gone, come] = unmatched(left as readonly Json[], right as readonly Json[])
  const places = [...new Set([...gone.keys(), ...come.keys()])].toSorted((a, b) => a - b)
  return places.map((index) => ({ path: `${path}/${index}`, before: gone.get(index), after: come.get(index) }))
}

/** The elements of each list without an equal one in the other, by their index. */
function unmatched(left: readonly Json[], right: readonly Json[]): readonly [Map<number, Json>, Map<number, Json>] {
  const come = new Map(right.entries())
  const gone = new Map<number, Json>()
  for (const [index, rule] of left.entries()) {
    const twin = [...come].find(([, other]) => equal(rule, other))
    if (twin === undefined) gone.set(index, rule)
    else come.delete(twin[0])
  }
  return [gone, come]
}

function isMembers(value: Json | null | undefined): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
