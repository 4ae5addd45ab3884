#!/usr/bin/env node
// The sources are TypeScript, which Node runs from version 24 on. An older Node hands over to the one that npm installed with the project.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import module from 'node:module'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const NODE_MAJOR_MIN = 24

if (Number(process.versions.node.split('.')[0]) >= NODE_MAJOR_MIN) {
  // Halves the time to start. In the user's own folder: whoever can write a compile cache can run code as its reader.
  module.enableCompileCache(join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'hindcast', 'compiled'))
  await import('./hindcast.ts')
} else {
  const own = fileURLToPath(new URL('../../node_modules/node/bin/node', import.meta.url))
  if (!existsSync(own)) {
    process.stderr.write(
      `error: Node ${process.version} is too old: hindcast needs ${NODE_MAJOR_MIN} or newer (npm ci brings one)\n`,
    )
    process.exit(2)
  }
  const entry = fileURLToPath(import.meta.url)
  // Signals of the terminal reach the child too; waiting for it keeps its exit code.
  process.on('SIGINT', () => {})
  const { status } = spawnSync(own, [entry, ...process.argv.slice(2)], { stdio: 'inherit' })
  process.exit(status ?? 5)
}
