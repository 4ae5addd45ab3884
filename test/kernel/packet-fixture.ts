/** The kernel's programs under the packet contract: packets as bytes, through BPF_PROG_TEST_RUN. */

import { ipPacket, type PacketSpec, packet } from '../../src/kernel/packet.ts'
import { markMagic } from '../../src/model/packet.ts'
import type { Hook, HookPacket, Outcome, PacketFixture } from '../contract/datapath-packets.ts'
import { DROP, type Laboratory, REDIRECT } from './laboratory.ts'

const TYPE_ECHO_REPLY = 0
/** Cilium's MARK_MAGIC_TO_PROXY. */
const TO_PROXY = 0x0200
/** Of an ICMP error: the IP header and eight bytes. */
const QUOTED_BYTES = 28

/** `turning`: a packet that is turned round at the pod's device enters there again, where it needs a socket of the proxy. */
export function kernelFixture(lab: Laboratory, turning: 'turning' | 'not-turning' = 'not-turning'): PacketFixture {
  return {
    datapath: lab.datapath,
    pod: ({ endpoint, identity, address }) => lab.pod({ endpoint, identity, address }),
    send: (_, hook, sent) => send(lab, hook, sent, turning),
    verdicts: () => lab.verdicts(),
    [Symbol.asyncDispose]: () => lab[Symbol.asyncDispose](),
  }
}

function send(lab: Laboratory, hook: Hook, sent: HookPacket, turning: 'turning' | 'not-turning'): Outcome {
  const bytes = packet(specOf(sent))
  const first = lab.run(hook === 'egress' ? 'from_pod' : 'to_pod', bytes, sent.mark ?? 0)
  const last = first.action === REDIRECT && turning === 'turning' ? lab.run('from_pod', bytes, first.mark) : first
  if (last.action === DROP) return 'drop'
  return last.action === REDIRECT || markMagic(last.mark) === TO_PROXY ? 'proxy' : 'on'
}

function specOf({ quoted, ...sent }: HookPacket): PacketSpec {
  const icmpId = sent.icmpType === TYPE_ECHO_REPLY ? sent.destinationPort : sent.sourcePort
  const payload = quoted === undefined ? {} : { payload: ipPacket(specOf(quoted)).subarray(0, QUOTED_BYTES) }
  return { ...sent, icmpId, ...payload }
}
