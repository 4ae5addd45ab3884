/** Who is in the story: the endpoints of "How Cilium handles L7 traffic", with their numbers and addresses. */

/** The node that the story plays on. */
export const NODE = 'node1'

export type Member = {
  readonly name: 'deathstar' | 'tiefighter' | 'xwing'
  readonly endpoint: number
  readonly identity: number
  readonly ipv4: string
  readonly labels: readonly string[]
}

export const CAST: readonly Member[] = [
  {
    name: 'deathstar',
    endpoint: 863,
    identity: 2033,
    ipv4: '10.0.0.111',
    labels: ['k8s:class=deathstar', 'k8s:io.kubernetes.pod.namespace=default', 'k8s:org=empire'],
  },
  {
    name: 'tiefighter',
    endpoint: 2216,
    identity: 29439,
    ipv4: '10.0.0.123',
    labels: ['k8s:class=tiefighter', 'k8s:io.kubernetes.pod.namespace=default', 'k8s:org=empire'],
  },
  {
    name: 'xwing',
    endpoint: 775,
    identity: 5513,
    ipv4: '10.0.0.209',
    labels: ['k8s:class=xwing', 'k8s:io.kubernetes.pod.namespace=default', 'k8s:org=alliance'],
  },
]

export function member(name: Member['name']): Member {
  // Every name of the type is in the cast.
  return CAST.find((one) => one.name === name)!
}

/** What a ship got to hear: an answer, or that nothing came back within the limit. */
export type Reply =
  | { readonly kind: 'answered'; readonly status: number; readonly body: string }
  | { readonly kind: 'no-answer'; readonly reason: string }

export type ShipRequest = {
  readonly from: 'tiefighter' | 'xwing'
  readonly method: 'POST' | 'PUT'
  readonly path: string
}

/** Where the story plays. The agent runs in a process of its own, so that it can be killed. */
export interface Stage extends AsyncDisposable {
  readonly datapath: 'kernel' | 'model'
  /** One sentence about what decides here, and why it is not the kernel where it is not. */
  readonly scenery: string
  /** Arguments of `hindcast endpoint add -f`: a file with what this stage knows of the members. */
  readonly endpointFile: string
  /** Arguments that `hindcast agent` needs on this stage. */
  readonly agentArguments: readonly string[]
  /** Arguments for verbs that read the live datapath and not the log. */
  readonly liveArguments: readonly string[]
  /** A command that runs its arguments where the node's network is. */
  readonly onNode: readonly string[]
  send(request: ShipRequest): Promise<Reply>
  /** `hindcast drift` where the node's network is; null where the datapath is in its agent's memory, and nobody else can look. */
  drift(state: string): Promise<{ readonly none: boolean; readonly output: string } | null>
}
