/**
 * Older shapes of events, raised to the current one step at a time: the step for `v` n gives `v` n + 1 and knows nothing else.
 * Steps are never changed once released, only added.
 */
import type { Json } from './schema.ts'

export type VersionedBody = { readonly [key: string]: Json } & {
  readonly type: string
  readonly v: number
}
export type UpcastStep = (older: VersionedBody) => VersionedBody

/** `type` → (`v` → step to `v` + 1). */
export type UpcastSteps = {
  readonly [type: string]: { readonly [v: number]: UpcastStep }
}

const upcastSteps: UpcastSteps = {
  AgentStarted: {
    // Agents had no options then: they read policies as Cilium does by default.
    1: (older) => ({
      ...older,
      v: 2,
      options: {
        enforcement: 'default',
        allowLocalhost: 'always',
        enableRemoteNodeIdentity: true,
        enableHostFirewall: false,
        clusterName: 'default',
        enableL7Proxy: true,
        enableIcmpRules: true,
      },
    }),
  },
}

/** Applies steps until there is none. Throws where a step does not raise `v` by exactly one. */
export function upcast(body: VersionedBody, steps: UpcastSteps = upcastSteps): VersionedBody {
  let current = body
  for (;;) {
    const step = steps[current.type]?.[current.v]
    if (step === undefined) return current
    const next = step(current)
    if (next.type !== current.type || next.v !== current.v + 1) {
      throw new Error(`the upcast step of ${current.type} v${current.v} gives ${next.type} v${next.v}`)
    }
    current = next
  }
}
