/** Bytes both ways, unread: after an upgrade, and for connections that cannot be read. Slow readers slow the other side; each end half-closes alone. */
import type { Socket } from 'node:net'

export function tunnel(downstream: Socket, upstream: Socket): void {
  downstream.pipe(upstream)
  upstream.pipe(downstream)
  closeWith(downstream, upstream)
  closeWith(upstream, downstream)
  downstream.resume()
  upstream.resume()
}

/**
 * A reset of one side becomes a reset of the other. Where one side has ended and is gone, the other gets what is still written to it and then goes
 * too: nobody is left to read it.
 */
function closeWith(one: Socket, other: Socket): void {
  one.on('error', () => other.resetAndDestroy())
  one.on('close', () => {
    if (one.readableEnded) other.destroySoon()
    else other.destroy()
  })
}
