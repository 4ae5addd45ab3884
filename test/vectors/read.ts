/**
 * Policy vectors: policies with the answers that Cilium 1.13.3's own engine gave, or the safer ones where it is known to be wrong.
 *
 * `handwritten` has a small case for each rule of behaviour, `random` generated ones, `invalid` policies that must be refused. The inputs
 * are our own. `examples`, over the policies that Cilium publishes, is read where a folder `shared/vectors` stands beside the checkout.
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { brotliDecompressSync } from 'node:zlib'
import type { Json } from '../../events/schema.ts'

export type VectorOptions = {
  readonly enforcement: 'default' | 'always' | 'never'
  readonly allowLocalhost: 'always' | 'policy'
  readonly enableRemoteNodeIdentity: boolean
  readonly enableHostFirewall: boolean
  readonly clusterName: string
  readonly enableL7Proxy: boolean
  readonly enableICMPRules: boolean
}

export type VectorPort = { readonly name: string; readonly port: number; readonly protocol?: string }
export type VectorIdentity = { readonly id: number; readonly labels?: readonly string[]; readonly cidr?: string }

export type VectorInput = {
  readonly options?: Partial<VectorOptions>
  readonly identities?: readonly VectorIdentity[]
  readonly policies?: readonly Json[]
  readonly rules?: readonly Json[]
  readonly endpoints?: readonly {
    readonly id: number
    readonly identity: number
    readonly ipv4?: string
    readonly ipv6?: string
    readonly namedPorts?: readonly VectorPort[]
  }[]
  readonly podPorts?: readonly (readonly VectorPort[])[]
  readonly services?: readonly {
    readonly namespace: string
    readonly name: string
    readonly labels?: { readonly [key: string]: string }
    readonly backends?: readonly string[]
  }[]
  readonly dns?: { readonly [name: string]: readonly string[] }
  readonly secrets?: { readonly [name: string]: { readonly [item: string]: string } }
  readonly steps?: readonly {
    readonly addIdentities?: readonly VectorIdentity[]
    readonly removeIdentities?: readonly number[]
  }[]
}

/** Endpoint, direction, identity, protocol, port, answer. */
export type VectorProbe = readonly [number, 'ingress' | 'egress', number, number, number, 'allow' | 'deny' | 'redirect']

export type VectorRequest = {
  readonly endpoint: number
  readonly direction: 'ingress' | 'egress'
  readonly identity: number
  readonly port: number
  readonly method: string
  readonly path: string
  readonly host: string
  readonly headers?: { readonly [name: string]: string }
  readonly answer: 'allow' | 'deny'
}

/** A probe with the recorded answer, the safer one and why they differ; what is asked of requests likewise. */
export type VectorContested = {
  readonly probes?: readonly (readonly [
    number,
    'ingress' | 'egress',
    number,
    number,
    number,
    recorded: VectorProbe[5],
    safer: VectorProbe[5],
    reasons: readonly string[],
  ])[]
  readonly http?: readonly (Omit<VectorRequest, 'answer'> & {
    readonly recorded: VectorRequest['answer']
    readonly safer: VectorRequest['answer']
    readonly reasons: readonly string[]
  })[]
}

export type VectorState = {
  readonly endpoints: readonly {
    readonly id: number
    readonly error?: boolean
    readonly ingressEnforced?: boolean
    readonly egressEnforced?: boolean
  }[]
  readonly probes?: readonly VectorProbe[]
  readonly http?: readonly VectorRequest[]
  /** What does not count. */
  readonly contested?: VectorContested
}

export type VectorCase = {
  readonly name: string
  readonly description?: string
  readonly input: VectorInput
  readonly states: readonly VectorState[]
  /** Index into the policies, then the bare rules; and the recorded engine's words. */
  readonly refused?: readonly (readonly [number, string])[]
  /** The same for what only the Kubernetes schema refuses. */
  readonly schemaRefuses?: readonly (readonly [number, string])[]
  /** What is safer than the recorded answers: nothing of the case counts. */
  readonly contestedCase?: string
}

export type InvalidVectors = {
  readonly cases: readonly {
    readonly name: string
    readonly description: string
    readonly policy?: Json
    readonly rule?: Json
    readonly error: string
  }[]
  readonly oddities: readonly VectorCase[]
}

export function readVectors(file: 'handwritten' | 'random'): readonly VectorCase[] {
  return linesOf(unpacked(`${file}.jsonl.br`))
}

export function readInvalidVectors(): InvalidVectors {
  return JSON.parse(unpacked('invalid.json.br')) as InvalidVectors
}

const EXAMPLES = join(import.meta.dirname, '..', '..', '..', 'shared', 'vectors', 'examples.jsonl')

/** Cases, or why there are none. */
export function readExampleVectors(): readonly VectorCase[] | { readonly skip: string } {
  if (!existsSync(EXAMPLES)) return { skip: `not beside this checkout: ${EXAMPLES}` }
  return linesOf(readFileSync(EXAMPLES, 'utf8'))
}

function unpacked(file: string): string {
  return brotliDecompressSync(readFileSync(join(import.meta.dirname, file))).toString('utf8')
}

function linesOf(text: string): readonly VectorCase[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as VectorCase)
}
