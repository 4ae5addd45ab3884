/** A datapath under the pins of a node, in a network namespace of its own with the routes to the proxy. */
import { ensureProxyRoutes } from '../../src/kernel/routes.ts'
import type { Datapath } from '../../src/ports/datapath.ts'
import { type Laboratory, laboratory } from './laboratory.ts'
import { Network } from './network.ts'

/** As `hindcast` names the pins of `node1`. */
const PINS = { name: 'hindcast-node1' }

export async function placed(): Promise<{ readonly lab: Laboratory; readonly datapath: Datapath } & AsyncDisposable> {
  const network = new Network()
  try {
    await ensureProxyRoutes()
    const lab = await laboratory(PINS)
    const end = async (): Promise<void> => {
      await lab[Symbol.asyncDispose]()
      network[Symbol.dispose]()
    }
    return { lab, datapath: lab.datapath, [Symbol.asyncDispose]: end }
  } catch (error) {
    network[Symbol.dispose]()
    throw error
  }
}
