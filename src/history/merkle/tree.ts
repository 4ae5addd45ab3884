/**
 * The Merkle tree of RFC 6962 §2.1 (RFC 9162 §2.1.1) over a list that only grows: SHA-256, leaves prefixed with 0, inner nodes with 1.
 *
 * `CompactRange` holds the roots of the perfect subtrees that a range of leaves consists of, largest first: at most 53 hashes for any log.
 * Its range starts at a multiple of its largest subtree, so its root is the tree hash of exactly those leaves.
 */
import { hash } from 'node:crypto'

/** 32 bytes. */
export type TreeHash = Buffer

export const HASH_BYTES = 32

/** RFC 6962: the hash of no leaves is the hash of nothing. */
export const EMPTY_ROOT: TreeHash = hash('sha256', '', 'buffer')

export function leafHash(data: string): TreeHash {
  return hash('sha256', `\0${data}`, 'buffer')
}

const pair = Buffer.alloc(1 + 2 * HASH_BYTES, 1)

export function nodeHash(left: TreeHash, right: TreeHash): TreeHash {
  pair.set(left, 1)
  pair.set(right, 1 + HASH_BYTES)
  return hash('sha256', pair, 'buffer')
}

export type Subtree = { readonly leaves: number; readonly hash: TreeHash }

export class CompactRange {
  readonly #subtrees: Subtree[]
  #size: number

  /** Goes on from subtrees that were saved. */
  constructor(subtrees: readonly Subtree[] = []) {
    this.#subtrees = [...subtrees]
    this.#size = subtrees.reduce((sum, { leaves }) => sum + leaves, 0)
  }

  get size(): number {
    return this.#size
  }

  get subtrees(): readonly Subtree[] {
    return this.#subtrees
  }

  append(leaf: TreeHash): void {
    let [leaves, right] = [1, leaf]
    while (this.#subtrees.at(-1)?.leaves === leaves) {
      right = nodeHash(this.#subtrees.pop()!.hash, right)
      leaves *= 2
    }
    this.#subtrees.push({ leaves, hash: right })
    this.#size += 1
  }

  root(): TreeHash {
    return this.#subtrees.map(({ hash }) => hash).reduceRight<TreeHash | null>(joined, null) ?? EMPTY_ROOT
  }
}

function joined(right: TreeHash | null, left: TreeHash): TreeHash {
  return right === null ? left : nodeHash(left, right)
}
