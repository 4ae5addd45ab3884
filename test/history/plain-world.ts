/** A world as plain JSON, so that two of them can be compared whatever their maps are made of. */
import { canonicalText } from '../../events/canonical.ts'
import type { Json } from '../../events/schema.ts'
import { entitiesOf } from '../../projections/history/entities.ts'
import type { World } from '../../projections/world.ts'

export function plainWorld(world: World): string {
  const units = [
    { kind: 'policy' } as const,
    { kind: 'identity' } as const,
    ...[...world.nodes].flatMap(([node, { endpoints }]) => [
      { kind: 'node', node } as const,
      ...[...endpoints.keys()].map((endpoint) => ({ kind: 'endpoint', node, endpoint }) as const),
    ]),
  ]
  const plain = units.map((unit) => [canonicalText(unit), Object.fromEntries(entitiesOf(world, unit))] as const)
  return canonicalText(Object.fromEntries(plain) as Json)
}
