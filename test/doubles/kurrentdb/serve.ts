/** The double as a process of its own: `node serve.ts [ADDRESS]`. It prints its URL and ends with its standard input. */
import { KurrentDouble } from './double.ts'

const [, , host] = process.argv
const double = await KurrentDouble.start(host === undefined ? {} : { host })
process.stdout.write(`${double.url}\n`)
process.stdin.resume().on('end', () => void double[Symbol.asyncDispose]().then(() => process.exit()))
