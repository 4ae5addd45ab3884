import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Cidr, LabelText } from '../../events/ids.ts'
import { identityLabels } from '../../projections/identity/label-filter.ts'
import { prefixLabels } from '../../projections/identity/prefix-labels.ts'
import { fixedIdentityOf } from '../../projections/identity/reserved.ts'
import { compileExpression } from '../../projections/l7/expression.ts'
import { headerText, headerValue, hostExpression } from '../../src/history/capsule/pseudonyms/http.ts'
import { label, labelSet, labels, selectorKey } from '../../src/history/capsule/pseudonyms/labels.ts'
import { Pseudonyms } from '../../src/history/capsule/pseudonyms/names.ts'

const names = new Pseudonyms(Buffer.from('a key that nobody else has'))
const RUNS = { numRuns: 300 }
const renamedLabels = (...all: readonly string[]): readonly string[] => labels(names, all.map(LabelText), null)

test('T68 one name has one pseudonym, whatever it is the name of', () => {
  const [web, space] = [names.name('web'), names.name('starwars')]
  assert.equal(names.path('starwars/web'), `${space}/${web}`)
  assert.ok(names.dns('web.starwars.svc.cluster.local').startsWith(`${web}.${space}.`))
  assert.equal(names.name('yavin.rebels.example'), names.dns('YAVIN.rebels.example'))
  assert.equal(names.host('yavin.rebels.example:80'), `${names.name('yavin.rebels.example')}:80`)
  assert.equal(names.host('10.1.2.3:80'), `${names.address('10.1.2.3')}:80`)
  assert.equal(names.name('10.1.2.3'), names.address('10.1.2.3'))
  assert.equal(names.dns('10.1.2.3'), names.address('10.1.2.3'))
  assert.equal(names.host('[fd00::1]'), `[${names.address('fd00::1')}]`)
  assert.deepEqual(renamedLabels('k8s:io.kubernetes.pod.namespace=starwars'), [
    `k8s:io.kubernetes.pod.namespace=${space}`,
  ])
  const marked = 'k8s:io.cilium.k8s.namespace.labels.kubernetes.io/metadata.name'
  assert.deepEqual(renamedLabels(`${marked}=starwars`), [`${marked}=${space}`])
  assert.equal(names.port('HTTP-API'), names.port('http-api'))
  assert.match(names.port('http-api'), /^[a-z0-9]{1,15}$/)
  assert.deepEqual([names.port('8080'), names.port('')], ['8080', ''])
})

test('T68 a label is asked for under the key and value that it has, from every source', () => {
  for (const text of [
    'k8s:side=light',
    'k8s:rebels.example/side=light',
    'container:side=light',
    'holocron:side=light',
  ]) {
    const [source = '', key = ''] = /^([^:]*):([^=]*)/.exec(text)?.slice(1) ?? []
    const [renamed = ''] = renamedLabels(text)
    assert.ok(renamed.startsWith(`${selectorKey(names, `${source}:${key}`)}=`), renamed)
    assert.equal(/side|light|rebels|holocron/.exec(renamed), null)
    const [[asked, value]] = Object.entries(labelSet(names, { [key]: 'light' })) as [[string, string]]
    assert.ok(renamed.endsWith(`:${asked}=${value}`))
  }
  assert.deepEqual(labelSet(names, { $host: '', 'reserved.world': '', 'reserved:init': '' }), {
    $host: '',
    'reserved.world': '',
    'reserved:init': '',
  })
})

test('T68 whether a label makes an identity does not change', () => {
  const start = fc.constantFrom(
    ...[
      '',
      'io.kubernetes.',
      'io.kubernetes.pod.namespace',
      'kubernetes.io/',
      'k8s.io/',
      'pod-template-hash',
      'annotation.',
    ],
    ...[
      'io.cilium.k8s.namespace.labels.',
      'app.kubernetes.io/',
      'beta.kubernetes.io/',
      'etcd_node',
      'rebels.example/',
      'k8s',
    ],
  )
  const key = fc.tuple(
    start,
    fc.constantFrom('', 'beta.kubernetes.io/', 'x.beta.kubernetes.io.'),
    fc.stringMatching(/^[a-z]{1,9}$/),
  )
  fc.assert(
    fc.property(key, (parts) => {
      const text = LabelText(`k8s:${parts.join('')}=light`)
      assert.equal(
        identityLabels([label(names, text)]).length,
        identityLabels([text]).length,
        `${text} ${label(names, text)}`,
      )
    }),
    RUNS,
  )
})

test('T68 components that every cluster has keep their labels, and so their number', () => {
  const dns = [
    'k8s:k8s-app=kube-dns',
    'k8s:io.kubernetes.pod.namespace=kube-system',
    'k8s:io.cilium.k8s.policy.serviceaccount=coredns',
    'k8s:io.cilium.k8s.policy.cluster=default',
  ].map(LabelText)
  assert.equal(fixedIdentityOf(labels(names, dns, null)), fixedIdentityOf(dns))
  assert.notEqual(fixedIdentityOf(dns), null)
})

test('T68 a prefix in a selector is that of the identities that it means', () => {
  for (const prefix of ['10.0.0.0/8', '10.1.2.3/32', '0.0.0.0/0', 'fd00::/8', '2001:db8::1/128', '::/0']) {
    const own = prefixLabels(Cidr(prefix)).find((text) => text.endsWith(`/${prefix.split('/')[1]}`))!
    const renamed = prefixLabels(Cidr(names.prefix(prefix)))
    assert.ok(renamed.includes(LabelText(selectorKey(names, own))), own)
    assert.equal(selectorKey(names, own), label(names, own))
    assert.deepEqual(labels(names, prefixLabels(Cidr(prefix)), Cidr(prefix)), renamed)
  }
  assert.throws(() => selectorKey(names, 'cidr:tatooine'), RangeError)
})

function matches(regex: string, host: string): boolean {
  const compiled = compileExpression(regex)
  assert.ok(compiled.kind === 'compiled', regex)
  return compiled.expression.matches(host)
}

function renamedExpression(expression: string): string | null {
  try {
    return hostExpression(names, expression)
  } catch (error) {
    assert.ok(error instanceof RangeError && /(^|[^a-z-])10($|[^0-9])/.test(expression), expression)
    return null
  }
}

const word = fc.constantFrom('www', 'api', 'rebels', 'example', 'x-1', '10', 'WWW')
const piece = fc.oneof(
  word,
  fc.constantFrom('.*', '.+', '[^.]*', '[^.]+'),
  fc.tuple(word, word).map(([a, b]) => `(${a}|${b})`),
)
const dotted = fc
  .tuple(piece, fc.array(fc.tuple(fc.constantFrom('\\.', '[.]'), piece), { maxLength: 3 }))
  .map(([first, more]) => `${first}${more.flat().join('')}`)

test('T68 what an expression of a host let pass it lets pass under pseudonyms, or it is refused', () => {
  const host = fc.array(word, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('.'))
  fc.assert(
    fc.property(dotted, host, (expression, text) => {
      const renamed = renamedExpression(expression)
      if (renamed === null) return
      assert.equal(matches(renamed, names.host(text)), matches(expression, text), `${expression} on ${text}`)
    }),
    { numRuns: 2_000 },
  )
  assert.equal(hostExpression(names, '10\\.1\\.2\\.3:8080'), `${names.address('10.1.2.3').replaceAll('.', '\\.')}:8080`)
  for (const refused of [
    'ww.*',
    'api[0-9]+\\.rebels',
    '(www|api)?\\.rebels',
    '.*rebels',
    'www..rebels',
    '\\w+',
    '(a|b.c)',
    '',
  ]) {
    assert.throws(() => hostExpression(names, refused), RangeError, refused)
  }
})

test('T68 headers keep their names, and what they must have is what they have', () => {
  assert.equal(headerText(names, 'X-Side: light side'), `X-Side: ${headerValue(names, 'x-side', 'light side')}`)
  assert.equal(headerText(names, 'X-Side light'), `X-Side ${names.name('light')}`)
  assert.equal(headerText(names, 'X-Side'), 'X-Side')
  assert.equal(headerText(names, ':path /v1'), ':path /v1')
  assert.equal(headerText(names, 'Host: www.rebels.example'), `Host: ${names.dns('www.rebels.example')}`)
})
