#!/usr/bin/env -S node --max-semi-space-size=8
// The sources are TypeScript, which Node runs from version 24 on. An older Node hands over to the one that npm installed with the project.
//
// Whoever reads a long log makes garbage that lives for a page. V8 would give it 100 MiB and more of young generation; with 8 MiB a half it is
// collected in the cache, as fast, and the memory of a verb does not grow with what it reads.
import module from 'node:module'
import { constants } from 'node:os'
import { compileCacheFolder } from './compile-cache.mjs'

const NODE_MAJOR_MIN = 24

if (Number(process.versions.node.split('.')[0]) >= NODE_MAJOR_MIN) {
  const folder = compileCacheFolder()
  if (folder !== null) module.enableCompileCache(folder)
  await import('./hindcast.ts')
} else {
  const [{ spawn }, { existsSync }, { fileURLToPath }] = await Promise.all([
    import('node:child_process'),
    import('node:fs'),
    import('node:url'),
  ])
  const own = fileURLToPath(new URL('../../node_modules/node/bin/node', import.meta.url))
  if (!existsSync(own)) {
    process.stderr.write(
      `error: Node ${process.version} is too old: hindcast needs ${NODE_MAJOR_MIN} or newer (npm ci brings one)\n`,
    )
    process.exit(2)
  }
  const entry = fileURLToPath(import.meta.url)
  const child = spawn(own, [...process.execArgv, entry, ...process.argv.slice(2)], { stdio: 'inherit' })
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  // Ctrl-C reaches the child too, from the terminal; waiting for it keeps its exit code.
  process.on('SIGINT', () => {})
  // As a shell has it: 130 after Ctrl-C.
  child.on('close', (status, signal) => process.exit(signal === null ? (status ?? 5) : 128 + constants.signals[signal]))
}
