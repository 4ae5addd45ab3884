/** A certificate authority of one afternoon, and a server's certificate by it, made by the machine's openssl. */
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

export type Certificates = { readonly key: Buffer; readonly certificate: Buffer; readonly caFile: string }

/** For 127.0.0.1. `name` keeps several authorities in one folder apart. */
export function makeCertificates(folder: string, name: string): Certificates {
  const path = (file: string): string => join(folder, `${name}-${file}`)
  const openssl = (...args: readonly string[]): void => void execFileSync('openssl', args, { stdio: 'pipe' })
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  const [caFile, caKey] = [path('ca.pem'), path('ca.key')]
  openssl('req', '-x509', ...key, '-keyout', caKey, '-out', caFile, '-days', '2', '-subj', `/CN=${name} authority`)
  openssl('req', ...key, '-keyout', path('server.key'), '-out', path('server.csr'), '-subj', '/CN=kurrentdb')
  writeFileSync(path('extensions'), 'subjectAltName=IP:127.0.0.1\nbasicConstraints=CA:FALSE\n')
  const signing = ['-CA', caFile, '-CAkey', caKey, '-CAcreateserial', '-days', '2', '-extfile', path('extensions')]
  openssl('x509', '-req', '-in', path('server.csr'), ...signing, '-out', path('server.pem'))
  return { key: readFileSync(path('server.key')), certificate: readFileSync(path('server.pem')), caFile }
}
