/** Each difference with the labels, the rules and the events behind it. What no event ever made is foreign. */
import type { EndpointId, Position } from '../../../events/ids.ts'
import { FOUND_ORIGIN } from '../../../projections/datapath/policy-map.ts'
import { unitParts } from '../../../projections/history/entities.ts'
import { type Blamed, blame } from '../blame.ts'
import { causeOf, type EventRef, eventAt, refOf } from '../event-at.ts'
import type { History } from '../history.ts'
import { labelsAt } from '../labels.ts'
import { endpointAt } from '../state-at.ts'
import type { Drift } from './compare.ts'

export type ExplainedDrift = Drift & {
  readonly labels: readonly string[]
  readonly rules: readonly Blamed[]
  /** What last wrote it down, put it there or took it away; null for what no event knows. */
  readonly event: EventRef | null
  /** The person's event that it followed from. */
  readonly cause: EventRef | null
}

type Asked = { readonly node: string; readonly at: Position }
type Reasons = Pick<ExplainedDrift, 'rules' | 'event' | 'cause'> & { readonly known: boolean }

const NOTHING: Reasons = { rules: [], event: null, cause: null, known: false }

export async function explainDrift(
  history: History,
  asked: Asked & { readonly drifts: readonly Drift[] },
): Promise<readonly ExplainedDrift[]> {
  const labelsOf = labelsAt(history.model, asked.node, asked.at)
  const explained: ExplainedDrift[] = []
  for (const drift of asked.drifts) {
    const { known, ...reasons } = await reasonsFor(history, asked, drift)
    const kind = drift.kind === 'extra' && !known ? 'foreign' : drift.kind
    const identity = identityOf(drift)
    explained.push({ ...drift, kind, labels: identity === null ? [] : labelsOf(identity), ...reasons })
  }
  return explained
}

async function reasonsFor(history: History, { node, at }: Asked, drift: Drift): Promise<Reasons> {
  const { endpoint, what, name } = drift
  switch (what) {
    case 'entry':
      return ofEntry(history, { node, at, endpoint: endpoint!, key: name })
    case 'ipcache':
      return ofAddress(history, { node, at, prefix: name })
    case 'program':
      return drift.kind === 'foreign'
        ? NOTHING
        : ofEntity(history, { unit: `node ${node}`, entity: `program ${endpoint}/${name}`, at })
    case 'map':
    case 'slot':
    case 'endpoint':
      return ofEntity(history, { unit: `endpoint ${node} ${endpoint}`, entity: 'endpoint', at })
    case 'route':
      return NOTHING
  }
}

/** An entry that the log calls found is there because somebody saw it, not because somebody wanted it. */
async function ofEntry(
  history: History,
  question: Asked & { readonly endpoint: EndpointId; readonly key: string },
): Promise<Reasons> {
  const [blamed] = await blame(history, question)
  if (blamed === undefined) return NOTHING
  const { rules, event, cause } = blamed
  return { rules, event, cause, known: rules.every(({ origin }) => origin !== FOUND_ORIGIN) }
}

/** Addresses of other nodes' endpoints stand on the log where those endpoints do. */
async function ofAddress(
  history: History,
  { node, at, prefix }: Asked & { readonly prefix: string },
): Promise<Reasons> {
  const own = await ofEntity(history, { unit: `node ${node}`, entity: `ipcache ${prefix}`, at })
  if (own.known) return own
  const isOwner = (unit: string): boolean => {
    const parts = unitParts(unit)
    if (parts.kind !== 'endpoint' || parts.node === node) return false
    const view = endpointAt(history.model, { node: parts.node, endpoint: parts.endpoint, at })
    return view !== null && [`${view.ipv4}/32`, `${view.ipv6}/128`].includes(prefix)
  }
  const unit = history.model.units(at).find(isOwner)
  return unit === undefined ? NOTHING : ofEntity(history, { unit, entity: 'endpoint', at })
}

async function ofEntity(
  history: History,
  { unit, entity, at }: { readonly unit: string; readonly entity: string; readonly at: Position },
): Promise<Reasons> {
  const [version] = history.model.versions({ unit, entity, upTo: at, limit: 1 })
  const event = version === undefined ? null : await eventAt(history, version.position)
  if (event === null) return NOTHING
  return { rules: [], event: refOf(event), cause: await causeOf(history, event), known: true }
}

function identityOf({ key, recorded, found }: Drift): number | null {
  if (key !== null) return key.identity
  const value = recorded ?? found
  const identity = typeof value === 'object' && value !== null && 'identity' in value ? value['identity'] : null
  return typeof identity === 'number' ? identity : null
}
