import { packetContract } from '../contract/datapath-packets.ts'
import { KERNEL_REASON, laboratory } from './laboratory.ts'
import { kernelFixture } from './packet-fixture.ts'

packetContract({ name: 'kernel', skip: KERNEL_REASON, open: async () => kernelFixture(await laboratory()) })
