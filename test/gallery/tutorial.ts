/**
 * README.md as a list of commands with their answers. A block of ```console holds one command or more, each with what it prints; a number in brackets at the
 * end says how it ended, where it did not end with 0.
 */

import { join } from 'node:path'

export const README: string = join(import.meta.dirname, 'README.md')

export type Told = { readonly section: string; readonly command: string; readonly answer: string }

/** After the last moment of a recording: what is later is written while the commands run. */
const RECORDED_BEFORE = Date.parse('2026-09-01T00:00:00Z')

const BLOCK = /^```console\n([\s\S]*?)^```$/gm

export function commandsOf(document: string): readonly Told[] {
  return document.split(/^## /m).flatMap((part) => {
    const section = part.slice(0, part.indexOf('\n')).trim()
    return [...part.matchAll(BLOCK)].flatMap(([, body = '']) => inBlock(body).map((told) => ({ section, ...told })))
  })
}

/** The document with other answers in some of its sections. */
export async function withAnswers(
  document: string,
  isOurs: (section: string) => boolean,
  answerOf: (told: Told) => Promise<string>,
): Promise<string> {
  let text = document
  let from = 0
  for (const told of commandsOf(document).filter(({ section }) => isOurs(section))) {
    from = Math.max(from, text.indexOf(`## ${told.section}\n`))
    const before = `$ ${told.command}\n${told.answer}`
    const after = `$ ${told.command}\n${await answerOf(told)}`
    const at = text.indexOf(before, from)
    text = `${text.slice(0, at)}${after}${text.slice(at + before.length)}`
    from = at + after.length
  }
  return text
}

/** Words of a command line with single quotes. */
export function wordsOf(command: string): readonly string[] {
  return [...command.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '')
}

/** Without what only pads, and with the names of positions in the order in which they appear: the agent may take another number of steps one day. */
export function masked(text: string): string {
  const names = new Map<string, string>()
  return text
    .replaceAll(/[ \t]+$/gm, '')
    .replaceAll(/\b20[0-9]{2}-[0-9-]{5}T[0-9:.]+Z/g, (time) => (Date.parse(time) > RECORDED_BEFORE ? 'now' : time))
    .replaceAll(/\b70[0-9]{4}\b/g, (position) => {
      const name = names.get(position) ?? `position-${names.size + 1}`
      names.set(position, name)
      return name
    })
}

function inBlock(body: string): readonly { readonly command: string; readonly answer: string }[] {
  return body
    .split(/^\$ /m)
    .slice(1)
    .map((part) => {
      const end = part.indexOf('\n')
      return { command: part.slice(0, end), answer: part.slice(end + 1) }
    })
}
