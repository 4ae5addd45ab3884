/** A log with the index of its history: what the questions of this folder are asked of. */
import type { EventLog } from '../ports/log.ts'
import type { ReadModel } from '../ports/read-model.ts'

export type History = { readonly log: EventLog; readonly model: ReadModel }
