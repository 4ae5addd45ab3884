/**
 * Lines of text as a gzipped file and back, piece by piece. What comes from somewhere else is bounded before it is believed: so many bytes of text, so
 * many in a line, whatever the file unpacks to.
 */
import { Readable } from 'node:stream'
import { createGunzip, createGzip, type Gunzip, type Gzip } from 'node:zlib'
import { CapsuleError } from './capsule-error.ts'

/** A range, not a log: 512 MiB of text, about a million events. As events it takes about twice that in memory. */
export const TEXT_BYTES_MAX: number = 512 * 1024 * 1024
/** The largest event is a map write of 16,384 entries with their origins. */
export const LINE_BYTES_MAX: number = 64 * 1024 * 1024
/** Lines are gathered up to this before they are packed. */
const CHUNK_CHARS = 256 * 1024
const NEWLINE = 0x0a

/** Throws `CapsuleError` where it is more than can be read again. */
export async function* packedLines(lines: Iterable<string>): AsyncGenerator<Uint8Array> {
  yield* piped(Readable.from(gathered(lines)), createGzip({ level: 9 }))
}

function* gathered(lines: Iterable<string>): Generator<Buffer> {
  let held = ''
  let bytes = 0
  for (const line of lines) {
    held += `${line}\n`
    if (held.length < CHUNK_CHARS) continue
    const chunk = Buffer.from(held)
    bytes += chunk.length
    if (bytes > TEXT_BYTES_MAX) throw tooLarge(TEXT_BYTES_MAX)
    yield chunk
    held = ''
  }
  if (held !== '') yield Buffer.from(held)
}

function tooLarge(textBytesMax: number): CapsuleError {
  return new CapsuleError('capsule-too-large', `more than ${textBytesMax} bytes of text: a shorter range is wanted`)
}

/** Each line without its end. Throws `CapsuleError`; what the source throws is passed on. */
export async function* unpackedLines(
  chunks: AsyncIterable<Uint8Array>,
  textBytesMax: number = TEXT_BYTES_MAX,
): AsyncGenerator<Buffer> {
  let rest: Buffer[] = []
  let [restBytes, bytes] = [0, 0]
  for await (const chunk of unpacked(chunks)) {
    bytes += chunk.length
    if (bytes > textBytesMax) throw tooLarge(textBytesMax)
    let start = 0
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      const piece = chunk.subarray(start, end)
      yield rest.length === 0 ? piece : Buffer.concat([...rest, piece])
      ;[rest, restBytes, start] = [[], 0, end + 1]
    }
    restBytes += chunk.length - start
    if (restBytes > LINE_BYTES_MAX)
      throw new CapsuleError('capsule-too-large', `a line of over ${LINE_BYTES_MAX} bytes`)
    if (start < chunk.length) rest.push(chunk.subarray(start))
  }
  if (bytes === 0) throw new CapsuleError('capsule-not-one', 'it is empty')
  if (restBytes > 0) throw new CapsuleError('capsule-changed', 'its last line has no end')
}

async function* unpacked(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  const seen = { bytes: 0 }
  try {
    yield* piped(Readable.from(counted(chunks, seen)), createGunzip())
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? ''
    if (!code.startsWith('Z_')) throw error
    const reason = (error as Error).message
    if (seen.bytes === 0) return
    if (code === 'Z_BUF_ERROR') throw new CapsuleError('capsule-changed', `it is cut off: ${reason}`, { cause: error })
    throw new CapsuleError('capsule-not-one', `not gzip: ${reason}`, { cause: error })
  }
}

async function* counted(chunks: AsyncIterable<Uint8Array>, seen: { bytes: number }): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    seen.bytes += chunk.length
    yield chunk
  }
}

/** What comes out at the other end; `pipe` alone does not pass on what the source throws. */
async function* piped(source: Readable, through: Gzip | Gunzip): AsyncGenerator<Buffer> {
  source.once('error', (error) => through.destroy(error))
  try {
    yield* source.pipe(through) as AsyncIterable<Buffer>
  } finally {
    source.destroy()
    through.destroy()
  }
}
