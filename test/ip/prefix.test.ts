import assert from 'node:assert/strict'
import { isIP } from 'node:net'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  addressBytes,
  addressOfBytes,
  addressText,
  contains,
  type IpPrefix,
  overlaps,
  parseAddress,
  parsePrefix,
  parsePrefixOrAddress,
  prefixOf,
  prefixText,
} from '../../projections/ip/prefix.ts'
import { longestMatch, prefixTable } from '../../projections/ip/prefix-table.ts'
import { subtract } from '../../projections/ip/subtract.ts'

const address = fc.oneof(
  fc.nat(0xffff_ffff).map((bits) => ({ family: 4 as const, bits: BigInt(bits) })),
  fc.bigInt({ min: 0n, max: (1n << 128n) - 1n }).map((bits) => ({ family: 6 as const, bits })),
)
const nearPrefix = fc
  .tuple(fc.nat(255), fc.integer({ min: 0, max: 8 }))
  .map(([low, short]): IpPrefix => prefixOf({ family: 4, bits: 0x0a00_0000n | BigInt(low) }, 24 + short))

test('prefixes are read as Go netip reads them and written in RFC 5952 form', () => {
  const texts: readonly (readonly [string, string | null])[] = [
    ['10.0.0.1/8', '10.0.0.0/8'],
    ['0.0.0.0/0', '0.0.0.0/0'],
    ['::/0', '::/0'],
    ['FD00:0:0:0:1::/64', 'fd00::/64'],
    ['2001:db8:0:0:1:0:0:1/128', '2001:db8::1:0:0:1/128'],
    ['::ffff:10.0.0.1/128', '::ffff:a00:1/128'],
    ['1:0:2:3:4:5:6:7/128', '1:0:2:3:4:5:6:7/128'],
    ['10.0.0.0/33', null],
    ['10.0.0.0/08', null],
    ['10.0.0.0/+8', null],
    ['10.0.0/8', null],
    ['010.0.0.0/8', null],
    ['256.0.0.0/8', null],
    ['fe80::1%eth0/64', null],
    ['1::2::3/64', null],
    ['1:2:3:4:5:6:7:8:9/64', null],
    ['1:2:3:4:5:6:7::8/64', null],
    [':1::/64', null],
    ['/8', null],
    ['', null],
  ]
  for (const [text, expected] of texts) {
    const parsed = parsePrefix(text)
    assert.equal(parsed === null ? null : prefixText(parsed), expected, text)
  }
  assert.equal(prefixText(parsePrefixOrAddress('10.0.0.111')!), '10.0.0.111/32')
})

test('an address survives text and bytes', () => {
  fc.assert(
    fc.property(address, (value) => {
      assert.deepEqual(parseAddress(addressText(value)), value)
      assert.deepEqual(addressOfBytes(addressBytes(value)), value)
      assert.equal(isIP(addressText(value)), value.family)
    }),
  )
})

test('what is left after a subtraction covers exactly the rest, in as few prefixes as possible', () => {
  fc.assert(
    fc.property(nearPrefix, fc.array(nearPrefix, { maxLength: 6 }), (prefix, removed) => {
      const left = subtract(prefix, removed)
      for (let low = 0n; low < 256n; low++) {
        const one = { family: 4 as const, bits: 0x0a00_0000n | low }
        const expected = contains(prefix, one) && !removed.some((other) => contains(other, one))
        assert.equal(left.filter((part) => contains(part, one)).length, expected ? 1 : 0)
      }
      const siblings = left.map(({ bits, length }) => `${bits >> BigInt(33 - length)}/${length}`)
      assert.equal(new Set(siblings).size, siblings.length)
    }),
    { numRuns: 60 },
  )
})

test('the longest match is the narrowest prefix around the target', () => {
  fc.assert(
    fc.property(fc.array(nearPrefix), nearPrefix, (prefixes, target) => {
      const found = longestMatch(prefixTable(prefixes.map((prefix) => [prefix, prefix])), target)
      const around = prefixes.filter((prefix) => contains(prefix, target))
      assert.equal(found?.length ?? -1, Math.max(-1, ...around.map(({ length }) => length)))
      if (found !== null) assert.ok(overlaps(found, target))
    }),
  )
  assert.equal(longestMatch(prefixTable([[parsePrefix('::/0')!, 'six']]), parseAddress('10.0.0.1')!), null)
})
