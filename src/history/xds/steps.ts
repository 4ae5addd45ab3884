/** What a node told its proxies and what they answered, step by step: each publication, acknowledgement and refusal with its resources and their rules. */
import type { EventType } from '../../../events/catalogue.ts'
import { decodeEvent } from '../../../events/codec.ts'
import { type NodeName, nodeStream, type Position } from '../../../events/ids.ts'
import type { XdsType } from '../../../events/node.ts'
import type { Recorded } from '../../../events/recorded.ts'
import { EMPTY_NODE, world as fold, type World } from '../../../projections/world.ts'
import type { EventLog } from '../../ports/log.ts'
import { type EventRef, refOf } from '../event-at.ts'
import { differingNames, Proxies, type Resources, rulesOf } from './proxies.ts'

/** `rules`: of the network policy; none for listeners and hosts. */
export type StepResource = { readonly name: string; readonly gone: boolean; readonly rules: readonly string[] }

export type XdsStep = {
  readonly kind: 'published' | 'acked' | 'refused' | 'connected' | 'disconnected' | 'agent-started'
  readonly event: EventRef
  readonly xds: XdsType | null
  readonly version: string | null
  readonly client: string | null
  /** What the proxy runs after a refusal; null: nothing. */
  readonly runs: string | null
  /** The words of a refusal. */
  readonly detail: string | null
  /**
   * Published: what changed. Acknowledged: what the proxy has otherwise than before. Refused: what it would have had otherwise, first what it
   * names itself.
   */
  readonly resources: readonly StepResource[]
}

export type StepsQuestion = {
  readonly log: EventLog
  readonly node: NodeName
  /** Null: from the beginning of the log. `world` is what was there then. */
  readonly from: { readonly position: Position; readonly world: World } | null
  readonly to: Position
}

const READS: readonly EventType[] = ['XdsPublished', 'XdsAcked', 'XdsNacked', 'ProxyConnectionChanged', 'AgentStarted']

/** In the order of the log. Throws `DecodeError`. */
export async function* xdsSteps({ log, node, from, to }: StepsQuestion): AsyncIterable<XdsStep> {
  const proxies = new Proxies((from?.world ?? fold.initial).nodes.get(node, EMPTY_NODE).xds)
  const stream = nodeStream(node)
  const own = { types: READS, streamPrefixes: [stream] }
  for await (const batch of log.readAll({ direction: 'forwards', after: from?.position ?? null, ...own })) {
    for (const stored of batch) {
      if (stored.position > to) return
      if (stored.stream === stream) yield* stepOf(decodeEvent(stored), proxies)
    }
  }
}

const NOTHING: Omit<XdsStep, 'kind' | 'event'> = {
  xds: null,
  version: null,
  client: null,
  runs: null,
  detail: null,
  resources: [],
}

function stepOf(recorded: Recorded, proxies: Proxies): readonly XdsStep[] {
  const { event } = recorded
  const base = { ...NOTHING, event: refOf(recorded) }
  switch (event.type) {
    case 'AgentStarted':
      proxies.take(recorded)
      return [{ ...base, kind: 'agent-started' }]
    case 'ProxyConnectionChanged': {
      proxies.take(recorded)
      const { client, connected } = event
      return [{ ...base, kind: connected ? 'connected' : 'disconnected', client }]
    }
    case 'XdsPublished': {
      const { xds, version } = event
      const before = proxies.served(xds)?.resources
      proxies.take(recorded)
      const resources = changes(before, proxies.served(xds)!.resources)
      return [{ ...base, kind: 'published', xds, version, resources }]
    }
    case 'XdsAcked':
    case 'XdsNacked': {
      const { xds, version, client } = event
      const running = proxies.runningOf(client, xds)
      proxies.take(recorded)
      const resources = changes(running?.resources, proxies.version(xds, version)?.resources)
      if (event.type === 'XdsAcked') return [{ ...base, kind: 'acked', xds, version, client, runs: version, resources }]
      const { running: runs, detail } = event
      return [
        { ...base, kind: 'refused', xds, version, client, runs, detail, resources: namedFirst(resources, detail) },
      ]
    }
    default:
      return []
  }
}

/** Nothing where it is not known any more what the later version was. */
function changes(before: Resources | undefined, after: Resources | undefined): readonly StepResource[] {
  if (after === undefined) return []
  return differingNames(before ?? after.clear(), after).map((name) => {
    const gone = !after.has(name)
    return { name, gone, rules: rulesOf(gone ? before?.get(name) : after.get(name)) }
  })
}

/** A proxy names what it refuses in words of its own. */
function namedFirst(resources: readonly StepResource[], detail: string): readonly StepResource[] {
  const words = new Set(detail.split(/[^\w.:/~-]+/).flatMap((word) => [word, word.replace(/[:.]+$/, '')]))
  const isNamed = ({ name }: StepResource): boolean => words.has(name)
  return [...resources.filter(isNamed), ...resources.filter((one) => !isNamed(one))]
}
