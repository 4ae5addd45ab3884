/** One rule: subject, four sections, and what is said about the rule as a whole (Cilium pkg/policy/api/{rule,rule_validation}.go). */
import type { Json } from '../../../events/schema.ts'
import type { LabelSelector, PolicyElement, PolicyRule } from '../rule.ts'
import { readLabels } from './label.ts'
import { peerFields, readPeers } from './peers.ts'
import { isDeny, readIcmps, readPortRule, type Section } from './ports.ts'
import { type JsonObject, pointer, type Reader } from './reader.ts'
import { readSelector, readSubject, type Scope, scopePeer, selectsInit } from './selector.ts'

/** What the resource around a rule says about it. */
export type RuleContext = {
  readonly scope: Pick<Scope, 'kind' | 'namespace'>
  /** Derived-from labels, put before the rule's own. */
  readonly labels: readonly string[]
}

const RULE_FIELDS: readonly string[] = [
  'endpointSelector',
  'nodeSelector',
  'ingress',
  'ingressDeny',
  'egress',
  'egressDeny',
  'labels',
  'enableDefaultDeny',
  'description',
  'log',
]

export function readRule(reader: Reader, value: Json | undefined, path: string, context: RuleContext): PolicyRule {
  const object = reader.object(value, path, RULE_FIELDS)
  const subject = readRuleSubject(reader, object, path, context)
  const scope: Scope = { ...context.scope, matchesInit: selectsInit(subject.selector) }
  const section = (name: Section): readonly PolicyElement[] =>
    reader.each(object, name, path, (item, at) =>
      readElement(reader, item, at, { section: name, subject: subject.kind, scope }),
    ) ?? []
  const ingress = section('ingress')
  const ingressDeny = section('ingressDeny')
  const egress = section('egress')
  const egressDeny = section('egressDeny')
  return {
    pointer: path,
    subject,
    ingress,
    ingressDeny,
    egress,
    egressDeny,
    defaultDeny: readDefaultDeny(reader, object, path, {
      ingress: ingress.length + ingressDeny.length > 0,
      egress: egress.length + egressDeny.length > 0,
    }),
    labels: [...context.labels, ...readLabels(reader, object, path, context.scope.kind)].toSorted(),
    description: reader.text(object, 'description', path) ?? '',
    log: readLog(reader, object['log'], pointer(path, 'log')),
  }
}

function readRuleSubject(
  reader: Reader,
  object: JsonObject,
  path: string,
  { scope }: RuleContext,
): PolicyRule['subject'] {
  const endpoints = object['endpointSelector'] ?? null
  const node = object['nodeSelector'] ?? null
  if (endpoints === null && node === null) {
    reader.refuse('subject-missing', path, 'a rule needs one of endpointSelector and nodeSelector')
  }
  if (endpoints !== null && node !== null) {
    reader.refuse('subject-twice', path, 'a rule cannot have both endpointSelector and nodeSelector')
  }
  if (node === null) {
    const selector = readSubject(reader, endpoints, pointer(path, 'endpointSelector'), scope)
    return { kind: 'endpoints', selector }
  }
  const at = pointer(path, 'nodeSelector')
  if (scope.kind === 'namespaced') {
    reader.refuse('node-in-namespace', at, 'a policy of a namespace cannot select nodes: use a clusterwide one')
  }
  return { kind: 'node', selector: readSelector(reader, node, at) }
}

type ElementContext = {
  readonly section: Section
  readonly subject: 'endpoints' | 'node'
  readonly scope: Scope
}

function readElement(reader: Reader, value: Json, path: string, context: ElementContext): PolicyElement {
  const { section, scope } = context
  const requires = section.startsWith('ingress') ? 'fromRequires' : 'toRequires'
  const object = reader.object(value, path, elementFields(section))
  const ports = reader.each(object, 'toPorts', path, (item, at) => readPortRule(reader, item, at, context))
  const icmps = reader.each(object, 'icmps', path, (item, at) => readIcmps(reader, item, at))
  if (ports !== null && ports.length > 0 && icmps !== null && icmps.length > 0) {
    reader.refuse('icmps-with-ports', path, 'icmps and toPorts cannot stand in one element')
  }
  return {
    pointer: path,
    peers: readPeers(reader, object, path, context),
    requires: reader.each(object, requires, path, (item, at) => readRequired(reader, item, at, scope)) ?? [],
    ports: ports === null || ports.length === 0 ? null : ports,
    icmps: icmps === null || icmps.length === 0 ? null : icmps.flat(),
    auth: isDeny(section) ? null : readAuth(reader, object, path),
  }
}

function readRequired(reader: Reader, value: Json, path: string, scope: Scope): LabelSelector {
  return scopePeer(readSelector(reader, value, path), scope)
}

const ELEMENT_FIELDS: { readonly [section in Section]: readonly string[] } = {
  ingress: [...peerFields('ingress'), 'fromRequires', 'toPorts', 'icmps', 'auth', 'authentication'],
  ingressDeny: [...peerFields('ingressDeny'), 'fromRequires', 'toPorts', 'icmps'],
  egress: [...peerFields('egress'), 'toRequires', 'toPorts', 'icmps', 'auth', 'authentication'],
  egressDeny: [...peerFields('egressDeny'), 'toRequires', 'toPorts', 'icmps'],
}

function elementFields(section: Section): readonly string[] {
  return ELEMENT_FIELDS[section]
}

const MODES: readonly string[] = ['disabled', 'required', 'test-always-fail']

/** `auth` is the field of Cilium 1.13, whose only type lets everything pass; `authentication` that of current Cilium. */
function readAuth(reader: Reader, object: JsonObject, path: string): PolicyElement['auth'] {
  const old = object['auth'] ?? null
  const current = object['authentication'] ?? null
  if (old !== null && current !== null) {
    reader.refuse('auth-twice', path, 'auth and authentication cannot stand in one element')
  }
  if (current !== null) {
    const at = pointer(path, 'authentication')
    const mode = reader.text(reader.object(current, at, ['mode']), 'mode', at) ?? ''
    if (isMode(mode)) return mode
    reader.refuse('auth-mode', pointer(at, 'mode'), `${mode || 'nothing'} is not one of ${MODES.join(', ')}`)
  } else if (old !== null) {
    const at = pointer(path, 'auth')
    const type = reader.text(reader.object(old, at, ['type']), 'type', at) ?? ''
    if (type === 'null') return 'disabled'
    reader.refuse('auth-type', pointer(at, 'type'), `${type || 'nothing'} is not null, the only type there is`)
  }
  return null
}

function isMode(text: string): text is 'disabled' | 'required' | 'test-always-fail' {
  return MODES.includes(text)
}

function readDefaultDeny(
  reader: Reader,
  object: JsonObject,
  path: string,
  hasSection: PolicyRule['defaultDeny'],
): PolicyRule['defaultDeny'] {
  const at = pointer(path, 'enableDefaultDeny')
  const given = reader.object(object['enableDefaultDeny'], at, ['ingress', 'egress'])
  return {
    ingress: reader.flag(given, 'ingress', at) ?? hasSection.ingress,
    egress: reader.flag(given, 'egress', at) ?? hasSection.egress,
  }
}

/** Characters; as in the CRD of current Cilium. */
const LOG_VALUE_MAX = 32

function readLog(reader: Reader, value: Json | undefined, path: string): string | null {
  const text = reader.text(reader.object(value, path, ['value']), 'value', path)
  if (text === null || text === '') return null
  if (text.length > LOG_VALUE_MAX || !/^\P{C}+$/u.test(text)) {
    reader.refuse('log-value', pointer(path, 'value'), `must be at most ${LOG_VALUE_MAX} printable characters`)
  }
  return text
}
