/** Small programs as instructions, for trying what the verifier takes where no compiler is. */

const HELPER_SK_RELEASE = 86
const HELPER_SKC_LOOKUP_TCP = 99
const HELPER_SK_ASSIGN = 124

const CURRENT_NETNS = -1
const TUPLE_BYTES = 12
const FRAME = 10

/** A verdict: 0 lets the packet pass, -1 leaves it to the next program. */
export const RETURN: readonly Buffer[] = returning(0)
export const NEXT: readonly Buffer[] = returning(-1)

/** Looks for a socket of an all-zero tuple and releases it. */
export const LOOKUP_ONLY: readonly Buffer[] = [
  ...lookup(),
  skipIfNull(2),
  move(1, 7),
  call(HELPER_SK_RELEASE),
  ...RETURN,
]

/** The same, and gives the socket to the packet. */
export const LOOKUP_AND_ASSIGN: readonly Buffer[] = [
  ...lookup(),
  skipIfNull(6),
  move(1, 6),
  move(2, 7),
  set(3, 0),
  call(HELPER_SK_ASSIGN),
  move(1, 7),
  call(HELPER_SK_RELEASE),
  ...RETURN,
]

function returning(verdict: number): readonly Buffer[] {
  return [set(0, verdict), instruction(0x95)]
}

/** The context stays in r6, the socket in r7; the tuple is the sixteen bytes below the frame. */
function lookup(): readonly Buffer[] {
  return [
    move(6, 1),
    instruction(0x7a, { to: FRAME, offset: -16 }),
    instruction(0x7a, { to: FRAME, offset: -8 }),
    move(2, FRAME),
    instruction(0x07, { to: 2, immediate: -16 }),
    set(3, TUPLE_BYTES),
    set(4, CURRENT_NETNS),
    set(5, 0),
    call(HELPER_SKC_LOOKUP_TCP),
    move(7, 0),
  ]
}

function set(register: number, immediate: number): Buffer {
  return instruction(0xb7, { to: register, immediate })
}

function move(to: number, from: number): Buffer {
  return instruction(0xbf, { to, from })
}

function call(helper: number): Buffer {
  return instruction(0x85, { immediate: helper })
}

function skipIfNull(instructions: number): Buffer {
  return instruction(0x15, { to: 7, offset: instructions })
}

/** `struct bpf_insn`: opcode, registers, offset, immediate. */
function instruction(
  code: number,
  {
    to = 0,
    from = 0,
    offset = 0,
    immediate = 0,
  }: { to?: number; from?: number; offset?: number; immediate?: number } = {},
): Buffer {
  const bytes = Buffer.alloc(8)
  bytes[0] = code
  bytes[1] = (from << 4) | to
  bytes.writeInt16LE(offset, 2)
  bytes.writeInt32LE(immediate, 4)
  return bytes
}
