/**
 * The place of a Unix socket in the file system, claimed so that it is never open to others and never taken from a server that lives.
 *
 * The server binds a name of its own beside the place; only when the mode is right does the socket get its real name, by link(2), which fails
 * where somebody else was quicker. Closing takes the name away only if it still is this socket.
 */
import { chmodSync, chownSync, linkSync, lstatSync, type Stats, unlinkSync } from 'node:fs'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

export type XdsSocketErrorCode = 'socket-taken' | 'socket-not-ours' | 'socket-path' | 'socket-io'

/** `socket-taken`: a server answers there. `socket-not-ours`: what stands there is no socket. The message names the path. */
export class XdsSocketError extends Error {
  override readonly name = 'XdsSocketError'
  readonly code: XdsSocketErrorCode

  constructor(code: XdsSocketErrorCode, message: string, options?: ErrorOptions) {
    super(`${code}: ${message}`, options)
    this.code = code
  }
}

/** Owner and group may connect. */
const MODE = 0o660
/** sun_path of Linux has 108 bytes with the final zero; the temporary name needs some of them. */
const PATH_MAX_BYTES = 107
/** Somebody who does not accept within this time still holds the place. */
const PROBE_MS = 1_000

export type BoundSocket = { readonly temporary: string; readonly path: string }

/** A name to bind first. Throws `XdsSocketError` where a server answers at `path` already, or what stands there is no socket. */
export async function prepareSocket(path: string): Promise<BoundSocket> {
  const temporary = `${path}.${process.pid.toString(36)}`
  if (Buffer.byteLength(temporary) > PATH_MAX_BYTES) {
    throw new XdsSocketError('socket-path', `${path} is longer than a Unix socket's path may be`)
  }
  const stands = statOf(path)
  if (stands !== null && !stands.isSocket()) throw new XdsSocketError('socket-not-ours', `${path} is not a socket`)
  if (stands !== null && (await answers(path))) throw new XdsSocketError('socket-taken', `${path} has a server already`)
  if (stands !== null) removeIfSame(path, stands)
  removeIfSame(temporary, statOf(temporary))
  return { temporary, path }
}

/** Gives the bound socket its mode, group and name; the result takes the name away again. Throws `XdsSocketError`. */
export function publishSocket({ temporary, path }: BoundSocket, gid: number | null): () => void {
  try {
    chmodSync(temporary, MODE)
    if (gid !== null) chownSync(temporary, process.getuid?.() ?? 0, gid)
    linkSync(temporary, path)
  } catch (error) {
    if (hasCode(error, 'EEXIST'))
      throw new XdsSocketError('socket-taken', `${path} was taken meanwhile`, { cause: error })
    throw new XdsSocketError('socket-io', `${path}: ${String(error)}`, { cause: error })
  } finally {
    removeIfSame(temporary, statOf(temporary))
  }
  const own = statOf(path)
  return () => removeIfSame(path, own)
}

async function answers(path: string): Promise<boolean> {
  const socket = connect(path)
  const answer = new Promise<boolean>((resolve, reject) => {
    socket.once('connect', () => resolve(true))
    socket.once('error', (error) => {
      if (hasCode(error, 'ECONNREFUSED') || hasCode(error, 'ENOENT')) resolve(false)
      else reject(new XdsSocketError('socket-io', `${path}: ${error.message}`, { cause: error }))
    })
  })
  const patience = new AbortController()
  try {
    return await Promise.race([answer, sleep(PROBE_MS, true, { signal: patience.signal })])
  } finally {
    patience.abort()
    socket.destroy()
  }
}

function removeIfSame(path: string, was: Stats | null): void {
  const now = statOf(path)
  if (now !== null && was !== null && now.ino === was.ino && now.dev === was.dev) unlinkSync(path)
}

function statOf(path: string): Stats | null {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) ?? null
  } catch (error) {
    throw new XdsSocketError('socket-io', `${path}: ${String(error)}`, { cause: error })
  }
}

function hasCode(error: unknown, code: string): boolean {
  return (error as { readonly code?: string }).code === code
}
