/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who is at the other end: identities by address (ipcache), and identities and directions in the packet's mark.
 *
 * A mark never comes from a pod: the kernel clears it when a packet changes its network namespace.
 */
#pragma once

#include "endpoints.h"
#include "kernel.h"

#define IDENTITY_WORLD 2

#define MARK_MAGIC 0x0f00u
#define MARK_TO_PROXY 0x0200u
#define MARK_FROM_INGRESS_PROXY 0x0a00u
#define MARK_FROM_EGRESS_PROXY 0x0b00u
#define MARK_IDENTITY 0x0f00u

/* The mark has room for the lower 24 bits; those above say the scope (node-local identities of prefixes). */
#define IDENTITY_MARK_BITS 0x00ffffffu

/* bits that every key shares, before those of the address */
#define IPCACHE_STATIC_BITS 32

struct ipcache_key {
	__u32 prefixlen;
	__u16 cluster_id;
	__u8 pad;
	__u8 family;
	__be32 ip4;
	__u32 ip_rest[3];
};

struct ipcache_info {
	__u32 sec_identity;
	__be32 tunnel_endpoint[4];
	__u16 pad;
	__u8 key; /* of encryption */
	__u8 flags; /* 1 skip tunnel, 2 has tunnel endpoint, 4 it is IPv6, 8 remote cluster */
};

/* Longest prefix wins. Cluster and family are never wildcarded, so they stand before the address. */
struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__type(key, struct ipcache_key);
	__type(value, struct ipcache_info);
	__uint(max_entries, 512000);
	__uint(map_flags, BPF_F_NO_PREALLOC);
} cilium_ipcache_v2 SEC(".maps");

inline_always __u32 ipcache_identity(__be32 address)
{
	struct ipcache_key key = {
		.prefixlen = IPCACHE_STATIC_BITS + 32,
		.family = FAMILY_IPV4,
		.ip4 = address,
	};
	const struct ipcache_info *info = bpf_map_lookup_elem(&cilium_ipcache_v2, &key);

	return info && info->sec_identity ? info->sec_identity : IDENTITY_WORLD;
}

/* The pods of this node are known before the ipcache learns of them; a new one must not pass as world in between. */
inline_always __u32 identity_of(__be32 address)
{
	const struct endpoint_info *local = endpoint_of(address);

	return local ? local->sec_id : ipcache_identity(address);
}

inline_always __u32 mark_magic(__u32 mark)
{
	return mark & MARK_MAGIC;
}

inline_always __u32 mark_identity(__u32 mark)
{
	return (mark & 0xff) << 16 | mark >> 16;
}

inline_always __u32 mark_with_identity(__u32 magic, __u32 identity)
{
	return (identity & 0xffff) << 16 | magic | (identity >> 16 & 0xff);
}

/* Of a packet on its way to a pod. A mark of ours knows better than the address; the address completes the scope. */
inline_always __u32 source_identity(__u32 mark, __be32 address)
{
	__u32 magic = mark_magic(mark);
	__u32 by_address = identity_of(address);

	if (magic != MARK_FROM_INGRESS_PROXY && magic != MARK_FROM_EGRESS_PROXY && magic != MARK_IDENTITY)
		return by_address;
	if ((by_address & IDENTITY_MARK_BITS) == mark_identity(mark))
		return by_address;
	return mark_identity(mark);
}
