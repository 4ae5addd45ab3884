/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From bytes to the five fields that everything else asks for.
 *
 * Whatever cannot be read completely is refused with its reason: IPv6, VLAN tags, IP options and fragments included. An
 * attacker must not be able to make a packet that the pod understands and this file does not.
 */
#pragma once

#include "drop.h"
#include "kernel.h"

#define IP_HEADER_WORDS 5
#define IP_FRAGMENT_BITS 0x3fff /* more fragments, and the offset */

#define TCP_FIN 0x01
#define TCP_SYN 0x02
#define TCP_RST 0x04
#define TCP_ACK 0x10
#define TCP_HEADER_BYTES 20
#define UDP_HEADER_BYTES 8
#define SCTP_HEADER_BYTES 12
#define ICMP_HEADER_BYTES 8

#define ICMP_ECHO_REPLY 0
#define ICMP_UNREACHABLE 3
#define ICMP_ECHO 8
#define ICMP_TIME_EXCEEDED 11
#define ICMP_PARAMETER_PROBLEM 12

/* Not an error: the packet carries nothing that policy speaks of (ARP). */
#define PACKET_IS_ARP 1

struct packet {
	__be32 saddr;
	__be32 daddr;
	/* For ICMP echo the identifier is the source port of the request and the destination port of the reply. */
	__be16 sport;
	__be16 dport;
	__u8 protocol;
	__u8 tcp_flags;
	__u8 icmp_type;
	/* An ICMP message about another packet, whose IP header starts at `inner_offset`. */
	__u8 icmp_error;
	__u32 inner_offset;
};

/* The first bytes of a TCP header. */
struct tcp_start {
	__be16 sport;
	__be16 dport;
	__be32 sequence;
	__be32 acknowledged;
	__u8 words; /* in the upper half */
	__u8 flags;
};

struct port_pair {
	__be16 sport;
	__be16 dport;
};

struct icmp_start {
	__u8 type;
	__u8 code;
	__be16 checksum;
	__be16 identifier;
	__be16 sequence;
};

inline_always int read_tcp(struct __sk_buff *skb, __u32 offset, __u32 room, struct packet *packet)
{
	struct tcp_start tcp;

	if (room < TCP_HEADER_BYTES || bpf_skb_load_bytes(skb, offset, &tcp, sizeof(tcp)))
		return DROP_TRUNCATED_L4;
	if ((tcp.words >> 4) * 4 < TCP_HEADER_BYTES || (tcp.words >> 4) * 4 > room)
		return DROP_TRUNCATED_L4;
	packet->sport = tcp.sport;
	packet->dport = tcp.dport;
	packet->tcp_flags = tcp.flags;
	return 0;
}

inline_always int read_ports(struct __sk_buff *skb, __u32 offset, __u32 room, __u32 header, struct packet *packet)
{
	struct port_pair ports;

	if (room < header || bpf_skb_load_bytes(skb, offset, &ports, sizeof(ports)))
		return DROP_TRUNCATED_L4;
	packet->sport = ports.sport;
	packet->dport = ports.dport;
	return 0;
}

inline_always void icmp_ports(const struct icmp_start *icmp, struct packet *packet)
{
	packet->icmp_type = icmp->type;
	packet->sport = icmp->type == ICMP_ECHO ? icmp->identifier : 0;
	packet->dport = icmp->type == ICMP_ECHO_REPLY ? icmp->identifier : 0;
}

inline_always int read_icmp(struct __sk_buff *skb, __u32 offset, __u32 room, struct packet *packet)
{
	struct icmp_start icmp;

	if (room < ICMP_HEADER_BYTES || bpf_skb_load_bytes(skb, offset, &icmp, sizeof(icmp)))
		return DROP_TRUNCATED_L4;
	icmp_ports(&icmp, packet);
	packet->icmp_error = icmp.type == ICMP_UNREACHABLE || icmp.type == ICMP_TIME_EXCEEDED ||
			     icmp.type == ICMP_PARAMETER_PROBLEM;
	packet->inner_offset = offset + ICMP_HEADER_BYTES;
	return 0;
}

inline_always int read_l4(struct __sk_buff *skb, __u32 offset, __u32 room, struct packet *packet)
{
	switch (packet->protocol) {
	case IPPROTO_TCP:
		return read_tcp(skb, offset, room, packet);
	case IPPROTO_UDP:
		return read_ports(skb, offset, room, UDP_HEADER_BYTES, packet);
	case IPPROTO_SCTP:
		return read_ports(skb, offset, room, SCTP_HEADER_BYTES, packet);
	case IPPROTO_ICMP:
		return read_icmp(skb, offset, room, packet);
	default:
		return DROP_UNKNOWN_L4;
	}
}

inline_always int read_ipv4(struct __sk_buff *skb, struct packet *packet)
{
	struct iphdr ip;
	__u32 total;

	if (bpf_skb_load_bytes(skb, ETH_HLEN, &ip, sizeof(ip)))
		return DROP_INVALID_PACKET;
	total = bpf_ntohs(ip.tot_len);
	if (ip.version != 4 || ip.ihl != IP_HEADER_WORDS || total < sizeof(ip))
		return DROP_INVALID_PACKET;
	/* A segment longer than the field can say (BIG TCP, off by default for IPv4) has length 0 and was refused above. */
	if (ETH_HLEN + total > skb->len)
		return DROP_INVALID_PACKET;
	if (ip.frag_off & bpf_htons(IP_FRAGMENT_BITS))
		return DROP_FRAGMENT;
	packet->saddr = ip.saddr;
	packet->daddr = ip.daddr;
	packet->protocol = ip.protocol;
	return read_l4(skb, ETH_HLEN + sizeof(ip), total - sizeof(ip), packet);
}

/* 0, PACKET_IS_ARP, or why the packet cannot be judged. */
inline_always int read_packet(struct __sk_buff *skb, struct packet *packet)
{
	if (skb->vlan_present)
		return DROP_VLAN;
	switch (skb->protocol) {
	case bpf_htons(ETH_P_IP):
		return read_ipv4(skb, packet);
	case bpf_htons(ETH_P_ARP):
		return PACKET_IS_ARP;
	case bpf_htons(ETH_P_IPV6):
		return DROP_UNSUPPORTED_L3;
	case bpf_htons(ETH_P_8021Q):
	case bpf_htons(ETH_P_8021AD):
		return DROP_VLAN;
	default:
		return DROP_UNSUPPORTED_L2;
	}
}

/*
 * The packet that an ICMP error speaks of: its IP header and the first eight bytes after it, which hold the ports. False where
 * it is cut or of a protocol without connections.
 */
inline_always bool read_inner_packet(struct __sk_buff *skb, const struct packet *error, struct packet *inner)
{
	struct iphdr ip;
	struct icmp_start start;

	if (bpf_skb_load_bytes(skb, error->inner_offset, &ip, sizeof(ip)))
		return false;
	if (ip.version != 4 || ip.ihl != IP_HEADER_WORDS)
		return false;
	if (bpf_skb_load_bytes(skb, error->inner_offset + sizeof(ip), &start, sizeof(start)))
		return false;
	inner->saddr = ip.saddr;
	inner->daddr = ip.daddr;
	inner->protocol = ip.protocol;
	if (ip.protocol == IPPROTO_ICMP)
		icmp_ports(&start, inner);
	else
		__builtin_memcpy(&inner->sport, &start, sizeof(struct port_pair));
	return true;
}
