/** Cilium's options of how policies are read, as `hindcast agent` takes them. Only what model and kernel datapath both honour is offered. */
import { type Command, Option } from 'commander'
import type { PolicyOptions } from '../../../events/policy-options.ts'
import { DEFAULT_POLICY_OPTIONS } from '../../../projections/policy/default-options.ts'

type Flag = 'true' | 'false'

export type PolicyFlags = {
  readonly enablePolicy: PolicyOptions['enforcement']
  /** Cilium's `auto` is `always` where pods are Kubernetes', as they are here. */
  readonly allowLocalhost: PolicyOptions['allowLocalhost'] | 'auto'
  readonly enableRemoteNodeIdentity: Flag
  readonly enableL7Proxy: Flag
  readonly enableIcmpRules: Flag
}

export function addPolicyFlags(command: Command): Command {
  const d = DEFAULT_POLICY_OPTIONS
  const flag = (name: string, text: string, value: boolean): Option =>
    new Option(`--${name} <yes>`, text).choices(['true', 'false']).default(String(value))
  return command
    .addOption(
      new Option('--enable-policy <mode>', 'whom policies isolate: whom one selects, everybody, nobody')
        .choices(['default', 'always', 'never'])
        .default(d.enforcement),
    )
    .addOption(
      new Option('--allow-localhost <when>', 'whether the host gets into every endpoint that no rule closes to it')
        .choices(['auto', 'always', 'policy'])
        .default('auto'),
    )
    .addOption(flag('enable-remote-node-identity', 'false: other nodes count as the host', d.enableRemoteNodeIdentity))
    .addOption(flag('enable-l7-proxy', 'false: endpoints that a rule of L7 selects are not built', d.enableL7Proxy))
    .addOption(
      flag('enable-icmp-rules', 'false: endpoints that a rule of ICMP selects are not built', d.enableIcmpRules),
    )
}

export function policyOptionsOf(flags: PolicyFlags): PolicyOptions {
  return {
    ...DEFAULT_POLICY_OPTIONS,
    enforcement: flags.enablePolicy,
    allowLocalhost: flags.allowLocalhost === 'policy' ? 'policy' : 'always',
    enableRemoteNodeIdentity: flags.enableRemoteNodeIdentity === 'true',
    enableL7Proxy: flags.enableL7Proxy === 'true',
    enableIcmpRules: flags.enableIcmpRules === 'true',
  }
}
