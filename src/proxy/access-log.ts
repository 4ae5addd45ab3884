/** Access records: what was asked, denied and answered, stamped with the position and revision that decided. Given to the flow store in groups. */
import type { RequestVerdict } from '../../projections/l7/network-policy.ts'
import type { Clock } from '../ports/clock.ts'
import type { FlowHeader, FlowStamp, FlowStore, NewFlow } from '../ports/flows.ts'
import type { ConnectionMetadata } from './bpf-metadata.ts'
import type { LivePolicies } from './live-policies.ts'

export type RequestFacts = {
  readonly method: string
  readonly host: string
  readonly path: string
  /** `HTTP/1.1` */
  readonly protocol: string
}

const TCP = 6
const NONE: readonly FlowHeader[] = []
/** Cilium's drop reason for policy (bpf/lib/common.h, DROP_POLICY is -133). */
const DROP_POLICY = 133
/** Records that wait; more are given at once. */
const GROUP_MAX = 256
/** The longest that a record waits for others: a timer for each turn of the event loop costs more than the records. */
const GROUP_MS = 5

export class AccessLog {
  readonly #flows: Pick<FlowStore, 'add'>
  readonly #clock: Clock
  readonly #policies: LivePolicies
  #waiting: NewFlow[] = []
  #timer: NodeJS.Timeout | null = null

  constructor(flows: Pick<FlowStore, 'add'>, clock: Clock, policies: LivePolicies) {
    this.#flows = flows
    this.#clock = clock
    this.#policies = policies
  }

  /** A connection that was refused (`why`: a named reason, and the rule) or passed unread. */
  connection(metadata: ConnectionMetadata, verdict: 'FORWARDED' | 'DROPPED' | 'ERROR', why: string): void {
    this.#add({
      ...this.#parties(metadata, this.#policies.stamp),
      kind: 'policy-verdict',
      verdict,
      dropReason: verdict === 'DROPPED' ? DROP_POLICY : null,
      matchType: why,
      http: null,
    })
  }

  /** A request that was decided, with the deciding rule's name, or the reason where none decided. */
  request(metadata: ConnectionMetadata, facts: RequestFacts, verdict: RequestVerdict): void {
    const { allowed, missing, rejected } = verdict
    this.#add({
      ...this.#parties(metadata, this.#policies.stamp),
      kind: 'http-request',
      verdict: allowed ? 'FORWARDED' : 'DROPPED',
      dropReason: allowed ? null : DROP_POLICY,
      matchType: verdict.rule ?? verdict.reason,
      http: { ...facts, status: allowed ? 0 : 403, durationMs: null, missing, rejected },
    })
  }

  /** What upstream answered. `stamp`: of the request's decision. */
  response(
    metadata: ConnectionMetadata,
    facts: RequestFacts,
    answer: { readonly status: number; readonly durationMs: number; readonly stamp: FlowStamp },
  ): void {
    const { status, durationMs, stamp } = answer
    this.#add({
      ...this.#parties(metadata, stamp),
      kind: 'http-response',
      verdict: 'FORWARDED',
      dropReason: null,
      matchType: null,
      http: { ...facts, status, durationMs, missing: NONE, rejected: NONE },
    })
  }

  /** What the proxy itself answered instead, and why. */
  own(
    metadata: ConnectionMetadata,
    facts: RequestFacts,
    { status, why }: { readonly status: number; readonly why: string },
  ): void {
    this.#add({
      ...this.#parties(metadata, this.#policies.stamp),
      kind: 'http-response',
      verdict: 'ERROR',
      dropReason: null,
      matchType: why,
      http: { ...facts, status, durationMs: null, missing: NONE, rejected: NONE },
    })
  }

  get stamp(): FlowStamp {
    return this.#policies.stamp
  }

  flush(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
    const flows = this.#waiting
    this.#waiting = []
    if (flows.length > 0) this.#flows.add(flows)
  }

  #parties(metadata: ConnectionMetadata, stamp: FlowStamp) {
    const { direction, source, destination, endpoint, proxyPort } = metadata
    return {
      time: this.#clock.now(),
      stamp,
      direction,
      endpoint: this.#policies.policyOf(endpoint)?.endpoint ?? 0,
      source,
      destination,
      protocol: TCP,
      proxyPort,
    } as const
  }

  #add(flow: NewFlow): void {
    this.#waiting.push(flow)
    this.#timer ??= setTimeout(() => this.flush(), GROUP_MS)
    if (this.#waiting.length >= GROUP_MAX) this.flush()
  }
}
