/** The Star Wars story on a log of its own, and the command line in front of it: for tests of branches. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Json } from '../../events/schema.ts'
import { hindcast } from '../cli/recorded-log.ts'
import { agentStory, type Story, type StoryMoment } from './agent-story.ts'

export type Found = {
  readonly position: string
  readonly event: { readonly type: string; readonly resource?: { readonly name: string } }
}
type Ran = Awaited<ReturnType<typeof hindcast>>

export class Desk {
  readonly folder: string = mkdtempSync(join(tmpdir(), 'hindcast-branch-'))
  readonly path: string = join(this.folder, 'log.db')
  #story: Story | null = null
  #files = 0

  readonly open = async (): Promise<void> => {
    this.#story = await agentStory(this.path)
  }

  readonly at = (moment: StoryMoment): string => String(this.#story!.at[moment])

  readonly run = (...args: readonly string[]): Promise<Ran> => hindcast(...withOptions(args, '--log', this.path))

  readonly did = async (...args: readonly string[]): Promise<string> => {
    const { code, out, err } = await this.run(...args)
    assert.deepEqual([code, err], [0, ''], args.join(' '))
    return out
  }

  readonly asked = async (...args: readonly string[]): Promise<ReturnType<typeof JSON.parse>> => {
    const { out, err } = await this.run(...withOptions(args, '-o', 'json'))
    assert.equal(err, '', args.join(' '))
    return JSON.parse(out)
  }

  readonly file = (...documents: readonly Json[]): string => {
    this.#files += 1
    const path = join(this.folder, `${this.#files}.yaml`)
    writeFileSync(path, documents.map((one) => JSON.stringify(one)).join('\n---\n'))
    return path
  }

  readonly events = async (type: string): Promise<readonly Found[]> => {
    const lines = (await this.did('log', '--type', type, '-o', 'jsonl')).trim().split('\n')
    return lines.filter((line) => line !== '').map((line) => JSON.parse(line))
  }

  /** Of the events that set the policy. */
  readonly positionsOf = async (policy: string): Promise<readonly string[]> => {
    const found = (await this.events('PolicyAdded')).filter(({ event }) => event.resource?.name === policy)
    return found.map(({ position }) => position)
  }

  readonly allows = async (
    ends: readonly [string, string],
    moment: string,
    ...more: readonly string[]
  ): Promise<boolean> => {
    const [from, to] = ends
    return (await this.asked('why', '--from', from, '--to', to, '--at', moment, ...more)).items[0].allowed
  }

  readonly close = (): void => rmSync(this.folder, { recursive: true })
}

/** What stands after `--` stays last. */
function withOptions(args: readonly string[], ...options: readonly string[]): readonly string[] {
  const end = args.indexOf('--')
  return end === -1 ? [...args, ...options] : [...args.slice(0, end), ...options, ...args.slice(end)]
}
