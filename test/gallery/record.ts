/** `node test/gallery/record.ts FOLDER`: records every incident there, so that the commands of README.md can be tried. */
import { INCIDENTS } from './incidents.ts'
import { record } from './stage.ts'

const [folder] = process.argv.slice(2)
if (folder === undefined) {
  process.stderr.write('usage: node test/gallery/record.ts FOLDER\n')
  process.exit(2)
}
for (const incident of INCIDENTS) process.stdout.write(`${await record(folder, incident)}\n`)
