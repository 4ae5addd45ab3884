/** What a benchmark found: figures, and ratios between figures of the same run, each with the target that it is held to. */

export type Target = { readonly kind: 'at-least' | 'at-most'; readonly value: number }

export type Figure = {
  readonly name: string
  readonly value: number
  readonly unit: string
  readonly target: Target | null
}

/** A benchmark is test/bench/NAME.ts with an exported `benchmark`. */
export type Benchmark = {
  /** One line for people: what is measured. */
  readonly title: string
  /** Lines for standard error while it works go through `say`. */
  readonly run: (say: (line: string) => void) => Promise<readonly Figure[]>
}

export function figure(name: string, value: number, unit: string, target: Target | null = null): Figure {
  return { name, value, unit, target }
}

export const atLeast = (value: number): Target => ({ kind: 'at-least', value })
export const atMost = (value: number): Target => ({ kind: 'at-most', value })

export function isMet({ value, target }: Figure): boolean {
  if (target === null) return true
  return target.kind === 'at-least' ? value >= target.value : value <= target.value
}

export function reportTable(figures: readonly Figure[]): string {
  const rows = figures.map((found) => [found.name, amount(found.value), found.unit, targetText(found)])
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column]!.length)))
  return rows
    .map(([name, value, unit, target]) =>
      `${name!.padEnd(widths[0]!)}  ${value!.padStart(widths[1]!)} ${unit!.padEnd(widths[2]!)}  ${target}`.trimEnd(),
    )
    .map((line) => `${line}\n`)
    .join('')
}

function targetText(found: Figure): string {
  if (found.target === null) return ''
  const sign = found.target.kind === 'at-least' ? '>=' : '<='
  return `${sign} ${amount(found.target.value)} ${isMet(found) ? 'met' : 'MISSED'}`
}

/** Three significant digits; whole above a thousand, with separators. */
function amount(value: number): string {
  return Math.abs(value) >= 1_000 ? Math.round(value).toLocaleString('en-US') : String(Number(value.toPrecision(3)))
}
