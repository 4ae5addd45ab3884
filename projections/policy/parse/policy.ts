/**
 * A policy object as the engine takes it: CiliumNetworkPolicy, CiliumClusterwideNetworkPolicy, NetworkPolicy, or a bare rule.
 *
 * A reading is accepted or refused as a whole; a refusal has everything that is wrong. What only the Kubernetes schema would refuse is kept
 * apart (`schemaProblems`): the engine reads such objects, as they may be in a cluster already, and `validate` and `apply` refuse them.
 *
 * The manifest of an accepted policy reads to the same policy again: that is how the log's events become rules.
 */
import type { Problem, ResourceRef } from '../../../events/fields.ts'
import type { Json } from '../../../events/schema.ts'
import type { PolicyRule } from '../rule.ts'
import { FACT_KINDS } from './fact.ts'
import { derivedFrom } from './label.ts'
import { readMetadata } from './metadata.ts'
import { readNetworkPolicy } from './network-policy.ts'
import { type ExpressionBudget, type JsonObject, Reader } from './reader.ts'
import { PROGRAMS_MAX } from './regex.ts'
import { type RuleContext, readRule } from './rule.ts'

export type PolicyDocument = {
  readonly resource: ResourceRef
  /** `kind`, `metadata` (name, namespace, uid, labels, annotations) and `spec`/`specs`; the namespace is always there where the kind has one. */
  readonly manifest: Json
  readonly rules: readonly PolicyRule[]
}

export type PolicyReading =
  | { readonly kind: 'accepted'; readonly policy: PolicyDocument; readonly schemaProblems: readonly Problem[] }
  | {
      readonly kind: 'refused'
      /** Null where the object does not say what it is. */
      readonly resource: ResourceRef | null
      readonly problems: readonly Problem[]
      readonly schemaProblems: readonly Problem[]
    }

export function readPolicy(object: Json): PolicyReading {
  return readPolicyWithin(object, { left: PROGRAMS_MAX })
}

/** The same where several policies share what their regular expressions may cost. */
export function readPolicyWithin(object: Json, budget: ExpressionBudget): PolicyReading {
  const reader = new Reader(budget)
  const policy = readDocument(reader, reader.anyObject(object, ''))
  return readingOf(reader, policy)
}

/** A rule without Kubernetes wrapping. Its manifest holds it as `spec` of kind `Rule`, which `readPolicy` reads as well. */
export function readBareRule(object: Json, name: string): PolicyReading {
  return readBareRuleWithin(object, name, { left: PROGRAMS_MAX })
}

export function readBareRuleWithin(object: Json, name: string, budget: ExpressionBudget): PolicyReading {
  const reading = readPolicyWithin({ kind: 'Rule', metadata: { name }, spec: object }, budget)
  return reading.kind === 'accepted'
    ? { ...reading, schemaProblems: reading.schemaProblems.map(withoutSpec) }
    : {
        ...reading,
        problems: reading.problems.map(withoutSpec),
        schemaProblems: reading.schemaProblems.map(withoutSpec),
      }
}

function withoutSpec(problem: Problem): Problem {
  return { ...problem, path: problem.path.replace(/^\/spec(?=\/|$)/, '') }
}

type Document = {
  readonly resource: ResourceRef | null
  readonly manifest: Json
  readonly rules: readonly PolicyRule[]
}

function readingOf({ problems, schemaProblems }: Reader, { resource, manifest, rules }: Document): PolicyReading {
  return problems.length === 0 && resource !== null
    ? { kind: 'accepted', policy: { resource, manifest, rules }, schemaProblems }
    : { kind: 'refused', resource, problems, schemaProblems }
}

type Kind = ResourceRef['kind']

/** `apiVersion` may be missing: the log's manifests have none. */
const API_VERSIONS: { readonly [kind in Kind]: string | null } = {
  CiliumNetworkPolicy: 'cilium.io/v2',
  CiliumClusterwideNetworkPolicy: 'cilium.io/v2',
  NetworkPolicy: 'networking.k8s.io/v1',
  Rule: null,
}

function isKind(text: string): text is Kind {
  return Object.hasOwn(API_VERSIONS, text)
}

function readDocument(reader: Reader, given: JsonObject): Document {
  const kind = reader.text(given, 'kind', '') ?? ''
  if (!isKind(kind)) {
    const known = [...Object.keys(API_VERSIONS).filter((name) => name !== 'Rule'), ...FACT_KINDS]
    const found = kind === '' ? 'there is no kind; it is' : `${kind} is not`
    reader.refuse('kind-unknown', '/kind', `${found} one of ${known.join(', ')}`)
    return { resource: null, manifest: given, rules: [] }
  }
  const apiVersion = reader.text(given, 'apiVersion', '') ?? API_VERSIONS[kind]
  if (apiVersion !== API_VERSIONS[kind]) {
    reader.refuse('api-version', '/apiVersion', `${kind} is read in version ${API_VERSIONS[kind]}, not ${apiVersion}`)
  }
  const object = reader.object(given, '', kind === 'NetworkPolicy' ? ONE_SPEC : SEVERAL_SPECS)
  const { name, namespace, uid, manifest } = readMetadata(reader, object['metadata'], { kind, scope: SCOPES[kind] })
  const resource = name === '' ? null : { kind, namespace, name }
  const context: RuleContext = {
    scope: { kind: SCOPES[kind], namespace: resource?.namespace ?? '' },
    labels: resource === null || kind === 'Rule' ? [] : derivedFrom(resource, uid),
  }
  if (kind === 'NetworkPolicy') {
    const { spec = {} } = object
    return {
      resource,
      manifest: { kind, metadata: manifest, spec },
      rules: [readNetworkPolicy(reader, object, context)],
    }
  }
  const rules = readSpecs(reader, object, context)
  return { resource, manifest: { kind, metadata: manifest, ...specsOf(object) }, rules }
}

const ONE_SPEC: readonly string[] = ['apiVersion', 'kind', 'metadata', 'spec', 'status']
const SEVERAL_SPECS: readonly string[] = [...ONE_SPEC, 'specs']

const SCOPES: { readonly [kind in Kind]: RuleContext['scope']['kind'] } = {
  CiliumNetworkPolicy: 'namespaced',
  CiliumClusterwideNetworkPolicy: 'clusterwide',
  NetworkPolicy: 'namespaced',
  Rule: 'bare',
}

function specsOf(object: JsonObject): { readonly spec?: Json; readonly specs?: Json } {
  const { spec = null, specs = null } = object
  return { ...(spec === null ? {} : { spec }), ...(specs === null ? {} : { specs }) }
}

function readSpecs(reader: Reader, object: JsonObject, context: RuleContext): readonly PolicyRule[] {
  const { spec = null } = object
  const rules = [
    ...(spec === null ? [] : [readRule(reader, spec, '/spec', context)]),
    ...(reader.each(object, 'specs', '', (item, at) => readRule(reader, item, at, context)) ?? []),
  ]
  if (rules.length === 0) reader.refuse('policy-empty', '/spec', 'a policy needs a rule in spec or specs')
  return rules
}
