/**
 * Reading policies: a thousand objects as they come from the log or a watch, L3 only and mixed (ports, HTTP, prefixes with exceptions,
 * names), and the same from JSON and YAML texts. Cilium 1.13 takes 17 to 27 ms for a thousand of such objects.
 */
import { stringify } from 'yaml'
import type { Json } from '../../events/schema.ts'
import { readPolicy } from '../../projections/policy/parse/policy.ts'
import { problemsOfText, readPolicyText } from '../../projections/policy/parse/text.ts'
import { inTurns } from './measure.ts'
import { atMost, type Benchmark, type Figure, figure } from './report.ts'

const POLICIES = 1_000
const ROUNDS = 25
const WARM_UP = 10
const CILIUM_MS = 27

export const benchmark: Benchmark = {
  title: `reading ${POLICIES} policies`,
  run: async (say) => {
    const plain = many(l3Policy)
    const mixed = many(mixedPolicy)
    const cold = readObjects(mixed)
    const objects = await inTurns(
      { plain: () => readObjects(plain), mixed: () => readObjects(mixed) },
      { rounds: ROUNDS, warmUp: WARM_UP },
    )
    say('objects measured; reading texts')
    return [
      figure('first thousand mixed, cold', cold, 'ms'),
      figure('thousand L3 only', objects.plain, 'ms', atMost(CILIUM_MS)),
      figure('thousand mixed', objects.mixed, 'ms', atMost(CILIUM_MS)),
      ...(await texts(mixed)),
    ]
  },
}

async function texts(policies: readonly Json[]): Promise<readonly Figure[]> {
  const json = JSON.stringify({ kind: 'List', items: policies })
  const yaml = policies.map((policy) => stringify(policy)).join('---\n')
  const costs = await inTurns(
    { parse: () => timeMs(() => JSON.parse(json)), json: () => readText(json), yaml: () => readText(yaml) },
    { rounds: 5, warmUp: 1 },
  )
  return [
    figure('thousand mixed as JSON text', costs.json, 'ms'),
    figure('of that JSON.parse alone', costs.parse, 'ms'),
    figure('thousand mixed as YAML text', costs.yaml, 'ms'),
    figure('YAML text', yaml.length / 1_000 / costs.yaml, 'MB/s'),
  ]
}

function readObjects(policies: readonly Json[]): number {
  return timeMs(() => {
    for (const policy of policies) {
      if (readPolicy(policy).kind !== 'accepted') throw new TypeError('a policy of the benchmark is refused')
    }
  })
}

function readText(text: string): number {
  return timeMs(() => {
    const read = readPolicyText(text, 'bench')
    if (read.readings.length !== POLICIES || problemsOfText(read).length > 0) throw new TypeError('a text is refused')
  })
}

function timeMs(work: () => unknown): number {
  const start = performance.now()
  work()
  return performance.now() - start
}

function many(make: (index: number) => Json): readonly Json[] {
  return Array.from({ length: POLICIES }, (_, index) => ({
    apiVersion: 'cilium.io/v2',
    kind: 'CiliumNetworkPolicy',
    metadata: { name: `p${index}`, namespace: 'default' },
    spec: make(index),
  }))
}

function app(name: string): Json {
  return { matchLabels: { app: name } }
}

function l3Policy(index: number): Json {
  return { endpointSelector: app(`web${index}`), ingress: [{ fromEndpoints: [app(`client${index}`)] }] }
}

function mixedPolicy(index: number): Json {
  const http = [
    { method: 'GET', path: `/v1/items/${index}/.*` },
    { method: 'POST|PUT', path: '/v1/[a-z]+' },
  ]
  const web = { ports: [{ port: '80', protocol: 'TCP' }], ...(index % 3 === 0 ? { rules: { http } } : {}) }
  const net = `10.${index % 200}`
  return {
    endpointSelector: app(`web${index}`),
    ingress: [
      { fromEndpoints: [app(`client${index}`)], toPorts: [web] },
      { fromEntities: ['host'], toPorts: [{ ports: [{ port: '8080', protocol: 'TCP' }] }] },
    ],
    egress: [
      { toCIDRSet: [{ cidr: `${net}.0.0/16`, except: [`${net}.1.0/24`] }] },
      { toEndpoints: [app('db')], toPorts: [{ ports: [{ port: '5432', protocol: 'TCP' }] }] },
      ...(index % 4 === 0 ? [{ toFQDNs: [{ matchName: 'api.example' }] }] : []),
    ],
  }
}
