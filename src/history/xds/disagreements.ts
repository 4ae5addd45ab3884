/**
 * Where what a node enforces and what its proxies run do not go together: a policy map that sends connections to a port on which no connected proxy
 * listens, and a proxy that judges by another network policy than the one that is served.
 */
import type { Direction } from '../../../events/fields.ts'
import type { EndpointId } from '../../../events/ids.ts'
import type { Json } from '../../../events/schema.ts'
import type { PolicyMap } from '../../../projections/datapath/policy-map.ts'
import type { EndpointView } from '../../../projections/world.ts'
import { type Client, type Proxies, rulesOf, sameResource } from './proxies.ts'

type AtEndpoint = { readonly endpoint: EndpointId; readonly name: string; readonly rules: readonly string[] }

export type Disagreement =
  /** `to`: destination ports of what is sent there. `refused`: what proxies said of the listeners. */
  | (AtEndpoint & {
      readonly what: 'no-listener'
      readonly proxyPort: number
      readonly direction: Direction
      readonly to: readonly number[]
      readonly refused: readonly string[]
    })
  /** `runs` null: it has none, or nobody knows. */
  | (AtEndpoint & {
      readonly what: 'policy-behind'
      readonly client: string
      readonly serves: string
      readonly runs: string | null
      readonly refused: readonly string[]
    })

/** An endpoint without redirects needs no proxy. */
export function disagreementsOf(endpoint: EndpointView, proxies: Proxies): readonly Disagreement[] {
  const redirects = redirectsIn(endpoint.policyMap)
  if (redirects.length === 0) return []
  const clients = proxies.clients()
  const unheard = redirects.filter(({ proxyPort }) => !clients.some((one) => listensOn(one, proxyPort)))
  return [
    ...unheard.map((redirect) => noListener(endpoint, redirect, clients)),
    ...clients.flatMap((client) => policyBehind(endpoint, client, proxies)),
  ]
}

/** Two of one key are the same disagreement, whatever else has changed. */
export function disagreementKey(one: Disagreement): string {
  return one.what === 'no-listener'
    ? `${one.endpoint} ${one.direction} ${one.proxyPort}`
    : `${one.endpoint} policy ${one.client}`
}

type Redirected = {
  readonly direction: Direction
  readonly proxyPort: number
  readonly to: readonly number[]
  readonly rules: readonly string[]
}

/** Maps are values, so what was found once stays true. */
const REDIRECTS: WeakMap<PolicyMap, readonly Redirected[]> = new WeakMap()

function redirectsIn(map: PolicyMap): readonly Redirected[] {
  const known = REDIRECTS.get(map)
  if (known !== undefined) return known
  const entries = [...map.values()].filter(({ value }) => value.verdict === 'redirect')
  const groups = Map.groupBy(entries, ({ key, value }) => `${key.direction} ${value.proxyPort}`)
  const found = [...groups.values()].map((group): Redirected => {
    const { key, value } = group[0]!
    const to = [...new Set(group.map((entry) => entry.key.port))].toSorted((a, b) => a - b)
    const rules = [...new Set(group.flatMap((entry) => entry.value.origins))].toSorted()
    return { direction: key.direction, proxyPort: value.proxyPort, to, rules }
  })
  REDIRECTS.set(map, found)
  return found
}

function noListener({ endpoint, name }: EndpointView, redirect: Redirected, clients: readonly Client[]): Disagreement {
  return { what: 'no-listener', endpoint, name, ...redirect, refused: refusalsOf(clients, 'lds') }
}

function policyBehind({ endpoint, name }: EndpointView, client: Client, proxies: Proxies): readonly Disagreement[] {
  const served = proxies.served('npds')
  const running = client.standings.get('npds')?.running ?? null
  const [wanted, has] = [served?.resources.get(String(endpoint)), running?.resources.get(String(endpoint))]
  if (served === null || sameResource(wanted, has)) return []
  const rules = rulesOf(wanted ?? has)
  const versions = { serves: served.version, runs: running?.version ?? null }
  const refused = refusalsOf([client], 'npds')
  return [{ what: 'policy-behind', endpoint, name, rules, client: client.client, ...versions, refused }]
}

function refusalsOf(clients: readonly Client[], xds: 'lds' | 'npds'): readonly string[] {
  return clients.flatMap(({ standings }) => standings.get(xds)?.answer.detail ?? [])
}

function listensOn({ standings }: Client, port: number): boolean {
  const listeners = standings.get('lds')?.running?.resources.values() ?? []
  return [...listeners].some((listener) => portsOf(listener).includes(port))
}

type Address = { readonly socketAddress?: { readonly portValue?: number } | null } | null
type Listener = {
  readonly address?: Address
  readonly additionalAddresses?: readonly { readonly address?: Address }[]
}

function portsOf(resource: Json): readonly number[] {
  const { address, additionalAddresses = [] } = resource as unknown as Listener
  const all = [address, ...additionalAddresses.map((one) => one.address)]
  return all.flatMap((one) => one?.socketAddress?.portValue ?? [])
}
