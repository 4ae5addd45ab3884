import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type PathRules, requestTarget } from '../../src/proxy/http/target.ts'

/** As Cilium's listeners say. */
const RULES: PathRules = { normalize: true, mergeSlashes: true, escapedSlashes: 'redirect' }
const read = (target: string, rules: Partial<PathRules> = {}, method = 'GET', host: string | null = 'web') =>
  requestTarget({ method, target, host }, { ...RULES, ...rules })
const path = (target: string, rules: Partial<PathRules> = {}): string => {
  const answer = read(target, rules)
  return answer.kind === 'target' ? answer.path : answer.kind === 'redirect' ? `307 ${answer.location}` : answer.kind
}

test('H13 all spellings of a path have one form', () => {
  const table: readonly (readonly [target: string, path: string])[] = [
    ['/', '/'],
    ['/public', '/public'],
    ['/public/../private', '/private'],
    ['/public/%2e%2e/private', '/private'],
    ['/public/.%2E/private', '/private'],
    ['/../../private', '/private'],
    ['/a/./b', '/a/b'],
    ['/a/b/..', '/a/'],
    ['/a/.', '/a/'],
    ['//private', '/private'],
    ['/public//../private', '/public/private'],
    ['/%70rivate', '/private'],
    ['/a%c3%a9', '/a%C3%A9'],
    ['/a%20b', '/a%20b'],
    ['/a\\..\\private', '/private'],
    ['/a?x=/../%2f', '/a?x=/../%2f'],
    ['/.well-known/x', '/.well-known/x'],
    ['/...', '/...'],
    ['/a%25%32%65', '/a%252e'],
  ]
  for (const [target, normal] of table) assert.equal(path(target), normal, target)
})

test('H13 escaped slashes are unescaped and redirected, or what the listener says', () => {
  assert.equal(path('/public%2f..%2fprivate?a=%2f'), '307 /private?a=%2f')
  assert.equal(path('/a%5Cb'), '307 /a/b')
  assert.equal(path('/a%2Fb', { escapedSlashes: 'reject' }), 'malformed')
  assert.equal(path('/a%2fb', { escapedSlashes: 'keep' }), '/a%2Fb')
  assert.equal(path('/a%2F%2e%2e/b', { escapedSlashes: 'forward' }), '/b')
})

test('H13 invalid escapes and escaped control characters are refused', () => {
  for (const target of ['/%', '/%a', '/%zz', '/%00', '/a%0d%0a', '/%7f'])
    assert.equal(path(target), 'malformed', target)
  assert.equal(path('/a?%'), '/a?%')
})

test('H13 an absolute target must name Host, and is asked about and forwarded as a path', () => {
  assert.deepEqual(read('http://WEB/a'), { kind: 'target', path: '/a', authority: 'web', changed: true })
  assert.deepEqual(read('http://web'), { kind: 'target', path: '/', authority: 'web', changed: true })
  assert.equal(path('http://web/../x'), '/x')
  for (const target of [
    'http://db/a',
    'http://web@db/a',
    'http://web:80/a',
    'https://web/a',
    'web:80',
    'a',
    '?',
    '*',
  ]) {
    assert.equal(path(target), 'malformed', target)
  }
  assert.equal(read('*', {}, 'OPTIONS').kind, 'target')
  assert.equal(read('http://web?x=1').kind === 'target' && path('http://web?x=1'), '/?x=1')
})

test('H13 without normalising the path stays as it came', () => {
  assert.equal(path('/a/../%62//c', { normalize: false, mergeSlashes: false, escapedSlashes: 'keep' }), '/a/../%62//c')
})

test('H13 normalising twice is normalising once, and leaves nothing to be read otherwise', () => {
  const piece = fc.constantFrom(
    '/',
    '//',
    '.',
    '..',
    'a',
    '%2e',
    '%2E',
    '%61',
    '\\',
    '%25',
    '%2525',
    '%41',
    'b;c',
    '%c3%a9',
    '~',
  )
  const target = fc.array(piece, { maxLength: 12 }).map((pieces) => `/${pieces.join('')}`)
  fc.assert(
    fc.property(target, (asked) => {
      const once = path(asked)
      assert.equal(path(once), once)
      assert.doesNotMatch(once, /\/\/|\/\.\.?(\/|$)|\\|%2e|%61/i)
    }),
    { numRuns: 2_000 },
  )
})
