/** `dns learn`, `dns forget`: what a DNS proxy saw, or a person knows, of the names that policies speak of. */
import type { HindcastEvent } from '../../events/catalogue.ts'
import type { NodeName } from '../../events/ids.ts'
import { nodeNameOf, openLogToWrite } from './compose.ts'
import type { LogSink } from './log-verb.ts'
import { type Outcome, type WriteOptions, write } from './written.ts'

export type DnsOptions = WriteOptions & { readonly node: string | undefined }
export type DnsLearnOptions = DnsOptions & { readonly ttl: number | undefined; readonly endpoint: number | undefined }

export async function learnDns(
  { name, addresses }: { readonly name: string; readonly addresses: readonly string[] },
  options: DnsLearnOptions,
  sink: LogSink,
): Promise<void> {
  const { ttl: ttlSeconds = null, endpoint: askedBy = null } = options
  const node = await nodeOf(options)
  const command = { kind: 'learn-dns', node, name, addresses, ttlSeconds, askedBy } as const
  await write(
    {
      command,
      source: () => ({ kind: 'cli', detail: 'dns learn' }),
      whereOf: () => '',
      outcomes: (events) =>
        orUnchanged(
          events.flatMap((event) => outcomesOf(event, node)),
          name,
        ),
    },
    { options, print: sink.write },
  )
}

export async function forgetDns(
  { name, addresses }: { readonly name: string; readonly addresses: readonly string[] },
  options: DnsOptions,
  sink: LogSink,
): Promise<void> {
  const node = await nodeOf(options)
  await write(
    {
      command: { kind: 'forget-dns', node, name, addresses },
      source: () => ({ kind: 'cli', detail: 'dns forget' }),
      whereOf: () => '',
      outcomes: (events) => events.flatMap((event) => outcomesOf(event, node)),
    },
    { options, print: sink.write },
  )
}

function outcomesOf(event: HindcastEvent, node: NodeName): readonly Outcome[] {
  if (event.type !== 'DnsAnswerLearned' && event.type !== 'DnsAnswerExpired') return []
  const { name, addresses } = event
  const outcome = event.type === 'DnsAnswerLearned' ? 'learned' : 'forgotten'
  const line = `${name} ${addresses.join(' ')} ${outcome} on node ${node}`
  return [{ item: { node, name, addresses, outcome }, line }]
}

function orUnchanged(outcomes: readonly Outcome[], name: string): readonly Outcome[] {
  return outcomes.length > 0 ? outcomes : [{ item: { name, outcome: 'unchanged' }, line: `${name} unchanged` }]
}

async function nodeOf(options: DnsOptions): Promise<NodeName> {
  await using log = await openLogToWrite(options)
  return await nodeNameOf(log, options.node)
}
