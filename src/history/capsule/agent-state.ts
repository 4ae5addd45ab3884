/** What the agents of all nodes would go on from, in one word for each node: the part that replay rests on. What proxies had acknowledged is not of it. */
import { digestOf } from '../../../events/canonical.ts'
import { decodeEvent } from '../../../events/codec.ts'
import { type Digest, NodeName, nodeStream, type Position } from '../../../events/ids.ts'
import type { XdsType } from '../../../events/node.ts'
import type { Json } from '../../../events/schema.ts'
import type { AgentEndpoint } from '../../../projections/agent/endpoint.ts'
import { servedOf } from '../../../projections/agent/proxy.ts'
import { type AgentState, agentState } from '../../../projections/agent/state.ts'
import { sortedEntries } from '../../../projections/datapath/policy-map.ts'
import { type Projection, step } from '../../../projections/projection.ts'
import { nodeOfStream } from '../../../projections/world.ts'
import { snapshotDigest } from '../../../projections/xds/snapshot.ts'
import type { EventLog } from '../../ports/log.ts'

const TYPES: readonly XdsType[] = ['npds', 'nphds', 'lds']

/** One pass over the log, all nodes at once. */
export async function agentDigests(log: EventLog, at: Position): Promise<ReadonlyMap<string, Digest>> {
  const states = new Map<string, { readonly projection: Projection<AgentState>; state: AgentState }>()
  const nodes = await nodesOf(log, at)
  for (const node of nodes) {
    // A projection of fewer types is asked only about those: `step` looks.
    const projection = agentState(NodeName(node)) as Projection<AgentState>
    states.set(node, { projection, state: projection.initial })
  }
  for await (const batch of log.readAll({ direction: 'forwards', after: null })) {
    for (const stored of batch) {
      if (stored.position > at) break
      const recorded = decodeEvent(stored)
      for (const held of states.values()) held.state = step(held.projection, held.state, recorded)
    }
    if ((batch.at(-1)?.position ?? at) >= at) break
  }
  return new Map([...states].map(([node, { state }]) => [node, digestOf(inShort(state))]))
}

async function nodesOf(log: EventLog, at: Position): Promise<ReadonlySet<string>> {
  const nodes = new Set<string>()
  const types = ['AgentStarted', 'EndpointCreated']
  for await (const batch of log.readAll({ direction: 'forwards', after: null, types })) {
    for (const { stream, position } of batch) {
      const node = position <= at ? nodeOfStream(stream) : null
      if (node !== null) nodes.add(node)
    }
  }
  return nodes
}

function inShort(state: AgentState): Json {
  const { node, revision, reacted, unreacted, endpoints, ipcache, desiredIpcache, proxy } = state
  const xds = TYPES.map((type): Json => {
    const { version, resources } = servedOf(proxy, nodeStream(node), type)
    return [type, version, snapshotDigest(resources)]
  })
  return {
    ...{ revision, reacted, xds },
    unreacted: unreacted.map((one) => one.revision),
    ipcache: [...ipcache.values(), ...desiredIpcache.values()].map((event) => JSON.stringify(event)).toSorted(),
    ports: [...proxy.ports].map(([listener, { port }]): Json => [listener, port]).toSorted(),
    endpoints: [...endpoints]
      .toSorted(([a], [b]) => a - b)
      .map(([id, endpoint]): Json => [id, endpointInShort(endpoint)]),
  }
}

function endpointInShort(endpoint: AgentEndpoint): Json {
  const { created, identity, state, leaving, pending, running, realised, policyMap, programs } = endpoint
  return {
    ...{ identity, state, leaving },
    created: JSON.stringify(created),
    pending: pending === null ? null : pending.level,
    running: running === null ? null : running.build,
    realised: realised === null ? null : JSON.stringify(realised),
    map: JSON.stringify(sortedEntries(policyMap)),
    programs: [...programs.values()].map((program) => JSON.stringify(program)).toSorted(),
  }
}
