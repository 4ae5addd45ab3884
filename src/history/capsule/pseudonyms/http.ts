/** Hosts and header values of HTTP under pseudonyms: what a rule let pass it lets pass afterwards. Methods, paths and names of headers stay. */
import { parseAddress } from '../../../../projections/ip/prefix.ts'
import type { Pseudonyms } from './names.ts'

/** A header of a request, or what a rule wants of it. */
export function headerValue(names: Pseudonyms, header: string, value: string): string {
  if (header === ':path' || header === ':method' || value === '') return value
  return /^(:authority|host)$/i.test(header) ? names.host(value) : names.name(value)
}

/** `Name value`, `Name: value` or `Name`, as the parser reads them. */
export function headerText(names: Pseudonyms, text: string): string {
  const blank = text.indexOf(' ')
  if (blank < 0) return text
  const name = text.slice(0, blank)
  return `${name} ${headerValue(names, name.replace(/:$/, ''), text.slice(blank + 1))}`
}

const WORD = '[a-zA-Z0-9-]+'
/** What stands for any number of labels, or for one. */
const ANY = String.raw`\.\*|\.\+|\[\^\.\]\*|\[\^\.\]\+`
const DOT = String.raw`\\\.|\[\.\]|\.(?![*+?{])`
const PART = new RegExp(String.raw`(${ANY})|\((${WORD}(?:\|${WORD})+)\)|(${WORD})|(${DOT})`, 'y')
const PORT = /(?:\(:\[0-9\]\+\)\?|\(:\\d\+\)\?|:[0-9]+)?$/

/**
 * A regular expression of a host can be renamed where it is whole labels with dots between them, each a word, one of several words or
 * anything. Throws `RangeError` for others. A dot that is not escaped is taken for the dot that was meant: that it stood for any other character, too,
 * is lost.
 */
export function hostExpression(names: Pseudonyms, expression: string): string {
  const port = PORT.exec(expression)![0]
  const found = partsOf(expression.slice(0, expression.length - port.length))
  if (found === null) throw new RangeError(`the regular expression of a host ${expression}`)
  const words = found.filter(({ kind }) => kind !== 'dot')
  const address = words.map(({ text }) => text).join('.')
  if (words.every(({ kind }) => kind === 'word') && parseAddress(address) !== null) {
    const turned = names.address(address).split('.')
    return found.map(({ kind, text }) => (kind === 'dot' ? text : turned.shift())).join('') + port
  }
  // A number could be a part of an address, which is renamed as a whole.
  if (words.some(({ kind, text }) => kind !== 'any' && text.split('|').some((word) => /^[0-9]+$/.test(word))))
    throw new RangeError(`the regular expression of a host ${expression}`)
  return found.map(({ kind, text }) => partText(names, kind, text)).join('') + port
}

type Part = { readonly kind: 'any' | 'several' | 'word' | 'dot'; readonly text: string }

/** Labels and dots in turn; null where it is something else. */
function partsOf(expression: string): readonly Part[] | null {
  const found: Part[] = []
  PART.lastIndex = 0
  while (PART.lastIndex < expression.length) {
    const match = PART.exec(expression)
    if (match === null) return null
    const [, any, several, word, dot = ''] = match
    const part: Part =
      any !== undefined
        ? { kind: 'any', text: any }
        : several !== undefined
          ? { kind: 'several', text: several }
          : word !== undefined
            ? { kind: 'word', text: word }
            : { kind: 'dot', text: dot }
    if ((found.length % 2 === 1) !== (part.kind === 'dot')) return null
    found.push(part)
  }
  return found.length % 2 === 1 ? found : null
}

function partText(names: Pseudonyms, kind: Part['kind'], text: string): string {
  if (kind === 'word') return names.name(text)
  if (kind !== 'several') return text
  const words = text.split('|').map((word) => names.name(word))
  return `(${words.join('|')})`
}
