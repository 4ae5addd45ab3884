/** The options that say about which recorded flows a plan is asked. */
import type { Command } from 'commander'
import { wholeNumber } from './option-values.ts'

/** So many are judged in about a second. A window that is asked for has no such bound. */
export const FLOWS_DEFAULT = 10_000

export function withFlowOptions(command: Command): Command {
  return command
    .option(
      '--flows <count>',
      `judge the last so many recorded flows; 0 for none; by default ${FLOWS_DEFAULT}, or all of the window`,
      wholeNumber,
    )
    .option(
      '--since <moment>',
      'judge recorded flows from then on: a time, a duration such as 30d, or a moment as in --at',
    )
    .option('--until <moment>', 'and up to then')
}
