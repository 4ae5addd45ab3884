/**
 * Tells subscribers that the file may have grown: at once for appends of this process, by inotify on the write-ahead log for those of
 * others, and by a slow poll where the watch misses something (it may, on network file systems). Without subscribers nothing is watched:
 * a notification for each own write would cost an appender a tenth of its time.
 */
import { type FSWatcher, watch } from 'node:fs'
import { basename, dirname } from 'node:path'
import { endWith, ignoreElements, merge, Observable, Subject, share, takeUntil } from 'rxjs'

/** The longest time that another process's append can stay unseen. */
const POLL_MS = 200

export class Wake implements Disposable {
  readonly signals: Observable<void>
  readonly #own: Subject<void> = new Subject<void>()

  constructor(path: string) {
    const closed = this.#own.pipe(ignoreElements(), endWith(undefined))
    this.signals = merge(this.#own, others(path).pipe(share(), takeUntil(closed)))
  }

  now(): void {
    this.#own.next()
  }

  [Symbol.dispose](): void {
    this.#own.complete()
  }
}

function others(path: string): Observable<void> {
  return new Observable((subscriber) => {
    const watcher = watchWal(path, () => subscriber.next())
    const timer = setInterval(() => subscriber.next(), POLL_MS)
    timer.unref()
    return () => {
      watcher?.close()
      clearInterval(timer)
    }
  })
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
