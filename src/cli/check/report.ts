/** What came of the expectations: as a table for people, as JSON, as JUnit XML for CI systems, as TAP (testanything.org, version 14). */
import { stringify } from 'yaml'
import type { Paint } from '../render/colour.ts'
import { table } from '../render/table.ts'
import type { Checked } from './check.ts'

export type ReportFormat = 'table' | 'json' | 'junit' | 'tap'

export type Report = { readonly suite: string; readonly checked: readonly Checked[]; readonly paint: Paint }

export function report({ suite, checked, paint }: Report, format: ReportFormat): string {
  switch (format) {
    case 'table':
      return tableReport(checked, paint)
    case 'json':
      return `${JSON.stringify({ passed: passed(checked), failed: checked.length - passed(checked), items: checked.map(plain) }, null, 2)}\n`
    case 'junit':
      return junitReport(suite, checked)
    case 'tap':
      return tapReport(checked)
  }
}

function passed(checked: readonly Checked[]): number {
  return checked.filter(({ met }) => met).length
}

function plain({ expectation, found, met, because }: Checked): { readonly [key: string]: unknown } {
  const { name, from, to, protocol, port, request, expect } = expectation
  return { name, met, expect, found, because, from: from.text, to: to.text, protocol, port, request }
}

/** Failures first. The word says it; colour only helps the eye. */
function tableReport(checked: readonly Checked[], paint: Paint): string {
  const rows = checked
    .toSorted((a, b) => Number(a.met) - Number(b.met))
    .map(({ expectation, found, met, because }) => [
      met ? 'ok' : 'FAILED',
      expectation.expect,
      found,
      expectation.name,
      because,
    ])
  const text = table([['RESULT', 'EXPECTED', 'FOUND', 'EXPECTATION', 'BECAUSE'], ...rows])
  const coloured = text.replaceAll(/^FAILED/gm, paint('FAILED', 'bad')).replaceAll(/^ok/gm, paint('ok', 'good'))
  return `${coloured}\n${passed(checked)} passed, ${checked.length - passed(checked)} failed\n`
}

function junitReport(suite: string, checked: readonly Checked[]): string {
  const cases = checked.map(({ expectation, found, met, because }) => {
    const head = `    <testcase name="${xml(expectation.name)}" classname="${xml(suite)}"`
    if (met) return `${head}/>`
    const message = `expected ${expectation.expect}, found ${found}`
    return `${head}>\n      <failure message="${xml(message)}">${xml(because)}</failure>\n    </testcase>`
  })
  const numbers = `tests="${checked.length}" failures="${checked.length - passed(checked)}"`
  return `<?xml version="1.0" encoding="UTF-8"?>
<testsuites>
  <testsuite name="${xml(suite)}" ${numbers}>
${cases.join('\n')}
  </testsuite>
</testsuites>
`
}

/** Lines stay lines in attributes too; what XML 1.0 does not have (control characters, halves of pairs) becomes a question mark. */
function xml(text: string): string {
  const names: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }
  return text
    .replaceAll(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '?')
    .replaceAll(/[&<>"]/g, (character) => names[character] ?? '')
    .replaceAll(/[\t\n\r]/g, (character) => `&#${character.charCodeAt(0)};`)
}

function tapReport(checked: readonly Checked[]): string {
  const lines = checked.flatMap(({ expectation, found, met, because }, index) => {
    const line = `${met ? 'ok' : 'not ok'} ${index + 1} - ${expectation.name.replaceAll(/[\\#]/g, '\\$&').replaceAll(/\s+/g, ' ')}`
    if (met) return [line]
    const diagnosis = stringify({ expected: expectation.expect, found, because })
    return [
      line,
      '  ---',
      ...diagnosis
        .trimEnd()
        .split('\n')
        .map((text) => `  ${text}`),
      '  ...',
    ]
  })
  return `TAP version 14\n1..${checked.length}\n${lines.join('\n')}\n`
}
