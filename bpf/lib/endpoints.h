/* SPDX-License-Identifier: Apache-2.0 */
/* The pods of this node by address: Cilium's cilium_lxc. */
#pragma once

#include "kernel.h"

#define FAMILY_IPV4 1

struct endpoint_key {
	__be32 ip4;
	__u32 ip_rest[3]; /* of an IPv6 address, zero here */
	__u8 family;
	__u8 key;
	__u16 cluster_id;
};

struct endpoint_info {
	__u32 ifindex; /* of the pod's device on the node's side */
	__u16 unused;
	__u16 lxc_id; /* the endpoint's id */
	__u32 flags;
	__u32 rt_info;
	__u64 mac; /* in the first six bytes */
	__u64 node_mac;
	__u32 sec_id; /* identity */
	__u32 parent_ifindex;
	__u32 pad[2];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, struct endpoint_key);
	__type(value, struct endpoint_info);
	__uint(max_entries, 65535);
	__uint(map_flags, BPF_F_NO_PREALLOC);
} cilium_lxc SEC(".maps");

inline_always const struct endpoint_info *endpoint_of(__be32 address)
{
	struct endpoint_key key = { .ip4 = address, .family = FAMILY_IPV4 };

	return bpf_map_lookup_elem(&cilium_lxc, &key);
}
