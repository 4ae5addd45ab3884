import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { IdentityId, IpAddress, NodeName, Timestamp } from '../../events/ids.ts'
import { runCommand } from '../../src/cli/program.ts'
import { paintFor } from '../../src/cli/render/colour.ts'
import { conntrackLine } from '../../src/cli/render/conntrack.ts'
import { openFlowStore } from '../../src/flows/sqlite.ts'
import type { NewFlow } from '../../src/ports/flows.ts'
import { hindcast, type RecordedLog, recordedLog, START, silentSink } from './recorded-log.ts'

let log: RecordedLog
const NODE = NodeName('node1')

function flow(fields: Partial<NewFlow>): NewFlow {
  return {
    time: START,
    stamp: { position: String(log.positions.at(-1)), revision: 2 },
    kind: 'policy-verdict',
    verdict: 'DROPPED',
    direction: 'ingress',
    endpoint: 863,
    source: { address: IpAddress('10.0.0.209'), port: 41000, identity: IdentityId(5513) },
    destination: { address: IpAddress('10.0.0.111'), port: 80, identity: IdentityId(2033) },
    protocol: 6,
    dropReason: 133,
    matchType: 'none',
    proxyPort: null,
    http: null,
    ...fields,
  }
}

before(async () => {
  log = await recordedLog()
  const request = { method: 'POST', host: 'deathstar', path: '/v1/request-landing', protocol: 'HTTP/1.1' }
  const http = { ...request, missing: [], rejected: [] }
  const tiefighter = { address: IpAddress('10.0.0.123'), port: 41001, identity: IdentityId(29439) }
  await using store = openFlowStore({ path: join(log.folder, `flows-${NODE}.db`) })
  store.add([
    flow({}),
    flow({ verdict: 'REDIRECTED', source: tiefighter, proxyPort: 14567, dropReason: null, matchType: 'L3-L4' }),
    flow({
      kind: 'http-request',
      verdict: 'FORWARDED',
      source: tiefighter,
      dropReason: null,
      http: { ...http, status: 0, durationMs: null, missing: [{ name: 'X-Droid', value: 'r2d2' }] },
    }),
    flow({
      time: Timestamp(START + 1000),
      kind: 'http-response',
      verdict: 'FORWARDED',
      source: tiefighter,
      dropReason: null,
      http: { ...http, status: 200, durationMs: 3 },
    }),
    flow({
      source: { address: IpAddress('1.1.1.1'), port: 53, identity: IdentityId(2) },
      protocol: 1,
      dropReason: 181,
    }),
  ])
  await store.flush()
})
after(() => log[Symbol.dispose]())

test('C17 flows reads as hubble observe, with the position and revision that decided', async () => {
  const { out, err, code } = await hindcast('flows', '--log', log.path)
  assert.deepEqual([code, err], [0, ''])
  const at = `at position ${log.positions.at(-1)}, revision 2`
  assert.deepEqual(out.trimEnd().split('\n'), [
    `2026-05-04T14:00:00.000Z: default/xwing:41000 (ID:5513) -> default/deathstar:80 (ID:2033) policy-verdict:none INGRESS DENIED (TCP; Policy denied) ${at}, flow 1`,
    `2026-05-04T14:00:00.000Z: default/tiefighter:41001 (ID:29439) -> default/deathstar:80 (ID:2033) policy-verdict:L3-L4 INGRESS ALLOWED (TCP; to proxy port 14567) ${at}, flow 2`,
    `2026-05-04T14:00:00.000Z: default/tiefighter:41001 (ID:29439) -> default/deathstar:80 (ID:2033) http-request FORWARDED (HTTP/1.1 POST http://deathstar/v1/request-landing; missing X-Droid) ${at}, flow 3`,
    `2026-05-04T14:00:01.000Z: default/tiefighter:41001 (ID:29439) <- default/deathstar:80 (ID:2033) http-response FORWARDED (HTTP/1.1 200 3ms (POST http://deathstar/v1/request-landing)) ${at}, flow 4`,
    `2026-05-04T14:00:00.000Z: 1.1.1.1 (world) -> default/deathstar (ID:2033) policy-verdict:none INGRESS DENIED (ICMP; Policy denied by denylist) ${at}, flow 5`,
  ])
})

test('C17 flows are chosen by verdict, endpoint, time and number, and printed as JSON', async () => {
  const ids = async (...args: readonly string[]): Promise<readonly number[]> => {
    const { out, err } = await hindcast('flows', '--log', log.path, '-o', 'jsonl', ...args)
    assert.equal(err, '')
    return out
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line).id)
  }
  assert.deepEqual(await ids('--verdict', 'DROPPED'), [1, 5])
  assert.deepEqual(await ids('--last', '2'), [4, 5])
  assert.deepEqual(await ids('--since', '2026-05-04T14:00:01Z'), [4])
  assert.deepEqual(await ids('--endpoint', '775', '--verdict', 'ERROR'), [])
  const { out } = await hindcast('flows', '--log', log.path, '-o', 'json')
  const { items } = JSON.parse(out)
  assert.equal(items.length, 5)
  assert.equal(items[0].time, '2026-05-04T14:00:00.000Z', 'a time is written as everywhere')
})

test('C17 a node without a flow store is said with its path, wrong options with theirs', async () => {
  using other = await recordedLog()
  const missing = await hindcast('flows', '--log', other.path, '--node', 'node1')
  assert.equal(missing.code, 5)
  assert.match(missing.err, /flows-missing: .*flows-node1\.db/)
  assert.equal((await hindcast('flows', '--log', log.path, '--since', 'yesterday')).code, 2)
  assert.equal((await hindcast('flows', '--log', log.path, '--last', '0')).code, 2)
  assert.equal((await hindcast('flows', '--log', log.path, '--follow', '-o', 'json')).code, 2)
})

test('C17 flows --follow prints what comes until it is stopped', async () => {
  const stop = new AbortController()
  await using store = openFlowStore({ path: join(log.folder, 'flows-follow.db') })
  store.add([flow({})])
  await store.flush()
  let out = ''
  const done = runCommand(['flows', '--log', log.path, '--node', 'follow', '-f', '-o', 'jsonl'], {
    ...silentSink(),
    write: (text) => {
      out += text
      if (out.split('\n').length === 2) store.add([flow({ endpoint: 1 })])
      else stop.abort()
    },
    stop: stop.signal,
  })
  assert.equal(await done, 0)
  assert.deepEqual(
    out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line).endpoint),
    [863, 1],
  )
})

test('C18 colour is for terminals, off where NO_COLOR is set, on where it is asked for', () => {
  const painted = (setting: Parameters<typeof paintFor>[0]): boolean => paintFor(setting)('x', 'good') !== 'x'
  assert.equal(painted({ when: 'auto', terminal: true, noColor: undefined }), true)
  assert.equal(painted({ when: 'auto', terminal: true, noColor: '' }), true)
  assert.equal(painted({ when: 'auto', terminal: true, noColor: '1' }), false)
  assert.equal(painted({ when: 'auto', terminal: false, noColor: undefined }), false)
  assert.equal(painted({ when: 'always', terminal: false, noColor: '1' }), true)
  assert.equal(painted({ when: 'never', terminal: true, noColor: undefined }), false)
})

test('C32 bpf ct list says why there are no connections to show', async () => {
  const model = await hindcast('bpf', 'ct', 'list', 'global', '--log', log.path)
  assert.equal(model.code, 5)
  assert.match(model.err, /no-kernel-datapath: node node1 runs the model datapath \(test\)/)
  const unknown = await hindcast('bpf', 'ct', 'list', '--log', log.path, '--node', 'node9', '--bpffs', log.folder)
  assert.deepEqual([unknown.code, /no-such-node: node9; there is node1/.test(unknown.err)], [3, true])
  assert.equal((await hindcast('bpf', 'ct', 'list', 'local', '--log', log.path)).code, 2)
})

test('C1 a connection reads as in cilium bpf ct list global', () => {
  const line = conntrackLine({
    protocol: 6,
    direction: 'out',
    source: IpAddress('10.0.0.123'),
    sourcePort: 41234,
    destination: IpAddress('10.0.0.111'),
    destinationPort: 80,
    related: false,
    expires: 7000,
    rxPackets: 5,
    rxBytes: 400,
    rxFlagsSeen: 0x1b,
    lastRxReport: 60,
    txPackets: 6,
    txBytes: 500,
    txFlagsSeen: 0x1e,
    lastTxReport: 61,
    flags: 0x50,
    revNat: 0,
    sourceSecurityId: IdentityId(29439),
    ifindex: 0,
  })
  assert.equal(
    line,
    'TCP OUT 10.0.0.123:41234 -> 10.0.0.111:80 expires=7000 RxPackets=5 RxBytes=400 RxFlagsSeen=0x1b LastRxReport=60 TxPackets=6 TxBytes=500 TxFlagsSeen=0x1e LastTxReport=61 Flags=0x0050 [ SeenNonSyn ProxyRedirect ] RevNAT=0 SourceSecurityID=29439 IfIndex=0',
  )
})
