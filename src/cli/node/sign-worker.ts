/** The thread in which an agent's checkpoint is made: hashing a log from its beginning takes seconds, in which the agent goes on. */
import { parentPort, workerData } from 'node:worker_threads'
import { messageOf } from '../failure.ts'
import { type SignAnswer, type SignQuestion, signHead } from './sign-head.ts'

export type SignMessage =
  | { readonly kind: 'said'; readonly text: string }
  | { readonly kind: 'failed'; readonly reason: string }
  | SignAnswer

const tell = (message: SignMessage): void => parentPort!.postMessage(message)

try {
  tell(await signHead(workerData as SignQuestion, (text) => tell({ kind: 'said', text: text.trim() })))
} catch (error) {
  // What it is does not survive the way to the other thread; its sentence does.
  tell({ kind: 'failed', reason: messageOf(error) })
}
