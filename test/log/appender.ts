/**
 * A process that appends until it is killed: `appender.ts PATH NAME`. Each batch goes to two streams; what was acknowledged is told on stdout, a line
 * a batch, after the acknowledgement.
 */
import { randomUUID } from 'node:crypto'
import { writeSync } from 'node:fs'
import { flushCompileCache } from 'node:module'
import { EventId, StreamName, Timestamp } from '../../events/ids.ts'
import { openSqliteLog } from '../../src/log/sqlite/log.ts'

const [path, name] = process.argv.slice(2)
const log = openSqliteLog({ path: path!, now: () => Timestamp(Date.now()) })
const streams = [StreamName(`node-${name}-a`), StreamName(`node-${name}-b`)]

async function appendForever(): Promise<void> {
  for (;;) {
    const batch = randomUUID()
    const events = Array.from({ length: 3 }, () => ({
      id: EventId(randomUUID()),
      type: 'Tried',
      v: 1,
      body: JSON.stringify({ batch }),
      meta: '{}',
    }))
    await log.append(
      streams.map((stream, index) => ({
        stream,
        expected: 'any',
        events: index === 0 ? events.slice(0, 2) : events.slice(2),
      })),
    )
    writeSync(1, `${batch}\n`)
  }
}

// Who is killed writes nothing at its end: the next process would compile everything anew.
flushCompileCache()
await Promise.all(Array.from({ length: 4 }, appendForever))
