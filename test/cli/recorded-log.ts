/** A log as the Star Wars story leaves it: endpoints, then a policy, then no policy any more. */

import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { digestOf } from '../../events/canonical.ts'
import type { HindcastEvent } from '../../events/catalogue.ts'
import { encodeEvent } from '../../events/codec.ts'
import type { PolicyMapKey, PolicyMapValue } from '../../events/fields.ts'
import {
  Cidr,
  CorrelationId,
  EndpointId,
  EventId,
  endpointStream,
  IDENTITY_STREAM,
  IdentityId,
  IpAddress,
  LabelText,
  NodeName,
  nodeStream,
  POLICY_STREAM,
  PolicyRevision,
  type StreamName,
  Timestamp,
} from '../../events/ids.ts'
import { DEFAULT_POLICY_OPTIONS } from '../../projections/policy/default-options.ts'
import type { LogSink } from '../../src/cli/log-verb.ts'
import { runCommand } from '../../src/cli/program.ts'
import { openSqliteLog } from '../../src/log/sqlite/log.ts'

/** Every verb that shows what is on the log at a moment, with the least that it needs. */
export const READING_VERBS: readonly (readonly string[])[] = [
  ['status'],
  ['endpoint', 'list'],
  ['identity', 'list'],
  ['policy', 'get'],
  ['bpf', 'policy', 'get', '--all'],
  ['bpf', 'ipcache', 'list'],
  ['prog', 'list'],
  ['xds', 'get'],
]

const NODE = NodeName('node1')
const DEATHSTAR = EndpointId(863)
export const START: Timestamp = Timestamp(Date.UTC(2026, 4, 4, 14, 0, 0))

const ships = [
  { id: 863, identity: 2033, ip: '10.0.0.111', name: 'deathstar', org: 'empire' },
  { id: 2216, identity: 29439, ip: '10.0.0.123', name: 'tiefighter', org: 'empire' },
  { id: 775, identity: 5513, ip: '10.0.0.209', name: 'xwing', org: 'alliance' },
] as const

const resource = { kind: 'CiliumNetworkPolicy', namespace: 'default', name: 'rule1' } as const
const manifest = { kind: 'CiliumNetworkPolicy', metadata: { name: 'rule1', namespace: 'default' }, spec: {} }
const key: PolicyMapKey = { direction: 'ingress', identity: IdentityId(29439), protocol: 6, port: 80, portBits: 16 }
const value: PolicyMapValue = {
  verdict: 'redirect',
  proxyPort: 14567,
  precedence: 1,
  authType: 0,
  origins: ['CiliumNetworkPolicy/default/rule1#/spec/ingress/0'],
}

type Entry = readonly [stream: StreamName, event: HindcastEvent]

function shipEvents({ id, identity, ip, name, org }: (typeof ships)[number]): readonly Entry[] {
  const labels = [LabelText(`k8s:class=${name}`), LabelText(`k8s:org=${org}`)]
  const endpoint = EndpointId(id)
  const [number, address] = [IdentityId(identity), IpAddress(ip)]
  return [
    [
      nodeStream(NODE),
      {
        type: 'EndpointCreated',
        v: 1,
        endpoint,
        name: `default/${name}`,
        labels,
        ipv4: address,
        ipv6: null,
        device: `lxc${id}`,
        mac: null,
        nodeMac: null,
        namedPorts: [],
      },
    ],
    [IDENTITY_STREAM, { type: 'IdentityAllocated', v: 1, identity: number, scope: 'cluster', labels, prefix: null }],
    [nodeStream(NODE), { type: 'EndpointIdentityChanged', v: 1, endpoint, identity: number, labels }],
    [
      nodeStream(NODE),
      {
        type: 'IpcacheUpserted',
        v: 1,
        prefix: Cidr(`${ip}/32`),
        identity: number,
        tunnelEndpoint: null,
        encryptKey: 0,
        origin: 'endpoint',
        skipTunnel: false,
      },
    ],
  ]
}

function story(): readonly Entry[] {
  const digest = digestOf(manifest)
  const stream = endpointStream(NODE, DEATHSTAR)
  const write = (before: PolicyMapValue | null, after: PolicyMapValue | null): Entry => [
    stream,
    {
      type: 'PolicyMapWritten',
      v: 1,
      endpoint: DEATHSTAR,
      build: 1,
      deltas: [{ key, before, after }],
      entries: 1,
      digest,
    },
  ]
  return [
    [
      nodeStream(NODE),
      {
        type: 'AgentStarted',
        v: 2,
        node: NODE,
        version: '0.1.0',
        datapath: 'model',
        reason: 'test',
        options: DEFAULT_POLICY_OPTIONS,
      },
    ],
    ...ships.flatMap(shipEvents),
    [
      POLICY_STREAM,
      { type: 'PolicyAdded', v: 1, resource, manifest, digest, rules: 1, revision: PolicyRevision(2), replaces: null },
    ],
    write(null, value),
    [POLICY_STREAM, { type: 'PolicyDeleted', v: 1, resource, digest, revision: PolicyRevision(3) }],
    write(value, null),
  ]
}

export type RecordedLog = Disposable & {
  readonly folder: string
  readonly path: string
  readonly positions: readonly bigint[]
}

/** One event a second from `START` on. */
export async function recordedLog(): Promise<RecordedLog> {
  const folder = mkdtempSync(join(tmpdir(), 'hindcast-cli-'))
  const path = join(folder, 'log.db')
  let time: number = START
  const positions: bigint[] = []
  await using log = openSqliteLog({ path, now: () => Timestamp(time) })
  const correlation = CorrelationId(randomUUID())
  for (const [stream, event] of story()) {
    const context = {
      actor: { kind: 'user', name: 'vader' },
      source: { kind: 'test', detail: '' },
      correlation,
      cause: null,
    } as const
    const unstored = encodeEvent({ id: EventId(randomUUID()), event, context })
    const outcome = await log.append([{ stream, expected: 'any', events: [unstored] }])
    if (outcome.kind !== 'appended') throw new Error('the log took no event')
    positions.push(...outcome.positions)
    time += 1_000
  }
  return { folder, path, positions, [Symbol.dispose]: () => rmSync(folder, { recursive: true }) }
}

export type Ran = { readonly code: number; readonly out: string; readonly err: string }

export async function hindcast(...args: readonly string[]): Promise<Ran> {
  return hindcastReading('', ...args)
}

/** With `input` on standard input. */
export async function hindcastReading(input: string, ...args: readonly string[]): Promise<Ran> {
  let [out, err] = ['', '']
  const code = await runCommand(args, {
    ...silentSink(input),
    write: (text) => {
      out += text
    },
    warn: (text) => {
      err += text
    },
  })
  return { code, out, err }
}

export function silentSink(input = ''): LogSink {
  return {
    write: () => {},
    warn: () => {},
    terminal: false,
    stdin: Readable.from([Buffer.from(input)]),
    stop: new AbortController().signal,
  }
}
