/** A proxy in a process of its own, to be killed: `client-process.ts SOCKET`. */
import { createXdsClient } from '../../src/xds/client.ts'

createXdsClient({ socket: process.argv[2]!, node: 'victim' }).start(() => ({ kind: 'taken' }))
