/** How the story is told: a progress line for each step and what was seen, or one line of JSON a step. */

export type Step = {
  readonly title: string
  /** What was expected, for people. */
  readonly expected: string
  readonly seen: string
  readonly ok: boolean
  /** Tables and documents that belong to the step. */
  readonly exhibits: readonly Exhibit[]
}

/** The output of a command, as the reader would get it by typing the command. */
export type Exhibit = { readonly command: string; readonly output: string }

export interface Narrator {
  /** Something is being prepared that takes a moment. */
  progress(text: string): void
  /** A step begins; what it is called is said at once. */
  begin(title: string): void
  tell(step: Step): void
  end(result: { readonly passed: number; readonly failed: number; readonly durationMs: number }): void
}

export function narratorForPeople(write: (text: string) => void): Narrator {
  let number = 0
  return {
    progress: (text) => write(`${text}\n`),
    begin: (title) => {
      number += 1
      write(`\n${String(number).padStart(2)}. ${title}\n`)
    },
    tell: ({ expected, seen, ok, exhibits }) => {
      write(`    ${ok ? 'ok' : 'FAILED'}: ${seen}\n`)
      if (!ok) write(`    expected: ${expected}\n`)
      for (const { command, output } of exhibits) write(`\n    $ ${command}\n${indented(output)}`)
    },
    end: ({ passed, failed, durationMs }) =>
      write(
        `\n${failed === 0 ? 'The story holds' : 'The story does not hold'}: ${passed} steps as told, ${failed} not, ${(durationMs / 1_000).toFixed(1)} s.\n`,
      ),
  }
}

export function narratorForPrograms(write: (text: string) => void): Narrator {
  let number = 0
  const line = (value: unknown): void => write(`${JSON.stringify(value)}\n`)
  return {
    progress: (text) => line({ kind: 'progress', text }),
    begin: (title) => line({ kind: 'begin', title }),
    tell: (step) => {
      number += 1
      line({ kind: 'step', number, ...step })
    },
    end: (result) => line({ kind: 'end', ...result }),
  }
}

function indented(text: string): string {
  return text
    .trimEnd()
    .split('\n')
    .map((row) => `      ${row}`.trimEnd())
    .join('\n')
    .concat('\n')
}
