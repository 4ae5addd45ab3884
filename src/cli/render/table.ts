/**
 * Columns as Go's tabwriter lays them out for Cilium: each as wide as its widest cell plus the padding, and the last cell of a row
 * is not padded unless the layout ends rows with a tab.
 */
export type TableLayout = {
  readonly widthMin: number
  readonly padding: number
  readonly trailing: boolean
}

/** `cilium bpf policy get`, `cilium endpoint list`: minimum width 5, padding 3, a tab after the last column. */
export const CILIUM_TABLE: TableLayout = { widthMin: 5, padding: 3, trailing: true }

/** Our own tables: the same columns, and nothing after the last word of a row. */
const OWN_TABLE: TableLayout = { ...CILIUM_TABLE, trailing: false }

/** Rows may be shorter than the header. Every line ends with a newline. */
export function table(rows: readonly (readonly string[])[], layout: TableLayout = OWN_TABLE): string {
  const columns = Math.max(0, ...rows.map((row) => row.length))
  const widths = Array.from({ length: columns }, (_, column) =>
    Math.max(layout.widthMin, ...rows.map((row) => (row[column]?.length ?? 0) + layout.padding)),
  )
  return rows.map((row) => `${line(row, widths, layout)}\n`).join('')
}

/** One row for the first label, one more with the other cells empty for each further one. */
export function withLabels(
  labels: readonly string[],
  row: (label: string) => readonly string[],
): readonly (readonly string[])[] {
  const [first = '', ...more] = labels
  const head = row(first)
  const column = head.indexOf(first)
  return [head, ...more.map((label) => head.map((_, index) => (index === column ? label : '')))]
}

function line(row: readonly string[], widths: readonly number[], { trailing }: TableLayout): string {
  const cells = widths.map((width, column) => (row[column] ?? '').padEnd(width))
  return trailing ? cells.join('') : cells.join('').trimEnd()
}
