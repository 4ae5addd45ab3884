/** What is in the kernel now, whoever put it there: programs at the endpoints' devices, endpoints by address, maps in their slots. */
import type { EndpointId } from '../../events/ids.ts'
import type { AttachedProgram, EnteredEndpoint } from '../ports/datapath.ts'
import { attachmentsAt, type Hook } from './attach.ts'
import { type PinFolder, pinnedEndpoints } from './bpffs.ts'
import { decodeEndpoint, endpointIdOf } from './layout/endpoint.ts'
import { interfaceName } from './libc.ts'
import { ENDPOINTS, POLICY, POLICY_MAPS } from './maps.ts'
import { programById } from './program.ts'
import { mapId, openMap, type SharedMaps } from './shared-maps.ts'

const HOOKS: readonly Hook[] = ['egress', 'ingress']

export function enteredEndpoints(maps: SharedMaps): readonly EnteredEndpoint[] {
  return maps
    .get(ENDPOINTS)
    .entries()
    .map(({ key, value }) => decodeEndpoint(key, value))
    .filter((entered) => entered !== null)
    .toSorted((a, b) => a.endpoint - b.endpoint)
}

/** The device of an endpoint is the one that it is entered with. */
export function attachedPrograms(folder: PinFolder, maps: SharedMaps): readonly AttachedProgram[] {
  return maps
    .get(ENDPOINTS)
    .entries()
    .map(({ value }) => ({ endpoint: endpointIdOf(value) as EndpointId, ifindex: value.readUInt32LE(0) }))
    .toSorted((a, b) => a.endpoint - b.endpoint)
    .flatMap(({ endpoint, ifindex }) => {
      const device = ifindex === 0 ? null : interfaceName(ifindex)
      return device === null ? [] : programsAt(folder, { endpoint, ifindex, device })
    })
}

/** The slot is what the programs look into; the pin is what this side reads and writes. */
export function mapsInForce(folder: PinFolder, maps: SharedMaps): readonly EndpointId[] {
  const slots = maps.get(POLICY_MAPS).reader()
  return pinnedEndpoints(folder).filter((endpoint) => {
    using map = openMap(folder.policyPath(endpoint), POLICY)
    return map !== null && slots(slotOf(endpoint))?.readUInt32LE(0) === mapId(map.fd)
  })
}

function programsAt(
  folder: PinFolder,
  { endpoint, ifindex, device }: { readonly endpoint: EndpointId; readonly ifindex: number; readonly device: string },
): readonly AttachedProgram[] {
  return HOOKS.flatMap((hook) =>
    attachmentsAt(ifindex, hook, folder.attachPaths(endpoint, hook)).flatMap(({ id, attach, own }) => {
      const program = programById(id)
      return program === null ? [] : [{ endpoint, program: program.name, tag: program.tag, device, hook, attach, own }]
    }),
  )
}

function slotOf(endpoint: EndpointId): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(endpoint)
  return bytes
}
