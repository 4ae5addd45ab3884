/** `node test/gallery/record.ts FOLDER`: records every incident there, so that the commands of README.md can be tried. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { INCIDENTS } from './incidents.ts'
import { record } from './stage.ts'

const [folder] = process.argv.slice(2)
if (folder === undefined) {
  process.stderr.write('usage: node test/gallery/record.ts FOLDER\n')
  process.exit(2)
}
const taken = INCIDENTS.map(({ name }) => join(folder, name)).find((path) => existsSync(path))
if (taken !== undefined) {
  process.stderr.write(`${taken} is there already: an incident is recorded from its beginning\n`)
  process.exit(1)
}
for (const incident of INCIDENTS) process.stdout.write(`${await record(folder, incident)}\n`)
