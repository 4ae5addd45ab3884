/* SPDX-License-Identifier: Apache-2.0 */
/* Why a packet is dropped: Cilium's codes (pkg/monitor/api/drop.go), negative here and positive in events and metrics. */
#pragma once

#define DROP_INVALID_SOURCE_IP (-132)
#define DROP_POLICY (-133)
#define DROP_INVALID_PACKET (-134)
#define DROP_TRUNCATED_L4 (-135)
#define DROP_UNKNOWN_L4 (-137)
#define DROP_UNSUPPORTED_L3 (-139)
#define DROP_UNKNOWN_TARGET (-150)
#define DROP_CONNTRACK_FULL (-155)
#define DROP_FRAGMENT (-157)
#define DROP_UNSUPPORTED_L2 (-166)
#define DROP_NO_SOCKET (-178)
#define DROP_SOCKET_ASSIGN (-179)
#define DROP_PROXY_PROTOCOL (-180)
#define DROP_POLICY_DENY (-181)
#define DROP_VLAN (-182)
#define DROP_AUTH_REQUIRED (-189)
#define DROP_NO_POLICY_MAP (-203)
