/**
 * Reading a BPF ring buffer without blocking: the event loop itself waits for the map's descriptor, libbpf takes the records.
 *
 * One consumer at a time: the position up to which records are read lies in the shared memory and outlives the process, so a successor
 * goes on where the last one stopped.
 */
import koffi from 'koffi'
import { checked, failureOf } from './failure.ts'
import { libbpf } from './libbpf.ts'
import { copyMemory } from './libc.ts'
import type { Pointer } from './native.ts'

/** Calls `deliver` with the records as they come, in batches. */
export function readRing(fd: number, deliver: (records: readonly Buffer[]) => void): Disposable {
  let batch: Buffer[] = []
  const take = koffi.register(
    (_context: null, data: Pointer, size: number | bigint): number => {
      batch.push(copyMemory(data, Number(size)))
      return 0
    },
    koffi.pointer(koffi.proto('int', ['void *', 'void *', 'size_t'])),
  )
  const ring = libbpf().ring_buffer__new(fd, take, null, null)
  if (ring === null) {
    koffi.unregister(take)
    throw failureOf(koffi.errno(), 'opening the ring buffer')
  }
  const poll = koffi.node.poll(fd, { readable: true }, () => {
    checked(libbpf().ring_buffer__consume(ring), 'reading the ring buffer')
    const records = batch
    batch = []
    if (records.length > 0) deliver(records)
  })
  return {
    [Symbol.dispose]: () => {
      poll.close()
      libbpf().ring_buffer__free(ring)
      koffi.unregister(take)
    },
  }
}
