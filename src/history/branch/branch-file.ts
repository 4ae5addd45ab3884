/** The file that a branch is kept in: version 2, and version 1, which knew policies only and no edits. */
import type { FactRef } from '../../../events/facts.ts'
import { cidr, ipAddress, type ResourceRef, resourceKey, resourceRef } from '../../../events/fields.ts'
import {
  dictionary,
  integer,
  type Json,
  json,
  list,
  oneOf,
  orNull,
  positionText,
  record,
  type Schema,
  type SchemaProblem,
  text,
} from '../../../events/schema.ts'
import type { Fact } from '../../../projections/policy/parse/fact.ts'
import { BRANCH_VERSION, type Branch, type BranchCommand } from './branch.ts'

export type BranchReading =
  | { readonly kind: 'read'; readonly branch: Branch }
  | { readonly kind: 'refused'; readonly reason: string }

export function readBranch(found: unknown): BranchReading {
  const v = (found as { readonly v?: unknown } | null)?.v
  if (v !== 1 && v !== BRANCH_VERSION && Number.isSafeInteger(v))
    return { kind: 'refused', reason: `is of version ${v}; versions 1 and ${BRANCH_VERSION} are read` }
  const problems: SchemaProblem[] = []
  const schema: Schema<unknown> = v === 1 ? branchV1 : branch
  schema.check(found, '', problems)
  const [problem] = problems
  if (problem !== undefined) return { kind: 'refused', reason: `is damaged: ${problem.path} ${problem.reason}` }
  return { kind: 'read', branch: v === 1 ? fromV1(found as BranchV1) : (found as Branch) }
}

const factRef: Schema<FactRef> = record({
  kind: oneOf('CiliumCIDRGroup', 'Service', 'Endpoints', 'EndpointSlice'),
  namespace: orNull(text),
  name: text,
})
const labels = dictionary(text)
const fact: Schema<Fact> = kinds<Fact>({
  'cidr-group': { ref: factRef, labels, prefixes: list(cidr) },
  service: { ref: factRef, labels },
  backends: { ref: factRef, service: text, addresses: list(ipAddress) },
})
const command: Schema<BranchCommand> = kinds<BranchCommand>({
  set: { resource: resourceRef, manifest: json },
  delete: { resource: resourceRef },
  'set-fact': { fact },
  'delete-fact': { ref: factRef },
  without: { position: positionText, what: text },
  edit: { position: positionText, resource: resourceRef, manifest: json },
})

const branch: Schema<Branch> = record({
  v: integer as Schema<typeof BRANCH_VERSION>,
  name: text,
  fork: orNull(positionText),
  commands: list(command),
})

const commandV1 = record({
  kind: oneOf('set', 'delete', 'without'),
  resource: resourceRef,
  manifest: orNull(json),
  position: orNull(positionText),
})
type CommandV1 = {
  readonly kind: 'set' | 'delete' | 'without'
  readonly resource: ResourceRef
  readonly manifest: Json | null
  readonly position: string | null
}
type BranchV1 = Omit<Branch, 'v' | 'commands'> & { readonly v: 1; readonly commands: readonly CommandV1[] }

const branchV1: Schema<BranchV1> = record({
  v: integer as Schema<1>,
  name: text,
  fork: orNull(positionText),
  commands: list(commandV1),
})

function fromV1({ name, fork, commands }: BranchV1): Branch {
  return { v: BRANCH_VERSION, name, fork, commands: commands.map(commandFromV1) }
}

function commandFromV1({ kind, resource, manifest, position }: CommandV1): BranchCommand {
  if (kind === 'set') return { kind, resource, manifest }
  if (kind === 'delete') return { kind, resource }
  return { kind, position: position ?? '0', what: resourceKey(resource) }
}

/** One of several records, told apart by `kind`. */
function kinds<T extends { readonly kind: string }>(
  fields: {
    readonly [Kind in T['kind']]: { readonly [name: string]: Schema<unknown> }
  },
): Schema<T> {
  const records = new Map(
    Object.entries<{ readonly [name: string]: Schema<unknown> }>(fields).map(([kind, own]) => [
      kind,
      record({ kind: oneOf(kind), ...own }),
    ]),
  )
  return {
    shape: [...records.values()].map(({ shape }) => shape).join('|'),
    check: (value, path, problems) => {
      const kind = (value as { readonly kind?: unknown } | null)?.kind
      const own = typeof kind === 'string' ? records.get(kind) : undefined
      if (own === undefined)
        problems.push({ path: `${path}/kind`, reason: `is not one of ${[...records.keys()].join(', ')}` })
      else own.check(value, path, problems)
    },
  }
}
