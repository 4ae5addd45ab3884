/** An endpoint as a person describes it: read, completed and checked, with every problem. */

import type { NamedPort, Problem } from '../../events/fields.ts'
import { IpAddress, LabelText, Port } from '../../events/ids.ts'
import { ascending } from '../../events/order.ts'
import { addressText, parseAddress } from '../../projections/ip/prefix.ts'
import { DEFAULT_POLICY_OPTIONS } from '../../projections/policy/default-options.ts'
import { problemAt } from './decision.ts'

/** As given; what is left out is undefined. */
export type EndpointWish = {
  readonly id?: number | undefined
  readonly name: string
  /** `source:key=value`; without a source `k8s:`. */
  readonly labels: readonly string[]
  /** A number for the identity of these labels, where it must be this one. */
  readonly identity?: number | undefined
  readonly ipv4?: string | undefined
  readonly ipv6?: string | undefined
  readonly device?: string | undefined
  readonly mac?: string | undefined
  readonly nodeMac?: string | undefined
  readonly namedPorts?:
    | readonly { readonly name: string; readonly port: number; readonly protocol: string }[]
    | undefined
}

export type EndpointFields = {
  readonly id: number | null
  readonly identity: number | null
  readonly name: string
  readonly labels: readonly LabelText[]
  readonly ipv4: IpAddress | null
  readonly ipv6: IpAddress | null
  readonly device: string | null
  readonly mac: string | null
  readonly nodeMac: string | null
  readonly namedPorts: readonly NamedPort[]
}

const NAMESPACE_KEY = 'k8s:io.kubernetes.pod.namespace'
const CLUSTER_KEY = 'k8s:io.cilium.k8s.policy.cluster'
const DEFAULT_NAMESPACE = 'default'
const ID_MAX = 0xffff
const IDENTITY_MAX = 0xffff
/** DNS-1123, as for pods. */
const NAME = /^([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?\/)?[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/
/** Source, key and value. */
const LABEL = /^(?:([a-z0-9-]+):)?([^\s=:;,][^\s=;,]*)(?:=([^\s;,]*))?$/
/** IFNAMSIZ is 16 with the ending zero. */
const DEVICE = /^[^\s/]{1,15}$/
const MAC = /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/
/** IANA service name, as Kubernetes takes it. */
const PORT_NAME = /^(?=.*[a-z])[a-z0-9]([a-z0-9-]{0,13}[a-z0-9])?$/
const PROTOCOLS: readonly string[] = ['TCP', 'UDP', 'SCTP']

export function readEndpoint(wish: EndpointWish): {
  readonly fields: EndpointFields | null
  readonly problems: readonly Problem[]
} {
  const problems: Problem[] = []
  const refuse = (code: string, path: string, reason: string): void => void problems.push(problemAt(code, path, reason))
  const named = wish.name.includes('/') || wish.labels.some((label) => label.startsWith('reserved:'))
  const name = named ? wish.name : `${DEFAULT_NAMESPACE}/${wish.name}`
  if (!NAME.test(name)) refuse('endpoint-name', '/name', `${wish.name} is not [namespace/]name in DNS-1123 characters`)
  checkNumber(wish.id, { path: '/id', max: ID_MAX }, refuse)
  checkNumber(wish.identity, { path: '/identity', max: IDENTITY_MAX }, refuse)
  const labels = readLabels(wish.labels, name, refuse)
  const ipv4 = readAddress(wish.ipv4, { family: 4, path: '/ipv4' }, refuse)
  const ipv6 = readAddress(wish.ipv6, { family: 6, path: '/ipv6' }, refuse)
  checkText(wish.device, { path: '/device', pattern: DEVICE, what: 'a device name of at most 15 characters' }, refuse)
  checkText(wish.mac?.toLowerCase(), { path: '/mac', pattern: MAC, what: 'a MAC address' }, refuse)
  checkText(wish.nodeMac?.toLowerCase(), { path: '/nodeMac', pattern: MAC, what: 'a MAC address' }, refuse)
  const namedPorts = readNamedPorts(wish.namedPorts ?? [], refuse)
  if (problems.length > 0) return { fields: null, problems }
  const { id = null, identity = null, device = null } = wish
  const macs = { mac: wish.mac?.toLowerCase() ?? null, nodeMac: wish.nodeMac?.toLowerCase() ?? null }
  return { fields: { id, identity, name, labels, ipv4, ipv6, device, ...macs, namedPorts }, problems }
}

type Refuse = (code: string, path: string, reason: string) => void

/** Sorted and unique, with the labels that every pod has. */
function readLabels(texts: readonly string[], name: string, refuse: Refuse): readonly LabelText[] {
  const labels = new Map<string, LabelText>()
  for (const [index, text] of texts.entries()) {
    const path = `/labels/${index}`
    const label = labelOf(text)
    if (label === null) {
      refuse('label-invalid', path, `${text} is not [source:]key[=value]`)
      continue
    }
    const key = label.replace(/=.*$/, '')
    const before = labels.get(key)
    if (before !== undefined && before !== label) refuse('label-repeated', path, `${label} contradicts ${before}`)
    labels.set(key, label)
  }
  addPodLabels(labels, name, refuse)
  if (labels.size === 0) refuse('labels-missing', '/labels', 'an endpoint needs at least one label')
  return [...labels.values()].toSorted()
}

/** Null where it is none; without a source it is of Kubernetes. */
function labelOf(text: string): LabelText | null {
  const match = LABEL.exec(text)
  if (match === null) return null
  const [, source = 'k8s', key, value = ''] = match
  return LabelText(value === '' ? `${source}:${key}` : `${source}:${key}=${value}`)
}

/** What every pod's identity has in Cilium: without the cluster's label the entity `cluster` would not take the endpoint. */
function addPodLabels(labels: Map<string, LabelText>, name: string, refuse: Refuse): void {
  const slash = name.indexOf('/')
  if (slash < 0 || !NAME.test(name)) return
  const wanted = LabelText(`${NAMESPACE_KEY}=${name.slice(0, slash)}`)
  const given = labels.get(NAMESPACE_KEY)
  if (given !== undefined && given !== wanted) {
    refuse('namespace-differs', '/labels', `${given} contradicts the name ${name}`)
  }
  if (labels.size === 0) return
  labels.set(NAMESPACE_KEY, wanted)
  if (!labels.has(CLUSTER_KEY))
    labels.set(CLUSTER_KEY, LabelText(`${CLUSTER_KEY}=${DEFAULT_POLICY_OPTIONS.clusterName}`))
}

function readAddress(
  text: string | undefined,
  { family, path }: { readonly family: 4 | 6; readonly path: string },
  refuse: Refuse,
): IpAddress | null {
  if (text === undefined) return null
  const address = parseAddress(text)
  if (address !== null && address.family === family && address.bits !== 0n) return IpAddress(addressText(address))
  refuse('address-invalid', path, `${text} is not an IPv${family} address of an endpoint`)
  return null
}

function checkNumber(
  value: number | undefined,
  { path, max }: { readonly path: string; readonly max: number },
  refuse: Refuse,
): void {
  if (value === undefined || (Number.isInteger(value) && value > 0 && value <= max)) return
  refuse('number-out-of-range', path, `${value} is not a whole number from 1 to ${max}`)
}

function checkText(
  value: string | undefined,
  { path, pattern, what }: { readonly path: string; readonly pattern: RegExp; readonly what: string },
  refuse: Refuse,
): void {
  if (value !== undefined && !pattern.test(value)) refuse('text-invalid', path, `${value} is not ${what}`)
}

/** Sorted by name and protocol; one number for each. */
function readNamedPorts(given: NonNullable<EndpointWish['namedPorts']>, refuse: Refuse): readonly NamedPort[] {
  const ports = new Map<string, NamedPort>()
  for (const [index, { name, port, protocol }] of given.entries()) {
    const path = `/namedPorts/${index}`
    if (!PORT_NAME.test(name)) refuse('port-name', `${path}/name`, `${name} is not a service name`)
    if (!PROTOCOLS.includes(protocol))
      refuse('protocol-unknown', `${path}/protocol`, `${protocol} is not TCP, UDP, SCTP`)
    if (!Number.isInteger(port) || port < 1 || port > ID_MAX) {
      refuse('port-invalid', `${path}/port`, `${port} is not 1 to ${ID_MAX}`)
      continue
    }
    const key = `${name}/${protocol}`
    if (ports.has(key)) refuse('port-repeated', path, `${name} comes twice for ${protocol}`)
    ports.set(key, { name, port: Port(port), protocol: protocol as NamedPort['protocol'] })
  }
  return [...ports.entries()].toSorted(([a], [b]) => ascending(a, b)).map(([, port]) => port)
}
