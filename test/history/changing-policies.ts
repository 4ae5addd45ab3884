/** Some turns of a life with an agent: endpoints and policies come and go, and the agent starts again now and then. */
import { digestOf } from '../../events/canonical.ts'
import type { Json } from '../../events/schema.ts'
import type { PolicyWish } from '../../src/decide/policies.ts'
import type { Rig } from '../agent/rig.ts'
import { chance } from './random-story.ts'

const TURNS = 60

export async function changingPolicies(rig: Rig, seed: number): Promise<void> {
  let agent = await rig.start()
  const dice = chance(seed)
  const { operator } = rig
  for (let turn = 0; turn < TURNS; turn += 1) {
    const kind = dice(12)
    const id = 1 + dice(5)
    if (kind < 3) await operator.addEndpoint(id, `k8s:team=${dice(3)}`).catch(() => null)
    else if (kind === 3) await operator.deleteEndpoint(id).catch(() => null)
    else if (kind < 11)
      await operator.submit({ kind: 'set-policies', wishes: [policyWish(['a', 'b', 'c'][dice(3)]!, dice)] })
    else {
      await agent[Symbol.asyncDispose]()
      agent = await rig.start()
    }
    if (dice(2) === 0) await rig.quiet(agent)
  }
  await rig.quiet(agent)
}

type Dice = ReturnType<typeof chance>

function policyWish(name: string, dice: Dice): PolicyWish {
  const selector = (): Json => ({ matchLabels: { team: String(dice(3)) } })
  const http = dice(2) === 0 ? {} : { rules: { http: [{ method: 'GET', path: `/v${dice(4)}/.*` }] } }
  const toPorts: Json = [{ ports: [{ port: String(80 + dice(3)), protocol: 'TCP' }], ...http }]
  const manifest: Json = {
    kind: 'CiliumNetworkPolicy',
    metadata: { name, namespace: 'default' },
    spec: { endpointSelector: selector(), ingress: [{ fromEndpoints: [selector()], toPorts }] },
  }
  const resource = { kind: 'CiliumNetworkPolicy', namespace: 'default', name } as const
  return { kind: 'policy', resource, manifest, rules: 1, inputDigest: digestOf(manifest) } as const
}
