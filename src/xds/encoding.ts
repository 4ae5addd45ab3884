/** Resources become bytes once: every stream, and every later publication that has the same resource, shares them. */
import type { XdsType } from '../../events/node.ts'
import type { Json } from '../../events/schema.ts'
import { resourceName } from '../../projections/xds/check.ts'
import { encodeResources, encodeResponse, packResource, typeUrlOf } from '../../proto/messages.ts'
import type { Response } from './subscription.ts'

export class ResourceEncoder {
  readonly #xds: XdsType
  readonly #known = new WeakMap<object, Buffer>()

  constructor(xds: XdsType) {
    this.#xds = xds
  }

  /** Equal bytes are the same object as in `before`. Throws `TypeError` where a resource cannot be encoded or has another name. */
  encode(
    resources: ReadonlyMap<string, Json>,
    before: ReadonlyMap<string, Uint8Array>,
  ): ReadonlyMap<string, Uint8Array> {
    const encoded = new Map<string, Uint8Array>()
    for (const [name, resource] of resources) {
      const bytes = this.#bytesOf(name, resource)
      const old = before.get(name)
      encoded.set(name, old !== undefined && Buffer.compare(old, bytes) === 0 ? old : bytes)
    }
    return encoded
  }

  #bytesOf(name: string, resource: Json): Buffer {
    if (typeof resource !== 'object' || resource === null) throw new TypeError(`${this.#xds} ${name} is not a message`)
    const known = this.#known.get(resource)
    if (known !== undefined) return known
    const own = resourceName(this.#xds, resource)
    if (own !== name) throw new TypeError(`${this.#xds} ${name} names itself ${own}`)
    const bytes = encodeResources([packNamed(this.#xds, name, resource)])
    this.#known.set(resource, bytes)
    return bytes
  }
}

/** Whole lists, by the map that they are of: streams that want everything share one. */
const bodies = new WeakMap<ReadonlyMap<string, Uint8Array>, Buffer>()

export function encodedResponse(xds: XdsType, { version, nonce, resources }: Response, stamp: string): Buffer {
  const body = bodies.get(resources) ?? Buffer.concat([...resources.values()])
  bodies.set(resources, body)
  return encodeResponse(
    { versionInfo: version, nonce, typeUrl: typeUrlOf(xds), controlPlane: { identifier: stamp } },
    body,
  )
}

function packNamed(xds: XdsType, name: string, resource: Json): ReturnType<typeof packResource> {
  try {
    return packResource(xds, resource)
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    throw new TypeError(`${xds} ${name}: ${error.message}`, { cause: error })
  }
}
