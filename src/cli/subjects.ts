/** The node and the endpoint that a verb was asked about have to be ones of the log: those that are not are said, all of them, with what is nearest. */
import type { EventType } from '../../events/catalogue.ts'
import { decodeEvent } from '../../events/codec.ts'
import { nodeOfStream } from '../../projections/world.ts'
import type { History } from '../history/history.ts'
import { type Known, unknownEndpoint, unknownNode } from '../history/known.ts'
import { nearestNames, nearestNumbers } from '../history/nearest.ts'
import type { Moment } from '../history/position.ts'
import type { EventLog } from '../ports/log.ts'
import { CliError } from './failure.ts'

export type Subjects = { readonly node?: string | undefined; readonly endpoint?: number | undefined }

/** Throws `CliError`. Of the empty log nobody is asked. */
export function requireSubjects(
  { model }: Pick<History, 'model'>,
  { node, endpoint }: Subjects,
  { moment, span }: Pick<Known, 'span'> & { readonly moment: Moment | null },
): void {
  if (moment === null) return
  const at = moment.position
  const missing = node === undefined ? null : unknownNode(model, node, { at })
  const where = missing === null ? node : undefined
  const problems = [
    missing,
    endpoint === undefined ? null : unknownEndpoint(model, { node: where, endpoint }, { at, span }),
  ].filter((problem) => problem !== null)
  if (problems.length > 0) throw new CliError('notFound', problems.join('\n'))
}

const TYPES: readonly EventType[] = ['AgentStarted', 'EndpointCreated']

/** The same of a log that is read without its index: for a verb that found nothing, because this reads the log. Throws `CliError`. */
export async function requireEver(log: EventLog, { node, endpoint }: Subjects): Promise<void> {
  if (node === undefined && endpoint === undefined) return
  const [nodes, endpoints] = [new Set<string>(), new Set<number>()]
  for await (const batch of log.readAll({ direction: 'forwards', after: null, types: TYPES })) {
    for (const stored of batch) {
      const name = nodeOfStream(stored.stream) ?? ''
      nodes.add(name)
      const { event } = decodeEvent(stored)
      if (event.type === 'EndpointCreated' && (node === undefined || name === node)) endpoints.add(event.endpoint)
    }
  }
  const problems = [
    ...(node === undefined || nodes.has(node) ? [] : [`no-such-node: ${node}; ${nearestNames(node, nodes)}`]),
    ...(endpoint === undefined || endpoints.has(endpoint)
      ? []
      : [`no-such-endpoint: ${endpoint}; ${nearestNumbers(endpoint, endpoints)}`]),
  ]
  if (problems.length > 0) throw new CliError('notFound', problems.join('\n'))
}
