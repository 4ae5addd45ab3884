/**
 * Descriptions of plain data that check it and can be printed.
 *
 * A schema is used three times: to check what is read from a log (and what is about to be written), to print the shape
 * for the catalogue golden, and to give the compiler the type. Checking collects every problem with its path.
 */

export type SchemaProblem = { readonly path: string; readonly reason: string }

export type Schema<T> = {
  /** Canonical text of the shape, for the catalogue golden. */
  readonly shape: string
  /** Appends one problem for each place where `value` is not of the shape. */
  readonly check: (value: unknown, path: string, problems: SchemaProblem[]) => void
  /** Replaces the log positions in a value that was checked; left out where the shape has none. */
  readonly withPositions?: (value: unknown, replace: ReplacePosition) => unknown
  /** Carries the type; never read. */
  readonly type?: T
}

/** From decimal text to decimal text. */
export type ReplacePosition = (position: string) => string

export type TypeOf<S> = S extends Schema<infer T> ? T : never

/** JSON as it is written to the log: what a manifest or an xDS resource is made of. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json }

export const text: Schema<string> = primitive('text', (value) => typeof value === 'string')
export const flag: Schema<boolean> = primitive('flag', (value) => typeof value === 'boolean')
export const integer: Schema<number> = primitive('integer', Number.isSafeInteger)
export const json: Schema<Json> = { shape: 'json', check: checkJson }

/** A branded id: checked by its constructor. */
export function id<Raw extends string | number, Branded extends Raw>(
  name: string,
  raw: 'string' | 'number',
  make: (value: Raw) => Branded,
): Schema<Branded> {
  return {
    shape: name,
    check: (value, path, problems) => {
      if (typeof value !== raw) return void problems.push({ path, reason: `is not a ${raw}` })
      try {
        make(value as Raw)
      } catch (error) {
        problems.push({
          path,
          reason: error instanceof Error ? error.message : String(error),
        })
      }
    },
  }
}

/** A bigint position, written as decimal text because JSON numbers lose precision above 2^53. */
export const positionText: Schema<string> = {
  ...primitive<string>('position', (value) => typeof value === 'string' && /^(0|[1-9][0-9]*)$/.test(value)),
  withPositions: (value, replace) => replace(String(value)),
}

/** A position whose shape was once written down as text; shapes never change. */
export const positionAsText: Schema<string> = { ...text, withPositions: positionText.withPositions! }

export function oneOf<const Words extends readonly string[]>(...words: Words): Schema<Words[number]> {
  return primitive(words.join('|'), (value) => typeof value === 'string' && words.includes(value))
}

export function list<T>(item: Schema<T>): Schema<readonly T[]> {
  return {
    shape: `[${item.shape}]`,
    check: (value, path, problems) => {
      if (!Array.isArray(value)) return void problems.push({ path, reason: 'is not a list' })
      for (const [index, element] of value.entries()) item.check(element, `${path}/${index}`, problems)
    },
    ...through(item, (value, replace) => (value as readonly unknown[]).map(replace)),
  }
}

export function orNull<T>(inner: Schema<T>): Schema<T | null> {
  return {
    shape: `${inner.shape}?`,
    check: (value, path, problems) => {
      if (value !== null) inner.check(value, path, problems)
    },
    ...through(inner, (value, replace) => (value === null ? null : replace(value))),
  }
}

type Fields = { readonly [name: string]: Schema<unknown> }
type RecordOf<F extends Fields> = {
  readonly [Name in keyof F]: TypeOf<F[Name]>
}

/** Exactly these fields: a missing one and an unknown one are problems. */
export function record<const F extends Fields>(fields: F): Schema<RecordOf<F>> {
  const names = Object.keys(fields).toSorted()
  return {
    shape: `{${names.map((name) => `${name}:${fields[name]!.shape}`).join(',')}}`,
    check: (value, path, problems) => {
      if (!isObject(value)) return void problems.push({ path, reason: 'is not an object' })
      for (const name of names) {
        if (Object.hasOwn(value, name)) fields[name]!.check(value[name], `${path}/${name}`, problems)
        else problems.push({ path: `${path}/${name}`, reason: 'is missing' })
      }
      for (const name of Object.keys(value)) {
        if (!Object.hasOwn(fields, name)) problems.push({ path: `${path}/${name}`, reason: 'is unknown' })
      }
    },
    ...recordPositions(fields),
  }
}

function recordPositions(fields: Fields): Pick<Schema<unknown>, 'withPositions'> {
  const holding = Object.entries(fields).filter(([, { withPositions }]) => withPositions !== undefined)
  if (holding.length === 0) return {}
  return {
    withPositions: (value, replace) => {
      const given = value as { readonly [name: string]: unknown }
      const replaced = holding.map(([name, { withPositions }]) => [name, withPositions?.(given[name], replace)])
      return { ...given, ...Object.fromEntries(replaced) }
    },
  }
}

/** The positions of a container are those of its items. */
function through(
  { withPositions }: Schema<unknown>,
  each: (value: unknown, replace: (item: unknown) => unknown) => unknown,
): Pick<Schema<unknown>, 'withPositions'> {
  if (withPositions === undefined) return {}
  return { withPositions: (value, replace) => each(value, (item) => withPositions(item, replace)) }
}

/** The record of an event: its `type` and `v` are the constants given, the rest is `fields`. */
export function eventSchema<const Type extends string, const V extends number, const F extends Fields>(
  type: Type,
  v: V,
  fields: F,
): Schema<{ readonly type: Type; readonly v: V } & RecordOf<F>> {
  return record({
    type: primitive<Type>(type, (value) => value === type),
    v: primitive<V>(`v${v}`, (value) => value === v),
    ...fields,
  }) as Schema<unknown> as Schema<{ readonly type: Type; readonly v: V } & RecordOf<F>>
}

/** Any keys, one kind of value. */
export function dictionary<T>(item: Schema<T>): Schema<{ readonly [key: string]: T }> {
  return {
    shape: `{*:${item.shape}}`,
    check: (value, path, problems) => {
      if (!isObject(value)) return void problems.push({ path, reason: 'is not an object' })
      for (const [key, element] of Object.entries(value)) item.check(element, `${path}/${key}`, problems)
    },
    ...through(item, (value, replace) =>
      Object.fromEntries(Object.entries(value as object).map(([key, element]) => [key, replace(element)])),
    ),
  }
}

function primitive<T>(shape: string, valid: (value: unknown) => boolean): Schema<T> {
  return {
    shape,
    check: (value, path, problems) => {
      if (!valid(value)) problems.push({ path, reason: `is not ${shape}` })
    },
  }
}

function checkJson(value: unknown, path: string, problems: SchemaProblem[]): void {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return
  if (typeof value === 'number' && Number.isFinite(value)) return
  if (Array.isArray(value)) {
    for (const [index, element] of value.entries()) checkJson(element, `${path}/${index}`, problems)
    return
  }
  if (!isObject(value)) return void problems.push({ path, reason: 'is not JSON' })
  for (const [key, element] of Object.entries(value)) checkJson(element, `${path}/${key}`, problems)
}

function isObject(value: unknown): value is { readonly [key: string]: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
