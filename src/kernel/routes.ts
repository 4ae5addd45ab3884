/**
 * Routing in the current network namespace that delivers packets marked for the proxy here, whatever their destination:
 * `fwmark 0x200/0xf00` → table 2004 → `local default dev lo` (Cilium's numbers).
 *
 * Early demultiplexing is turned off there: it would find the proxy's socket for a packet that must still pass a pod's ingress program, and
 * forwarding drops packets that have a socket (ip_forward). Cilium does the same where xt_socket is missing.
 */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { DatapathError } from '../ports/datapath.ts'
import { readSetting, writeSetting } from './settings.ts'

const MARK = '0x200'
const MASK = '0xf00'
const PREFERENCE = 9
const TABLE = '2004'
const RULE: readonly string[] = ['fwmark', `${MARK}/${MASK}`, 'pref', String(PREFERENCE), 'lookup', TABLE]

/** The kernel's default is 1. Per network namespace. */
const EARLY_DEMUX = 'ip_early_demux'

const run = promisify(execFile)

/** Fine where it is set up already. */
export async function ensureProxyRoutes(): Promise<void> {
  writeSetting(EARLY_DEMUX, '0')
  await ip('link', 'set', 'lo', 'up')
  await ip('route', 'replace', 'local', 'default', 'dev', 'lo', 'table', TABLE)
  if (!(await hasProxyRule())) await ip('rule', 'add', ...RULE)
}

/** Fine where there is nothing of it. Early demultiplexing is as the kernel starts it. */
export async function removeProxyRoutes(): Promise<void> {
  writeSetting(EARLY_DEMUX, '1')
  while (await hasProxyRule()) await ip('rule', 'delete', ...RULE)
  const routes = await ip('-j', 'route', 'show', 'table', 'all', 'type', 'local')
  if (rowsOf(routes).some((row) => row['table'] === TABLE)) await ip('route', 'flush', 'table', TABLE)
}

/** What of `ensureProxyRoutes` is not there, a sentence for each. */
export async function missingProxyRoutes(): Promise<readonly string[]> {
  const routes = rowsOf(await ip('-j', 'route', 'show', 'table', 'all', 'type', 'local', 'default'))
  const isOurs = (row: Readonly<Record<string, unknown>>): boolean => row['table'] === TABLE && row['dev'] === 'lo'
  return [
    ...((await hasProxyRule()) ? [] : [`no rule leads packets marked ${MARK}/${MASK} to table ${TABLE}`]),
    ...(routes.some(isOurs) ? [] : [`table ${TABLE} has no local default route to lo`]),
    ...(readSetting(EARLY_DEMUX) === '0' ? [] : ['early demultiplexing is on']),
  ]
}

export async function hasProxyRule(): Promise<boolean> {
  const rules = rowsOf(await ip('-j', 'rule', 'show'))
  return rules.some(
    (rule) =>
      rule['fwmark'] === MARK && rule['fwmask'] === MASK && rule['priority'] === PREFERENCE && rule['table'] === TABLE,
  )
}

async function ip(...args: readonly string[]): Promise<string> {
  try {
    return (await run('ip', args)).stdout
  } catch (error) {
    // A command that cannot be started has no words of its own.
    const words = (error instanceof Error && 'stderr' in error && String(error.stderr).trim()) || String(error)
    const code = words.includes('Operation not permitted') ? 'no-privilege' : 'kernel-error'
    throw new DatapathError(code, `ip ${args.join(' ')}: ${words}`, words, { cause: error })
  }
}

function rowsOf(json: string): readonly Readonly<Record<string, unknown>>[] {
  const rows: unknown = JSON.parse(json === '' ? '[]' : json)
  if (!Array.isArray(rows)) throw new TypeError('ip -j answers with a list')
  return rows.filter((row): row is Record<string, unknown> => typeof row === 'object' && row !== null)
}
