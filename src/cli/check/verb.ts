/** `hindcast check -f policies/ --expect expectations.yaml`: do the policies say what they should? Needs no log and no cluster. */
import { CliError, problemLine } from '../failure.ts'
import { readInputs } from '../input.ts'
import type { LogSink } from '../log-verb.ts'
import { duplicatesIn, type FileOptions, problemLines, readDocuments } from '../policy-documents.ts'
import { type ColourWhen, paintFor } from '../render/colour.ts'
import { check } from './check.ts'
import { type ExpectationFile, readExpectations } from './expectations.ts'
import { type ReportFormat, report } from './report.ts'

export type CheckOptions = FileOptions & {
  readonly expect: readonly string[]
  readonly format: ReportFormat
  readonly color: ColourWhen
}

/** Ends with 1 where an expectation is not met. Throws `CliError`. */
export async function checkPolicies(options: CheckOptions, sink: LogSink): Promise<void> {
  const documents = await readDocuments(options, sink)
  const bad = documents.filter(({ problems }) => problems.length > 0)
  if (bad.length > 0) throw new CliError('usage', `the policies would be refused${problemLines(bad)}`)
  const twice = duplicatesIn(documents).map((text) => `\n  duplicate-resource: ${text}`)
  if (twice.length > 0) throw new CliError('usage', `one of two policies would be lost${twice.join('')}`)
  const files = await expectationsOf(options.expect, sink)
  const policies = documents.map(({ policy }) => policy).filter((policy) => policy !== null)
  const facts = documents.map(({ fact }) => fact).filter((fact) => fact !== null)
  const checked = files.flatMap((file) => check({ policies, facts }, file))
  const paint = paintFor({ when: options.color, terminal: sink.terminal, noColor: process.env['NO_COLOR'] })
  sink.write(report({ suite: options.expect.join(' '), checked, paint }, options.format))
  if (checked.some(({ met }) => !met)) throw new CliError('difference', '')
}

async function expectationsOf(files: readonly string[], sink: LogSink): Promise<readonly ExpectationFile[]> {
  if (files.length === 0) throw new CliError('usage', 'no expectations: --expect takes a file')
  const inputs = await readInputs(files, sink.stdin)
  const read = inputs.map(({ name, text, problem }) => {
    const whole = problem === null ? [] : [{ ...problem, path: '', line: null, column: null }]
    const file = text === null ? null : readExpectations(text)
    return { name, file, problems: [...whole, ...(file?.problems ?? [])] }
  })
  const lines = read.flatMap(({ name, problems }) => problems.map((found) => `\n  ${problemLine(found, name)}`))
  if (lines.length > 0) throw new CliError('usage', `the expectations cannot be read${lines.join('')}`)
  return read.map(({ file }) => file).filter((file) => file !== null)
}
