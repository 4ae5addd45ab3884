/**
 * Writes proto/gen from the .proto files: static code by pbjs, and our own small declaration of it. `npm run proto`.
 *
 * pbjs makes declarations only from documentation comments, which would treble the output; our wrapper proto/messages.ts needs no more than
 * the four functions of each message.
 */
import { execFileSync } from 'node:child_process'
import { globSync, mkdirSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import protobuf from 'protobufjs'

const PROTO = import.meta.dirname
const OUT = join(PROTO, 'gen')
/** The bundle is about 600 kB; the default bound of 1 MiB on a child's output would be met by a few more messages. */
const OUTPUT_MAX_BYTES = 16 * 1024 * 1024

const PBJS_OPTIONS = [
  ...['--target', 'static-module', '--wrap', 'esm', '--root', 'hindcast', '--force-number'],
  ...['--no-comments', '--no-create', '--no-delimited', '--no-verify', '--no-service', '--no-typeurl'],
]

const DECLARATION_HEAD = `// Written by proto/generate.ts from the .proto files; do not edit.
import type { Reader, Writer } from 'protobufjs/minimal.js'

/** An instance of a generated class: opaque, only its class reads it. */
export interface Instance {
  readonly $unknowns?: readonly Uint8Array[]
}
export interface Static {
  encode(message: Instance, writer?: Writer): Writer
  decode(reader: Reader | Uint8Array, length?: number): Instance
  fromObject(object: object): Instance
  toObject(message: Instance, options?: object): object
}
`

export type Generated = { readonly code: string; readonly declaration: string }

/** The two files of proto/gen as they should be. */
export function generate(): Generated {
  const files = protoFiles()
  const cli = createRequire(import.meta.url).resolve('protobufjs-cli/package.json')
  const code = execFileSync(
    process.execPath,
    [join(dirname(cli), 'bin/pbjs'), ...PBJS_OPTIONS, '--path', PROTO, ...files],
    { encoding: 'utf8', maxBuffer: OUTPUT_MAX_BYTES },
  )
  return { code, declaration: `${DECLARATION_HEAD}\n${declare(loadProtos())}` }
}

/** The .proto files as reflection, for the tests that compare them with other people's. */
export function loadProtos(): protobuf.Root {
  const root = new protobuf.Root()
  root.resolvePath = (_, target) => (protobuf.common.get(target) ? target : join(PROTO, target))
  return root.loadSync(
    protoFiles().map((file) => file.slice(PROTO.length + 1)),
    { keepCase: true },
  )
}

function protoFiles(): string[] {
  return globSync(join(PROTO, '{cilium,envoy}/*.proto')).toSorted()
}

function declare(root: protobuf.Root): string {
  return members(root)
    .map((member) => `export declare const ${member.name}: ${typeOf(member)}\n`)
    .join('')
}

function typeOf(node: protobuf.ReflectionObject): string {
  const nested = node instanceof protobuf.Namespace ? members(node) : []
  const fields = nested.map((member) => `readonly ${member.name}: ${typeOf(member)}`).join('; ')
  if (!(node instanceof protobuf.Type)) return `{ ${fields} }`
  return fields === '' ? 'Static' : `Static & { ${fields} }`
}

function members(namespace: protobuf.NamespaceBase): protobuf.ReflectionObject[] {
  return namespace.nestedArray
    .filter((member) => member instanceof protobuf.Namespace && !(member instanceof protobuf.Service))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
}

if (import.meta.main) {
  const { code, declaration } = generate()
  mkdirSync(OUT, { recursive: true })
  writeFileSync(join(OUT, 'messages.js'), code)
  writeFileSync(join(OUT, 'messages.d.ts'), declaration)
}
