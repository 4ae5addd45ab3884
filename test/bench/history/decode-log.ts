/** `node decode-log.ts LOG LIMIT`: reads and decodes so many events, and does nothing else. What is built from a log is compared with it. */
import { decodeEvent } from '../../../events/codec.ts'
import { openSqliteLog } from '../../../src/log/sqlite/log.ts'

const [path, limit] = process.argv.slice(2)
await using log = openSqliteLog({ path: path!, now: () => 0 as never, readOnly: true })
for await (const batch of log.readAll({ direction: 'forwards', after: null, limit: Number(limit) })) {
  for (const stored of batch) decodeEvent(stored)
}
