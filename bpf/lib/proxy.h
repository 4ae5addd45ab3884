/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Handing a packet to the proxy on this node: the socket is given to the packet (bpf_sk_assign), and the mark makes routing
 * deliver it here although its destination is elsewhere (rule fwmark 0x200/0xF00, table 2004).
 *
 * Sockets can be assigned at a device's ingress hook only. At the egress hook the packet is turned round: it enters again by the same
 * device, with the proxy's port in the mark, and `from_pod` assigns.
 */
#pragma once

#include "identity.h"
#include "packet.h"

#define LOOPBACK bpf_htonl(0x7f000001)
#define TCP_TIME_WAIT 6
#define TCP_LISTEN 10

inline_always __u32 mark_to_proxy(__be16 proxy_port)
{
	return MARK_TO_PROXY | (__u32)proxy_port << 16;
}

inline_always struct bpf_sock *tcp_socket(struct __sk_buff *skb, const struct packet *packet)
{
	struct bpf_sock_tuple tuple = {
		.ipv4 = {
			.saddr = packet->saddr,
			.daddr = packet->daddr,
			.sport = packet->sport,
			.dport = packet->dport,
		},
	};
	struct bpf_sock *socket = bpf_skc_lookup_tcp(skb, &tuple, sizeof(tuple.ipv4), BPF_F_CURRENT_NETNS, 0);

	if (!socket)
		return NULL;
	if (socket->state != TCP_LISTEN)
		return socket;
	bpf_sk_release(socket);
	return NULL;
}

/*
 * Whether a socket of this node holds exactly this connection. For a packet that is addressed to a pod it can only be a transparent one: the
 * proxy's.
 */
inline_always bool proxy_has_connection(struct __sk_buff *skb, const struct packet *packet)
{
	struct bpf_sock *socket;

	if (packet->protocol != IPPROTO_TCP)
		return false;
	socket = tcp_socket(skb, packet);
	if (!socket)
		return false;
	bpf_sk_release(socket);
	return true;
}

/*
 * 1 where the packet is for the connection's own socket, 0 where there is none, or why it failed. A closed connection that the stack still
 * remembers (TIME_WAIT) cannot be assigned, but the stack finds it by itself; a new SYN is not for it.
 */
inline_always int assign_connection(struct __sk_buff *skb, const struct packet *packet)
{
	struct bpf_sock *socket;
	long failed = 0;
	int taken = 1;

	if (packet->protocol != IPPROTO_TCP)
		return 0;
	socket = tcp_socket(skb, packet);
	if (!socket)
		return 0;
	if (socket->state != TCP_TIME_WAIT)
		failed = bpf_sk_assign(skb, socket, 0);
	else if (packet->tcp_flags & TCP_SYN)
		taken = 0;
	bpf_sk_release(socket);
	return failed ? DROP_SOCKET_ASSIGN : taken;
}

inline_always int assign_listener(struct __sk_buff *skb, const struct packet *packet, __be16 proxy_port)
{
	struct bpf_sock_tuple tuple = { .ipv4 = { .daddr = LOOPBACK, .dport = proxy_port } };
	struct bpf_sock *socket;
	long failed;

	if (packet->protocol == IPPROTO_TCP)
		socket = bpf_skc_lookup_tcp(skb, &tuple, sizeof(tuple.ipv4), BPF_F_CURRENT_NETNS, 0);
	else if (packet->protocol == IPPROTO_UDP)
		socket = bpf_sk_lookup_udp(skb, &tuple, sizeof(tuple.ipv4), BPF_F_CURRENT_NETNS, 0);
	else
		return DROP_PROXY_PROTOCOL;
	if (!socket)
		return DROP_NO_SOCKET;
	failed = bpf_sk_assign(skb, socket, 0);
	bpf_sk_release(socket);
	return failed ? DROP_SOCKET_ASSIGN : 0;
}

/* Into this node's stack, whatever the destination. */
inline_always int deliver_here(struct __sk_buff *skb)
{
	bpf_skb_change_type(skb, PACKET_HOST);
	skb->mark = MARK_TO_PROXY;
	return 0;
}

/*
 * At the ingress hook. Without a port the connection must be the proxy's already; where its socket is gone, the stack answers.
 * `tracked_plain` connections began before they were redirected: a socket of this node that holds them is not the proxy's.
 */
inline_always int give_to_proxy(struct __sk_buff *skb, const struct packet *packet, __be16 proxy_port, bool tracked_plain)
{
	int taken = tracked_plain ? 0 : assign_connection(skb, packet);

	if (!taken && proxy_port)
		taken = assign_listener(skb, packet, proxy_port);
	return taken < 0 ? taken : deliver_here(skb);
}
