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

/** Of an ELF object for a 64-bit little-endian machine, as BPF objects are. */
export function structsOf(object: Buffer): ReadonlyMap<string, BtfStruct> {
  const btf = sectionOf(object, '.BTF')
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

/** `Elf64_Ehdr` and `Elf64_Shdr`: names are offsets into the section that the header names. */
function sectionOf(elf: Buffer, wanted: string): Buffer {
  const [table, size, count, names] = [
    Number(elf.readBigUInt64LE(40)),
    elf.readUInt16LE(58),
    elf.readUInt16LE(60),
    elf.readUInt16LE(62),
  ]
  const bytesOf = (index: number): Buffer => {
    const at = table + index * size
    const start = Number(elf.readBigUInt64LE(at + 24))
    return elf.subarray(start, start + Number(elf.readBigUInt64LE(at + 32)))
  }
  const texts = bytesOf(names)
  for (let index = 0; index < count; index++) {
    const name = elf.readUInt32LE(table + index * size)
    if (texts.toString('utf8', name, texts.indexOf(0, name)) === wanted) return bytesOf(index)
  }
  throw new TypeError(`the object has no section ${wanted}`)
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
