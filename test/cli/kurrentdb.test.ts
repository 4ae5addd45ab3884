/** `--log kurrentdb://…` as a person types it: the protocol double, the official client, and every verb unchanged. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { makeCertificates } from '../doubles/kurrentdb/certificates.ts'
import { type DoubleOptions, KurrentDouble } from '../doubles/kurrentdb/double.ts'
import { hindcast, type Ran } from './recorded-log.ts'

const folder = mkdtempSync(join(tmpdir(), `hindcast-cli-kurrent-${process.pid}-`))
after(() => rmSync(folder, { recursive: true }))

const rule1 = join(folder, 'rule1.yaml')
writeFileSync(
  rule1,
  `apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: rule1, namespace: default}
spec:
  endpointSelector: {matchLabels: {org: empire, class: deathstar}}
  ingress:
    - fromEndpoints: [{matchLabels: {org: empire}}]
      toPorts: [{ports: [{port: "80", protocol: TCP}]}]
`,
)

type Shared = AsyncDisposable & {
  readonly double: KurrentDouble
  /** Runs a verb on this machine's state folder. */
  readonly run: (...args: readonly string[]) => Promise<Ran>
  /** The same server from another machine. */
  readonly elsewhere: (...args: readonly string[]) => Promise<Ran>
}

async function shared(options: DoubleOptions = {}): Promise<Shared> {
  const double = await KurrentDouble.start(options)
  const [here, there] = [mkdtempSync(join(folder, 'here-')), mkdtempSync(join(folder, 'there-'))]
  const on =
    (state: string) =>
    (...args: readonly string[]) =>
      hindcast(...args, '--log', double.url, '--state', state)
  return { double, run: on(here), elsewhere: on(there), [Symbol.asyncDispose]: () => double[Symbol.asyncDispose]() }
}

test('L26 verbs take a log on KurrentDB by its address, and tell the same on every machine', async () => {
  await using log = await shared()
  const applied = await log.run('apply', '-f', rule1)
  assert.equal(applied.err, '')
  assert.match(applied.out, /rule1 added, revision 2/)
  const added = await log.run('endpoint', 'add', '--name', 'deathstar', '--labels', 'org=empire', '--node', 'endor')
  assert.equal(added.code, 0, added.err)
  for (const verb of [['log'], ['policy', 'get'], ['status'], ['endpoint', 'list'], ['diff', 'rev:2..HEAD']]) {
    const [here, there] = [await log.run(...verb), await log.elsewhere(...verb)]
    assert.equal(here.err, '', verb.join(' '))
    assert.deepEqual(here, there, verb.join(' '))
    assert.notEqual(here.out, '')
  }
  const deleted = await log.elsewhere('delete', 'cnp/default/rule1')
  assert.match(deleted.out, /revision 3/)
  assert.match((await log.run('policy', 'get')).out, /Revision: 3/)
})

test('L26 with the server away reading verbs answer from the local copy and say how far it goes and since when; writing verbs end with 5', async () => {
  await using log = await shared()
  await log.run('apply', '-f', rule1)
  const before = await log.run('policy', 'get')
  await log.double.down()
  const read = await log.run('policy', 'get')
  assert.deepEqual([read.code, read.out], [0, before.out])
  assert.match(
    read.err,
    /^warning: answered from the local copy, which goes to position [0-9]+, 20.*Z: .*ECONNREFUSED.*; last heard from it at 20.*Z, [0-9]+ s ago\n$/,
  )
  const never = await log.elsewhere('policy', 'get')
  assert.equal(never.code, 5)
  assert.match(never.err, /^error: log-unavailable: kurrentdb:\/\/127\.0\.0\.1:[0-9]+\?tls=false: /)
  const written = await log.run('delete', 'cnp/default/rule1')
  assert.equal(written.code, 5)
  assert.match(written.err, /^error: log-unavailable: kurrentdb:\/\/127/)
  assert.equal(written.out, '')
})

test('L27 a certificate that is not trusted, TLS on one side only and refused credentials are named at once', async () => {
  const good = makeCertificates(folder, 'good')
  const bad = makeCertificates(folder, 'bad')
  await using log = await shared({ tls: good, login: { name: 'ops', password: 'pa55 word' } })
  const state = mkdtempSync(join(folder, 'tls-'))
  const attempt = (url: string): Promise<Ran> => hindcast('log', '--log', url, '--state', state)
  const refused = async (url: string, words: RegExp): Promise<void> => {
    const { code, out, err } = await attempt(url)
    assert.deepEqual([code, out], [5, ''])
    assert.match(err, words)
    assert.doesNotMatch(err, /pa55/)
  }
  const { url } = log.double
  await refused(url.replace('good-ca', 'bad-ca'), /log-untrusted: .*unable to verify.*tlsCAFile=PATH/)
  await refused(url.replace(/&tlsCAFile.*/, ''), /log-untrusted: .*tlsCAFile=PATH/)
  await refused(url, /log-denied: .*as nobody: KURRENTDB_USERNAME is not set/)
  await using plain = await KurrentDouble.start()
  await refused(plain.url.replace('tls=false', 'tls=true'), /log-untrusted: .*tls=false speaks without TLS/)
  assert.match((await attempt(url.replace('good-ca', 'no-such'))).err, /log-address: .*certificate file.*not found/i)
  assert.notEqual(bad.caFile, good.caFile)
  const passwordFile = join(folder, 'password')
  writeFileSync(passwordFile, 'pa55 word\n')
  await withEnvironment({ KURRENTDB_USERNAME: 'ops', KURRENTDB_PASSWORD: 'guess' }, () =>
    refused(url, /log-denied: .*\(as ops\)/),
  )
  await withEnvironment({ KURRENTDB_USERNAME: 'ops', KURRENTDB_PASSWORD_FILE: passwordFile }, async () => {
    assert.match((await log.run('apply', '-f', rule1)).out, /rule1 added/)
    assert.deepEqual((await attempt(url)).code, 0)
  })
})

test('L27 an address that is none ends with 2, and what a verb cannot open is named by it', async () => {
  for (const [url, words] of [
    ['kurrentdb://ops:secret@host:2113', /log-address at --log: .*KURRENTDB_USERNAME/],
    ['esdb://host:2113', /log-address at --log: .*scheme/],
    ['mysql://host', /log-scheme-unknown at --log: mysql: .*kurrentdb:\/\/HOST:PORT/],
  ] as const) {
    const { code, err } = await hindcast('log', '--log', url, '--state', folder)
    assert.equal(code, 2)
    assert.match(err, words)
    assert.doesNotMatch(err, /secret/)
  }
})

async function withEnvironment(values: Readonly<Record<string, string>>, work: () => Promise<void>): Promise<void> {
  Object.assign(process.env, values)
  try {
    await work()
  } finally {
    for (const name of Object.keys(values)) delete process.env[name]
  }
}
