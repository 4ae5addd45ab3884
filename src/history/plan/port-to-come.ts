/** Stands for a proxy port that no agent has allocated yet: nobody can listen there. */
import type { Port } from '../../../events/ids.ts'

export const PORT_TO_COME = 1 as Port
