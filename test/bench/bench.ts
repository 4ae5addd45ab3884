/**
 * `npm run bench -- NAME [-o json] [--strict]`: runs test/bench/NAME.ts and prints its figures; without a name it lists the benchmarks.
 * Ratios compare figures of one run. With `--strict` a missed target ends with 1.
 */
import { readdirSync } from 'node:fs'
import { arch, cpus, release } from 'node:os'
import { parseArgs } from 'node:util'
import { type Benchmark, type Figure, isMet, reportTable } from './report.ts'

const OWN_FILES: readonly string[] = [
  'bench',
  'measure',
  'report',
  'policy-workload',
  'long-log',
  'start-agent',
  'replayable-log',
]

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { output: { type: 'string', short: 'o', default: 'table' }, strict: { type: 'boolean', default: false } },
})
const known = readdirSync(import.meta.dirname)
  .filter((file) => file.endsWith('.ts'))
  .map((file) => file.slice(0, -'.ts'.length))
  .filter((name) => !OWN_FILES.includes(name))
const [name] = positionals
if (name === undefined || !known.includes(name)) {
  process.stderr.write(`benchmarks: ${known.join(', ')}\n`)
  process.exit(name === undefined ? 0 : 2)
}

const module: { readonly benchmark?: Benchmark } = await import(`./${name}.ts`)
if (module.benchmark === undefined) throw new TypeError(`test/bench/${name}.ts exports no benchmark`)
const { title, run } = module.benchmark
process.stderr.write(`${name}: ${title}\n`)
const figures = await run((line) => void process.stderr.write(`${line}\n`))
process.stdout.write(values.output === 'json' ? asJson(name, figures) : reportTable(figures))
if (values.strict && !figures.every(isMet)) process.exitCode = 1

function asJson(benchmark: string, found: readonly Figure[]): string {
  const machine = { node: process.version, kernel: release(), arch: arch(), cpu: cpus()[0]?.model, cpus: cpus().length }
  const report = {
    benchmark,
    at: new Date().toISOString(),
    machine,
    figures: found.map((each) => ({ ...each, met: isMet(each) })),
  }
  return `${JSON.stringify(report, null, 2)}\n`
}
