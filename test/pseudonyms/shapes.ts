/** Values of a schema's printed shape (events/schema.ts), each text of which can be told from all others. */
import { Cidr, Digest, IpAddress, LabelText } from '../../events/ids.ts'
import type { Json } from '../../events/schema.ts'

/** Path without the places in lists, and what would be found again where it came through. */
export type Leaf = { readonly path: string; readonly found: string }

export type Values = {
  readonly leaves: Leaf[]
  readonly json: (path: string) => Json
  readonly texts: (path: string, marker: string) => string
}

export function valueOfShape(shape: string, values: Values): Json {
  const reading = new Reading(shape, values)
  const value = reading.value('')
  if (!reading.isAtEnd) throw new Error(`${shape} is no shape`)
  return value
}

class Reading {
  readonly #shape: string
  readonly #values: Values
  #at = 0

  constructor(shape: string, values: Values) {
    this.#shape = shape
    this.#values = values
  }

  get isAtEnd(): boolean {
    return this.#at === this.#shape.length
  }

  /** Of lists one item, and of what may be null the other. */
  value(path: string): Json {
    const value = this.#one(path)
    this.#takes('?')
    return value
  }

  #one(path: string): Json {
    if (this.#takes('[')) {
      const item = this.value(path)
      this.#wants(']')
      return [item]
    }
    if (this.#takes('{*:')) {
      const marker = this.#text(`${path}/*`, 'key')
      const item = this.value(path)
      this.#wants('}')
      return { [marker]: item }
    }
    if (this.#takes('{')) return this.#fields(path)
    const word = /^[^?,\]}]+/.exec(this.#shape.slice(this.#at))?.[0] ?? ''
    this.#at += word.length
    return this.#primitive(word, path)
  }

  #fields(path: string): Json {
    const found: Record<string, Json> = {}
    while (!this.#takes('}')) {
      const [name = ''] = /^[^:]+/.exec(this.#shape.slice(this.#at)) ?? []
      this.#at += name.length
      this.#wants(':')
      found[name] = this.value(`${path}/${name}`)
      this.#takes(',')
    }
    return found
  }

  #primitive(word: string, path: string): Json {
    const number = this.#values.leaves.length + 10
    switch (word) {
      case 'text':
        return this.#values.texts(path, this.#text(path, 'text'))
      case 'node':
        return this.#text(path, 'node')
      case 'label':
        return LabelText(`k8s:${this.#text(path, 'key')}=${this.#text(path, 'value')}`)
      case 'cidr':
        return Cidr(this.#leaf(path, `198.51.${number}.0/24`))
      case 'address':
        return IpAddress(this.#leaf(path, `203.0.113.${number}`))
      case 'digest':
        return Digest(this.#leaf(path, `sha256:${String(number).padStart(64, 'a')}`))
      case 'position':
        return this.#leaf(path, `9007199254740${number}`)
      case 'json':
        return this.#values.json(path)
      case 'flag':
        return true
      case 'integer':
      case 'endpoint':
      case 'identity':
      case 'revision':
      case 'port':
        return 7
      default:
        return /^v[0-9]+$/.test(word) ? Number(word.slice(1)) : (word.split('|')[0] ?? '')
    }
  }

  #text(path: string, kind: string): string {
    return this.#leaf(path, `secret-${kind}-${this.#values.leaves.length}`)
  }

  #leaf(path: string, found: string): string {
    this.#values.leaves.push({ path, found })
    return found
  }

  #takes(text: string): boolean {
    if (!this.#shape.startsWith(text, this.#at)) return false
    this.#at += text.length
    return true
  }

  #wants(text: string): void {
    if (!this.#takes(text)) throw new Error(`${this.#shape} has no ${text} at ${this.#at}`)
  }
}
