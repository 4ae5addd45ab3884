/** A command that runs its arguments without any capability: to the kernel they are nobody, whoever starts them. */
import { readFileSync } from 'node:fs'

/** Empty where this process has none to give up. */
export const POWERLESS: readonly string[] = capable() ? ['setpriv', '--inh-caps=-all', '--bounding-set=-all'] : []

function capable(): boolean {
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]
  return BigInt(`0x${effective ?? '0'}`) !== 0n
}
