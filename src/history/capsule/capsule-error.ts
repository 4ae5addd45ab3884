/** A file that is no capsule, was changed, is more than can be read, or cannot be made. */
export class CapsuleError extends Error {
  override readonly name = 'CapsuleError'
  readonly code:
    | 'capsule-not-one'
    | 'capsule-newer'
    | 'capsule-changed'
    | 'capsule-too-large'
    | 'capsule-not-renamed'
    | 'capsule-not-of-log'

  constructor(code: CapsuleError['code'], reason: string, options?: ErrorOptions) {
    super(`${code}: ${reason}`, options)
    this.code = code
  }
}
