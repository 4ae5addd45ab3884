/** `node build-model.ts LOG MODEL`: builds the read model and says up to where. For a test that bounds the memory of the process. */
import { Timestamp } from '../../events/ids.ts'
import { openSqliteLog } from '../../src/log/sqlite/log.ts'
import { openReadModel } from '../../src/readmodel/model.ts'

const [path, model] = process.argv.slice(2)
await using log = openSqliteLog({ path: path!, now: () => Timestamp(0), readOnly: true })
using built = await openReadModel(log, model!)
process.stdout.write(String(built.builtTo()))
