/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The two programs at a pod's device on the node's side. What leaves the pod arrives there (`from_pod`, ingress hook), what goes to the pod
 * leaves there (`to_pod`, egress hook). A packet between two pods of one node meets both, so both policies hold.
 */
#include "lib/kernel.h"
#include "lib/drop.h"
#include "lib/packet.h"
#include "lib/endpoints.h"
#include "lib/identity.h"
#include "lib/conntrack.h"
#include "lib/policy.h"
#include "lib/report.h"
#include "lib/proxy.h"

/* One packet on its way through a program. */
struct passage {
	struct packet packet;
	__u32 now;
	__u32 remote; /* identity of the other end */
	__u32 source; /* identity of the sender */
	__u16 endpoint;
	bool from_proxy;
	enum direction direction;
	enum ct_result state;
	struct ct_entry *connection; /* null for a new one */
};

inline_always bool is_proxied(const struct passage *passage)
{
	return passage->connection && passage->connection->flags & CT_PROXY_REDIRECT;
}

/* Tells of the verdict unless the connection is known and allowed, and returns the reason of a drop. */
inline_always int tell(const struct passage *passage, const struct policy_verdict *verdict)
{
	if (verdict->drop || passage->state != CT_ESTABLISHED)
		report_verdict(passage->endpoint, passage->direction, passage->remote, &passage->packet, verdict);
	return verdict->drop;
}

/*
 * 0 with the proxy's port (or none) in `*proxy_port`, or why the packet is dropped. Remembers a new connection, and whether its answers
 * belong to the proxy: because it goes there, or because it comes from there.
 */
inline_always int judge(struct __sk_buff *skb, struct passage *passage, __be16 *proxy_port)
{
	struct policy_verdict verdict =
		policy_lookup(passage->endpoint, passage->remote, passage->direction, &passage->packet, skb->len);

	if (passage->state == CT_NEW && !verdict.drop)
		verdict.drop = ct_create(skb, passage->direction, &passage->packet, passage->now, passage->source,
					 verdict.proxy_port || passage->from_proxy);
	if (verdict.drop)
		verdict.proxy_port = 0;
	*proxy_port = verdict.proxy_port;
	return tell(passage, &verdict);
}

/* A drop after the verdict: the proxy could not take the packet. */
inline_always int tell_failure(const struct passage *passage, int drop)
{
	struct policy_verdict verdict = { .drop = drop };

	report_verdict(passage->endpoint, passage->direction, passage->remote, &passage->packet, &verdict);
	return drop;
}

/*
 * What the entry of a known connection learns from another packet: who sends by now, since identities change and addresses pass on, and whether
 * the answers are the proxy's. A connection that began plain does not become the proxy's in the middle.
 */
inline_always void remember(struct passage *passage, bool proxied)
{
	struct ct_entry *entry = passage->connection;

	if (!entry)
		return;
	entry->src_sec_id = passage->source;
	if (passage->state == CT_REOPENED)
		entry->flags &= ~CT_PROXY_REDIRECT;
	if (proxied && (passage->state == CT_REOPENED || passage->from_proxy))
		entry->flags |= CT_PROXY_REDIRECT;
}

inline_always int forward_from_pod(struct __sk_buff *skb, const struct passage *passage)
{
	skb->mark = mark_with_identity(MARK_IDENTITY, passage->source);
	return 0;
}

/* The pod answers. What answers the proxy goes to the proxy, whose connection may carry a foreign source address. */
inline_always int pod_replies(struct __sk_buff *skb, const struct passage *passage)
{
	if (!is_proxied(passage))
		return forward_from_pod(skb, passage);
	if (passage->state == CT_RELATED)
		return deliver_here(skb);
	return give_to_proxy(skb, &passage->packet, 0, false);
}

/* Allowed without a redirect. A connection that the proxy holds stays with it until its socket is gone. */
inline_always int pod_goes_on(struct __sk_buff *skb, struct passage *passage)
{
	if (is_proxied(passage)) {
		int taken = assign_connection(skb, &passage->packet);

		if (taken > 0)
			return deliver_here(skb);
		if (taken < 0)
			return tell_failure(passage, taken);
		passage->connection->flags &= ~CT_PROXY_REDIRECT;
	}
	return forward_from_pod(skb, passage);
}

inline_always int pod_egress(struct __sk_buff *skb)
{
	struct passage passage = { .direction = EGRESS };
	const struct endpoint_info *pod;
	bool plain;
	__be16 proxy_port;
	int drop = read_packet(skb, &passage.packet);

	if (drop)
		return drop == PACKET_IS_ARP ? 0 : drop;
	pod = endpoint_of(passage.packet.saddr);
	if (!pod || pod->ifindex != skb->ifindex)
		return DROP_INVALID_SOURCE_IP;
	passage.now = now_seconds();
	passage.endpoint = pod->lxc_id;
	passage.source = pod->sec_id;
	passage.remote = identity_of(passage.packet.daddr);
	passage.state = ct_lookup(skb, EGRESS, &passage.packet, passage.now, &passage.connection);
	if (passage.state == CT_REPLY || passage.state == CT_RELATED)
		return pod_replies(skb, &passage);
	drop = judge(skb, &passage, &proxy_port);
	if (drop)
		return drop;
	remember(&passage, proxy_port);
	if (!proxy_port)
		return pod_goes_on(skb, &passage);
	plain = passage.state == CT_ESTABLISHED && !is_proxied(&passage);
	drop = give_to_proxy(skb, &passage.packet, proxy_port, plain);
	return drop ? tell_failure(&passage, drop) : 0;
}

/* A packet that `pod_ingress` turned round: it is judged already and only needs its socket. */
inline_always int turned_round(struct __sk_buff *skb)
{
	struct passage passage = { .direction = INGRESS };
	const struct endpoint_info *pod;
	__be16 proxy_port = skb->mark >> 16;
	int drop = read_packet(skb, &passage.packet);

	if (drop)
		return drop;
	drop = give_to_proxy(skb, &passage.packet, proxy_port, false);
	pod = drop ? endpoint_of(passage.packet.daddr) : NULL;
	if (!pod)
		return drop;
	passage.endpoint = pod->lxc_id;
	passage.remote = identity_of(passage.packet.saddr);
	return tell_failure(&passage, drop);
}

/* Never returns to the caller's way: the packet enters again by the same device. */
inline_always int turn_round(struct __sk_buff *skb, __be16 proxy_port)
{
	skb->mark = mark_to_proxy(proxy_port);
	return bpf_redirect(skb->ifindex, BPF_F_INGRESS);
}

/* The proxy has judged this already; the entry makes the pod's answers go back to it. */
inline_always int from_ingress_proxy(struct __sk_buff *skb, struct passage *passage)
{
	int drop = 0;

	if (passage->state == CT_NEW)
		drop = ct_create(skb, INGRESS, &passage->packet, passage->now, passage->source, true);
	else
		remember(passage, true);
	return drop ? tell_failure(passage, drop) : 0;
}

/* Allowed without a redirect: see `pod_goes_on`. */
inline_always int goes_to_pod(struct __sk_buff *skb, struct passage *passage)
{
	if (!is_proxied(passage) || passage->from_proxy)
		return 0;
	if (proxy_has_connection(skb, &passage->packet))
		return turn_round(skb, 0);
	passage->connection->flags &= ~CT_PROXY_REDIRECT;
	return 0;
}

inline_always int pod_ingress(struct __sk_buff *skb)
{
	struct passage passage = { .direction = INGRESS };
	const struct endpoint_info *pod;
	__u32 magic = mark_magic(skb->mark);
	__be16 proxy_port;
	int drop = read_packet(skb, &passage.packet);

	if (drop)
		return drop == PACKET_IS_ARP ? 0 : drop;
	pod = endpoint_of(passage.packet.daddr);
	if (!pod || pod->ifindex != skb->ifindex)
		return DROP_UNKNOWN_TARGET;
	passage.now = now_seconds();
	passage.endpoint = pod->lxc_id;
	passage.from_proxy = magic == MARK_FROM_INGRESS_PROXY || magic == MARK_FROM_EGRESS_PROXY;
	passage.source = source_identity(skb->mark, passage.packet.saddr);
	passage.remote = passage.source;
	passage.state = ct_lookup(skb, INGRESS, &passage.packet, passage.now, &passage.connection);
	if (passage.state == CT_REPLY || passage.state == CT_RELATED)
		return 0;
	if (magic == MARK_FROM_INGRESS_PROXY)
		return from_ingress_proxy(skb, &passage);
	/* Answers to the proxy's connections that carry this pod's address as their source. */
	if (passage.state == CT_NEW && proxy_has_connection(skb, &passage.packet))
		return turn_round(skb, 0);
	drop = judge(skb, &passage, &proxy_port);
	if (drop)
		return drop;
	remember(&passage, proxy_port || passage.from_proxy);
	return proxy_port ? turn_round(skb, proxy_port) : goes_to_pod(skb, &passage);
}

/* `outcome`: a negative drop reason, 0 for onwards, or what bpf_redirect said. */
inline_always int action_of(int outcome)
{
	return outcome < 0 ? TC_ACT_SHOT : outcome ? outcome : TC_ACT_OK;
}

inline_always int finish(struct __sk_buff *skb, enum direction direction, int outcome)
{
	count_packet(direction, outcome < 0 ? outcome : 0, skb->len);
	return action_of(outcome);
}

/* `to_pod` has counted the packet; only that it fails now is new. */
inline_always int finish_turned(struct __sk_buff *skb, int outcome)
{
	if (outcome < 0)
		count_packet(INGRESS, outcome, skb->len);
	return action_of(outcome);
}

SEC("tc")
int from_pod(struct __sk_buff *skb)
{
	if (mark_magic(skb->mark) == MARK_TO_PROXY)
		return finish_turned(skb, turned_round(skb));
	return finish(skb, EGRESS, pod_egress(skb));
}

SEC("tc")
int to_pod(struct __sk_buff *skb)
{
	return finish(skb, INGRESS, pod_ingress(skb));
}

char LICENSE[] SEC("license") = "Apache-2.0";
