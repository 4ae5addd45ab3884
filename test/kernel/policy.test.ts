import assert from 'node:assert/strict'
import { ACK, packet, SYN, TCP } from '../../src/kernel/packet.ts'
import { DROP, entry, kernelTest, PASS } from './laboratory.ts'

const WEB = { endpoint: 7, identity: 1007, address: '10.1.0.7' }
const CLIENT = '10.1.0.9'

kernelTest('D1 a connection that an entry allows passes, with one verdict for all its packets', async (lab) => {
  await lab.pod(WEB)
  await lab.peer(`${CLIENT}/32`, 2001)
  await lab.policy(7, entry({ identity: 2001, protocol: TCP, port: 80 }))
  const http = { source: CLIENT, destination: WEB.address, protocol: TCP, sourcePort: 40_000, destinationPort: 80 }
  assert.equal(lab.run('to_pod', packet({ ...http, tcpFlags: SYN })).action, PASS)
  assert.equal(lab.run('to_pod', packet({ ...http, tcpFlags: ACK })).action, PASS)
  const verdicts = await lab.verdicts()
  assert.equal(verdicts.length, 1)
  assert.deepEqual(verdicts[0], {
    endpoint: 7,
    direction: 'ingress',
    remoteIdentity: 2001,
    protocol: TCP,
    source: CLIENT,
    sourcePort: 40_000,
    destination: WEB.address,
    destinationPort: 80,
    action: 'allow',
    proxyPort: null,
    dropReason: null,
    matchType: 'L3-L4',
  })
  assert.equal(lab.run('to_pod', packet({ ...http, destinationPort: 81 })).action, DROP)
  const [denied] = await lab.verdicts()
  assert.equal(denied?.dropReason, 133)
})
