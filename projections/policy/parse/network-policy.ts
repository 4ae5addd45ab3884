/**
 * A Kubernetes NetworkPolicy (networking.k8s.io/v1) as a rule of the engine (Cilium pkg/k8s/network_policy.go).
 *
 * It differs from Cilium's own language: a missing or empty list of peers is everyone, an empty list of elements is default deny, keys
 * are labels of pods or of their namespaces, the protocol is TCP where none is given, and each peer becomes an element of its own.
 */
import type { Json } from '../../../events/schema.ts'
import { parsePrefix, prefixText } from '../../ip/prefix.ts'
import type {
  LabelRequirement,
  LabelSelector,
  Peer,
  PolicyElement,
  PolicyRule,
  PortProtocol,
  PortRule,
} from '../rule.ts'
import { readExcept } from './peers.ts'
import { isPortName } from './ports.ts'
import { type JsonObject, pointer, type Reader } from './reader.ts'
import type { RuleContext } from './rule.ts'
import { inNamespace, type KeyStyle, POD_NAMESPACE, readSelector, selectorOf } from './selector.ts'

type Direction = 'ingress' | 'egress'

export function readNetworkPolicy(reader: Reader, object: JsonObject, context: RuleContext): PolicyRule {
  const path = '/spec'
  if ((object['spec'] ?? null) === null) reader.refuse('policy-empty', path, 'a NetworkPolicy needs a spec')
  const spec = reader.object(object['spec'], path, ['podSelector', 'ingress', 'egress', 'policyTypes'])
  const { namespace } = context.scope
  const types = readPolicyTypes(reader, spec, path)
  const elements = (direction: Direction) =>
    (
      reader.each(spec, direction, path, (item, at) => readElements(reader, item, at, { direction, namespace })) ?? []
    ).flat()
  const ingress = elements('ingress')
  const egress = elements('egress')
  // An element that grants nothing switches default deny on.
  const denyAll = (direction: Direction): readonly PolicyElement[] => [elementOf(pointer(path, direction), null, null)]
  const isolatesIngress = types.includes('Ingress') || !types.includes('Egress')
  const rule = {
    ingress: ingress.length === 0 && isolatesIngress ? denyAll('ingress') : ingress,
    egress: egress.length === 0 && types.includes('Egress') ? denyAll('egress') : egress,
  }
  return {
    pointer: path,
    subject: {
      kind: 'endpoints',
      selector: podsIn(namespace, readPods(reader, spec['podSelector'], pointer(path, 'podSelector'))),
    },
    ...rule,
    ingressDeny: [],
    egressDeny: [],
    defaultDeny: { ingress: rule.ingress.length > 0, egress: rule.egress.length > 0 },
    labels: context.labels.toSorted(),
    description: '',
    log: null,
  }
}

function readPolicyTypes(reader: Reader, spec: JsonObject, path: string): readonly string[] {
  const types = reader.each(spec, 'policyTypes', path, (item, at) => {
    const type = reader.asText(item, at)
    if (type !== 'Ingress' && type !== 'Egress') reader.refuse('policy-type', at, `${type} is not Ingress or Egress`)
    return type
  })
  return types ?? []
}

type ElementContext = { readonly direction: Direction; readonly namespace: string }

/** One element for each peer, and one for everyone where no peers are named. */
function readElements(reader: Reader, value: Json, path: string, context: ElementContext): readonly PolicyElement[] {
  const field = context.direction === 'ingress' ? 'from' : 'to'
  const object = reader.object(value, path, [field, 'ports'])
  const ports = reader.each(object, 'ports', path, (item, at) => readPort(reader, item, at)) ?? []
  const rules = ports.length === 0 ? null : ports.filter((port) => port !== null).map(portRuleOf)
  const peers = reader.each(object, field, path, (item, at) => ({
    at,
    peer: readPeer(reader, item, at, context.namespace),
  }))
  if (peers === null || peers.length === 0) return [elementOf(path, { kind: 'endpoints', selector: EVERYONE }, rules)]
  return peers.flatMap(({ at, peer }) => (peer === null ? [] : [elementOf(at, peer, rules)]))
}

const EVERYONE: LabelSelector = { requirements: [] }

function elementOf(path: string, peer: Peer | null, ports: readonly PortRule[] | null): PolicyElement {
  return { pointer: path, peers: peer === null ? null : [peer], requires: [], ports, icmps: null, auth: null }
}

function readPeer(reader: Reader, value: Json, path: string, namespace: string): Peer | null {
  const object = reader.object(value, path, ['podSelector', 'namespaceSelector', 'ipBlock'])
  const { podSelector = null, namespaceSelector = null, ipBlock = null } = object
  if (podSelector === null && namespaceSelector === null && ipBlock === null) {
    reader.refuse('peer-empty', path, 'a peer needs one of podSelector, namespaceSelector and ipBlock')
    return null
  }
  if (ipBlock !== null && (podSelector !== null || namespaceSelector !== null)) {
    reader.refuse('peers-combined', path, 'ipBlock cannot stand with podSelector or namespaceSelector')
  }
  if (ipBlock !== null) return readBlock(reader, ipBlock, pointer(path, 'ipBlock'))
  const pods = readPods(reader, podSelector, pointer(path, 'podSelector'))
  if (namespaceSelector === null) return { kind: 'endpoints', selector: podsIn(namespace, pods) }
  const namespaces = readSelector(reader, namespaceSelector, pointer(path, 'namespaceSelector'), NAMESPACE_KEYS)
  return {
    kind: 'endpoints',
    selector: selectorOf([...namespaces.requirements, ...inSomeNamespace(namespaces), ...pods.requirements]),
  }
}

const kubernetesKey: KeyStyle['read'] = (key) => ({ source: 'k8s', key })
const POD_KEYS: KeyStyle = { read: kubernetesKey, prefix: '' }
const NAMESPACE_KEYS: KeyStyle = { read: kubernetesKey, prefix: 'io.cilium.k8s.namespace.labels.' }

function readPods(reader: Reader, value: Json | undefined, path: string): LabelSelector {
  return readSelector(reader, value, path, POD_KEYS)
}

function podsIn(namespace: string, { requirements }: LabelSelector): LabelSelector {
  const others = requirements.filter(({ key, operator }) => !(key === POD_NAMESPACE && operator === 'In'))
  return selectorOf([...others, inNamespace(namespace)])
}

/** Only what has a namespace has namespace labels; without this, NotIn and DoesNotExist would take in what is no pod. */
function inSomeNamespace({ requirements }: LabelSelector): readonly LabelRequirement[] {
  const asksForLabel = requirements.some(({ operator }) => operator === 'In' || operator === 'Exists')
  return asksForLabel ? [] : [{ source: 'k8s', key: POD_NAMESPACE, operator: 'Exists', values: [] }]
}

function readBlock(reader: Reader, value: Json, path: string): Peer | null {
  const object = reader.object(value, path, ['cidr', 'except'])
  const text = reader.text(object, 'cidr', path) ?? ''
  const prefix = parsePrefix(text)
  if (prefix === null) reader.refuse('cidr-invalid', pointer(path, 'cidr'), `unable to parse CIDR ${text}`)
  const except = reader.each(object, 'except', path, (item, at) => readExcept(reader, item, at, prefix)) ?? []
  const exceptTexts = except.filter((found) => found !== null).map(prefixText)
  return prefix === null ? null : { kind: 'cidr', prefix: prefixText(prefix), except: exceptTexts }
}

function portRuleOf(port: PortProtocol): PortRule {
  return { ports: [port], l7: null, terminatingTls: null, originatingTls: null, serverNames: [], listener: null }
}

const PORT_MAX = 65_535

function readPort(reader: Reader, value: Json, path: string): PortProtocol | null {
  const object = reader.object(value, path, ['protocol', 'port', 'endPort'])
  const port = readPortNumber(reader, object, path)
  const protocol = reader.text(object, 'protocol', path) ?? 'TCP'
  if (protocol !== 'TCP' && protocol !== 'UDP' && protocol !== 'SCTP') {
    reader.refuse('protocol-unknown', pointer(path, 'protocol'), `${protocol} is not TCP, UDP or SCTP`)
    return null
  }
  return port === null ? null : { port, protocol }
}

/** A number, or a name; without one every port. */
function readPortNumber(reader: Reader, object: JsonObject, path: string): PortProtocol['port'] | null {
  const { port = null } = object
  const at = pointer(path, 'port')
  const last = reader.integer(object, 'endPort', path, PORT_MAX)
  if (last !== null && typeof port !== 'number') {
    reader.refuse('end-port-named', pointer(path, 'endPort'), 'endPort needs a numeric port')
  }
  if (port === null) return { kind: 'any' }
  if (typeof port === 'string') {
    if (!isPortName(port)) reader.refuse('port-invalid', at, `"${port}" is not a port name, and a number has no quotes`)
    return { kind: 'named', name: port.toLowerCase() }
  }
  const first = reader.integer(object, 'port', path, PORT_MAX)
  if (first === null) return null
  if (first === 0) reader.refuse('port-invalid', at, 'there is no port 0')
  if (last !== null && last < first) {
    reader.refuse('port-range-inverted', pointer(path, 'endPort'), `${first} is above ${last}`)
  }
  return { kind: 'range', first, last: last ?? first }
}
