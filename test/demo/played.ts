/** The demo on the model datapath, played once for all tests of a process. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { play, type Told } from './play.ts'

export type Played = { readonly told: Told; readonly state: string }

let playing: Promise<Played> | null = null

/** The state folder goes with the process; who writes to it takes a copy. */
export function playedOnModel(): Promise<Played> {
  playing ??= begin()
  return playing
}

async function begin(): Promise<Played> {
  const folder = mkdtempSync(join(tmpdir(), 'hindcast-played-model-'))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  const state = join(folder, 'model')
  return { told: await play('--stage', 'model', '--state', state), state }
}
