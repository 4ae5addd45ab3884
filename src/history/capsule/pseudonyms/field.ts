/**
 * What becomes of one field under pseudonyms. The types hold that every field has a decision: a record names all of its fields, and `same` is taken
 * only for numbers, flags, words of a closed set and what is made of these alone.
 */

import type { Json } from '../../../../events/schema.ts'

/** `whole`: the record or event that the field is of, as it was. */
export type Rename<Value, Context, Whole = unknown> = (value: Value, context: Context, whole: Whole) => Value

type Nothing = Record<never, never>
/** The texts in a value that could be anything: ids, addresses, digests and labels are such, too, and so is JSON. */
type Open<Value> = [Json] extends [Value] ? Value : OpenPart<Value>
type OpenPart<Value> = Value extends number | boolean | bigint | null
  ? never
  : Value extends string
    ? Nothing extends { readonly [Key in Value]: 1 }
      ? Value
      : never
    : Value extends readonly (infer Item)[]
      ? Open<Item>
      : Value extends object
        ? Open<Value[keyof Value]>
        : Value

type Decision<Value, Context, Whole> = Rename<Value, Context, Whole> | ([Open<Value>] extends [never] ? 'same' : never)

/** One decision for each field; an event's `type` and `v` are what they are. */
export type Decisions<Whole, Context> = {
  readonly [Field in keyof Whole as Field extends 'type' | 'v' ? never : Field]: Decision<Whole[Field], Context, Whole>
}

/** Text that says nothing of anybody: words of the engine, versions, numbers that were drawn by chance. */
export function ours<Value extends string>(value: Value): Value {
  return value
}

export function each<Value, Context>(one: Rename<Value, Context>): Rename<readonly Value[], Context> {
  return (values, context) => values.map((value) => one(value, context, null))
}

export function orNull<Value, Context>(one: Rename<Value, Context>): Rename<Value | null, Context> {
  return (value, context) => (value === null ? null : one(value, context, null))
}

export function record<Whole extends object, Context>(decisions: Decisions<Whole, Context>): Rename<Whole, Context> {
  return (whole, context) => renamed(decisions, whole, context)
}

/** What has no decision is not in the result. */
export function renamed<Whole extends object, Context>(
  decisions: Decisions<Whole, Context>,
  whole: Whole,
  context: Context,
): Whole {
  const fields = Object.entries(decisions) as [string, Rename<unknown, Context, Whole> | 'same'][]
  const given = whole as { readonly [name: string]: unknown }
  return Object.fromEntries(
    fields.map(([name, one]) => [name, one === 'same' ? given[name] : one(given[name], context, whole)]),
  ) as Whole
}
