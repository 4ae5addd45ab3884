/** Values of Kubernetes secrets, as Cilium's certificate manager looks them up (pkg/crypto/certificatemanager). */
import type { TlsContextMessage } from '../../xds/messages.ts'
import type { TlsContext } from '../rule.ts'

/** By `namespace/name`. */
export type Secrets = ReadonlyMap<string, Readonly<Record<string, string>>>

type SecretRef = { readonly namespace: string; readonly name: string }

/** The value of a secret that has exactly one item; null where it is missing or has another number. */
export function singleValue(secrets: Secrets, ref: SecretRef, namespace: string): string | null {
  const values = Object.values(itemsOf(secrets, ref, namespace) ?? {})
  return values.length === 1 ? (values[0] ?? null) : null
}

export type TlsReading =
  | { readonly kind: 'read'; readonly message: TlsContextMessage }
  | { readonly kind: 'missing'; readonly reason: string }

/** Terminating needs a certificate with its key, originating needs a CA. */
export function tlsMessage(
  secrets: Secrets,
  context: TlsContext,
  { purpose, namespace }: { readonly purpose: 'terminating' | 'originating'; readonly namespace: string },
): TlsReading {
  const name = secretKey(context.secret, namespace)
  const items = secrets.get(name)
  if (items === undefined) return { kind: 'missing', reason: `${purpose} TLS: there is no secret ${name}` }
  const asked = [context.trustedCa, context.certificate, context.privateKey]
  const lacking = asked.find((key) => key !== '' && items[key] === undefined)
  if (lacking !== undefined) return { kind: 'missing', reason: `${purpose} TLS: secret ${name} has no ${lacking}` }
  const item = (key: string, standard: string): string => items[key === '' ? standard : key] ?? ''
  const trustedCa = item(context.trustedCa, 'ca.crt')
  const certificateChain = item(context.certificate, 'tls.crt')
  const privateKey = item(context.privateKey, 'tls.key')
  const complete = purpose === 'terminating' ? certificateChain !== '' && privateKey !== '' : trustedCa !== ''
  if (!complete) {
    const needed = purpose === 'terminating' ? 'certificate and private key' : 'CA certificate'
    return { kind: 'missing', reason: `${purpose} TLS: secret ${name} lacks the ${needed}` }
  }
  return { kind: 'read', message: { ...EMPTY_CONTEXT, trustedCa, certificateChain, privateKey } }
}

const EMPTY_CONTEXT: TlsContextMessage = {
  trustedCa: '',
  certificateChain: '',
  privateKey: '',
  serverNames: [],
  validationContextSdsSecret: '',
  tlsSdsSecret: '',
  alpnProtocols: [],
}

function itemsOf(secrets: Secrets, ref: SecretRef, namespace: string): Readonly<Record<string, string>> | undefined {
  return secrets.get(secretKey(ref, namespace))
}

/** A secret without a namespace is looked for in the subject's. */
function secretKey({ namespace, name }: SecretRef, subject: string): string {
  return `${namespace === '' ? subject : namespace}/${name}`
}
