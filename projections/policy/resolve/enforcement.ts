/** Whether a direction of a subject is enforced at all, and who is let in without a rule. */

import type { Direction } from '../../../events/fields.ts'
import type { PolicyOptions } from '../../../events/policy-options.ts'
import { type IdentityLabels, isReserved } from '../select/identity.ts'
import { remoteNodesAreHost } from '../select/selector.ts'
import type { CompiledRule } from './compiled-rule.ts'

export type DirectionStance = {
  /** Rules hold. Where false, everything is allowed. */
  readonly enforced: boolean
  /** Rules hold, and what none of them says is allowed: none of them switches default deny on. */
  readonly allowRest: boolean
  /** Identities that are let in without a rule. */
  readonly letIn: readonly number[]
  readonly because: 'not-enforced' | 'enforcement-always' | 'init' | 'rules'
}

export const HOST = 1
export const REMOTE_NODE = 6

const OPEN: DirectionStance = { enforced: false, allowRest: false, letIn: [], because: 'not-enforced' }

export function stanceOf(
  direction: Direction,
  {
    member,
    rules,
    options,
  }: { readonly member: IdentityLabels; readonly rules: readonly CompiledRule[]; readonly options: PolicyOptions },
): DirectionStance {
  const host = isHost(member)
  if (options.enforcement === 'never' || (host && !options.enableHostFirewall)) return OPEN
  const letIn = direction === 'ingress' && options.allowLocalhost === 'always' && !host ? hostNumbers(options) : []
  const denies = rules.some(({ rule }) => rule.defaultDeny[direction])
  const enforced = { enforced: true, allowRest: false, letIn }
  if (denies) return { ...enforced, because: 'rules' }
  if (options.enforcement === 'always') return { ...enforced, because: 'enforcement-always' }
  if (isReserved(member, 'init')) return { ...enforced, because: 'init' }
  const speaks = rules.some(({ elements }) => elements[direction].length > 0)
  return speaks ? { ...enforced, allowRest: true, because: 'rules' } : OPEN
}

/** Numbers that count as the host. */
function hostNumbers(options: PolicyOptions): readonly number[] {
  return remoteNodesAreHost(options) ? [HOST, REMOTE_NODE] : [HOST]
}

function isHost(member: IdentityLabels): boolean {
  return member.id === HOST || isReserved(member, 'host')
}
