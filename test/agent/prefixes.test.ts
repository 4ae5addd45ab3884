import assert from 'node:assert/strict'
import { test } from 'node:test'
import { digestOf } from '../../events/canonical.ts'
import type { HindcastEvent } from '../../events/catalogue.ts'
import type { Json } from '../../events/schema.ts'
import { EnginePolicyView } from '../../src/agent/engine-view.ts'
import { NODE, Rig } from './rig.ts'

const LOCAL = 16_777_217

async function apply(rig: Rig, name: string, spec: Json): Promise<void> {
  const manifest = { kind: 'CiliumNetworkPolicy', metadata: { name, namespace: 'default' }, spec }
  const resource = { kind: 'CiliumNetworkPolicy', namespace: 'default', name } as const
  const wish = { kind: 'policy', resource, manifest, rules: 1, inputDigest: digestOf(manifest) } as const
  await rig.operator.submit({ kind: 'set-policies', wishes: [wish] })
}

/** Whether the map of the endpoint that may go anywhere has the identity at the moment at which the ipcache gets it. */
function watchIpcache(rig: Rig): readonly boolean[] {
  const seen: boolean[] = []
  const set = rig.pinned.ipcache.set.bind(rig.pinned.ipcache)
  rig.pinned.ipcache.set = (prefix, entry) => {
    if (entry.identity === LOCAL) seen.push(rig.map(2).some((row) => row.startsWith(`e:${LOCAL}:`)))
    return set(prefix, entry)
  }
  return seen
}

test('A9 every map knows the identity of a prefix before its addresses have it, and no build succeeds before they do', async () => {
  await using rig = new Rig({ policies: () => new EnginePolicyView(NODE) })
  const agent = await rig.start()
  await rig.operator.addEndpoint(1, 'k8s:org=empire')
  await rig.operator.addEndpoint(2, 'k8s:org=alliance')
  await apply(rig, 'open', {
    endpointSelector: { matchLabels: { org: 'alliance' } },
    egress: [{ toEntities: ['world'] }],
  })
  await rig.quiet(agent)
  const readyWhenPublished = watchIpcache(rig)
  await apply(rig, 'moon', {
    endpointSelector: { matchLabels: { org: 'empire' } },
    egress: [{ toCIDR: ['192.0.2.0/24'] }],
  })
  await rig.quiet(agent)
  const events = (await rig.operator.history()).map(({ event }) => event)
  const at = (find: (event: HindcastEvent) => boolean): number => {
    const found = events.findIndex(find)
    assert.notEqual(found, -1)
    return found
  }
  const allocated = at((event) => event.type === 'IdentityAllocated' && event.identity === LOCAL)
  const published = at((event) => event.type === 'IpcacheUpserted' && event.identity === LOCAL)
  const succeeded = at(
    (event) => event.type === 'EndpointRegenerationSucceeded' && event.endpoint === 1 && event.revision === 3,
  )
  assert.ok(allocated < published && published < succeeded, 'first the number, then the address, then the success')
  assert.deepEqual(readyWhenPublished, [true], 'what is allowed as world stays allowed')
  assert.equal(rig.pinned.ipcache.get('192.0.2.0/24' as never)?.identity, LOCAL)
  assert.ok(
    rig.map(2).some((row) => row.startsWith(`e:${LOCAL}:`)),
    'what is allowed as world stays allowed',
  )
})
