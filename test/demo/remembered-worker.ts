/** A thread that asks about its share of the positions of a log; it ends with an error where an answer is another one. */
import { workerData } from 'node:worker_threads'
import { assertPositions, type Share } from './remembered.ts'

await assertPositions(workerData as Share)
