/* SPDX-License-Identifier: Apache-2.0 */
/* The structs that user space reads and writes, so that the compiler describes them: a test compares src/kernel/layout. Never loaded. */
#include "lib/kernel.h"
#include "lib/conntrack.h"
#include "lib/endpoints.h"
#include "lib/identity.h"
#include "lib/policy.h"
#include "lib/report.h"

struct policy_key layout_policy_key;
struct policy_entry layout_policy_entry;
struct policy_stats_key layout_policy_stats_key;
struct counter layout_counter;
struct ct_key layout_ct_key;
struct ct_entry layout_ct_entry;
struct ipcache_key layout_ipcache_key;
struct ipcache_info layout_ipcache_info;
struct endpoint_key layout_endpoint_key;
struct endpoint_info layout_endpoint_info;
struct verdict_event layout_verdict_event;
struct metrics_key layout_metrics_key;
