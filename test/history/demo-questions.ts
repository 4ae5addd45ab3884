/** What is asked of the demo's log, verb by verb, and what is true of it. */
import type { Fact } from './demo-facts.ts'

const LAND = ['--from', 'tiefighter', '--to', 'deathstar', '--http', 'POST /v1/request-landing']
const EXHAUST = ['--from', 'tiefighter', '--to', 'deathstar', '--http', 'PUT /v1/exhaust-port']
const XWING = ['--from', 'xwing', '--to', 'deathstar', '--port', '80']
const RULE = 'CiliumNetworkPolicy/default/rule1#/spec/ingress/0'

export type Question = {
  readonly words: readonly string[]
  /** By default 0. */
  readonly code?: number
  /** Parts of the table, in this order. `{name}` is a fact of this very log. */
  readonly says: readonly string[]
  /** What it must not say. */
  readonly without?: readonly string[]
  /** From the document to facts, and the facts. */
  readonly json?: readonly [pick: (document: never) => unknown, expected: unknown]
  /** Numbers of the table that are worked out from what programs are told. */
  readonly known?: readonly string[]
}

type Items<T> = { readonly items: readonly T[] }

/** In the order in which they are asked: what is written later does not change what is asked before. */
export const QUESTIONS: Readonly<Record<string, readonly Question[]>> = {
  log: [
    {
      words: ['log', '--type', 'PolicyAdded', 'PolicyDeleted'],
      says: ['{added}', 'policy', 'PolicyAdded', 'user:root', '{deleted}', 'PolicyDeleted', 'user:root'],
      without: ['AgentStarted'],
    },
  ],
  status: [
    {
      words: ['status', '--at', 'rev:2'],
      says: [
        'node1',
        'started',
        'model',
        '863',
        'default/deathstar',
        'ready',
        '2/2',
        'yes',
        '({realised})',
        'revision 2',
      ],
      json: [
        ({
          items: [node],
        }: Items<{ progress: readonly { endpoint: number; realised: boolean; revision: number }[] }>) =>
          node?.progress.map(({ endpoint, realised, revision }) => [endpoint, realised, revision]),
        [
          [775, true, 2],
          [863, true, 2],
          [2216, true, 2],
        ],
      ],
    },
    {
      words: ['status', '--at', '{reacted}'],
      says: ['863', 'regenerating', '1/2', 'no', '775', '2/2', 'yes'].slice(0, 4),
      json: [({ items: [node] }: Items<{ behind: number; ready: number }>) => node?.behind, 1],
    },
  ],
  wait: [
    {
      words: ['wait', '--for', 'realized', '--rev', '3'],
      says: ['3 endpoints realise revision 3'],
      json: [({ realised, revision }: { realised: boolean; revision: number }) => [realised, revision], [true, 3]],
    },
    {
      words: ['wait', '--for', 'realized', '--rev', '4', '--timeout', '0'],
      code: 1,
      known: ['0'],
      says: ['0 of 3 endpoints realise it', '775', '3/4', 'no', 'no agent is running on its node'],
      json: [({ realised, items }: Items<object> & { realised: boolean }) => [realised, items.length], [false, 3]],
    },
  ],
  'endpoint list': [
    {
      words: ['endpoint', 'list', '--at', 'rev:2'],
      says: [
        '775',
        'Disabled',
        '5513',
        'k8s:class=xwing',
        '863',
        'Enabled',
        '2033',
        '10.0.0.111',
        '2216',
        'Disabled',
        '29439',
      ],
      json: [
        ({ items }: Items<{ endpoint: number; identity: number; ingressEnforced: boolean }>) =>
          items.map(({ endpoint, identity, ingressEnforced }) => [endpoint, identity, ingressEnforced]),
        [
          [775, 5513, false],
          [863, 2033, true],
          [2216, 29439, false],
        ],
      ],
    },
    {
      words: ['endpoint', 'list', '-n', 'default'],
      says: ['863', 'Disabled', 'Disabled', '2033'],
      without: ['Enabled'],
      json: [
        ({ items }: Items<{ ingressEnforced: boolean }>) => items.map((one) => one.ingressEnforced),
        [false, false, false],
      ],
    },
  ],
  'identity list': [
    {
      words: ['identity', 'list'],
      says: [
        '2033',
        'k8s:class=deathstar',
        'k8s:org=empire',
        '5513',
        'k8s:org=alliance',
        '29439',
        'k8s:class=tiefighter',
      ],
      json: [({ items }: Items<{ identity: number }>) => items.map(({ identity }) => identity), [2033, 5513, 29439]],
    },
  ],
  'policy get': [
    {
      words: ['policy', 'get', '--at', 'rev:2'],
      says: ['"name": "rule1"', '"path": "/v1/request-landing"', 'Revision: 2'],
      json: [({ items }: Items<{ metadata: { name: string } }>) => items.map((one) => one.metadata.name), ['rule1']],
    },
    { words: ['policy', 'get'], says: ['[]', 'Revision: 3'], json: [({ items }: Items<object>) => items, []] },
  ],
  'bpf policy get': [
    {
      words: ['bpf', 'policy', 'get', '863', '--at', 'rev:2'],
      says: ['Allow', 'Ingress', '80/TCP', '10000', 'k8s:class=tiefighter', 'Allow', 'Egress', 'ANY'],
      known: ['8', '24'],
      json: [
        ({
          items,
        }: Items<{
          entries: readonly { key: { identity: number; port: number }; value: { verdict: string; proxyPort: number } }[]
        }>) => items[0]?.entries.map(({ key, value }) => [key.identity, key.port, value.verdict, value.proxyPort]),
        [
          [1, 0, 'allow', 0],
          [2033, 80, 'redirect', 10_000],
          [29_439, 80, 'redirect', 10_000],
          [0, 0, 'allow', 0],
        ],
      ],
    },
    {
      words: ['bpf', 'policy', 'get', '--all', '--numeric'],
      says: ['Endpoint ID: 775', 'Endpoint ID: 863', 'Allow', 'Ingress', 'ANY', 'Endpoint ID: 2216'],
      without: ['10000'],
      json: [
        ({ items }: Items<{ entries: readonly object[] }>) => items.map(({ entries }) => entries.length),
        [2, 2, 2],
      ],
    },
  ],
  'bpf ipcache list': [
    {
      words: ['bpf', 'ipcache', 'list'],
      says: ['10.0.0.111/32', 'identity=2033', '10.0.0.123/32', 'identity=29439', '10.0.0.209/32', 'identity=5513'],
      known: ['0.0.0.0'],
      json: [
        ({ items }: Items<{ prefix: string; identity: number }>) =>
          items.map(({ prefix, identity }) => `${prefix} ${identity}`),
        ['10.0.0.111/32 2033', '10.0.0.123/32 29439', '10.0.0.209/32 5513'],
      ],
    },
  ],
  'bpf ct list': [
    { words: ['bpf', 'ct', 'list'], code: 5, says: ['no-kernel-datapath: node node1 runs the model datapath'] },
  ],
  'prog list': [
    { words: ['prog', 'list'], says: ['ENDPOINT', 'PROGRAM'], json: [({ items }: Items<object>) => items, []] },
  ],
  'xds get': [
    {
      words: ['xds', 'get', 'npds', '--at', 'rev:2'],
      says: ['"863"', RULE, '29439'],
      json: [
        ({
          items,
        }: Items<{
          xds: string
          resources: Record<string, { ingressPerPortPolicies: readonly { port: number }[] }>
        }>) =>
          items.map(({ xds, resources }) => [
            xds,
            Object.keys(resources),
            resources['863']?.ingressPerPortPolicies.map(({ port }) => port),
          ]),
        [['npds', ['775', '863', '2216'], [0, 80]]],
      ],
    },
  ],
  'xds status': [
    {
      words: ['xds', 'status', '--at', 'rev:2'],
      says: ['host~127.0.0.1~no-id~localdomain', 'lds', 'current', 'npds', 'current', 'nphds', 'current'],
      json: [({ items: [node] }: Items<{ disagreements: readonly object[] }>) => node?.disagreements, []],
    },
    {
      words: ['xds', 'status'],
      says: ['no proxy is connected'],
      json: [({ items: [node] }: Items<{ proxies: readonly object[] }>) => node?.proxies, []],
    },
  ],
  'xds history': [
    {
      words: ['xds', 'history', 'npds', '--from', '{first}', '--to', '{realised}', '--endpoint', '863'],
      says: ['published', 'npds', RULE, 'acked', RULE],
      json: [({ items }: Items<{ kind: string }>) => items.map(({ kind }) => kind), ['published', 'acked']],
    },
  ],
  'cidrgroup list': [
    { words: ['cidrgroup', 'list'], says: ['NAME', 'PREFIXES'], json: [({ items }: Items<object>) => items, []] },
  ],
  'service list': [
    { words: ['service', 'list'], says: ['NAMESPACE', 'BACKEND'], json: [({ items }: Items<object>) => items, []] },
  ],
  'dns list': [
    { words: ['dns', 'list'], says: ['ADDRESS', 'EXPIRES'], json: [({ items }: Items<object>) => items, []] },
  ],
  flows: [
    {
      words: ['flows', '--verdict', 'DROPPED', '--last', '99'],
      says: [
        'default/tiefighter',
        '-> default/deathstar:80',
        'http-request DROPPED',
        'PUT',
        '/v1/exhaust-port',
        'default/xwing',
        'INGRESS DENIED (TCP; Policy denied)',
      ],
      without: ['FORWARDED'],
      json: [
        ({ items }: Items<{ http: { path: string } | null; source: { identity: number } }>) => [
          ...new Set(items.map(({ http, source }) => `${source.identity} ${http?.path ?? '-'}`)),
        ],
        ['29439 /v1/exhaust-port', '5513 -'],
      ],
      known: ['1.1'],
    },
  ],
  why: [
    {
      words: ['why', ...LAND, '--at', 'rev:2'],
      says: [
        'ALLOWED',
        'default/tiefighter',
        'redirect by L3-L4, to proxy port 10000',
        'rule1 /spec/ingress/0: revision 2, position {added}',
        'user root by file',
        'L7    allow',
      ],
      json: [({ items }: Items<{ allowed: boolean }>) => items.map(({ allowed }) => allowed), [true]],
    },
    {
      words: ['why', ...EXHAUST, '--at', 'rev:2', '--exit-code'],
      code: 1,
      says: [
        'DENIED',
        'egress of default/tiefighter: allowed',
        'ingress of default/deathstar: denied',
        'L7    deny, no rule takes the request',
        'POST /v1/request-landing',
        'what would allow it: an http rule',
      ],
      json: [({ items }: Items<{ allowed: boolean }>) => items.map(({ allowed }) => allowed), [false]],
    },
    {
      words: ['why', ...XWING, '--at', 'rev:2'],
      says: [
        'DENIED',
        'L3/L4 deny, no entry fits',
        'isolated by',
        'rule1 /spec: revision 2, position {added}',
        'misses: the other side is not among its peers',
        'what would allow it: an ingress rule',
      ],
      json: [({ items }: Items<{ allowed: boolean }>) => items.map(({ allowed }) => allowed), [false]],
    },
    {
      words: ['why', ...XWING],
      says: ['ALLOWED', 'reserved:allow-any-ingress', 'revision 3'],
      without: ['rule1'],
      json: [({ items }: Items<{ allowed: boolean }>) => items.map(({ allowed }) => allowed), [true]],
    },
    {
      words: ['why', '--flow', '{denied}', '--exit-code'],
      code: 1,
      says: [
        'default/xwing',
        'recorded DROPPED, and so it is judged again',
        'ingress of default/deathstar: denied',
        'isolated by',
        '{added}',
      ],
      json: [
        ({ items: [item] }: Items<{ differs: boolean; doubt: null }>) => [item?.differs, item?.doubt],
        [false, null],
      ],
    },
    {
      words: ['why', '--flow', '{refused}'],
      says: [
        'PUT /v1/exhaust-port',
        'recorded DROPPED, and so it is judged again',
        'L7    deny, no rule takes the request',
        'position {realised}',
      ],
      json: [
        ({ items: [item] }: Items<{ differs: boolean; doubt: null }>) => [item?.differs, item?.doubt],
        [false, null],
      ],
    },
  ],
  diff: [
    {
      words: ['diff', 'rev:1..rev:2', '--endpoint', '863'],
      code: 1,
      says: [
        '~ endpoint 863 default/deathstar',
        '/ingressEnforced false -> true',
        '- ingress ANY ANY allow',
        'reserved:allow-any-ingress',
        'k8s:class=tiefighter',
        '80/TCP redirect proxy 10000',
        RULE,
        '~ xds npds 863',
      ],
      without: ['endpoint 775', 'endpoint 2216'],
      json: [
        ({
          endpoints,
        }: {
          endpoints: readonly { endpoint: number; map: readonly { after: { verdict: string } | null }[] }[]
        }) => endpoints.map(({ endpoint, map }) => [endpoint, map.map(({ after }) => after?.verdict ?? 'gone')]),
        [[863, ['gone', 'allow', 'redirect', 'redirect']]],
      ],
    },
    {
      words: ['diff', 'rev:2..rev:3', '-n', 'default'],
      code: 1,
      says: [
        'policy revision 2 -> 3',
        '- policy CiliumNetworkPolicy/default/rule1',
        '~ endpoint 863',
        '/ingressEnforced true -> false',
      ],
      json: [
        ({ policies }: { policies: readonly { policy: string; kind: string }[] }) =>
          policies.map(({ policy, kind }) => `${kind} ${policy}`),
        ['removed CiliumNetworkPolicy/default/rule1'],
      ],
    },
    {
      words: ['diff', 'rev:1..rev:2', '--semantic'],
      code: 1,
      says: ['- default/deathstar ingress from', 'k8s:class=tiefighter', '80/TCP such as GET', 'everybody else'],
      without: ['\n+ ', 'xwing ingress', 'tiefighter ingress'],
    },
    { words: ['diff', 'rev:3..HEAD', '--endpoint', '863'], says: ['between'], without: ['endpoint 863'] },
  ],
  blame: [
    {
      words: ['blame', '863', 'ingress:29439:80/TCP', '--at', '{realised}'],
      says: ['ingress:29439:80/TCP', 'redirect 10000', '{written}', RULE, 'user root', 'k8s:class=tiefighter'],
      json: [
        ({ items }: Items<{ by: string; cause: { type: string }; rules: readonly { origin: string }[] }>) =>
          items.map(({ by, cause, rules }) => [by, cause.type, rules.map(({ origin }) => origin)]),
        [['user root', 'PolicyAdded', [RULE]]],
      ],
    },
    {
      words: ['blame', '863', 'ingress:29439:80/TCP'],
      says: ['ingress:29439:80/TCP', 'gone', RULE, 'user root'],
      json: [
        ({ items }: Items<{ value: null; cause: { type: string } }>) =>
          items.map(({ value, cause }) => [value, cause.type]),
        [[null, 'PolicyDeleted']],
      ],
    },
    {
      words: ['blame', '863'],
      says: ['ingress:ANY:ANY', 'allow', 'reserved:allow-any-ingress', 'user root', 'egress:ANY:ANY', 'allow'],
      json: [({ items }: Items<object>) => items.length, 2],
    },
  ],
  history: [
    {
      words: ['history', '863', 'ingress:29439:80/TCP'],
      says: [
        'gone',
        'user root',
        'redirect 10000',
        'user root',
        'gone',
        'agent node1',
        'redirect 10000',
        '{written}',
        'user root',
      ],
      json: [
        ({ items }: Items<{ value: { verdict: string } | null; by: string }>) =>
          items.map(({ value, by }) => `${value?.verdict ?? 'gone'} ${by}`),
        ['gone user root', 'redirect user root', 'gone agent node1', 'redirect user root'],
      ],
    },
  ],
  bisect: [
    {
      words: ['bisect', '--good', 'rev:1', '--bad', 'rev:2', '--', 'allow', 'xwing', '->', 'deathstar:80'],
      says: [
        'turned by EndpointRegenerationSucceeded at position {realised}',
        'agent node1, following PolicyAdded at {added} by user root (file',
        '/ingressEnforced false -> true',
      ],
      json: [
        ({ event, cause }: { event: { type: string }; cause: { type: string; actor: string } }) => [
          event.type,
          cause.type,
          cause.actor,
        ],
        ['EndpointRegenerationSucceeded', 'PolicyAdded', 'user root'],
      ],
    },
    {
      words: ['bisect', '--good', 'rev:2', '--', 'deny', 'tiefighter', '->', 'deathstar:80', 'PUT', '/v1/exhaust-port'],
      says: ['turned by', 'following PolicyDeleted at {deleted} by user root (file'],
      json: [({ cause }: { cause: { type: string } }) => cause.type, 'PolicyDeleted'],
    },
    {
      words: ['bisect', '--good', 'rev:1', '--bad', 'rev:2', '--', 'deny', 'xwing', '->', 'deathstar:80'],
      code: 3,
      says: ['not-between: it does not hold at'],
    },
  ],
  replay: [
    {
      words: ['replay'],
      known: ['1'],
      says: ['1 node: 8 builds', '2 reactions done again', 'everything comes out as recorded'],
      json: [
        ({ mismatch, checked }: { mismatch: null; checked: Fact }) => [
          mismatch,
          checked['builds'],
          checked['notRecomputed'],
        ],
        [null, 8, 0],
      ],
    },
    {
      words: ['replay', '--to', 'rev:2', '--into', '{fresh}'],
      says: ['files of position', '{fresh}'],
      json: [
        ({ items }: Items<string>) => items.filter((path) => path.includes('863')),
        [
          'nodes/node1/xds/npds/863.json',
          'nodes/node1/endpoints/863/endpoint.json',
          'nodes/node1/endpoints/863/policy-map.json',
        ],
      ],
    },
    {
      words: ['replay', '--kernel', '--at', 'rev:2'],
      code: 2,
      says: ['option-missing: --kernel wants --packets'],
    },
  ],
  plan: [
    {
      words: ['plan', '-f', '{policy}'],
      code: 1,
      says: [
        '+ policy CiliumNetworkPolicy/default/rule1',
        '~ endpoint 863 default/deathstar of node node1: 2 -> 4 entries',
        'ingress would be enforced',
        'redirect proxy',
        '1 endpoint would be regenerated, 2 would not',
        'judged flows would change',
      ],
      json: [
        ({ endpoints }: { endpoints: readonly { endpoint: number; entries: unknown }[] }) =>
          endpoints.map(({ endpoint, entries }) => [endpoint, entries]),
        [[863, { before: 2, after: 4 }]],
      ],
      known: ['1'],
    },
    {
      words: ['plan', '--delete', 'cnp/default/rule1', '--at', 'rev:2', '--no-connections'],
      code: 1,
      says: [
        '- policy CiliumNetworkPolicy/default/rule1',
        '4 -> 2 entries',
        'ingress would not be enforced any more',
        'from identity 5513',
        '80/TCP',
        '80/TCP PUT /v1/exhaust-port',
      ],
      known: ['1'],
    },
  ],
  windows: [
    {
      words: ['windows', '--from', '{first}', '--to', 'rev:2', '--endpoint', '863', '--late', 'map'],
      code: 1,
      says: [
        '+ default/deathstar',
        'let through, and should be dropped',
        'since {added}',
        'PolicyAdded by user root',
        'until {written}',
        'late: map',
      ],
      known: ['2', '3', '4', '5', '6'],
    },
  ],
  drift: [{ words: ['drift'], code: 5, says: ['no-kernel-datapath: node node1 runs the model datapath'] }],
  'checkpoint export': [{ words: ['checkpoint', 'export', '--at', 'rev:2'], says: ['hindcast/', 'position {second}'] }],
  'checkpoint list': [
    {
      words: ['checkpoint', 'list'],
      says: ['EVENTS', '{second}'],
      known: ['agent node1'],
      json: [({ items }: Items<object>) => items.length > 0, true],
    },
  ],
  'checkpoint key': [{ words: ['checkpoint', 'key'], says: ['hindcast/'] }],
  verify: [
    {
      words: ['verify'],
      says: ['{head} events up to position {head}', 'root ', 'holds'],
      json: [
        ({ problems, checkpoints }: { problems: readonly object[]; checkpoints: readonly { holds: boolean }[] }) => [
          problems,
          checkpoints.every(({ holds }) => holds),
        ],
        [[], true],
      ],
    },
  ],
  prove: [
    { words: ['prove', '{added}'], says: ['c2sp.org/tlog-proof@v1', 'index', 'position {head}'] },
    { words: ['prove', '--consistency', 'rev:2', 'HEAD'], says: ['old {second}', 'position {head}'] },
  ],
  'capsule export': [
    {
      words: ['capsule', 'export', '{fresh}', '--from', 'rev:1'],
      says: ['positions {first}, ', 'flows of node1', 'state at the start sha256:'],
      json: [
        ({ to, flows }: { to: { position: string }; flows: { node: string } }) => [to.position, flows.node],
        ['{head}', 'node1'],
      ],
    },
  ],
  'capsule open': [
    {
      words: ['capsule', 'open', '{capsule}'],
      says: [
        'positions {first}, ',
        'flows of node1',
        'whole: its digest and the states at both ends are as written',
        '--log capsule:',
      ],
      json: [({ flows }: { flows: { node: string } }) => flows.node, 'node1'],
    },
  ],
  'branch create': [{ words: ['branch', 'create', '{word}', '--at', 'rev:2'], says: ['begins at position {second}'] }],
  'branch without': [
    { words: ['branch', 'without', 'past', '{added}'], says: ['{added}', 'CiliumNetworkPolicy/default/rule1'] },
  ],
  'branch edit': [
    {
      words: ['branch', 'edit', 'edited', '{added}', '-f', '{policy}'],
      says: ['{added}', 'CiliumNetworkPolicy/default/rule1'],
    },
  ],
  'branch apply': [
    { words: ['branch', 'apply', 'again', '-f', '{policy}'], says: ['set CiliumNetworkPolicy/default/rule1'] },
  ],
  'branch delete': [
    { words: ['branch', 'delete', '{gone}', 'cnp/rule1'], says: ['delete CiliumNetworkPolicy/default/rule1'] },
  ],
  'branch list': [
    {
      known: ['0', '1'],
      words: ['branch', 'list'],
      says: ['again', 'past: at position {second}'],
      json: [
        ({ items }: Items<{ name: string }>) =>
          items.map(({ name }) => name).filter((name) => ['again', 'past', 'second'].includes(name)),
        ['again', 'past', 'second'],
      ],
    },
  ],
  'branch show': [
    {
      words: ['branch', 'show', 'past'],
      code: 1,
      says: ['- policy CiliumNetworkPolicy/default/rule1', '4 -> 2 entries', 'ingress would not be enforced any more'],
      known: ['1'],
    },
  ],
  'branch rebase': [
    {
      words: ['branch', 'rebase', 'past'],
      code: 1,
      says: ['rule1 was deleted at position {deleted}', 'user root by file'],
    },
    { words: ['branch', 'rebase', 'again', '--onto', 'HEAD'], says: ['now stands at position {head}'] },
  ],
  'branch merge': [
    {
      words: ['branch', 'merge', 'again', '--dry-run'],
      says: ['CiliumNetworkPolicy/default/rule1', 'set'],
      known: ['4'],
    },
  ],
  'branch drop': [{ words: ['branch', 'drop', '{gone}'], says: ['dropped'] }],
  tag: [
    {
      words: ['tag', '{word}', 'rev:2', '--dry-run'],
      says: ['is position {second}'],
    },
  ],
}

/** Verbs that say nothing of this log. */
export const NOT_ASKED: Readonly<Record<string, string>> = {
  version: 'no log',
  completion: 'no log',
  validate: 'looks at files',
  check: 'looks at files',
  eval: 'looks at files',
  agent: 'writes the log; it is what the demo runs',
  'log sync': 'copies it: test/history/copy.test.ts',
  apply: 'writes; the demo does it',
  delete: 'writes; the demo does it',
  'endpoint add': 'writes; the demo does it',
  'endpoint delete': 'writes: test/cli/writing.test.ts',
  'dns learn': 'writes: test/cli/facts.test.ts',
  'dns forget': 'writes: test/cli/facts.test.ts',
}
