/** Drift on the real kernel: the contract, programs at real devices, and the command line. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { EndpointId } from '../../events/ids.ts'
import { pinFolder, unpin } from '../../src/kernel/bpffs.ts'
import { libbpf } from '../../src/kernel/libbpf.ts'
import { closeFd, interfaceIndex } from '../../src/kernel/libc.ts'
import { openSqliteLog } from '../../src/log/sqlite/log.ts'
import type { AttachedProgram } from '../../src/ports/datapath.ts'
import { hindcast } from '../cli/recorded-log.ts'
import { driftContract, Scene } from '../contract/drift.ts'
import { VirtualClock } from '../doubles/clock.ts'
import { eventually } from '../doubles/eventually.ts'
import { attach, networkTest } from './galaxy.ts'
import { KERNEL_REASON } from './laboratory.ts'
import { placed } from './placed.ts'

const BPF_TCX_EGRESS = 47
driftContract({ name: 'kernel', skip: KERNEL_REASON, open: placed })

networkTest('D60 the programs at a device are read with their tags, ours and those of others', async (lab, network) => {
  const endpoint = EndpointId(11)
  const read = async (): Promise<readonly AttachedProgram[]> =>
    (await lab.datapath.readPrograms()).filter((program) => program.endpoint === endpoint)
  const loaded = (await attach(lab.datapath, network, 'deathstar')).map(({ program, tag, device, hook }) => ({
    ...{ endpoint, program, tag, device, hook, attach: 'tcx', own: true },
  }))
  assert.deepEqual(await read(), loaded)
  const ifindex = interfaceIndex(network.deviceOf('deathstar'))!
  const { fd, tag } = lab.datapath.programs.get('from_pod')!
  const theirs = libbpf().bpf_link_create(fd, ifindex, BPF_TCX_EGRESS, null)
  assert.ok(theirs > 0)
  const stranger = { ...loaded[0]!, program: 'from_pod', tag, own: false }
  assert.deepEqual(
    (await read()).filter(({ own }) => !own),
    [stranger],
  )
  closeFd(theirs)
  unpin(pinFolder(lab.options).attachPaths(endpoint, 'ingress').link)
  // The kernel takes a link away after the last reader of its pin.
  await eventually(async () => assert.deepEqual(await read(), loaded.slice(0, 1)))
})

test('T62 drift ends with 1 where the kernel is not what the log says, and --repair puts it back', {
  skip: KERNEL_REASON ?? false,
}, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'hindcast-drift-'))
  await using opened = await placed()
  const path = join(folder, 'log.db')
  const clock = new VirtualClock()
  await using log = openSqliteLog({ path, now: () => clock.now() })
  await using scene = await Scene.open(opened.datapath, log)
  const where = ['--log', path, '--bpffs', opened.lab.options.bpffs]
  const drift = (...more: readonly string[]) => hindcast('drift', ...where, ...more)
  const before = await drift()
  assert.equal(before.code, 0, before.err + before.out)
  assert.match(
    before.out,
    /^no drift: the kernel of node1 is what the log says, at position [0-9]+, 2026-.*Z, revision 2\n$/,
  )
  await scene.tamper()
  const found = await drift()
  assert.equal(found.code, 1)
  assert.match(
    found.out,
    /^863 +entry +different +ingress:257:80\/TCP +redirect 10000 +deny .*#\/spec\/ingress\/0 .*user leia/m,
  )
  const { items } = JSON.parse((await drift('-o', 'json')).out)
  assert.deepEqual(items.map(({ kind }: { kind: string }) => kind).toSorted(), ['different', 'foreign', 'missing'])
  const repaired = await drift('--repair', '-o', 'json')
  assert.equal(repaired.code, 0, repaired.err)
  assert.match(JSON.parse(repaired.out).repairs[0].done, /^the agent built it again \(build [0-9]+\)$/)
  assert.equal((await drift()).code, 0)
  await scene.kill()
  await scene.tamper()
  const alone = await drift('--repair')
  assert.equal(alone.code, 0, alone.err + alone.out)
  assert.match(alone.out, /^endpoint 863: 3 changes written; no agent answers\nno drift is left$/m)
  rmSync(folder, { recursive: true })
})
