/* SPDX-License-Identifier: Apache-2.0 */
/* What user space hears: a verdict for each connection and each dropped packet, and counters for everything. */
#pragma once

#include "kernel.h"
#include "packet.h"
#include "policy.h"

enum verdict_action {
	ACTION_ALLOW = 0,
	ACTION_DENY = 1,
	ACTION_REDIRECT = 2,
};

struct verdict_event {
	__u16 endpoint;
	__u8 direction;
	__u8 protocol;
	__u32 remote;
	__be32 saddr;
	__be32 daddr;
	__be16 sport;
	__be16 dport; /* for ICMP the type */
	__be16 proxy_port;
	__u8 action;
	__u8 match;
	__u32 drop_reason; /* positive; 0 where the packet goes on */
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20);
} hindcast_events SEC(".maps");

/* Verdicts that found the ring full. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, __u32);
	__type(value, __u64);
	__uint(max_entries, 1);
} hindcast_lost SEC(".maps");

struct metrics_key {
	__u8 reason; /* 0 forwarded, else the positive drop code */
	__u8 dir; /* 1 ingress, 2 egress */
	__u16 line;
	__u8 file;
	__u8 reserved[3];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__type(key, struct metrics_key);
	__type(value, struct counter);
	__uint(max_entries, 1024);
} cilium_metrics SEC(".maps");

inline_always void count_packet(enum direction direction, int drop, __u32 bytes)
{
	struct metrics_key key = { .reason = (__u8)-drop, .dir = direction == INGRESS ? 1 : 2 };
	struct counter first = { .packets = 1, .bytes = bytes };
	struct counter *counter = bpf_map_lookup_elem(&cilium_metrics, &key);

	if (counter) {
		counter->packets++;
		counter->bytes += bytes;
	} else {
		bpf_map_update_elem(&cilium_metrics, &key, &first, BPF_NOEXIST);
	}
}

inline_always void count_lost(void)
{
	__u32 slot = 0;
	__u64 *lost = bpf_map_lookup_elem(&hindcast_lost, &slot);

	if (lost)
		__sync_fetch_and_add(lost, 1);
}

inline_always void report_verdict(__u16 endpoint, enum direction direction, __u32 remote, const struct packet *packet,
				  const struct policy_verdict *verdict)
{
	struct verdict_event *event = bpf_ringbuf_reserve(&hindcast_events, sizeof(*event), 0);

	if (!event) {
		count_lost();
		return;
	}
	*event = (struct verdict_event){
		.endpoint = endpoint,
		.direction = direction,
		.protocol = packet->protocol,
		.remote = remote,
		.saddr = packet->saddr,
		.daddr = packet->daddr,
		.sport = packet->sport,
		.dport = policy_port(packet),
		.proxy_port = verdict->proxy_port,
		.action = verdict->drop ? ACTION_DENY : verdict->proxy_port ? ACTION_REDIRECT : ACTION_ALLOW,
		.match = verdict->match,
		.drop_reason = -verdict->drop,
	};
	bpf_ringbuf_submit(event, 0);
}
