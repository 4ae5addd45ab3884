/**
 * The Merkle tree of RFC 6962 §2.1 (RFC 9162 §2.1.1) over a list that only grows: SHA-256, leaves prefixed with 0, inner nodes with 1.
 *
 * `CompactRange` holds the roots of the perfect subtrees that a range of leaves consists of, largest first: at most 53 hashes for any log.
 * Its range starts at a multiple of its largest subtree, so its root is the tree hash of exactly those leaves.
 */
import { hash } from 'node:crypto'

declare const brand: unique symbol
/**
 * 32 bytes, one character each (latin1). A string cannot be changed by whoever shares it, and costs a third of a `Buffer`, whose bytes lie
 * outside of the heap.
 */
export type TreeHash = string & { readonly [brand]: 'TreeHash' }

export const HASH_BYTES = 32

/** RFC 6962: the hash of no leaves is the hash of nothing. */
export const EMPTY_ROOT: TreeHash = hash('sha256', '', 'binary') as TreeHash

export function leafHash(data: string): TreeHash {
  return hash('sha256', `\0${data}`, 'binary') as TreeHash
}

/** Of a leaf: one byte, which is 0. */
export const LEAF_PREFIX_BYTES = 1

/** The same of bytes that the prefix stands before already. */
export function prefixedHash(bytes: Uint8Array): TreeHash {
  return hash('sha256', bytes, 'binary') as TreeHash
}

const pair = Buffer.alloc(1 + 2 * HASH_BYTES, 1)

export function nodeHash(left: TreeHash, right: TreeHash): TreeHash {
  pair.write(left, 1, 'latin1')
  pair.write(right, 1 + HASH_BYTES, 'latin1')
  return hash('sha256', pair, 'binary') as TreeHash
}

/** Throws `TypeError` where these are not 32 bytes. */
export function treeHash(bytes: Uint8Array): TreeHash {
  if (bytes.length !== HASH_BYTES) throw new TypeError(`${bytes.length} bytes are not a SHA-256 hash`)
  return Buffer.from(bytes).toString('latin1') as TreeHash
}

export function hashBytes(of: TreeHash): Buffer {
  return Buffer.from(of, 'latin1')
}

/** As in notes and proofs. */
export function hashText(of: TreeHash): string {
  return hashBytes(of).toString('base64')
}

/** Null where the text is not the base64 of 32 bytes. */
export function readHashText(text: string): TreeHash | null {
  const bytes = Buffer.from(text, 'base64')
  return bytes.length === HASH_BYTES && bytes.toString('base64') === text ? treeHash(bytes) : null
}

export type Subtree = { readonly leaves: number; readonly hash: TreeHash }

export class CompactRange {
  readonly #subtrees: Subtree[]
  readonly #finished: (subtree: Subtree) => void
  #size: number

  /** Goes on from subtrees that were saved; `finished` is called with each perfect subtree of two or more leaves that comes about. */
  constructor(subtrees: readonly Subtree[] = [], finished: (subtree: Subtree) => void = () => {}) {
    this.#subtrees = [...subtrees]
    this.#finished = finished
    this.#size = subtrees.reduce((sum, { leaves }) => sum + leaves, 0)
  }

  get size(): number {
    return this.#size
  }

  get subtrees(): readonly Subtree[] {
    return this.#subtrees
  }

  /** A leaf, or the perfect subtree of so many that stands next. Throws `RangeError` where a subtree of that size cannot stand there. */
  append(next: TreeHash, width = 1): void {
    let [leaves, right] = [width, next]
    if (this.#size % width !== 0) throw new RangeError(`${width} leaves do not stand together after ${this.#size}`)
    while (this.#subtrees.at(-1)?.leaves === leaves) {
      right = nodeHash(this.#subtrees.pop()!.hash, right)
      leaves *= 2
      this.#finished({ leaves, hash: right })
    }
    this.#subtrees.push({ leaves, hash: right })
    this.#size += width
  }

  root(): TreeHash {
    return this.#subtrees.map(({ hash }) => hash).reduceRight<TreeHash | null>(joined, null) ?? EMPTY_ROOT
  }
}

function joined(right: TreeHash | null, left: TreeHash): TreeHash {
  return right === null ? left : nodeHash(left, right)
}
