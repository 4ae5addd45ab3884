/**
 * A history in which a branch is a moment: `branch:NAME` is the world of its fork with what its commands and then the agents would have done, and
 * `branch:NAME/N` the same after its first N commands (0: when what was on its way at the fork had come to rest). Every question that takes a moment and asks through
 * the read model takes these. A branch is told when it is first asked about; nothing is written.
 */
import type { History } from '../history.ts'
import { nearestNames } from '../nearest.ts'
import type { MomentOutcome } from '../position.ts'
import type { Branch } from './branch.ts'
import { BranchedLog } from './branched-log.ts'
import { BranchedModel } from './branched-model.ts'
import { BranchContradiction } from './contradiction.ts'
import { LAST_STEP, positionOn } from './place.ts'
import type { Telling } from './telling.ts'

/** `commands` null: all of them. */
export type Branches = { readonly enter: (name: string, commands: number | null) => Promise<MomentOutcome> }

/** Where branches are kept. */
export type BranchSource = {
  readonly names: () => Promise<readonly string[]>
  /** Null where there is none. */
  readonly read: (name: string) => Promise<Branch | null>
}

export function withBranches(history: History, source: BranchSource): History & { readonly branches: Branches } {
  const told = new Map<string, Telling>()
  const enter = async (name: string, commands: number | null): Promise<MomentOutcome> => {
    const branch = await source.read(name)
    if (branch === null) return missing(name, await source.names())
    const count = commands ?? branch.commands.length
    if (count > branch.commands.length) {
      const reason = `branch:${name}/${count}: ${name} has ${branch.commands.length} commands`
      return { kind: 'out-of-range', reason }
    }
    try {
      const telling = told.get(name) ?? (await tell(history, branch))
      told.set(name, telling)
      const { fork, recordedAt } = telling
      return {
        kind: 'found',
        moment: { position: positionOn({ name, fork, command: count, step: LAST_STEP }), recordedAt },
      }
    } catch (error) {
      if (!(error instanceof BranchContradiction)) throw error
      return { kind: 'bad-input', reason: `branch ${name}: ${error.message}` }
    }
  }
  return { log: new BranchedLog(history.log, told), model: new BranchedModel(history.model, told), branches: { enter } }
}

/** Where there can be none, with the reason. */
export function noBranches(reason: string): Branches {
  return { enter: async (name) => ({ kind: 'bad-input', reason: `branch:${name}: ${reason}` }) }
}

/** What tells a branch is loaded where one is told: most questions are of the log. */
async function tell(history: History, branch: Branch): Promise<Telling> {
  const { tellBranch } = await import('./segment.ts')
  return tellBranch(history, branch)
}

function missing(name: string, names: readonly string[]): MomentOutcome {
  return { kind: 'out-of-range', reason: `there is no branch ${name}; ${nearestNames(name, names)}` }
}
