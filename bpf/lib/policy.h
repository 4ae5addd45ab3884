/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an endpoint's policy map says about one packet: two longest-prefix lookups, as in current Cilium (bpf/lib/policy.h).
 * projections/datapath/verdict.ts says the same in TypeScript; test/kernel holds them together.
 */
#pragma once

#include "drop.h"
#include "kernel.h"
#include "packet.h"

/*
 * Identity and direction are compared as a whole: a wildcard identity is the value 0 and a lookup of its own. After them
 * the protocol may be open, and only below a given protocol the port, from its lowest bit up; the trie can cut a key at its end only.
 */
struct policy_key {
	__u32 prefixlen;
	__u32 sec_label;
	__u8 egress; /* bit 0 */
	__u8 protocol;
	__be16 dport; /* for ICMP the type */
};

#define POLICY_STATIC_BITS 40
#define POLICY_PROTOCOL_BITS 8
#define POLICY_FULL_BITS 64

struct policy_entry {
	__be16 proxy_port;
	__u8 deny : 1, reserved : 2, prefix_len : 5; /* prefix_len: bits of the key after the static ones: 0, 8, 9 to 24 */
	__u8 auth_type : 7, explicit_auth : 1;
	__u32 precedence; /* higher wins */
	__u32 cookie;
};

#define PRECEDENCE_DENY_MAX 0xffffffffu
#define POLICY_MAP_MAX 16384

/* Sizes and not types: clang leaves out of the BTF what is only pointed to from an inner map. */
struct policy_map {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(key_size, sizeof(struct policy_key));
	__uint(value_size, sizeof(struct policy_entry));
	__uint(max_entries, POLICY_MAP_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC | BPF_F_RDONLY_PROG);
};

/* The policy map of each endpoint, by its id. One program serves all; no map in the slot means that nothing passes. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 65536);
	__type(key, __u32);
	__array(values, struct policy_map);
} hindcast_policy SEC(".maps");

struct policy_stats_key {
	__u16 endpoint_id;
	__u8 pad;
	__u8 prefix_len;
	__u32 sec_label;
	__u8 egress;
	__u8 protocol;
	__be16 dport;
};

struct counter {
	__u64 packets;
	__u64 bytes;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_PERCPU_HASH);
	__type(key, struct policy_stats_key);
	__type(value, struct counter);
	__uint(max_entries, 65536);
} cilium_policystats SEC(".maps");

/* Names as in Cilium's monitor: none, L3-Only, L3-L4, L4-Only, all, L3-Proto, Proto-Only. */
enum policy_match {
	MATCH_NONE = 0,
	MATCH_L3_ONLY = 1,
	MATCH_L3_L4 = 2,
	MATCH_L4_ONLY = 3,
	MATCH_ALL = 4,
	MATCH_L3_PROTO = 5,
	MATCH_PROTO_ONLY = 6,
};

struct policy_verdict {
	int drop; /* 0, or why */
	__be16 proxy_port; /* 0: straight on */
	__u8 match;
};

inline_always __be16 policy_port(const struct packet *packet)
{
	return packet->protocol == IPPROTO_ICMP ? bpf_htons(packet->icmp_type) : packet->dport;
}

inline_always __u8 policy_match_of(const struct policy_entry *entry, bool by_identity)
{
	if (entry->prefix_len > POLICY_PROTOCOL_BITS)
		return by_identity ? MATCH_L3_L4 : MATCH_L4_ONLY;
	if (entry->prefix_len > 0)
		return by_identity ? MATCH_L3_PROTO : MATCH_PROTO_ONLY;
	return by_identity ? MATCH_L3_ONLY : MATCH_ALL;
}

/* Under the key of the entry itself, so open bits are zero. */
inline_always void policy_count(__u16 endpoint, const struct policy_key *key, const struct policy_entry *entry, __u32 bytes)
{
	__u32 length = entry->prefix_len;
	__u32 port_bits = length > POLICY_PROTOCOL_BITS ? length - POLICY_PROTOCOL_BITS : 0;
	struct policy_stats_key stats = {
		.endpoint_id = endpoint,
		.prefix_len = length,
		.sec_label = key->sec_label,
		.egress = key->egress,
		.protocol = length ? key->protocol : 0,
		.dport = key->dport & bpf_htons((__u16)(0xffff0000u >> (port_bits & 31))),
	};
	struct counter first = { .packets = 1, .bytes = bytes };
	struct counter *counter = bpf_map_lookup_elem(&cilium_policystats, &stats);

	if (counter) {
		counter->packets++;
		counter->bytes += bytes;
	} else {
		bpf_map_update_elem(&cilium_policystats, &stats, &first, BPF_NOEXIST);
	}
}

inline_always bool wildcard_wins(const struct policy_entry *exact, const struct policy_entry *wildcard)
{
	if (!wildcard || !exact)
		return wildcard;
	if (wildcard->precedence != exact->precedence)
		return wildcard->precedence > exact->precedence;
	return wildcard->prefix_len > exact->prefix_len;
}

inline_always __u8 auth_type_of(const struct policy_entry *chosen, const struct policy_entry *other)
{
	if (other && other->precedence == chosen->precedence && !chosen->explicit_auth && other->auth_type > chosen->auth_type)
		return other->auth_type;
	return chosen->auth_type;
}

inline_always struct policy_verdict policy_verdict_of(const struct policy_entry *chosen, const struct policy_entry *other, __u8 match)
{
	struct policy_verdict verdict = { .match = match };

	if (chosen->deny)
		verdict.drop = DROP_POLICY_DENY;
	else if (auth_type_of(chosen, other))
		verdict.drop = DROP_AUTH_REQUIRED; /* nothing here can authenticate a peer */
	else
		verdict.proxy_port = chosen->proxy_port;
	return verdict;
}

inline_always struct policy_verdict policy_lookup(__u16 endpoint, __u32 remote, enum direction direction, const struct packet *packet,
						  __u32 bytes)
{
	__u32 slot = endpoint;
	void *map = bpf_map_lookup_elem(&hindcast_policy, &slot);
	struct policy_key key = {
		.prefixlen = POLICY_FULL_BITS,
		.sec_label = remote,
		.egress = direction,
		.protocol = packet->protocol,
		.dport = policy_port(packet),
	};
	const struct policy_entry *exact, *wildcard = NULL;

	if (!map)
		return (struct policy_verdict){ .drop = DROP_NO_POLICY_MAP };
	exact = bpf_map_lookup_elem(map, &key);
	if (!exact || exact->precedence != PRECEDENCE_DENY_MAX) {
		key.sec_label = 0;
		wildcard = bpf_map_lookup_elem(map, &key);
	}
	if (wildcard_wins(exact, wildcard)) {
		policy_count(endpoint, &key, wildcard, bytes);
		return policy_verdict_of(wildcard, exact, policy_match_of(wildcard, false));
	}
	if (!exact)
		return (struct policy_verdict){ .drop = DROP_POLICY };
	key.sec_label = remote;
	policy_count(endpoint, &key, exact, bytes);
	return policy_verdict_of(exact, wildcard, policy_match_of(exact, true));
}
