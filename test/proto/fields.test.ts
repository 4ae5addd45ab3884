import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import protobuf from 'protobufjs'
import { generate, loadProtos } from '../../proto/generate.ts'

const GEN = join(import.meta.dirname, '../../proto/gen')

/** Message → field → number, with the enums' numbers: facts of cilium/api/*.proto in proxy-1.37, typed in by hand. */
const CILIUM_FIELDS: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  NetworkPolicy: { endpoint_ips: 1, endpoint_id: 2, ingress_per_port_policies: 3, egress_per_port_policies: 4 },
  PortNetworkPolicy: { port: 1, protocol: 2, rules: 3, end_port: 4 },
  'PortNetworkPolicy.Protocol': { TCP: 0, UDP: 1 },
  PortNetworkPolicyRule: {
    ...{
      pass_precedence: 1,
      l7_proto: 2,
      downstream_tls_context: 3,
      upstream_tls_context: 4,
      name: 5,
      server_names: 6,
    },
    ...{ remote_policies: 7, deny: 8, proxy_id: 9, precedence: 10, http_rules: 100, kafka_rules: 101, l7_rules: 102 },
  },
  TLSContext: {
    ...{ trusted_ca: 1, certificate_chain: 2, private_key: 3, server_names: 4 },
    ...{ validation_context_sds_secret: 5, tls_sds_secret: 6, alpn_protocols: 7 },
  },
  HttpNetworkPolicyRules: { http_rules: 1 },
  HttpNetworkPolicyRule: { headers: 1, header_matches: 2 },
  HeaderMatch: { name: 1, value: 2, match_action: 3, mismatch_action: 4, value_sds_secret: 5 },
  'HeaderMatch.MatchAction': { CONTINUE_ON_MATCH: 0, FAIL_ON_MATCH: 1, DELETE_ON_MATCH: 2 },
  'HeaderMatch.MismatchAction': {
    ...{ FAIL_ON_MISMATCH: 0, CONTINUE_ON_MISMATCH: 1, ADD_ON_MISMATCH: 2 },
    ...{ DELETE_ON_MISMATCH: 3, REPLACE_ON_MISMATCH: 4 },
  },
  KafkaNetworkPolicyRules: { kafka_rules: 1 },
  KafkaNetworkPolicyRule: { api_version: 1, api_keys: 2, client_id: 3, topic: 4 },
  L7NetworkPolicyRules: { l7_allow_rules: 1, l7_deny_rules: 2 },
  L7NetworkPolicyRule: { rule: 1, name: 3 },
  NetworkPolicyHosts: { policy: 1, host_addresses: 2 },
  BpfMetadata: {
    ...{ bpf_root: 1, is_ingress: 2, use_original_source_address: 3, is_l7lb: 4, ipv4_source_address: 5 },
    ...{ ipv6_source_address: 6, enforce_policy_on_l7lb: 7, proxy_id: 8, l7lb_policy_name: 10, ipcache_name: 12 },
    ...{ use_nphds: 13 },
  },
  NetworkFilter: { proxylib: 1, proxylib_params: 2, access_log_path: 5 },
  L7Policy: { access_log_path: 1, denied_403_body: 3 },
  EntryType: { Request: 0, Response: 1, Denied: 2 },
  HttpProtocol: { HTTP10: 0, HTTP11: 1, HTTP2: 2 },
  KeyValue: { key: 1, value: 2 },
  HttpLogEntry: {
    ...{ http_protocol: 1, scheme: 2, host: 3, path: 4, method: 5, headers: 6, status: 7, missing_headers: 8 },
    ...{ rejected_headers: 9 },
  },
  L7LogEntry: { proto: 1, fields: 2 },
  LogEntry: {
    ...{ timestamp: 1, entry_type: 3, policy_name: 4, cilium_rule_ref: 5, source_security_id: 6, source_address: 7 },
    ...{
      destination_address: 8,
      is_ingress: 15,
      destination_security_id: 16,
      proxy_id: 17,
      http: 100,
      generic_l7: 102,
    },
  },
}

/** Scalar types that are not string: the wire type and the sign hang on them. */
const CILIUM_NUMBERS: Readonly<Record<string, string>> = {
  'NetworkPolicy.endpoint_id': 'uint64',
  'NetworkPolicyHosts.policy': 'uint64',
  'PortNetworkPolicy.port': 'uint32',
  'PortNetworkPolicy.end_port': 'uint32',
  'PortNetworkPolicyRule.remote_policies': 'uint32',
  'PortNetworkPolicyRule.pass_precedence': 'uint32',
  'PortNetworkPolicyRule.precedence': 'uint32',
  'PortNetworkPolicyRule.proxy_id': 'uint32',
  'PortNetworkPolicyRule.deny': 'bool',
  'KafkaNetworkPolicyRule.api_version': 'int32',
  'KafkaNetworkPolicyRule.api_keys': 'int32',
  'BpfMetadata.proxy_id': 'uint32',
  'BpfMetadata.is_ingress': 'bool',
  'LogEntry.timestamp': 'uint64',
  'LogEntry.source_security_id': 'uint32',
  'LogEntry.destination_security_id': 'uint32',
  'HttpLogEntry.status': 'uint32',
}

const PUBLISHED = [
  'envoy/service/discovery/v3/ads.proto',
  'envoy/service/listener/v3/lds.proto',
  'envoy/config/listener/v3/listener.proto',
  'envoy/config/route/v3/route.proto',
  'envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager.proto',
  'envoy/extensions/filters/http/router/v3/router.proto',
  'envoy/extensions/filters/listener/tls_inspector/v3/tls_inspector.proto',
]

const ours = loadProtos()
ours.resolveAll()

test('X1 the generated code is what the .proto files give', () => {
  const { code, declaration } = generate()
  assert.ok(code === readFileSync(join(GEN, 'messages.js'), 'utf8'), 'proto/gen/messages.js is stale: npm run proto')
  assert.equal(declaration, readFileSync(join(GEN, 'messages.d.ts'), 'utf8'))
})

test('X2 every envoy field has the number, type and label of the published protos', () => {
  const envoys = publishedProtos()
  let compared = 0
  for (const type of typesOf(ours).filter((type) => !type.fullName.startsWith('.cilium.'))) {
    if (type.fullName.startsWith('.google.protobuf.')) continue
    const theirs = envoys.lookupType(type.fullName)
    for (const field of type.fieldsArray) {
      assert.deepEqual(shapeOf(field), shapeOf(theirs.fields[field.name]), `${type.fullName}.${field.name}`)
      compared++
    }
  }
  assert.ok(compared > 90, `${compared} fields were compared`)
})

test('X2 every envoy enum value has the published number', () => {
  const envoys = publishedProtos()
  for (const values of enumsOf(ours).filter(({ fullName }) => fullName.startsWith('.envoy.'))) {
    const theirs = envoys.lookupEnum(values.fullName)
    for (const [name, number] of Object.entries(values.values)) assert.equal(theirs.values[name], number, name)
  }
})

test('X3 every cilium field has the number of the field table, and there is no other', () => {
  const found: Record<string, Record<string, number>> = {}
  const short = (fullName: string): string => fullName.replace('.cilium.', '')
  for (const type of typesOf(ours).filter(({ fullName }) => fullName.startsWith('.cilium.'))) {
    found[short(type.fullName)] = Object.fromEntries(type.fieldsArray.map(({ name, id }) => [name, id]))
  }
  for (const values of enumsOf(ours).filter(({ fullName }) => fullName.startsWith('.cilium.'))) {
    found[short(values.fullName)] = { ...values.values }
  }
  assert.deepEqual(found, CILIUM_FIELDS)
})

test('X3 cilium numbers have the width and sign of the field table', () => {
  for (const [path, type] of Object.entries(CILIUM_NUMBERS)) {
    const [message, field] = path.split('.') as [string, string]
    assert.equal(ours.lookupType(`cilium.${message}`).fields[field]?.type, type, path)
  }
})

/** Envoy's own protos, as the npm package @grpc/grpc-js-xds carries them. */
function publishedProtos(): protobuf.Root {
  const { resolve } = createRequire(import.meta.url)
  const deps = join(dirname(resolve('@grpc/grpc-js-xds/package.json')), 'deps')
  const folders = ['envoy-api', 'xds', 'googleapis', 'protoc-gen-validate'].map((name) => join(deps, name))
  folders.push(dirname(resolve('protobufjs/package.json')))
  const root = new protobuf.Root()
  root.resolvePath = (_, target) => {
    if (protobuf.common.get(target)) return target
    return folders.map((folder) => join(folder, target)).find((path) => existsSync(path)) ?? target
  }
  root.loadSync(PUBLISHED, { keepCase: true }).resolveAll()
  return root
}

type Shape = { readonly id: number; readonly type: string; readonly rule: string; readonly map: boolean }

function shapeOf(field: protobuf.Field | undefined): Shape | null {
  if (field === undefined) return null
  const rule = field.repeated ? 'repeated' : field.required ? 'required' : 'optional'
  return {
    id: field.id,
    type: field.resolvedType?.fullName ?? field.type,
    rule,
    map: field instanceof protobuf.MapField,
  }
}

function typesOf(namespace: protobuf.NamespaceBase): protobuf.Type[] {
  return namespace.nestedArray.flatMap((nested) => [
    ...(nested instanceof protobuf.Type ? [nested] : []),
    ...(nested instanceof protobuf.Namespace ? typesOf(nested) : []),
  ])
}

function enumsOf(namespace: protobuf.NamespaceBase): protobuf.Enum[] {
  return namespace.nestedArray.flatMap((nested) => [
    ...(nested instanceof protobuf.Enum ? [nested] : []),
    ...(nested instanceof protobuf.Namespace ? enumsOf(nested) : []),
  ])
}
