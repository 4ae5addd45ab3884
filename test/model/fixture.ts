/** The model datapath on a clock that stands still until it is moved. */

import { createModelDatapath, type ModelDatapath } from '../../src/model/datapath.ts'
import { aPacket, type ModelPacket } from '../../src/model/packet.ts'
import type { PolicyVerdict } from '../../src/ports/datapath.ts'
import type { HookPacket, PacketFixture } from '../contract/datapath-packets.ts'

export type ModelFixture = PacketFixture & { readonly datapath: ModelDatapath; readonly clock: { seconds: number } }

export function modelFixture(): ModelFixture {
  const clock = { seconds: 1_000 }
  const datapath = createModelDatapath({ clock: { monotonicUs: () => clock.seconds * 1_000_000 } })
  const seen: PolicyVerdict[] = []
  datapath.verdicts.subscribe((batch) => seen.push(...batch))
  return {
    datapath,
    clock,
    pod: async ({ endpoint, identity, address }) => {
      await datapath.attachEndpoint({ endpoint, identity, ipv4: address, device: null, mac: null, nodeMac: null })
    },
    send: (endpoint, hook, packet) => datapath.at(endpoint, hook, modelPacket(packet)).kind,
    verdicts: async () => seen.splice(0),
    [Symbol.asyncDispose]: () => datapath[Symbol.asyncDispose](),
  }
}

export function modelPacket({ quoted, ...packet }: HookPacket): ModelPacket {
  return aPacket({ ...packet, quoted: quoted ?? null })
}
