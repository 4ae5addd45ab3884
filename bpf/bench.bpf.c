/* SPDX-License-Identifier: Apache-2.0 */
/* What `endpoint.bpf.c` is measured beside: the least that a program can cost, and one longest-prefix lookup. */
#include "lib/kernel.h"
#include "lib/identity.h"

SEC("tc")
int empty(struct __sk_buff *skb)
{
	return TC_ACT_OK;
}

SEC("tc")
int one_lookup(struct __sk_buff *skb)
{
	__be32 source;

	if (bpf_skb_load_bytes(skb, ETH_HLEN + offsetof(struct iphdr, saddr), &source, sizeof(source)))
		return TC_ACT_SHOT;
	return ipcache_identity(source) == IDENTITY_WORLD ? TC_ACT_SHOT : TC_ACT_OK;
}

char LICENSE[] SEC("license") = "Apache-2.0";
