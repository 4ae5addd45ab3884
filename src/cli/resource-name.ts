/** How people name a policy and what policies name: `cnp/default/rule1`, `cnp/rule1`, or `cnp rule1 -n default`; `ccg/offices`, `svc/db`. */
import type { FactRef } from '../../events/facts.ts'
import type { ResourceRef } from '../../events/fields.ts'
import { CliError } from './failure.ts'

type Kind = ResourceRef['kind'] | FactRef['kind']

const ALIASES: Readonly<Record<string, Kind>> = {
  cnp: 'CiliumNetworkPolicy',
  ciliumnetworkpolicy: 'CiliumNetworkPolicy',
  ciliumnetworkpolicies: 'CiliumNetworkPolicy',
  ccnp: 'CiliumClusterwideNetworkPolicy',
  ciliumclusterwidenetworkpolicy: 'CiliumClusterwideNetworkPolicy',
  ciliumclusterwidenetworkpolicies: 'CiliumClusterwideNetworkPolicy',
  knp: 'NetworkPolicy',
  netpol: 'NetworkPolicy',
  networkpolicy: 'NetworkPolicy',
  networkpolicies: 'NetworkPolicy',
  rule: 'Rule',
  ccg: 'CiliumCIDRGroup',
  ciliumcidrgroup: 'CiliumCIDRGroup',
  ciliumcidrgroups: 'CiliumCIDRGroup',
  svc: 'Service',
  service: 'Service',
  services: 'Service',
  ep: 'Endpoints',
  endpoints: 'Endpoints',
  endpointslice: 'EndpointSlice',
  endpointslices: 'EndpointSlice',
}
const NAMESPACED: readonly Kind[] = ['CiliumNetworkPolicy', 'NetworkPolicy', 'Service', 'Endpoints', 'EndpointSlice']
const DEFAULT_NAMESPACE = 'default'

/** Throws `CliError` that names every word that is not understood. */
export function resourcesOf(
  words: readonly string[],
  namespace: string | undefined,
): readonly (ResourceRef | FactRef)[] {
  const [first, ...rest] = words
  const plain = first !== undefined && !first.includes('/')
  if (plain && rest.length === 0) {
    throw new CliError('usage', `resource-incomplete: ${first} is not KIND/NAME, KIND/NAMESPACE/NAME or KIND NAME`)
  }
  const named = plain ? rest.map((name) => `${first}/${name}`) : words
  const read = named.map((text) => resourceOf(text, namespace))
  const problems = read.filter((found) => typeof found === 'string')
  if (problems.length > 0) throw new CliError('usage', problems.join('\n'))
  return read.filter((found) => typeof found !== 'string')
}

/** `-` stands for no namespace, as in resource keys. */
function resourceOf(text: string, given: string | undefined): ResourceRef | FactRef | string {
  const parts = text.split('/')
  const [word = '', ...names] = parts
  const kind = ALIASES[word.toLowerCase()]
  if (kind === undefined)
    return `kind-unknown: ${word} is not one of cnp, ccnp, netpol, rule, ccg, svc, endpoints, endpointslice`
  const name = names.at(-1) ?? ''
  if (name === '' || parts.length > 3) return `resource-incomplete: ${text} is not KIND/NAME or KIND/NAMESPACE/NAME`
  const written = parts.length === 3 && parts[1] !== '-' ? parts[1] : undefined
  if (!NAMESPACED.includes(kind)) {
    return written === undefined ? { kind, namespace: null, name } : `namespace-not-allowed: ${kind} ${name} has none`
  }
  if (written !== undefined && given !== undefined && written !== given) {
    return `namespace-differs: ${text} is not in the namespace ${given}`
  }
  return { kind, namespace: written ?? given ?? DEFAULT_NAMESPACE, name }
}
