/**
 * YAML texts, a document at a time, read by the package `yaml` (YAML 1.2, core schema) within bounds of our own.
 *
 * What Kubernetes' YAML 1.1 reads otherwise than 1.2 is refused, as nobody can tell what was meant: `yes`, `off`, `010`, `1_000`. So are
 * directives, tags that the core schema does not have, explicit keys, and keys that are no text.
 */
import { Composer, type Document, Lexer, Parser } from 'yaml'
import type { TextFault, TextPart } from './document.ts'
import { YamlValues } from './yaml-values.ts'

/** Tokens of one document: the package needs up to a kilobyte for each. It is about 1.5 MB of policies. */
export const YAML_TOKENS_MAX = 500_000
/** Ten megabytes of the shortest policies are not as many. */
const YAML_DOCUMENTS_MAX = 50_000
/** A document's faults after these tell nothing new. */
const FAULTS_MAX = 100

export function* readYamlText(text: string): Generator<TextPart> {
  const composer = new Composer({ uniqueKeys: false, prettyErrors: false, keepSourceTokens: false, logLevel: 'silent' })
  const parser = new Parser()
  const tokens = new TokenGuard()
  for (const lexeme of new Lexer().lex(text)) {
    const fault = tokens.next(lexeme)
    if (fault !== null) {
      yield { kind: 'faults', faults: [fault] }
      return
    }
    for (const token of parser.next(lexeme)) {
      for (const document of composer.next(token)) yield partOf(document)
    }
  }
  for (const token of parser.end()) {
    for (const document of composer.next(token)) yield partOf(document)
  }
  for (const document of composer.end(false, text.length)) yield partOf(document)
}

const SCALAR_MARK = '\u001f'
/** Lexemes that stand for no characters of the text: the start of a document, the end of a flow, a scalar that follows. */
const MARKS: readonly string[] = ['\u0002', '\u0018', SCALAR_MARK]

/** Stops before the parser meets what it takes too long or too much memory for. */
class TokenGuard {
  #count = 0
  #documents = 0
  #offset = 0
  #inScalar = false

  next(lexeme: string): TextFault | null {
    const offset = this.#offset
    const scalar = this.#inScalar
    this.#inScalar = !scalar && lexeme === SCALAR_MARK
    // A scalar may have the text of a mark.
    if (!scalar && MARKS.includes(lexeme)) return null
    this.#offset += lexeme.length
    if (lexeme === '---' && !scalar) {
      this.#count = 0
      this.#documents += 1
    }
    this.#count += 1
    if (this.#documents > YAML_DOCUMENTS_MAX) {
      return { code: 'text-too-large', reason: `more than ${YAML_DOCUMENTS_MAX} documents`, offset }
    }
    if (this.#count > YAML_TOKENS_MAX) {
      const reason = `a document has more than ${YAML_TOKENS_MAX} tokens: split it, or write JSON`
      return { code: 'document-too-large', reason, offset }
    }
    return lexeme === '?' && !scalar
      ? { code: 'yaml-explicit-key', reason: 'explicit keys (? key) are not read', offset }
      : null
  }
}

function partOf(document: Document.Parsed): TextPart {
  const faults: TextFault[] = [...document.errors, ...document.warnings]
    .slice(0, FAULTS_MAX)
    .map(({ code, message, pos }) => ({ code: codeOf(code), reason: message, offset: pos[0] }))
  if (document.directives.yaml.explicit === true) {
    faults.push({ code: 'yaml-directive', reason: 'directives (%YAML) are not read', offset: document.range[0] })
  }
  if (faults.length > 0) return { kind: 'faults', faults }
  const values = new YamlValues()
  const value = values.valueOf(document.contents, 0)
  if (values.faults.length > 0) return { kind: 'faults', faults: values.faults.slice(0, FAULTS_MAX) }
  return {
    kind: 'document',
    document: { value, locate: (pointer, part) => values.locate(document.contents, pointer, part) },
  }
}

/** `DUPLICATE_KEY` → `yaml-duplicate-key`. */
function codeOf(code: string): string {
  return `yaml-${code.toLowerCase().replaceAll('_', '-')}`
}
