/* SPDX-License-Identifier: Apache-2.0 */
/* What every part needs from the kernel's headers. */
#pragma once

#include <stddef.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/pkt_cls.h>
#include <stdbool.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define inline_always static __attribute__((always_inline)) inline

#define NANOSECONDS_PER_SECOND 1000000000ULL

/* Seen from the pod. The values are those of Cilium's metrics and of the egress bit of policy keys. */
enum direction {
	INGRESS = 0,
	EGRESS = 1,
};

/* Seconds of the monotonic clock. The coarse one (Linux 5.11) is exact to a tick and costs a read of memory. */
inline_always __u32 now_seconds(void)
{
	return (__u32)(bpf_ktime_get_coarse_ns() / NANOSECONDS_PER_SECOND);
}
