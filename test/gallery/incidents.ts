/** The incidents of the gallery: what happened, as people did it. Each is told in README.md under its name. */
import type { ResourceRef } from '../../events/fields.ts'
import { EndpointId, IdentityId, IpAddress, Port } from '../../events/ids.ts'
import type { PolicyVerdict } from '../../src/ports/datapath.ts'
import { DAY, GALAXY, HOUR, type Incident, type Judged, MINUTE, type Stage } from './stage.ts'

const RULE1 = `apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: rule1, namespace: default}
spec:
  endpointSelector: {matchLabels: {org: empire, class: deathstar}}
  ingress:
    - fromEndpoints: [{matchLabels: {org: empire}}]
      toPorts:
        - ports: [{port: "80", protocol: TCP}]
          rules: {http: [{method: POST, path: /v1/request-landing}]}
`

const named = (kind: ResourceRef['kind'], name: string, namespace: string | null = 'default'): ResourceRef => ({
  kind,
  namespace,
  name,
})

/** Nobody is named by the drop: which policy isolates, and which rule came nearest? */
const defaultDeny: Incident = {
  name: 'default-deny',
  play: async (stage) => {
    await stage.endpoints(...GALAXY)
    await stage.wait(10 * MINUTE)
    await stage.apply('vader', 'rule1.yaml', RULE1)
  },
}

/** A team deletes what it takes for its own; the other team's egress is cut. */
const cutEgress: Incident = {
  name: 'cut-egress',
  play: async (stage) => {
    await stage.endpoints(...GALAXY, {
      id: 1138,
      name: 'endor/speeder',
      labels: ['k8s:class=speeder', 'k8s:org=empire', 'k8s:io.kubernetes.pod.namespace=endor'],
      ipv4: '10.0.0.138',
    })
    await stage.apply('tarkin', 'let-out.yaml', LET_OUT)
    await stage.wait(2 * HOUR)
    await stage.apply('tarkin', 'stay-home.yaml', STAY_HOME)
    await stage.tag('audited')
    await stage.wait(3 * HOUR)
    await stage.apply('jerjerrod', 'endor.yaml', ENDOR)
    await stage.wait(HOUR)
    await stage.delete('jerjerrod', named('CiliumClusterwideNetworkPolicy', 'let-out', null))
    await stage.wait(20 * MINUTE)
    await stage.apply('jerjerrod', 'rule1.yaml', RULE1)
  },
}
const LET_OUT = `apiVersion: cilium.io/v2
kind: CiliumClusterwideNetworkPolicy
metadata: {name: let-out}
spec:
  endpointSelector: {matchLabels: {org: empire}}
  egress: [{toEndpoints: [{matchLabels: {class: deathstar}}]}]
`
const STAY_HOME = `apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: stay-home, namespace: default}
spec:
  endpointSelector: {matchLabels: {class: tiefighter}}
  egress: [{}]
`
const ENDOR = `apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: speeders, namespace: endor}
spec:
  endpointSelector: {matchLabels: {class: speeder}}
  egress: [{toEndpoints: [{}]}]
`

/** The proxy hangs: the endpoint waits, and what was asked for meanwhile is folded into one pending build. */
const stuckBuild: Incident = {
  name: 'stuck-build',
  play: async (stage) => {
    await stage.endpoints(...GALAXY)
    await stage.apply('vader', 'rule1.yaml', RULE1)
    await stage.wait(HOUR)
    stage.proxy.hung = true
    await stage.applyUnfinished('vader', 'rule1.yaml', RULE1.replace('/v1/request-landing', '/v2/request-landing'))
    await stage.applyUnfinished('vader', 'rule1.yaml', RULE1.replace('/v1/request-landing', '/v3/request-landing'))
    await stage.applyUnfinished('tarkin', 'rule1.yaml', RULE1.replace('/v1/request-landing', '/v4/request-landing'))
  },
}

/** The proxy refuses what one policy became. */
const refusedByProxy: Incident = {
  name: 'refused-by-proxy',
  play: async (stage) => {
    await stage.endpoints(...GALAXY)
    await stage.apply('vader', 'rule1.yaml', RULE1)
    await stage.wait(HOUR)
    await stage.apply('vader', 'rule1.yaml', RULE1.replace('/v1/request-landing', '/v1/refused-by-proxy'))
    await stage.wait(MINUTE)
  },
}

/** More entries than a policy map holds. */
const mapFull: Incident = {
  name: 'map-full',
  datapath: 'model',
  play: async (stage) => {
    await stage.endpoints(...GALAXY)
    await stage.apply('tarkin', 'moons.yaml', moons(20, 30))
    await stage.wait(DAY)
    await stage.apply('tarkin', 'moons.yaml', moons(110, 150))
    await stage.wait(MINUTE)
    stage.write('fewer-keys.yaml', moonPolicy(moonsOf(110), ['{port: "7001", endPort: 7299, protocol: TCP}']))
  },
}

/** `prefixes` × `ports` entries: every second port, so that no two are one range. */
function moons(prefixes: number, ports: number): string {
  const all = Array.from({ length: ports }, (_, index) => `{port: "${7001 + 2 * index}", protocol: TCP}`)
  return moonPolicy(moonsOf(prefixes), all)
}

const moonsOf = (count: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => `172.16.${index}.0/24`)

function moonPolicy(cidrs: readonly string[], ports: readonly string[]): string {
  const chunks = Array.from({ length: Math.ceil(ports.length / 40) }, (_, i) => ports.slice(40 * i, 40 * i + 40))
  return `apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: moons, namespace: default}
spec:
  endpointSelector: {matchLabels: {class: deathstar}}
  ingress:
    - fromCIDR: [${cidrs.join(', ')}]
      toPorts:
${chunks.map((some) => `        - ports: [${some.join(', ')}]`).join('\n')}
`
}

/** A default deny that was never in force, because it never was a policy. */
const neverInForce: Incident = {
  name: 'never-in-force',
  play: async (stage) => {
    await stage.endpoints(...GALAXY)
    await stage.apply('piett', 'lockdown.yaml', LOCKDOWN)
    await stage.wait(40 * DAY)
    await stage.apply('vader', 'rule1.yaml', RULE1)
    await stage.wait(61 * DAY)
    await stage.apply('piett', 'lockdown.yaml', LOCKDOWN)
  },
}
const LOCKDOWN = `apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: lockdown, namespace: default}
spec:
  endpointSelector: {}
  ingress:
    - fromEntities: [cluster-internal]
`

/** A drop that stands in a dashboard long after its policy was put right. */
const staleDeny: Incident = {
  name: 'stale-deny',
  play: async (stage) => {
    await stage.endpoints(...GALAXY)
    await stage.apply('vader', 'rule1.yaml', RULE1)
    await stage.wait(MINUTE)
    await stage.verdict(landing({ action: 'deny', dropReason: 133, matchType: 'none', sourcePort: 41_000 }))
    await stage.wait(2 * MINUTE)
    await stage.apply('vader', 'rule1.yaml', RULE1.replace('[{matchLabels: {org: empire}}]', '[{}]'))
    await stage.wait(MINUTE)
    await stage.verdict(landing({ action: 'redirect', dropReason: null, matchType: 'L3-L4', sourcePort: 41_002 }))
  },
}

/** From the xwing to the deathstar. */
function landing(said: Pick<PolicyVerdict, 'action' | 'dropReason' | 'matchType' | 'sourcePort'>): Judged {
  return arrival('default/xwing', '10.0.0.209', {
    ...said,
    proxyPort: said.action === 'redirect' ? Port(10_000) : null,
  })
}

/** At the deathstar; allowed on port 80 where nothing else is said. */
function arrival(from: string, address: string, said: Partial<PolicyVerdict>): Judged {
  return (identityOf) => ({
    endpoint: EndpointId(863),
    direction: 'ingress',
    action: 'allow',
    dropReason: null,
    matchType: 'all',
    remoteIdentity: identityOf(from),
    protocol: 6,
    source: IpAddress(address),
    sourcePort: 41_000,
    destination: IpAddress('10.0.0.111'),
    destinationPort: 80,
    proxyPort: null,
    ...said,
  })
}

/** A job of once a month; who watches for a week does not see it. */
const cronJob: Incident = {
  name: 'cron-job',
  play: async (stage) => {
    await stage.endpoints(...GALAXY)
    for (let day = 0; day < 30; day++) {
      if (day === 11) await inspection(stage)
      await stage.verdict(arrival('default/tiefighter', '10.0.0.123', { sourcePort: 42_000 + day }))
      await stage.wait(DAY)
    }
    stage.write('as-seen.yaml', AS_SEEN)
  },
}

/** The pod of the job comes, asks twice, and is gone. */
async function inspection(stage: Stage): Promise<void> {
  const labels = ['k8s:class=shuttle', 'k8s:org=empire', 'k8s:io.kubernetes.pod.namespace=default']
  await stage.endpoints({ id: 1977, name: 'default/inspection', labels, ipv4: '10.0.0.77' })
  for (const sourcePort of [43_000, 43_001]) {
    await stage.wait(MINUTE)
    await stage.verdict(arrival('default/inspection', '10.0.0.77', { sourcePort, destinationPort: 8443 }))
  }
  await stage.endpointsGone(1977)
}
const AS_SEEN = `apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: as-seen, namespace: default}
spec:
  endpointSelector: {matchLabels: {class: deathstar}}
  ingress:
    - fromEndpoints: [{matchLabels: {class: tiefighter}}]
      toPorts: [{ports: [{port: "80", protocol: TCP}]}]
`

/** A policy is applied again and again, word for word and with other words that mean the same. */
const sameAgain: Incident = {
  name: 'same-again',
  play: async (stage) => {
    await stage.endpoints(...GALAXY)
    await stage.apply('vader', 'rule1.yaml', RULE1)
    await stage.wait(MINUTE)
    await stage.apply('vader', 'rule1.yaml', RULE1)
    await stage.wait(MINUTE)
    await stage.apply('vader', 'rule1.yaml', RULE1.replace('name: rule1,', 'name: rule1, labels: {team: sith},'))
    await stage.wait(MINUTE)
    await stage.apply('vader', 'other.yaml', OTHER)
  },
}
const OTHER = `apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: nobody, namespace: default}
spec:
  endpointSelector: {matchLabels: {class: ewok}}
  ingress: [{}]
`

/** Somebody with the key to the disk makes the past look better. */
const editedLog: Incident = {
  name: 'edited-log',
  play: async (stage) => {
    await stage.endpoints(...GALAXY)
    await stage.apply('vader', 'rule1.yaml', RULE1)
    await stage.wait(DAY)
    await stage.apply('vader', 'rule1.yaml', RULE1.replace('{org: empire}}]\n      toPorts', '{}}]\n      toPorts'))
    await stage.wait(DAY)
  },
  afterwards: (database) => {
    const wrong = "type = 'PolicyAdded' AND position = (SELECT max(position) FROM events WHERE type = 'PolicyAdded')"
    database.exec(`UPDATE events SET meta = replace(meta, 'vader', 'piett') WHERE ${wrong}`)
    const map =
      "type = 'PolicyMapWritten' AND position = (SELECT max(position) FROM events WHERE type = 'PolicyMapWritten')"
    database.exec(`UPDATE events SET body = replace(body, '"redirect"', '"allow"') WHERE ${map}`)
  },
}

/** A name is resolved while another endpoint's build holds up the ipcache: the address is nobody's for a quarter of a second. */
const fqdnRace: Incident = {
  name: 'fqdn-race',
  play: async (stage) => {
    await stage.endpoints(...GALAXY)
    await stage.apply('vader', 'rule1.yaml', RULE1)
    await stage.apply('leia', 'tower.yaml', TOWER)
    await stage.wait(HOUR)
    stage.proxy.hung = true
    await stage.applyUnfinished('vader', 'rule1.yaml', RULE1.replace('/v1/request-landing', '/v2/request-landing'))
    await stage.dnsAnswer('tower.endor.example', ['198.51.100.7'], { ttlSeconds: 60, askedBy: 775 })
    await stage.pass(40)
    await stage.verdict(toTower({ action: 'deny', dropReason: 133, matchType: 'none', sourcePort: 41_000 }))
    await stage.pass(210)
    await stage.proxyRecovers()
    await stage.verdict(toTower({ action: 'allow', dropReason: null, matchType: 'L3-L4', sourcePort: 41_002 }))
    await stage.wait(MINUTE)
  },
}

/** The world's number is all that the datapath knows while it drops. */
function toTower(said: Pick<PolicyVerdict, 'action' | 'dropReason' | 'matchType' | 'sourcePort'>): Judged {
  return () => ({
    endpoint: EndpointId(775),
    direction: 'egress',
    remoteIdentity: IdentityId(said.action === 'deny' ? 2 : 0x0100_0001),
    protocol: 6,
    source: IpAddress('10.0.0.209'),
    destination: IpAddress('198.51.100.7'),
    destinationPort: 443,
    proxyPort: null,
    ...said,
  })
}
const TOWER = `apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: tower, namespace: default}
spec:
  endpointSelector: {matchLabels: {class: xwing}}
  egress:
    - toFQDNs: [{matchName: tower.endor.example}]
      toPorts: [{ports: [{port: "443", protocol: TCP}]}]
`

/** Somebody wants to see what would be denied, and starts the agent with an option that denies nothing any more. */
const auditMode: Incident = {
  name: 'audit-mode',
  play: async (stage) => {
    await stage.endpoints(...GALAXY)
    await stage.apply('vader', 'rule1.yaml', RULE1)
    await stage.wait(DAY)
    await stage.tag('enforced')
    await stage.wait(HOUR)
    await stage.restartAgent({ enforcement: 'never' })
    await stage.wait(HOUR)
    await stage.verdict(landing({ action: 'allow', dropReason: null, matchType: 'all', sourcePort: 41_000 }))
  },
}

/** The proxy was restarted and could not listen where it did before; the agent knows that it had listened. */
const lostListener: Incident = {
  name: 'lost-listener',
  play: async (stage) => {
    await stage.endpoints(...GALAXY)
    await stage.apply('vader', 'rule1.yaml', RULE1)
    await stage.wait(HOUR)
    await stage.proxyRestarts({ lds: 'cilium-http-ingress:10000: cannot bind 127.0.0.1:10000: address already in use' })
    await stage.wait(HOUR)
    await stage.apply('vader', 'rule1.yaml', RULE1.replace('/v1/request-landing', '/v2/request-landing'))
  },
}

/** An agent that forgets the deathstar where it lists whom a new policy concerns, as one with a bug did. */
const neverRebuilt: Incident = {
  name: 'never-rebuilt',
  sees: (engine) => ({
    options: engine.options,
    resolve: (subject) => engine.resolve(subject),
    requiredPrefixes: () => engine.requiredPrefixes(),
    advance: (recorded) => {
      const { event } = recorded
      const affected = engine.advance(recorded)
      const isForgotten = event.type === 'PolicyAdded' && event.resource.name === 'no-fighters'
      return isForgotten ? new Set() : affected
    },
  }),
  play: async (stage) => {
    await stage.endpoints(...GALAXY)
    await stage.apply('vader', 'rule1.yaml', RULE1)
    await stage.wait(HOUR)
    await stage.apply('leia', 'no-fighters.yaml', NO_FIGHTERS)
    await stage.wait(HOUR)
  },
}
const NO_FIGHTERS = `apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: no-fighters, namespace: default}
spec:
  endpointSelector: {matchLabels: {class: deathstar}}
  ingressDeny: [{fromEndpoints: [{matchLabels: {class: tiefighter}}]}]
`

export const INCIDENTS: readonly Incident[] = [
  neverRebuilt,
  cutEgress,
  defaultDeny,
  stuckBuild,
  refusedByProxy,
  mapFull,
  neverInForce,
  staleDeny,
  sameAgain,
  cronJob,
  fqdnRace,
  auditMode,
  lostListener,
  editedLog,
]

/** An entry goes behind the agent's back. */
const freshNode: Incident = {
  name: 'fresh-node',
  datapath: 'kernel',
  play: async (stage) => {
    await stage.endpoints(...GALAXY)
    await stage.apply('vader', 'rule1.yaml', RULE1)
    await stage.wait(MINUTE)
    const entries = (await stage.datapath.readPolicyMap(DEATHSTAR)) ?? []
    const removals = entries.filter(({ value }) => value.verdict === 'redirect').map(({ key }) => key)
    await stage.datapath.writePolicyMap(DEATHSTAR, { upserts: [], removals })
  },
}

/** Entries of a policy that is gone, and of none. */
const ghostAllow: Incident = {
  name: 'ghost-allow',
  datapath: 'kernel',
  play: async (stage) => {
    await stage.endpoints(...GALAXY)
    await stage.apply('tarkin', 'repairs.yaml', REPAIRS)
    await stage.apply('vader', 'rule1.yaml', RULE1)
    const before = (await stage.datapath.readPolicyMap(DEATHSTAR)) ?? []
    const ghost = before.filter(({ key }) => key.port === 22)
    await stage.wait(HOUR)
    await stage.delete('vader', named('CiliumNetworkPolicy', 'repairs'))
    await stage.wait(HOUR)
    const unknown = ghost.map((entry) => ({ ...entry, key: { ...entry.key, port: 23 } }))
    await stage.datapath.writePolicyMap(DEATHSTAR, { upserts: [...ghost, ...unknown], removals: [] })
  },
}
const DEATHSTAR = EndpointId(863)
const REPAIRS = `apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: repairs, namespace: default}
spec:
  endpointSelector: {matchLabels: {class: deathstar}}
  ingress: [{toPorts: [{ports: [{port: "22", protocol: TCP}]}]}]
`

/** Recorded where the kernel can be used. */
export const KERNEL_INCIDENTS: readonly Incident[] = [freshNode, ghostAllow]
