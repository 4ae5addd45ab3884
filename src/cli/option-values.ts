/** Values of options, read from what a person wrote. */
import { InvalidArgumentError } from 'commander'

const PORT_MAX = 0xffff

/** For options that may be repeated. */
export function collect(value: string, before: readonly string[]): readonly string[] {
  return [...before, value]
}

export function wholeNumber(text: string): number {
  if (!/^[0-9]{1,10}$/.test(text)) throw new InvalidArgumentError('is not a whole number')
  return Number(text)
}

export function count(text: string): number {
  if (!/^[1-9][0-9]{0,8}$/.test(text)) throw new InvalidArgumentError('is not a number above 0')
  return Number(text)
}

export function portNumber(text: string): number {
  const port = Number(text)
  if (!/^[0-9]{1,5}$/.test(text) || port > PORT_MAX) throw new InvalidArgumentError(`is not 0 to ${PORT_MAX}`)
  return port
}
