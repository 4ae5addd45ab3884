/** `endpoint add`, `endpoint delete`: endpoints of a node, by flags or from a file. */
import type { HindcastEvent } from '../../events/catalogue.ts'
import type { Problem } from '../../events/fields.ts'
import type { NodeName } from '../../events/ids.ts'
import type { Source } from '../../events/recorded.ts'
import type { EndpointWish } from '../decide/endpoint-fields.ts'
import type { EventLog } from '../ports/log.ts'
import { nodeNameOf, openLogToWrite } from './compose.ts'
import { readEndpointFile } from './endpoint-file.ts'
import { CliError, problemLine } from './failure.ts'
import { readInputs } from './input.ts'
import type { LogSink } from './log-verb.ts'
import { type Outcome, type Wish, type WriteOptions, write } from './written.ts'

export type EndpointOptions = WriteOptions & {
  readonly node: string | undefined
  readonly filename: readonly string[]
  readonly id: number | undefined
  readonly name: string | undefined
  readonly labels: readonly string[]
  readonly identity: number | undefined
  readonly ipv4: string | undefined
  readonly ipv6: string | undefined
  readonly device: string | undefined
  readonly mac: string | undefined
  readonly nodeMac: string | undefined
  readonly namedPort: readonly string[]
}

const NAMED_PORT = /^([^=]+)=([0-9]{1,5})(?:\/([A-Za-z]+))?$/

export async function addEndpoints(options: EndpointOptions, sink: LogSink): Promise<void> {
  const { wishes, file } = await wishesOf(options, sink)
  const node = await nodeOf(options)
  const wish: Wish = {
    command: { kind: 'add-endpoints', node, endpoints: wishes },
    source: () => sourceOf(file, 'endpoint add'),
    whereOf: () => file ?? '',
    outcomes: (events) => addedOutcomes(events, wishes, node),
  }
  await write(wish, { options, print: sink.write })
}

export type DeleteEndpointOptions = WriteOptions & { readonly node: string | undefined }

export async function deleteEndpoints(
  endpoints: readonly string[],
  options: DeleteEndpointOptions,
  sink: LogSink,
): Promise<void> {
  const node = await nodeOf(options)
  const wish: Wish = {
    command: { kind: 'delete-endpoints', node, endpoints },
    source: () => sourceOf(null, 'endpoint delete'),
    whereOf: () => '',
    outcomes: (events, { before }) =>
      events
        .filter((event) => event.type === 'EndpointDeleted')
        .map(({ endpoint }) => {
          const name = before.nodes.get(node)?.endpoints.byId.get(endpoint)?.name ?? ''
          return outcome({ node, endpoint, name }, 'deleted')
        }),
  }
  await write(wish, { options, print: sink.write })
}

function addedOutcomes(
  events: readonly HindcastEvent[],
  wishes: readonly EndpointWish[],
  node: NodeName,
): readonly Outcome[] {
  const identities = events.filter((event) => event.type === 'IdentityAllocated')
  const created = events.filter((event) => event.type === 'EndpointCreated')
  const unchanged = wishes.length - created.length
  return [
    ...created.map(({ endpoint, name }) => outcome({ node, endpoint, name }, 'added')),
    ...identities.map(({ identity, labels }) => ({
      item: { identity, labels, outcome: 'allocated' },
      line: `identity ${identity} allocated: ${labels.join(' ')}`,
    })),
    ...(unchanged === 0
      ? []
      : [{ item: { node, outcome: 'unchanged', count: unchanged }, line: `${unchanged} unchanged` }]),
  ]
}

function outcome(
  { node, endpoint, name }: { readonly node: string; readonly endpoint: number; readonly name: string },
  what: string,
): Outcome {
  const line = `endpoint ${endpoint} ${name} ${what} on node ${node}`
  return { item: { node, endpoint, name, outcome: what }, line }
}

async function nodeOf(options: WriteOptions & { readonly node: string | undefined }): Promise<NodeName> {
  await using log: EventLog = await openLogToWrite(options)
  return await nodeNameOf(log, options.node)
}

function sourceOf(file: string | null, verb: string): Source {
  return file === null ? { kind: 'cli', detail: verb } : { kind: 'file', detail: file }
}

async function wishesOf(
  options: EndpointOptions,
  sink: LogSink,
): Promise<{ readonly wishes: readonly EndpointWish[]; readonly file: string | null }> {
  if (options.filename.length === 0) return { wishes: [wishOf(options)], file: null }
  if (options.name !== undefined) throw new CliError('usage', 'endpoint add takes --name or -f, not both')
  const inputs = await readInputs(options.filename, sink.stdin)
  const read = inputs.map(({ name, text, problem }) => {
    const { wishes, problems } = text === null ? { wishes: [], problems: [] } : readEndpointFile(text)
    const whole: readonly Problem[] = problem === null ? [] : [{ ...problem, path: '', line: null, column: null }]
    return { name, wishes, problems: [...whole, ...problems] }
  })
  const lines = read.flatMap(({ name, problems }) => problems.map((problem) => `\n  ${problemLine(problem, name)}`))
  if (lines.length > 0) throw new CliError('usage', `refused; nothing was changed${lines.join('')}`)
  return { wishes: read.flatMap(({ wishes }) => wishes), file: options.filename.join(' ') }
}

function wishOf(options: EndpointOptions): EndpointWish {
  if (options.name === undefined) throw new CliError('usage', 'endpoint add takes --name or -f')
  const { id, name, identity, ipv4, ipv6, device, mac, nodeMac } = options
  const labels = options.labels.flatMap((text) => text.split(',')).filter((text) => text !== '')
  return { id, name, labels, identity, ipv4, ipv6, device, mac, nodeMac, namedPorts: options.namedPort.map(namedPort) }
}

function namedPort(text: string): { readonly name: string; readonly port: number; readonly protocol: string } {
  const match = NAMED_PORT.exec(text)
  if (match === null) throw new CliError('usage', `named-port at --named-port: ${text} is not NAME=PORT[/PROTOCOL]`)
  return { name: match[1]!, port: Number(match[2]), protocol: (match[3] ?? 'TCP').toUpperCase() }
}
