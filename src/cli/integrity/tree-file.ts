/** The stored tree beside the log, for one piece of work. */
import { type TreeStore, TreeStoreError } from '../../ports/tree-store.ts'
import { openTreeStore, removeTreeFile } from '../../tree/sqlite.ts'

/**
 * Where the file cannot be used, `work` is done (again) on a tree in memory, which means reading the whole log; `warn` is told, and a damaged
 * file is removed. So `work` must not have told anything to anybody before it ends.
 */
export async function withTree<T>(
  path: string,
  warn: (text: string) => void,
  work: (store: TreeStore) => Promise<T>,
): Promise<T> {
  try {
    using store = openTreeStore(path)
    return await work(store)
  } catch (error) {
    if (!(error instanceof TreeStoreError)) throw error
    if (error.isDamaged) removeTreeFile(path)
    warn(`no stored tree, the log is read from its beginning: ${error.message}\n`)
    using store = openTreeStore(null)
    return await work(store)
  }
}
