/** Shared libraries by tables: each call's signature is one word, and a library is loaded at its first use. */
import koffi, { type LibraryHandle } from 'koffi'
import { DatapathError } from '../ports/datapath.ts'

/** An address in this process. */
export type Pointer = bigint

/** The result's letter, a space, the arguments' letters: see `TYPES`. */
export type Signatures<Calls> = Readonly<Record<keyof Calls & string, string>>

const TYPES: Readonly<Record<string, string>> = {
  p: 'void *',
  s: 'str',
  i: 'int',
  u: 'uint32',
  l: 'uint64',
  v: 'void',
}

/** `prepare` is called once, after loading. */
export function lazyLibrary<Calls>(
  name: string,
  signatures: Signatures<Calls>,
  prepare: (library: LibraryHandle) => void = () => undefined,
): () => Calls {
  let bound: Calls | null = null
  return () => {
    bound ??= bind(name, signatures, prepare)
    return bound
  }
}

function bind<Calls>(name: string, signatures: Signatures<Calls>, prepare: (library: LibraryHandle) => void): Calls {
  const library = load(name)
  const entries = Object.entries<string>(signatures).map(([call, signature]) => {
    const [result = 'v', parameters = ''] = signature.split(' ')
    return [
      call,
      library.func(
        call,
        TYPES[result]!,
        [...parameters].map((letter) => TYPES[letter]!),
      ),
    ]
  })
  prepare(library)
  // Every call of `Calls` is a key of the table: the compiler checked that.
  return Object.fromEntries(entries) as Calls
}

function load(name: string): LibraryHandle {
  try {
    return koffi.load(name)
  } catch (error) {
    throw new DatapathError('kernel-error', `${name} cannot be loaded: ${String(error)}`, '', { cause: error })
  }
}
