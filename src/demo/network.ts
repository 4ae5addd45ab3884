/**
 * Network namespaces for a node and its pods, wired as Cilium does it: each pod has a /32 address on eth0, its default route goes to the node's
 * router address, and the other end of the pair, `lxc<endpoint>`, is in the node's namespace with a host route to the pod.
 *
 * The node is a namespace too, so that marks, rules and routes of the datapath never touch the machine's own. Names carry the process id.
 */
import { execFileSync } from 'node:child_process'
import { CAST, type Member } from './cast.ts'

/** The router address of the node, as pods see it. */
export const ROUTER = '10.0.0.1'

export type PodDevice = { readonly device: string; readonly mac: string; readonly nodeMac: string }

export type DemoNetwork = Disposable & {
  readonly node: string
  readonly pods: ReadonlyMap<Member['name'], PodDevice>
}

/** Throws with the command's own words where something cannot be made; what was made before is removed. */
export function createNetwork(): DemoNetwork {
  const node = namespaceOf('node')
  const made: string[] = []
  try {
    addNamespace(node, made)
    setUpNode(node)
    const pods = new Map<Member['name'], PodDevice>()
    for (const member of CAST) {
      addNamespace(namespaceOf(member.name), made)
      pods.set(member.name, connectPod(node, member))
    }
    return { node, pods, [Symbol.dispose]: () => removeNamespaces(made) }
  } catch (error) {
    removeNamespaces(made)
    throw error
  }
}

/** `nsenter` changes the network namespace only: unlike `ip netns exec` it leaves /sys and with it the pinned maps in place. */
export function inNamespace(namespace: string): readonly string[] {
  return ['nsenter', `--net=/run/netns/${namespace}`, '--']
}

export function namespaceOf(role: string): string {
  return `hindcast-${process.pid}-${role}`
}

function addNamespace(name: string, made: string[]): void {
  run(['ip', 'netns', 'add', name])
  made.push(name)
  run(['ip', '-n', name, 'link', 'set', 'lo', 'up'])
}

function setUpNode(node: string): void {
  run(['ip', '-n', node, 'addr', 'add', `${ROUTER}/32`, 'dev', 'lo'])
  // By the shell: a bare Debian has no sysctl command.
  const settings = ['echo 1 >ip_forward', 'echo 0 >conf/all/rp_filter', 'echo 0 >conf/default/rp_filter']
  run([...inNamespace(node), 'sh', '-ec', ['cd /proc/sys/net/ipv4', ...settings].join('\n')])
}

function connectPod(node: string, { name, endpoint, ipv4 }: Member): PodDevice {
  const pod = namespaceOf(name)
  const device = `lxc${endpoint}`
  run(['ip', '-n', node, 'link', 'add', device, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', pod])
  run(['ip', '-n', node, 'link', 'set', device, 'up'])
  run(['ip', '-n', node, 'route', 'add', `${ipv4}/32`, 'dev', device, 'src', ROUTER])
  run(['ip', '-n', pod, 'addr', 'add', `${ipv4}/32`, 'dev', 'eth0'])
  run(['ip', '-n', pod, 'link', 'set', 'eth0', 'up'])
  run(['ip', '-n', pod, 'route', 'add', ROUTER, 'dev', 'eth0', 'scope', 'link'])
  run(['ip', '-n', pod, 'route', 'add', 'default', 'via', ROUTER])
  const [mac, nodeMac] = [macOf(pod, 'eth0'), macOf(node, device)]
  run(['ip', '-n', node, 'neigh', 'replace', ipv4, 'lladdr', mac, 'dev', device, 'nud', 'permanent'])
  run(['ip', '-n', pod, 'neigh', 'replace', ROUTER, 'lladdr', nodeMac, 'dev', 'eth0', 'nud', 'permanent'])
  return { device, mac, nodeMac }
}

function macOf(namespace: string, device: string): string {
  const [link] = JSON.parse(run(['ip', '-n', namespace, '-json', 'link', 'show', 'dev', device])) as {
    readonly address: string
  }[]
  if (link === undefined) throw new Error(`no device ${device} in ${namespace}`)
  return link.address
}

/** A namespace that cannot be removed does not keep the others. */
function removeNamespaces(names: readonly string[]): void {
  for (const name of names) {
    try {
      run(['ip', 'netns', 'delete', name])
    } catch (error) {
      process.stderr.write(`warning: ${String(error)}\n`)
    }
  }
}

function run([command = '', ...args]: readonly string[]): string {
  return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
}
