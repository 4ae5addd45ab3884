/**
 * Wishes about the endpoints of a node. A list of endpoints is taken as a whole or refused as a whole, with everything that is wrong.
 *
 * Who asks for a number gets the identity allocated in the same batch; everybody else's identity is the agent's to allocate.
 */
import { canonicalText } from '../../events/canonical.ts'
import type { EventOf } from '../../events/catalogue.ts'
import type { Problem } from '../../events/fields.ts'
import { EndpointId, IDENTITY_STREAM, IdentityId, type NodeName, nodeStream } from '../../events/ids.ts'
import { identityLabels } from '../../projections/identity/label-filter.ts'
import { addressesOf, evolveEndpoints, type NodeEndpoints } from '../../projections/ledger/endpoints.ts'
import { evolveNumbers, type NumberBook } from '../../projections/ledger/identities.ts'
import { type Decided, type Decision, decided, problemAt, refused } from './decision.ts'
import { type EndpointFields, type EndpointWish, readEndpoint } from './endpoint-fields.ts'
import { numberFor } from './identities.ts'
import { nearest } from './nearest.ts'

export type AddEndpoints = {
  readonly kind: 'add-endpoints'
  readonly node: NodeName
  readonly endpoints: readonly EndpointWish[]
}

export type DeleteEndpoints = {
  readonly kind: 'delete-endpoints'
  readonly node: NodeName
  /** Ids or names. */
  readonly endpoints: readonly string[]
}

const ENDPOINT_ID_MAX = 0xffff

type Open = { readonly endpoints: NodeEndpoints; readonly book: NumberBook }
type Step = {
  readonly open: Open
  readonly events: readonly [EventOf<'EndpointCreated'>, EventOf<'IdentityAllocated'> | null] | null
  readonly problems: readonly Problem[]
}

export function decideAddEndpoints({ node, endpoints: wishes }: AddEndpoints, state: Open): Decision {
  let open = state
  const [created, allocated, problems]: [EventOf<'EndpointCreated'>[], EventOf<'IdentityAllocated'>[], Problem[]] = [
    [],
    [],
    [],
  ]
  for (const [index, wish] of wishes.entries()) {
    const step = addOne(wish, open)
    const path = wishes.length === 1 ? '' : `/${index}`
    problems.push(...step.problems.map((problem) => ({ ...problem, path: `${path}${problem.path}` })))
    if (step.events !== null) created.push(step.events[0])
    if (step.events?.[1] != null) allocated.push(step.events[1])
    open = step.open
  }
  if (problems.length > 0) return refused(problems)
  const appends: Decided[] = []
  if (created.length > 0) appends.push({ stream: nodeStream(node), events: created })
  if (allocated.length > 0) appends.push({ stream: IDENTITY_STREAM, events: allocated })
  return { kind: 'decided', appends }
}

export function decideDeleteEndpoints({ node, endpoints }: DeleteEndpoints, state: NodeEndpoints): Decision {
  const found = endpoints.map((wanted) => ({ wanted, id: find(wanted, state) }))
  const problems = found.filter(({ id }) => id === null).map(({ wanted }) => notFound(wanted, state))
  if (problems.length > 0) return refused(problems)
  const ids = new Set(found.map(({ id }) => id).filter((id) => id !== null))
  return decided(
    nodeStream(node),
    [...ids].map((endpoint) => ({ type: 'EndpointDeleted', v: 1, endpoint })),
  )
}

/** An endpoint that is already there with the same name and fields is no change. */
function addOne(wish: EndpointWish, open: Open): Step {
  const { fields, problems: unreadable } = readEndpoint(wish)
  if (fields === null) return { open, events: null, problems: unreadable }
  const known = open.endpoints.byName.get(fields.name)
  const before = known === undefined ? undefined : open.endpoints.byId.get(known)
  if (before !== undefined && isSame(before, fields)) return { open, events: null, problems: [] }
  const id = fields.id ?? freeId(open.endpoints)
  const event: EventOf<'EndpointCreated'> | null = id === null ? null : eventOf(EndpointId(id), fields)
  const numbered =
    fields.identity === null
      ? null
      : numberFor({ labels: identityLabels(fields.labels), wanted: IdentityId(fields.identity) }, open.book)
  const problems = [
    ...(event === null ? [problemAt('endpoint-ids-exhausted', '/id', `all ${ENDPOINT_ID_MAX} ids are in use`)] : []),
    ...(event === null ? [] : clashes(event, open.endpoints)),
    ...(numbered?.kind === 'refused' ? numbered.problems : []),
  ]
  if (event === null || problems.length > 0) return { open, events: null, problems }
  const allocated = numbered?.kind === 'numbered' ? numbered.event : null
  const book = allocated === null ? open.book : evolveNumbers(open.book, allocated)
  return { open: { endpoints: evolveEndpoints(open.endpoints, event), book }, events: [event, allocated], problems }
}

function eventOf(endpoint: EndpointId, { id: _, identity: __, ...fields }: EndpointFields): EventOf<'EndpointCreated'> {
  return { type: 'EndpointCreated', v: 1, endpoint, ...fields }
}

function isSame(before: EventOf<'EndpointCreated'>, fields: EndpointFields): boolean {
  const { endpoint, type: _, v: __, ...rest } = before
  const { id, identity: ___, ...wanted } = fields
  return (id === null || id === endpoint) && canonicalText(rest) === canonicalText(wanted)
}

/** Above every id that was ever given, so that an id in an old flow names one endpoint; below only where there is no room. */
function freeId({ byId, highest }: NodeEndpoints): number | null {
  if (highest < ENDPOINT_ID_MAX) return highest + 1
  for (let id = 1; id <= ENDPOINT_ID_MAX; id++) if (!byId.has(id as EndpointId)) return id
  return null
}

function clashes(event: EventOf<'EndpointCreated'>, { byId, byName, byAddress }: NodeEndpoints): readonly Problem[] {
  const name = (id: EndpointId): string => `endpoint ${id}, ${byId.get(id)?.name ?? ''}`
  const byNumber = byId.has(event.endpoint) ? event.endpoint : undefined
  const named = byName.get(event.name)
  const addressed = addressesOf(event).map((address) => ({ address, owner: byAddress.get(address) }))
  return [
    ...(byNumber === undefined ? [] : [problemAt('endpoint-id-taken', '/id', `${name(byNumber)} has it`)]),
    ...(named === undefined ? [] : [problemAt('endpoint-name-taken', '/name', `${event.name} is ${name(named)}`)]),
    ...addressed.flatMap(({ address, owner }) =>
      owner === undefined
        ? []
        : [problemAt('address-taken', address === event.ipv4 ? '/ipv4' : '/ipv6', `${address} is ${name(owner)}`)],
    ),
  ]
}

function find(wanted: string, { byId, byName }: NodeEndpoints): EndpointId | null {
  const id = /^[1-9][0-9]{0,4}$/.test(wanted) ? (Number(wanted) as EndpointId) : null
  if (id !== null) return byId.has(id) ? id : null
  return byName.get(wanted) ?? byName.get(`default/${wanted}`) ?? null
}

function notFound(wanted: string, { byId, byName }: NodeEndpoints): Problem {
  const near = nearest(wanted, [...byName.keys(), ...[...byId.keys()].map(String)])
  const hint = near.length === 0 ? 'the node has no endpoints' : `the nearest are ${near.join(', ')}`
  return problemAt('endpoint-not-found', '', `${wanted} is not an endpoint of the node; ${hint}`)
}
