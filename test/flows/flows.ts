/** Flows to store. */
import { IdentityId, IpAddress, Timestamp } from '../../events/ids.ts'
import type { NewFlow } from '../../src/ports/flows.ts'

/** The time and the source port tell which one it is. */
export function aFlow(index: number, change: Partial<NewFlow> = {}): NewFlow {
  return {
    time: Timestamp(1_700_000_000_000 + index),
    stamp: { position: String(index), revision: 3 },
    kind: 'policy-verdict',
    verdict: 'FORWARDED',
    direction: 'ingress',
    endpoint: 7,
    source: { address: IpAddress('10.0.0.1'), port: 1 + (index % 65_535), identity: IdentityId(1001) },
    destination: { address: IpAddress('10.0.0.7'), port: 80, identity: IdentityId(1002) },
    protocol: 6,
    dropReason: null,
    matchType: 'L3-L4',
    proxyPort: null,
    http: null,
    ...change,
  }
}

export const someFlows = (count: number, from = 0): readonly NewFlow[] =>
  Array.from({ length: count }, (_, index) => aFlow(from + index))
