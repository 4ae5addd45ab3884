import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newSignerKey, openNote, readSignerKey, readVerifierKey, signNote } from '../../src/history/checkpoint/note.ts'

/** The example of Go's sumdb/note package and of c2sp.org/signed-note. */
const VERIFIER = 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW'
const SIGNER = 'PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz'
const TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
const NOTE = `${TEXT}\n— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n`

test('T4 notes are those of c2sp.org/signed-note: the published example is read and made', () => {
  assert.deepEqual(openNote(NOTE, readVerifierKey(VERIFIER)), { kind: 'signed', text: TEXT })
  assert.equal(signNote(TEXT, readSignerKey(SIGNER)), NOTE)
  assert.equal(readSignerKey(SIGNER).verifier.text, VERIFIER)
})

test('T4 a changed text, another key and a damaged note are refused by name', () => {
  const signer = newSignerKey('hindcast')
  const note = signNote('one\n', signer)
  assert.equal(openNote(note, readVerifierKey(signer.verifier.text)).kind, 'signed')
  const code = (text: string, key = signer.verifier): string => {
    const reading = openNote(text, key)
    return reading.kind === 'refused' ? reading.code : 'signed'
  }
  assert.equal(code(note.replace('one', 'two')), 'signature-wrong')
  assert.equal(code(note, newSignerKey('hindcast').verifier), 'note-not-signed')
  assert.equal(code(note, newSignerKey('other').verifier), 'note-not-signed')
  assert.equal(code(note.replace('— ', '- ')), 'note-malformed')
  assert.equal(code('one\n'), 'note-malformed')
  const twice = `${note}${signNote('one\n', newSignerKey('witness')).slice('one\n\n'.length)}`
  assert.equal(code(twice), 'signed')
})

test('T4 a damaged key is refused, and its text is in no message', () => {
  assert.throws(() => readVerifierKey(VERIFIER.replace('c74f', 'c74e')), /is damaged: its id would be c74f20a3/)
  assert.throws(() => readVerifierKey('key'), /is not a verifier key/)
  const secret = SIGNER.split('+').at(-1)!
  for (const wrong of [SIGNER.replace('c74f', 'c74e'), SIGNER.slice(8)]) {
    assert.throws(
      () => readSignerKey(wrong),
      (error: Error) => error instanceof TypeError && !error.message.includes(secret),
    )
  }
})
