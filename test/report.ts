/**
 * The report of `npm test`: Node's own, line by line, and at the end what ran on the real kernel and what was left out, with the reasons.
 */
import { release } from 'node:os'
import { relative } from 'node:path'
import { Readable } from 'node:stream'
import { spec } from 'node:test/reporters'

/** The part of a runner's event that is counted here. */
type Event = {
  readonly type: string
  readonly data: { readonly name?: string; readonly nesting?: number; readonly file?: string; readonly skip?: unknown }
}

type Count = { passed: number; onKernel: number; readonly skipped: Map<string, number> }

/** Tests of the kernel datapath are in its folder; elsewhere their titles say so. */
const ON_KERNEL = /\bkernel\b/

export default async function* report(events: AsyncIterable<Event>): AsyncGenerator<string> {
  const count: Count = { passed: 0, onKernel: 0, skipped: new Map() }
  for await (const text of Readable.from(counted(events, count)).pipe(new spec())) yield String(text)
  yield await summary(count)
}

async function* counted(events: AsyncIterable<Event>, count: Count): AsyncGenerator<Event> {
  for await (const event of events) {
    if (event.type === 'test:pass' && event.data.nesting === 0) countPassed(event, count)
    yield event
  }
}

function countPassed({ data: { name = '', file, skip } }: Event, count: Count): void {
  if (typeof skip === 'string') {
    count.skipped.set(skip, (count.skipped.get(skip) ?? 0) + 1)
    return
  }
  count.passed += 1
  const inFolder = file !== undefined && relative(import.meta.dirname, file).startsWith('kernel/')
  if (inFolder || ON_KERNEL.test(name)) count.onKernel += 1
}

async function summary({ passed, onKernel, skipped }: Count): Promise<string> {
  const lines = [...skipped].map(([reason, times]) => `  ${times} not run: ${reason}`)
  return [`\n${passed} tests passed, ${await kernelWords(onKernel)}`, ...lines, ''].join('\n')
}

async function kernelWords(onKernel: number): Promise<string> {
  const kernel = `Linux ${release()}`
  if (onKernel === 0) return 'none of them on the kernel'
  // Tests that only speak of the kernel run everywhere; whether it can be used is known to the others.
  const { KERNEL_REASON } = await import('./kernel/laboratory.ts')
  return KERNEL_REASON === null
    ? `${onKernel} of them on the kernel (${kernel})`
    : `none of them on the kernel (${kernel})`
}
