/** Colour for people: never the only sign of anything, never for programs, and off where NO_COLOR is set (no-color.org). */

export type ColourWhen = 'auto' | 'always' | 'never'
export const COLOUR_CHOICES: readonly ColourWhen[] = ['auto', 'always', 'never']

export type Tone = 'good' | 'bad' | 'faint'
export type Paint = (text: string, tone: Tone) => string

/** SGR parameters (ECMA-48). */
const SGR: Readonly<Record<Tone, number>> = { good: 32, bad: 31, faint: 2 }

export type ColourSetting = {
  readonly when: ColourWhen
  /** Standard output is a terminal. */
  readonly terminal: boolean
  readonly noColor: string | undefined
}

/** An empty NO_COLOR does not count; `always` overrides it. */
export function paintFor({ when, terminal, noColor = '' }: ColourSetting): Paint {
  const coloured = when === 'always' || (when === 'auto' && terminal && noColor === '')
  return coloured ? (text, tone) => `\u001b[${SGR[tone]}m${text}\u001b[0m` : (text) => text
}
