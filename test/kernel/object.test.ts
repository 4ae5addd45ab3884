/** From sources to programs: compiling, what the object says of itself, and what happens where it is refused. */
import assert from 'node:assert/strict'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { BPF_SOURCES, type CompiledObject, type CompileOptions, compileObject } from '../../src/kernel/compile.ts'
import { VERDICT_EVENT_BYTES } from '../../src/kernel/layout/report.ts'
import { POLICY, SHARED_MAPS } from '../../src/kernel/maps.ts'
import { declaredMaps } from '../../src/kernel/program.ts'
import { DatapathError } from '../../src/ports/datapath.ts'
import { structsOf } from './btf.ts'
import { KERNEL_REASON, kernelTest, laboratory } from './laboratory.ts'

const CLANG_REASON: string | false = await compileObject().then(
  () => false as const,
  (error: DatapathError) => error.message,
)

/** A copy of the sources, changed; a cache of its own. */
async function withSources(change: (source: string) => string, body: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'hindcast-bpf-'))
  try {
    cpSync(BPF_SOURCES, folder, { recursive: true })
    const entry = join(folder, 'endpoint.bpf.c')
    writeFileSync(entry, change(readFileSync(entry, 'utf8')))
    await body(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

test('D17 the same sources and compiler give the same bytes wherever they lie, compiled once', {
  skip: CLANG_REASON,
}, async () => {
  const objects: CompiledObject[] = []
  for (const _ of [1, 2]) {
    await withSources(
      (source) => source,
      async (folder) => {
        const options = { sources: folder, cache: join(folder, 'cache') }
        objects.push(await compileObject(options), await compileObject(options))
        assert.equal(readdirSync(options.cache).length, 1)
      },
    )
  }
  assert.equal(new Set(objects.map(({ digest }) => digest)).size, 1)
})

test('D17 an error of the compiler is refused with its whole log; without a compiler the code says so', {
  skip: CLANG_REASON,
}, async () => {
  await withSources(
    (source) => `${source}\nint broken(void) { return undeclared_name; }\n`,
    async (folder) => {
      await assert.rejects(compileObject({ sources: folder, cache: join(folder, 'cache') }), (error) => {
        assert.ok(error instanceof DatapathError)
        assert.equal(error.code, 'compile-failed')
        assert.match(error.log, /endpoint\.bpf\.c:\d+:\d+: error: use of undeclared identifier 'undeclared_name'/)
        assert.match(error.message, /undeclared_name/)
        return true
      })
      assert.deepEqual(readdirSync(join(folder, 'cache')), [])
    },
  )
  await assert.rejects(compileObject({ clang: 'clang-of-nowhere' }), { name: 'DatapathError', code: 'no-compiler' })
  await assert.rejects(compileObject({ cache: join(import.meta.filename, 'cache') }), {
    name: 'DatapathError',
    message: /^compile-failed: programs cannot be kept: .*ENOTDIR/,
  })
})

test('D17 what the verifier refuses is an error with its whole log, and nothing is attached', {
  skip: KERNEL_REASON ?? false,
}, async () => {
  const reckless = `
SEC("tc")
int reckless(struct __sk_buff *skb)
{
	return (int)endpoint_of(skb->mark)->flags;
}
`
  await withSources(
    (source) => source + reckless,
    async (folder) => {
      const compile = { sources: folder, cache: join(folder, 'cache') }
      await assert.rejects(opened(compile), (error) => {
        assert.ok(error instanceof DatapathError)
        assert.equal(error.code, 'verifier-refused')
        assert.match(error.message, /reckless/)
        assert.match(error.message, /invalid mem access 'map_value_or_null'/)
        assert.match(error.log, /func#0 @0|0: R1=ctx/)
        return true
      })
    },
  )
})

/** Opens and closes. */
async function opened(compile: CompileOptions): Promise<void> {
  await using _ = await laboratory({ compile })
}

test('D18 the maps that user space makes are those that the programs declare', { skip: CLANG_REASON }, async () => {
  const { path } = await compileObject()
  const declared = new Map(declaredMaps(path).map((map) => [map.name, map]))
  for (const { perCpu: _, ...spec } of SHARED_MAPS) assert.deepEqual(declared.get(spec.name), spec)
  assert.equal(declared.size, SHARED_MAPS.length)
})

/** As src/kernel/layout reads and writes them: every field with its offset in bytes, bit fields in bits. */
const LAYOUTS: Readonly<Record<string, { readonly size: number; readonly fields: Readonly<Record<string, number>> }>> =
  {
    policy_key: { size: POLICY.keySize, fields: { prefixlen: 0, sec_label: 4, egress: 8, protocol: 9, dport: 10 } },
    policy_entry: {
      size: POLICY.valueSize,
      fields: {
        proxy_port: 0,
        deny: 2,
        prefix_len: 2.375,
        auth_type: 3,
        explicit_auth: 3.875,
        precedence: 4,
        cookie: 8,
      },
    },
    policy_stats_key: {
      size: 12,
      fields: { endpoint_id: 0, prefix_len: 3, sec_label: 4, egress: 8, protocol: 9, dport: 10 },
    },
    counter: { size: 16, fields: { packets: 0, bytes: 8 } },
    ct_key: { size: 14, fields: { daddr: 0, saddr: 4, dport: 8, sport: 10, nexthdr: 12, flags: 13 } },
    ct_entry: {
      size: 56,
      fields: {
        rx_packets: 0,
        rx_bytes: 8,
        tx_packets: 16,
        tx_bytes: 24,
        lifetime: 32,
        flags: 36,
        rev_nat_index: 38,
        ifindex: 40,
        tx_flags_seen: 42,
        rx_flags_seen: 43,
        src_sec_id: 44,
        last_tx_report: 48,
        last_rx_report: 52,
      },
    },
    ipcache_key: { size: 24, fields: { prefixlen: 0, cluster_id: 4, family: 7, ip4: 8 } },
    ipcache_info: { size: 24, fields: { sec_identity: 0, tunnel_endpoint: 4, key: 22, flags: 23 } },
    endpoint_key: { size: 20, fields: { ip4: 0, family: 16, key: 17, cluster_id: 18 } },
    endpoint_info: {
      size: 48,
      fields: { ifindex: 0, lxc_id: 6, flags: 8, mac: 16, node_mac: 24, sec_id: 32, parent_ifindex: 36 },
    },
    verdict_event: {
      size: VERDICT_EVENT_BYTES,
      fields: {
        endpoint: 0,
        direction: 2,
        protocol: 3,
        remote: 4,
        saddr: 8,
        daddr: 12,
        sport: 16,
        dport: 18,
        proxy_port: 20,
        action: 22,
        match: 23,
        drop_reason: 24,
      },
    },
    metrics_key: { size: 8, fields: { reason: 0, dir: 1, line: 2, file: 4 } },
  }

test('D18 the structs in the object have the layouts of src/kernel/layout, which are Cilium’s', {
  skip: CLANG_REASON,
}, async () => {
  const { path } = await compileObject({ entry: 'layout.bpf.c' })
  const structs = structsOf(readFileSync(path))
  for (const [name, layout] of Object.entries(LAYOUTS)) {
    const found = structs.get(name)
    assert.ok(found, `${name} is in the object`)
    assert.equal(found.size, layout.size, name)
    for (const [field, offset] of Object.entries(layout.fields))
      assert.equal(found.fields.get(field), offset, `${name}.${field}`)
  }
})

kernelTest('D17 a loaded program has the kernel’s tag and the digest of its object', async (lab) => {
  const { digest } = await compileObject()
  assert.deepEqual([...lab.datapath.programs.keys()], ['from_pod', 'to_pod'])
  for (const { tag, objectDigest } of lab.datapath.programs.values()) {
    assert.match(tag, /^[0-9a-f]{16}$/)
    assert.equal(objectDigest, digest)
  }
})
