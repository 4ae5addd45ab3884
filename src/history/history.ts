/** A log with the index of its history: what the questions of this folder are asked of. */
import type { EventLog } from '../ports/log.ts'
import type { ReadModel } from '../ports/read-model.ts'
import type { Branches } from './branch/branched.ts'

/** Without `branches` only what was recorded can be asked about. */
export type History = { readonly log: EventLog; readonly model: ReadModel; readonly branches?: Branches }
