/** The double as a process of its own: prints its URL, ends with its standard input. */
import { KurrentDouble } from './double.ts'

const double = await KurrentDouble.start()
process.stdout.write(`${double.url}\n`)
process.stdin.resume().on('end', () => void double[Symbol.asyncDispose]().then(() => process.exit()))
