/** An xDS server in a process of its own, to be killed: `server-process.ts SOCKET EPOCH PEER`. It serves one policy and says `ready`. */
import { writeSync } from 'node:fs'
import { startXdsServer } from '../../src/xds/server.ts'
import { aPolicy, STAMP, snapshot } from './fixture.ts'

const [socket, epoch, peer] = process.argv.slice(2)
const server = await startXdsServer({ socket: socket!, epoch: epoch! })
server.publish('npds', { ...snapshot(1, aPolicy(7, Number(peer))), version: `${epoch}.1` }, STAMP)
writeSync(1, 'ready\n')
