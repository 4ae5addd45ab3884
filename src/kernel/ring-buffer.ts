/**
 * Reading a BPF ring buffer without blocking: its pages are mapped, and the event loop itself waits for its descriptor.
 *
 * One consumer at a time: the position up to which records are read lies in the shared memory and outlives the process, so a successor
 * goes on where the last one stopped.
 */
import koffi from 'koffi'
import { mapMemory, memoryAt, PROT_READ, PROT_WRITE, pageSize, unmapMemory } from './libc.ts'

/** Record header: length with two flag bits, then the offset of its page. */
const HEADER_BYTES = 8
const BUSY = 0x8000_0000
const DISCARDED = 0x4000_0000
const LENGTH_BITS = 0x3fff_ffff
/** One turn of the event loop decodes at most this many; the rest waits for the next turn. */
const TURN_RECORDS_MAX = 4096

export type RingReader = Disposable & { readonly drain: () => void }

/** Calls `deliver` with the records as they come, in batches. The buffers are copies. */
export function readRing(fd: number, ringBytes: number, deliver: (records: readonly Buffer[]) => void): RingReader {
  const page = pageSize()
  const consumerPage = mapMemory(fd, page, PROT_READ | PROT_WRITE, 0)
  // The producer's position and the data, which the kernel maps twice so that no record is broken at the end.
  const producerBytes = page + 2 * ringBytes
  const producerPages = mapMemory(fd, producerBytes, PROT_READ, page)
  const ring: Ring = {
    consumer: new BigUint64Array(memoryAt(consumerPage, 8)),
    producer: new BigUint64Array(memoryAt(producerPages, 8)),
    data: Buffer.from(memoryAt(producerPages + BigInt(page), 2 * ringBytes)),
    mask: BigInt(ringBytes - 1),
  }
  const drain = (): void => {
    const records = takeRecords(ring)
    if (records.length > 0) deliver(records)
  }
  const poll = koffi.node.poll(fd, { readable: true }, drain)
  return {
    drain,
    [Symbol.dispose]: () => {
      poll.close()
      unmapMemory(consumerPage, page)
      unmapMemory(producerPages, producerBytes)
    },
  }
}

type Ring = {
  readonly consumer: BigUint64Array
  readonly producer: BigUint64Array
  readonly data: Buffer
  readonly mask: bigint
}

function takeRecords({ consumer, producer, data, mask }: Ring): readonly Buffer[] {
  const records: Buffer[] = []
  const end = Atomics.load(producer, 0)
  let position = Atomics.load(consumer, 0)
  while (position < end && records.length < TURN_RECORDS_MAX) {
    const at = Number(position & mask)
    const header = data.readUInt32LE(at)
    if ((header & BUSY) !== 0) break
    const length = header & LENGTH_BITS
    if ((header & DISCARDED) === 0)
      records.push(Buffer.from(data.subarray(at + HEADER_BYTES, at + HEADER_BYTES + length)))
    position += BigInt(Math.ceil((length + HEADER_BYTES) / 8) * 8)
  }
  Atomics.store(consumer, 0, position)
  return records
}
