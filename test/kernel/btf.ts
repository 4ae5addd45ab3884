/** The structs in an object's BTF section (Documentation/bpf/btf.rst): enough to compare layouts. */

export type BtfStruct = {
  readonly size: number
  /** Offsets in bytes; of bit fields with a fraction. */
  readonly fields: ReadonlyMap<string, number>
}

const MAGIC = 0xeb9f
const KIND_STRUCT = 4
const KIND_UNION = 5
/** Bytes after the twelve of `struct btf_type`: a constant, and a number for each of `vlen` elements. */
const EXTRA: Readonly<Record<number, readonly [number, number]>> = {
  1: [4, 0],
  3: [12, 0],
  4: [0, 12],
  5: [0, 12],
  6: [0, 8],
  13: [0, 8],
  14: [4, 0],
  15: [0, 12],
  17: [4, 0],
  19: [0, 12],
}

export function structsOf(btf: Buffer): ReadonlyMap<string, BtfStruct> {
  if (btf.readUInt16LE(0) !== MAGIC) throw new TypeError('not a BTF section')
  const header = btf.readUInt32LE(4)
  const types = btf.subarray(header + btf.readUInt32LE(8), header + btf.readUInt32LE(8) + btf.readUInt32LE(12))
  const strings = btf.subarray(header + btf.readUInt32LE(16))
  const text = (offset: number): string => strings.toString('utf8', offset, strings.indexOf(0, offset))
  const found = new Map<string, BtfStruct>()
  for (let at = 0; at < types.length; ) {
    const info = types.readUInt32LE(at + 4)
    const kind = (info >>> 24) & 0x1f
    const count = info & 0xffff
    if (kind === KIND_STRUCT || kind === KIND_UNION)
      found.set(text(types.readUInt32LE(at)), {
        size: types.readUInt32LE(at + 8),
        fields: fieldsAt(types, at + 12, count, info >>> 31 === 1, text),
      })
    const [constant, each] = EXTRA[kind] ?? [0, 0]
    at += 12 + constant + each * count
  }
  return found
}

function fieldsAt(
  types: Buffer,
  at: number,
  count: number,
  bitFields: boolean,
  text: (offset: number) => string,
): ReadonlyMap<string, number> {
  return new Map(
    Array.from({ length: count }, (_, index) => {
      const offset = types.readUInt32LE(at + 12 * index + 8)
      return [text(types.readUInt32LE(at + 12 * index)), (bitFields ? offset & 0xff_ffff : offset) / 8] as const
    }),
  )
}
