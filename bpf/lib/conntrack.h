/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connections, in Cilium's keys and entries (bpf/lib/conntrack.h of 1.13), so that its tools read them.
 *
 * A packet of a local connection meets two entries: one OUT at its source's device, one IN at its destination's. Replies are recognised
 * by looking up the turned tuple with the other flag. An entry past its lifetime is not there: nothing needs to sweep, and
 * the LRU maps bound the memory.
 */
#pragma once

#include "drop.h"
#include "packet.h"

#define CT_OUT 0
#define CT_IN 1

#define CT_RX_CLOSING (1 << 0)
#define CT_TX_CLOSING (1 << 1)
#define CT_BOTH_CLOSING (CT_RX_CLOSING | CT_TX_CLOSING)
#define CT_SEEN_NON_SYN (1 << 4)
#define CT_PROXY_REDIRECT (1 << 6)

/* Seconds, as in Cilium. */
#define CT_TCP_SECONDS 21600
#define CT_SYN_SECONDS 60
#define CT_CLOSE_SECONDS 10
#define CT_OTHER_SECONDS 60
#define CT_REPORT_SECONDS 5

/* Addresses and ports of the first packet; for historical reasons `daddr` is its source and `saddr` its destination. */
struct ct_key {
	__be32 daddr;
	__be32 saddr;
	__be16 dport;
	__be16 sport;
	__u8 nexthdr;
	__u8 flags;
} __attribute__((packed));

/* rx and tx are seen from the pod at whose device the entry was made. */
struct ct_entry {
	__u64 rx_packets;
	__u64 rx_bytes;
	__u64 tx_packets;
	__u64 tx_bytes;
	__u32 lifetime; /* second of the monotonic clock at which the entry ends */
	__u16 flags;
	__be16 rev_nat_index;
	__u16 ifindex;
	__u8 tx_flags_seen;
	__u8 rx_flags_seen;
	__u32 src_sec_id;
	__u32 last_tx_report;
	__u32 last_rx_report;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__type(key, struct ct_key);
	__type(value, struct ct_entry);
	__uint(max_entries, 524288);
} cilium_ct4_global SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__type(key, struct ct_key);
	__type(value, struct ct_entry);
	__uint(max_entries, 262144);
} cilium_ct_any4_global SEC(".maps");

enum ct_result {
	CT_NEW = 0,
	CT_ESTABLISHED = 1,
	CT_REPLY = 2,
	CT_RELATED = 3,
	CT_REOPENED = 4,
};

inline_always __u8 ct_flag(enum direction direction)
{
	return direction == EGRESS ? CT_OUT : CT_IN;
}

/* The key under which this packet would start a connection. */
inline_always struct ct_key ct_forward_key(const struct packet *packet, __u8 flag)
{
	return (struct ct_key){
		.daddr = packet->saddr,
		.saddr = packet->daddr,
		.dport = packet->dport,
		.sport = packet->sport,
		.nexthdr = packet->protocol,
		.flags = flag,
	};
}

/* The key of the connection to which this packet would be an answer. */
inline_always struct ct_key ct_reverse_key(const struct packet *packet, __u8 flag)
{
	return (struct ct_key){
		.daddr = packet->daddr,
		.saddr = packet->saddr,
		.dport = packet->sport,
		.sport = packet->dport,
		.nexthdr = packet->protocol,
		.flags = flag,
	};
}

/* Of ICMP only echo has an answer that can be told from others; every other message is judged by itself. */
inline_always bool is_tracked(const struct packet *packet)
{
	return packet->protocol != IPPROTO_ICMP || packet->icmp_type == ICMP_ECHO || packet->icmp_type == ICMP_ECHO_REPLY;
}

/* An answer that nobody asked for must not make its counterpart an answer. */
inline_always bool starts_connection(const struct packet *packet)
{
	return packet->protocol != IPPROTO_ICMP || packet->icmp_type == ICMP_ECHO;
}

inline_always struct ct_entry *ct_find(const struct ct_key *key, __u32 now)
{
	struct ct_entry *entry = key->nexthdr == IPPROTO_TCP ? bpf_map_lookup_elem(&cilium_ct4_global, key) :
							       bpf_map_lookup_elem(&cilium_ct_any4_global, key);

	return entry && entry->lifetime >= now ? entry : NULL;
}

inline_always __u32 ct_lifetime(__u8 protocol, __u16 flags)
{
	if (protocol != IPPROTO_TCP)
		return CT_OTHER_SECONDS;
	return flags & CT_SEEN_NON_SYN ? CT_TCP_SECONDS : CT_SYN_SECONDS;
}

inline_always void ct_count(struct ct_entry *entry, enum direction direction, __u8 tcp_flags, __u32 bytes, __u32 now)
{
	if (direction == INGRESS) {
		__sync_fetch_and_add(&entry->rx_packets, 1);
		__sync_fetch_and_add(&entry->rx_bytes, bytes);
		if (entry->last_rx_report + CT_REPORT_SECONDS < now || (tcp_flags & ~entry->rx_flags_seen))
			entry->last_rx_report = now;
		entry->rx_flags_seen |= tcp_flags;
	} else {
		__sync_fetch_and_add(&entry->tx_packets, 1);
		__sync_fetch_and_add(&entry->tx_bytes, bytes);
		if (entry->last_tx_report + CT_REPORT_SECONDS < now || (tcp_flags & ~entry->tx_flags_seen))
			entry->last_tx_report = now;
		entry->tx_flags_seen |= tcp_flags;
	}
}

/* The first packet of a TCP connection. It is never an answer, so nobody connects back to a port from which a pod has called. */
inline_always bool is_first(const struct packet *packet)
{
	return packet->protocol == IPPROTO_TCP && (packet->tcp_flags & (TCP_SYN | TCP_ACK)) == TCP_SYN;
}

/*
 * Advances the entry by one packet; true where a first packet came after others: the port is used again, be the old connection closed or
 * forgotten. FIN and RST close the direction of their sender; with both closed the entry ends soon and packets do not prolong it.
 */
inline_always bool ct_advance(struct ct_entry *entry, enum direction direction, const struct packet *packet, __u32 bytes,
			      __u32 now)
{
	bool reopened = is_first(packet) && entry->flags & (CT_BOTH_CLOSING | CT_SEEN_NON_SYN);

	if (reopened)
		entry->flags &= ~(CT_BOTH_CLOSING | CT_SEEN_NON_SYN);
	if (packet->protocol == IPPROTO_TCP && !(packet->tcp_flags & TCP_SYN))
		entry->flags |= CT_SEEN_NON_SYN;
	if ((entry->flags & CT_BOTH_CLOSING) != CT_BOTH_CLOSING)
		entry->lifetime = now + ct_lifetime(packet->protocol, entry->flags);
	if (packet->protocol == IPPROTO_TCP && packet->tcp_flags & (TCP_FIN | TCP_RST)) {
		entry->flags |= direction == INGRESS ? CT_RX_CLOSING : CT_TX_CLOSING;
		if ((entry->flags & CT_BOTH_CLOSING) == CT_BOTH_CLOSING)
			entry->lifetime = now + CT_CLOSE_SECONDS;
	}
	ct_count(entry, direction, packet->tcp_flags, bytes, now);
	return reopened;
}

/*
 * The connection that an ICMP error belongs to: the packet in it travelled against the error, either as a first packet or as a reply.
 * Cilium asks for the pair of addresses only; here the error must quote a packet of a tracked connection, and its
 * sender may be any router.
 */
inline_always struct ct_entry *ct_related(struct __sk_buff *skb, enum direction direction, const struct packet *error, __u32 now)
{
	struct packet inner = {};
	struct ct_key key;
	struct ct_entry *entry;

	if (!read_inner_packet(skb, error, &inner) || inner.saddr != error->daddr)
		return NULL;
	key = ct_forward_key(&inner, !ct_flag(direction));
	entry = ct_find(&key, now);
	if (entry)
		return entry;
	key = ct_reverse_key(&inner, ct_flag(direction));
	return ct_find(&key, now);
}

/* The packet's connection; `*found` is its entry, and null for a new one. Replies and related errors take precedence. */
inline_always enum ct_result ct_lookup(struct __sk_buff *skb, enum direction direction, const struct packet *packet, __u32 now,
				       struct ct_entry **found)
{
	struct ct_key key;

	*found = NULL;
	if (packet->icmp_error)
		*found = ct_related(skb, direction, packet, now);
	if (*found)
		return CT_RELATED;
	if (!is_tracked(packet))
		return CT_NEW;
	key = ct_reverse_key(packet, !ct_flag(direction));
	if (!is_first(packet))
		*found = ct_find(&key, now);
	if (*found) {
		ct_advance(*found, direction, packet, skb->len, now);
		return CT_REPLY;
	}
	key = ct_forward_key(packet, ct_flag(direction));
	*found = ct_find(&key, now);
	if (!*found)
		return CT_NEW;
	return ct_advance(*found, direction, packet, skb->len, now) ? CT_REOPENED : CT_ESTABLISHED;
}

/* 0, or why the connection cannot be tracked. */
inline_always int ct_create(struct __sk_buff *skb, enum direction direction, const struct packet *packet, __u32 now, __u32 source,
			    bool proxied)
{
	struct ct_key key = ct_forward_key(packet, ct_flag(direction));
	struct ct_entry entry = { .src_sec_id = source };
	long failed;

	if (!starts_connection(packet))
		return 0;
	if (proxied)
		entry.flags |= CT_PROXY_REDIRECT;
	ct_advance(&entry, direction, packet, skb->len, now);
	failed = packet->protocol == IPPROTO_TCP ? bpf_map_update_elem(&cilium_ct4_global, &key, &entry, BPF_ANY) :
						   bpf_map_update_elem(&cilium_ct_any4_global, &key, &entry, BPF_ANY);
	return failed ? DROP_CONNTRACK_FULL : 0;
}
