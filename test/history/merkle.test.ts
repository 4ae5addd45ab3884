import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { consistencyRanges, inclusionRanges, isConsistent, isIncluded } from '../../src/history/merkle/proof.ts'
import { CompactRange, EMPTY_ROOT, hashBytes, leafHash, type TreeHash } from '../../src/history/merkle/tree.ts'

const SIZE_MAX = 130

/** RFC 6962 §2.1, as plainly as it is written there, over hashes of its own. */
function sha256(...parts: readonly Uint8Array[]): Buffer {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest()
}

function split(size: number): number {
  return 2 ** Math.ceil(Math.log2(size) - 1)
}

/** No two leaves are equal, so the first one and the number of all tell which run of leaves it is; each is computed once. */
const treeHash = remembered(
  (leaves: readonly Buffer[]) => `${leaves[0]} ${leaves.length}`,
  (leaves: readonly Buffer[]): Buffer => {
    if (leaves.length === 0) return sha256()
    if (leaves.length === 1) return sha256(Buffer.of(0), leaves[0]!)
    const k = split(leaves.length)
    return sha256(Buffer.of(1), treeHash(leaves.slice(0, k)), treeHash(leaves.slice(k)))
  },
)

function auditPath(index: number, leaves: readonly Buffer[]): readonly Buffer[] {
  if (leaves.length === 1) return []
  const k = split(leaves.length)
  return index < k
    ? [...auditPath(index, leaves.slice(0, k)), treeHash(leaves.slice(k))]
    : [...auditPath(index - k, leaves.slice(k)), treeHash(leaves.slice(0, k))]
}

function subproof(first: number, leaves: readonly Buffer[], known: boolean): readonly Buffer[] {
  if (first === leaves.length) return known ? [] : [treeHash(leaves)]
  const k = split(leaves.length)
  return first <= k
    ? [...subproof(first, leaves.slice(0, k), known), treeHash(leaves.slice(k))]
    : [...subproof(first - k, leaves.slice(k), false), treeHash(leaves.slice(0, k))]
}

const leaves: readonly Buffer[] = Array.from({ length: SIZE_MAX }, (_, index) => Buffer.from(`event ${index}`))

const root = remembered(
  ([from, to]: readonly [number, number]) => `${from} ${to}`,
  ([from, to]: readonly [number, number]): TreeHash => {
    const range = new CompactRange()
    for (const leaf of leaves.slice(from, to)) range.append(leafHash(leaf.toString()))
    return range.root()
  },
)

function remembered<Of, Answer>(keyOf: (of: Of) => string, answer: (of: Of) => Answer): (of: Of) => Answer {
  const known = new Map<string, Answer>()
  return (of) => {
    const key = keyOf(of)
    const found = known.get(key) ?? answer(of)
    known.set(key, found)
    return found
  }
}

test('T1 the tree is that of RFC 6962: the published vectors', () => {
  const inputs = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f']
  const roots = [
    '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
    'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
    'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
    'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
    '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
    'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
    '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
  ]
  assert.equal(
    hashBytes(EMPTY_ROOT).toString('hex'),
    'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  )
  const range = new CompactRange()
  for (const [index, input] of inputs.entries()) {
    range.append(leafHash(Buffer.from(input, 'hex').toString('latin1')))
    assert.equal(hashBytes(range.root()).toString('hex'), roots[index])
  }
})

test('T1 the tree is that of RFC 6962 at every size, also where it goes on from saved subtrees', () => {
  const range = new CompactRange()
  for (let size = 0; size < SIZE_MAX; size += 1) {
    assert.deepEqual(hashBytes(range.root()), treeHash(leaves.slice(0, size)))
    assert.equal(range.size, size)
    assert.deepEqual(new CompactRange(range.subtrees).root(), range.root())
    range.append(leafHash(leaves[size]!.toString()))
  }
})

test('T2 every leaf of every tree has the proof of RFC 6962, and no other leaf, index, size or root passes with it', () => {
  for (let size = 1; size < SIZE_MAX; size += 1) {
    for (let index = 0; index < size; index += 1 + Math.floor(size / 16)) {
      const path = inclusionRanges(index, size).map(({ from, to }) => root([from, to]))
      assert.deepEqual(path.map(hashBytes), auditPath(index, leaves.slice(0, size)))
      const claim = { leaf: leafHash(leaves[index]!.toString()), index, size, path, root: root([0, size]) }
      assert.ok(isIncluded(claim))
      const wrong = [
        { leaf: leafHash('event of nobody') },
        { index: index === 0 ? 1 : index - 1 },
        { index: size },
        { root: root([0, size - 1]) },
        { path: [...path, root([0, 1])] },
        ...(path.length === 0 ? [] : [{ path: path.slice(1) }, { path: [EMPTY_ROOT, ...path.slice(1)] }]),
      ]
      for (const change of wrong) assert.equal(isIncluded({ ...claim, ...change }), false)
    }
  }
})

test('T3 every two sizes have the proof of RFC 6962, and no other root or size passes with it', () => {
  for (let second = 1; second < SIZE_MAX; second += 1 + Math.floor(second / 24)) {
    for (let first = 1; first <= second; first += 1) {
      const path = consistencyRanges(first, second).map(({ from, to }) => root([from, to]))
      assert.deepEqual(path.map(hashBytes), first === second ? [] : subproof(first, leaves.slice(0, second), true))
      const claim = {
        first: { size: first, root: root([0, first]) },
        second: { size: second, root: root([0, second]) },
        path,
      }
      assert.ok(isConsistent(claim), `${first} in ${second}`)
      const wrong = [
        { first: { size: first, root: EMPTY_ROOT } },
        { second: { size: second, root: EMPTY_ROOT } },
        { path: [...path, EMPTY_ROOT] },
        ...(path.length === 0 ? [] : [{ path: path.slice(1) }]),
        { first: { size: second + 1, root: root([0, first]) } },
      ]
      for (const change of wrong) assert.equal(isConsistent({ ...claim, ...change }), false)
    }
  }
})

test('T2 a leaf outside of the tree and trees in the wrong order are errors', () => {
  assert.throws(() => inclusionRanges(3, 3), RangeError)
  assert.throws(() => consistencyRanges(4, 3), RangeError)
})
