/**
 * Tells subscribers that the file may have grown: at once for appends of this process, by inotify on the write-ahead log for those of
 * others, and by a slow poll where the watch misses something (it may, on network file systems).
 */
import { type FSWatcher, watch } from 'node:fs'
import { basename, dirname } from 'node:path'
import { Subject } from 'rxjs'

/** The longest time that another process's append can stay unseen. */
const POLL_MS = 200

export class Wake implements Disposable {
  readonly signals: Subject<void> = new Subject<void>()
  readonly #watcher: FSWatcher | null
  readonly #timer: NodeJS.Timeout

  constructor(path: string) {
    this.#watcher = watchWal(path, () => this.signals.next())
    this.#timer = setInterval(() => this.signals.next(), POLL_MS)
    this.#timer.unref()
  }

  now(): void {
    this.signals.next()
  }

  [Symbol.dispose](): void {
    this.#watcher?.close()
    clearInterval(this.#timer)
    this.signals.complete()
  }
}

/** Null where the folder cannot be watched: the poll remains. */
function watchWal(path: string, changed: () => void): FSWatcher | null {
  const wal = `${basename(path)}-wal`
  try {
    const watcher = watch(dirname(path), { persistent: false }, (_, name) => {
      if (name === wal) changed()
    })
    watcher.on('error', () => watcher.close())
    return watcher
  } catch {
    return null
  }
}
