/** What proxies say, as facts; and what follows from it. */
import type { HindcastEvent } from '../../events/catalogue.ts'
import { nodeStream } from '../../events/ids.ts'
import { servedOf } from '../../projections/agent/proxy.ts'
import type { ClientSaid } from '../../projections/xds/client-said.ts'
import { retryWithProxy } from './retries.ts'
import { type Fact, inTurn, type Situation } from './situation.ts'

/** A proxy that connects, or that has taken something again, ends the waiting of builds that failed for want of one. */
export function recordProxy(start: Situation, said: ClientSaid): readonly Fact[] {
  return inTurn(start, [
    ({ state }) => {
      const stream = nodeStream(state.node)
      const served = said.kind === 'acked' ? servedOf(state.proxy, stream, said.xds) : null
      const cause = served?.version === (said.kind === 'acked' ? said.version : null) ? served.publishedAt : null
      return [{ stream, event: eventOf(said), cause }]
    },
    (now) => (said.kind === 'connected' ? retryWithProxy(now) : []),
  ])
}

function eventOf(said: ClientSaid): HindcastEvent {
  switch (said.kind) {
    case 'acked': {
      const { kind: _, ...fields } = said
      return { type: 'XdsAcked', v: 1, ...fields }
    }
    case 'nacked': {
      const { kind: _, ...fields } = said
      return { type: 'XdsNacked', v: 1, ...fields }
    }
    case 'connected':
    case 'disconnected':
      return { type: 'ProxyConnectionChanged', v: 1, client: said.client, connected: said.kind === 'connected' }
  }
}
