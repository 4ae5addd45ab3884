/**
 * Policies under other names, as Cilium's own engine answered them: what it said of a connection holds for the renamed policies, identities, services,
 * answers of the DNS and requests.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Cidr, LabelText } from '../../events/ids.ts'
import type { Json } from '../../events/schema.ts'
import { readBareRule, readPolicy } from '../../projections/policy/parse/policy.ts'
import { headerValue } from '../../src/history/capsule/pseudonyms/http.ts'
import { labelSet, labels, labelValue } from '../../src/history/capsule/pseudonyms/labels.ts'
import { pseudonymousManifest } from '../../src/history/capsule/pseudonyms/manifest.ts'
import { Pseudonyms } from '../../src/history/capsule/pseudonyms/names.ts'
import { CLUSTER_KEY } from '../../src/history/capsule/pseudonyms/vocabulary.ts'
import { answerState, tally } from '../policy/vector-answers.ts'
import { engineOf, identitiesByState } from '../policy/vector-engine.ts'
import {
  readVectors,
  type VectorCase,
  type VectorIdentity,
  type VectorInput,
  type VectorState,
} from '../vectors/read.ts'

const names = new Pseudonyms(Buffer.from('a key that nobody else has'))

const identity = ({ id, labels: given = [], cidr }: VectorIdentity): VectorIdentity => {
  const prefix = cidr === undefined ? null : Cidr(cidr)
  const renamed = labels(names, given.map(LabelText), prefix)
  return { id, labels: renamed, ...(prefix === null ? {} : { cidr: names.prefix(prefix) }) }
}

/** What the log would hold of it; what is refused never comes there. */
function policy(given: Json): Json {
  const reading = readPolicy(given)
  if (reading.kind === 'refused') return given
  return pseudonymousManifest(names, reading.policy.manifest, reading.policy.resource.namespace)
}

function rule(given: Json): Json {
  if (readBareRule(given, 'rule').kind === 'refused') return given
  return (pseudonymousManifest(names, { kind: 'Rule', spec: given }, null) as { readonly spec: Json }).spec
}

const ports = (all: NonNullable<NonNullable<VectorInput['podPorts']>[number]>): typeof all =>
  all.map((port) => ({ ...port, name: names.port(port.name) }))

function input(given: VectorInput): VectorInput {
  const { options = {}, identities = [], policies = [], rules = [], endpoints = [], podPorts = [] } = given
  const { services = [], dns = {}, secrets = {}, steps = [] } = given
  const { clusterName = 'default' } = options
  return {
    options: { ...options, clusterName: labelValue(names, CLUSTER_KEY, clusterName) },
    identities: identities.map(identity),
    policies: policies.map(policy),
    rules: rules.map(rule),
    endpoints: endpoints.map(({ namedPorts = [], ...rest }) => ({ ...rest, namedPorts: ports(namedPorts) })),
    podPorts: podPorts.map(ports),
    services: services.map(({ namespace, name, labels: given = {}, backends = [] }) => ({
      namespace: names.name(namespace),
      name: names.name(name),
      labels: labelSet(names, given),
      backends: backends.map((one) => names.prefix(one)),
    })),
    dns: Object.fromEntries(
      Object.entries(dns).map(([name, all]) => [names.dns(name), all.map((one) => names.prefix(one))]),
    ),
    secrets: Object.fromEntries(
      Object.entries(secrets).map(([key, items]) => [
        names.path(key),
        Object.fromEntries(Object.entries(items).map(([item, text]) => [names.name(item), text])),
      ]),
    ),
    steps: steps.map(({ addIdentities = [], ...rest }) => ({ ...rest, addIdentities: addIdentities.map(identity) })),
  }
}

function state({ http = [], ...rest }: VectorState): VectorState {
  return {
    ...rest,
    http: http.map(({ host, headers = {}, ...request }) => ({
      ...request,
      host: names.host(host),
      headers: Object.fromEntries(
        Object.entries(headers).map(([name, value]) => [name, headerValue(names, name, value)]),
      ),
    })),
  }
}

/** A field of which it is known that it cannot be renamed. */
const REFUSED = /^(the regular expression of a host .*|the pattern .* matches a part of a name)$/s

function renamedCase(one: VectorCase): VectorCase | string {
  try {
    return { ...one, input: input(one.input), states: one.states.map(state) }
  } catch (error) {
    assert.ok(error instanceof RangeError, `${one.name}: ${error instanceof Error ? error.stack : error}`)
    assert.match(error.message, REFUSED, one.name)
    return error.message
  }
}

for (const file of ['handwritten', 'random'] as const) {
  test(`T68 what Cilium's engine answered of the ${file} policies holds for them under pseudonyms`, (t) => {
    const answers = tally()
    const refused: string[] = []
    const cases = readVectors(file).filter(({ contestedCase }) => contestedCase === undefined)
    for (const one of cases) {
      const renamed = renamedCase(one)
      if (typeof renamed === 'string') {
        refused.push(`${one.name}: ${renamed}`)
        continue
      }
      const identities = identitiesByState(renamed.input)
      for (const [i, of] of renamed.states.entries()) {
        const engine = engineOf(renamed.input, identities[i] ?? [])
        answerState(engine, { input: renamed.input, state: of, name: `${one.name} state ${i}` }, answers)
      }
    }
    t.diagnostic(`${answers.asked} answers of ${cases.length - refused.length} cases; ${refused.length} refused`)
    assert.deepEqual(answers.failures.slice(0, 40), [], `${answers.failures.length} of ${answers.asked}`)
    assert.ok(refused.length < 0.05 * cases.length, refused.join('\n'))
  })
}
