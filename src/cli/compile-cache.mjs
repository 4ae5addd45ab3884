/**
 * Where compiled code is kept between runs, which halves the time to start: `hindcast/compiled` in the user's own cache folder, not Node's default
 * place, which machines share.
 *
 * Whoever can write a compile cache can run code as its reader. So the folder and every one above it belongs to this user or to root, and nobody
 * else may write there; folders like /tmp, root's and sticky, keep others away from what is in them. A root that goes by a user's HOME therefore
 * keeps nothing. The same holds where nothing can be written: starting takes longer, and that is all.
 */
import { lstatSync, mkdirSync, realpathSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, isAbsolute, join } from 'node:path'

const WRITABLE_BY_OTHERS = 0o022
const STICKY = 0o1000

/** Null where there is none that is safe. */
export function compileCacheFolder() {
  const given = process.env.XDG_CACHE_HOME ?? ''
  try {
    const folder = join(isAbsolute(given) ? given : join(homedir(), '.cache'), 'hindcast', 'compiled')
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    const real = realpathSync(folder)
    return isOursAlone(real) ? real : null
  } catch {
    return null
  }
}

function isOursAlone(folder) {
  const user = process.geteuid?.()
  // Windows gives each user a profile of their own.
  if (user === undefined) return true
  for (let path = folder; ; path = dirname(path)) {
    const { uid, mode } = lstatSync(path)
    const isShared = (mode & WRITABLE_BY_OTHERS) !== 0 && !(uid === 0 && (mode & STICKY) !== 0 && path !== folder)
    if ((uid !== user && uid !== 0) || isShared) return false
    if (path === dirname(path)) return true
  }
}
