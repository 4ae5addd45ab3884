/**
 * Signed notes (c2sp.org/signed-note): a text, an empty line, and one line for each signature, `— <key name> <base64>`. The base64 holds
 * four bytes of key id and the Ed25519 signature over the text. Text and signatures are UTF-8 and end with a line break.
 */
import { createPrivateKey, createPublicKey, hash, type KeyObject, randomBytes, sign, verify } from 'node:crypto'

/** `<name>+<key id, hex>+<base64>` in text: what one gives to those who check. */
export type VerifierKey = { readonly name: string; readonly id: string; readonly key: KeyObject; readonly text: string }
export type SignerKey = { readonly verifier: VerifierKey; readonly key: KeyObject; readonly text: string }

export type NoteReading =
  | { readonly kind: 'signed'; readonly text: string }
  | {
      readonly kind: 'refused'
      readonly code: 'note-malformed' | 'note-not-signed' | 'signature-wrong'
      readonly reason: string
    }

const ED25519 = 1
const KEY_BYTES = 32
const ID_BYTES = 4
const SIGNATURE_BYTES = 64
/** DER headers of an Ed25519 key (RFC 8410): PKCS #8 private and SubjectPublicKeyInfo. */
const PRIVATE_DER = Buffer.from('302e020100300506032b657004220420', 'hex')
const PUBLIC_DER = Buffer.from('302a300506032b6570032100', 'hex')
const SIGNATURE_LINE = /^— (?<name>[^\s+]+) (?<blob>[A-Za-z0-9+/]+={0,2})$/u

export function newSignerKey(name: string): SignerKey {
  return signerOf(name, randomBytes(KEY_BYTES))
}

/** `PRIVATE+KEY+<name>+<id>+<base64>`. Throws `TypeError` where it is not one; the message never holds the key. */
export function readSignerKey(text: string): SignerKey {
  const found = /^PRIVATE\+KEY\+(?<name>[^\s+]+)\+(?<id>[0-9a-f]{8})\+(?<seed>[A-Za-z0-9+/=]+)$/u.exec(
    text.trim(),
  )?.groups
  const bytes = Buffer.from(found?.['seed'] ?? '', 'base64')
  if (found === undefined || bytes[0] !== ED25519 || bytes.length !== 1 + KEY_BYTES) {
    throw new TypeError('not a signer key: PRIVATE+KEY+<name>+<key id>+<base64>')
  }
  const signer = signerOf(found['name']!, bytes.subarray(1))
  if (signer.verifier.id !== found['id'])
    throw new TypeError(`the signer key of ${found['name']} is damaged: its id differs`)
  return signer
}

/** Throws `TypeError` where it is not one. */
export function readVerifierKey(text: string): VerifierKey {
  const found = /^(?<name>[^\s+]+)\+(?<id>[0-9a-f]{8})\+(?<key>[A-Za-z0-9+/=]+)$/u.exec(text.trim())?.groups
  const bytes = Buffer.from(found?.['key'] ?? '', 'base64')
  if (found === undefined || bytes[0] !== ED25519 || bytes.length !== 1 + KEY_BYTES) {
    throw new TypeError(`${text.trim()} is not a verifier key: <name>+<key id>+<base64>`)
  }
  const verifier = verifierOf(found['name']!, bytes.subarray(1))
  if (verifier.id !== found['id']) throw new TypeError(`${text.trim()} is damaged: its id would be ${verifier.id}`)
  return verifier
}

export function signNote(text: string, { key, verifier }: SignerKey): string {
  if (!text.endsWith('\n')) throw new TypeError('a note ends with a line break')
  const signature = sign(null, Buffer.from(text), key)
  const blob = Buffer.concat([Buffer.from(verifier.id, 'hex'), signature]).toString('base64')
  return `${text}\n— ${verifier.name} ${blob}\n`
}

/** The note's text, if this key signed it; signatures of other keys do not matter. */
export function openNote(note: string, verifier: VerifierKey): NoteReading {
  const parts = partsOf(note)
  if (parts.kind === 'refused') return parts
  const { text, signatures } = parts
  const own = signatures.filter(({ name, id }) => name === verifier.name && id === verifier.id).map(({ blob }) => blob)
  if (own.length === 0) return refused('note-not-signed', `no signature is by ${verifier.name}+${verifier.id}`)
  const valid = own.every(
    (blob) =>
      blob.length === ID_BYTES + SIGNATURE_BYTES &&
      verify(null, Buffer.from(text), verifier.key, blob.subarray(ID_BYTES)),
  )
  return valid
    ? { kind: 'signed', text }
    : refused('signature-wrong', `the signature by ${verifier.name} does not fit the text`)
}

/** Text and signers (`<name>+<key id>`) as they stand there, without any key to check them by. */
export function claimedNote(note: string): RefusedNote | { kind: 'claimed'; text: string; signers: readonly string[] } {
  const parts = partsOf(note)
  if (parts.kind === 'refused') return parts
  return { kind: 'claimed', text: parts.text, signers: parts.signatures.map(({ name, id }) => `${name}+${id}`) }
}

type RefusedNote = Extract<NoteReading, { readonly kind: 'refused' }>
type Signature = { readonly name: string; readonly id: string; readonly blob: Buffer }

function partsOf(note: string): RefusedNote | { kind: 'parts'; text: string; signatures: readonly Signature[] } {
  const split = note.lastIndexOf('\n\n')
  if (split === -1 || !note.endsWith('\n')) return refused('note-malformed', 'there is no empty line before signatures')
  const lines = note.slice(split + 2, -1).split('\n')
  const found = lines.map((line) => SIGNATURE_LINE.exec(line)?.groups)
  if (found.includes(undefined)) return refused('note-malformed', 'a signature line is not — <name> <base64>')
  const signatures = found.map((groups): Signature => {
    const blob = Buffer.from(groups!['blob']!, 'base64')
    return { name: groups!['name']!, id: blob.subarray(0, ID_BYTES).toString('hex'), blob }
  })
  return { kind: 'parts', text: note.slice(0, split + 1), signatures }
}

function refused(code: RefusedNote['code'], reason: string): RefusedNote {
  return { kind: 'refused', code, reason }
}

function signerOf(name: string, seed: Buffer): SignerKey {
  const key = createPrivateKey({ key: Buffer.concat([PRIVATE_DER, seed]), format: 'der', type: 'pkcs8' })
  const spki = createPublicKey(key).export({ format: 'der', type: 'spki' })
  const verifier = verifierOf(name, spki.subarray(PUBLIC_DER.length))
  const blob = Buffer.concat([Buffer.of(ED25519), seed]).toString('base64')
  return { verifier, key, text: `PRIVATE+KEY+${name}+${verifier.id}+${blob}` }
}

function verifierOf(name: string, bytes: Buffer): VerifierKey {
  const typed = Buffer.concat([Buffer.of(ED25519), bytes])
  const id = hash('sha256', Buffer.concat([Buffer.from(`${name}\n`), typed]), 'buffer')
    .subarray(0, ID_BYTES)
    .toString('hex')
  const key = createPublicKey({ key: Buffer.concat([PUBLIC_DER, bytes]), format: 'der', type: 'spki' })
  return { name, id, key, text: `${name}+${id}+${typed.toString('base64')}` }
}
