/* SPDX-License-Identifier: MIT */
/*
 * What the hypervisor costs, in instructions: under QEMU's icount one instruction is one nanosecond
 * and one TSC tick.  Each figure is a median.  Prints `bench NAME VALUE UNIT`; tests/bench/run adds
 * the second run and the difference.
 */
#include "tests/guest/lib/cpu.h"
#include "tests/guest/lib/tenant.h"
#include "abi/log.h"
#include "measured-boot/shared/sha2.h"
#include "xsm/monitor/monitor.h"
#include <xen/domctl.h>

const char test_title[] = "bench";

#define SAMPLES 501
static uint64_t samples[SAMPLES];
static uint32_t port;
static struct build request;

static uint64_t median(unsigned count)
{
	for (unsigned i = 1; i < count; i++) {
		uint64_t value = samples[i];
		unsigned j = i;

		for (; j > 0 && samples[j - 1] > value; j--) {
			samples[j] = samples[j - 1];
		}
		samples[j] = value;
	}
	return samples[count / 2];
}

static void report(const char *name, uint64_t value, const char *unit)
{
	print("bench %s %lu %s\n", name, value, unit);
}

static void nothing(void)
{
}

static void null_call(void)
{
	hypercall2(__HYPERVISOR_xen_version, 0, 0);
}

/* The same with a trace record: a row that nobody may call. */
static void denied_call(void)
{
	hypercall2(__HYPERVISOR_multicall, 0, 0);
}

static void cpuid_exit(void)
{
	cpuid(0x40000000, 0);
}

static void send(void)
{
	event_send(port);
}

static uint64_t cost(void (*what)(void))
{
	for (unsigned i = 0; i < SAMPLES; i++) {
		uint64_t start = rdtsc();

		what();
		samples[i] = rdtsc() - start;
	}
	return median(SAMPLES);
}

static void exits(void)
{
	uint64_t empty = cost(nothing);

	report("null-hypercall", cost(null_call) - empty, "instructions");
	report("denied-hypercall", cost(denied_call) - empty, "instructions");
	report("cpuid-exit", cost(cpuid_exit) - empty, "instructions");
	port = (uint32_t)event_ipi(0);
	report("event-send-to-self", cost(send) - empty, "instructions");
	/* Each send finds the port not pending, so the whole path runs. */
	for (unsigned i = 0; i < SAMPLES; i++) {
		uint64_t start;

		event_pending(port);
		shared_info->vcpu_info[0].evtchn_pending_sel = 0;
		shared_info->vcpu_info[0].evtchn_upcall_pending = 0;
		start = rdtsc();
		event_send(port);
		samples[i] = rdtsc() - start;
	}
	report("event-send-raising", median(SAMPLES) - empty, "instructions");
}

/* Between two ends of one channel in Dom0: the path of a notification to another domain. */
static void interdomain(void)
{
	uint64_t empty = cost(nothing);
	long far = event_unbound(CORBEL_DOMID_DOM0);
	long near = far > 0 ? event_interdomain(CORBEL_DOMID_DOM0, (uint32_t)far) : far;

	if (near <= 0) {
		not_ok("event-send", "no loop-back channel: %ld", near);
		return;
	}
	for (unsigned i = 0; i < SAMPLES; i++) {
		uint64_t start;

		event_pending((uint32_t)far);
		shared_info->vcpu_info[0].evtchn_pending_sel = 0;
		shared_info->vcpu_info[0].evtchn_upcall_pending = 0;
		start = rdtsc();
		event_send((uint32_t)near);
		samples[i] = rdtsc() - start;
	}
	report("event-send", median(SAMPLES) - empty, "instructions");
}

/* One tenant asks about each of the others: the mean of `count` checks. */
static void check_tenants(const struct xsm_policy *p, struct xsm_label label, uint32_t count,
			  const char *name)
{
	uint64_t start = rdtsc(), empty, full;
	struct xsm_label other = label;
	unsigned allowed = 0;

	label.tenant = 1;
	for (other.tenant = 2; other.tenant < count + 2; other.tenant++) {
		__asm__ volatile("" : "+m"(label), "+m"(other));
	}
	empty = rdtsc() - start;
	start = rdtsc();
	for (other.tenant = 2; other.tenant < count + 2; other.tenant++) {
		__asm__ volatile("" : "+m"(label), "+m"(other));
		allowed += xsm_allowed(p, label, other, XSM_RIGHT(event, send));
	}
	full = rdtsc() - start;
	if (allowed != 0) {
		not_ok(name, "strangers may send");
	}
	report(name, (full - empty) / count, "instructions");
}

/* The hypervisor's own monitor and policy, compiled into this kernel. */
static void policy(void)
{
	static uint8_t blob[65536] __attribute__((aligned(4096)));
	struct xsm_policy p;
	struct xsm_label subject, object;
	const char *why = "";
	size_t size;
	const uint8_t *file = archive_find("policy", &size);
	uint64_t empty = cost(nothing);
	unsigned allowed = 0;

	if (file == NULL || size > sizeof(blob)) {
		broken("no policy in the archive");
	}
	memcpy(blob, file, size);
	if (xsm_policy_parse(&p, blob, size, &why) != 0 ||
	    xsm_label_by_name(&p, "system_u:system_r:dom0.t", &subject) != 0 ||
	    xsm_label_by_name(&p, TENANT_LABEL, &object) != 0) {
		broken("policy: %s", why);
	}
	object.tenant = 1; /* any: nobody's label acts on somebody's */
	for (unsigned i = 0; i < SAMPLES; i++) {
		uint64_t start = rdtsc();

		__asm__ volatile("" : "+m"(subject), "+m"(object), "+m"(p));
		allowed += xsm_allowed(&p, subject, object, XSM_RIGHT(domain, pause));
		samples[i] = rdtsc() - start;
	}
	if (allowed != SAMPLES) {
		not_ok("policy-check", "the check said no");
	}
	report("policy-check", median(SAMPLES) - empty, "instructions");
	check_tenants(&p, object, 10, "policy-check-10-tenants");
	check_tenants(&p, object, 10000, "policy-check-10000-tenants");
	for (unsigned i = 0; i < SAMPLES; i++) {
		uint64_t start = rdtsc();

		IGNORED(xsm_policy_parse(&p, blob, size, &why));
		IGNORED(xsm_floor_check(&p, &why));
		samples[i] = rdtsc() - start;
	}
	report("policy-parse-and-floor", median(SAMPLES) / 1000, "us");
	report("policy-blob-cloud", size, "bytes");
}

/* What one create must spend on the digest of its kernel file, by the builder's own code. */
static void hash(void)
{
	uint8_t digest[32];
	uint64_t start = rdtsc();

	sha256(request.kernel, request.kernel_size, digest);
	report("sha256-64KiB", (rdtsc() - start) / 1000, "us");
}

/* What each launch adds: a record of the launch log, the whole call.  Every other append hashes
 * nothing but its leaf; what that one takes beyond the hash is the price of the log itself. */
static void append(void)
{
	static struct corbel_report log;
	static uint8_t leaf[1 + sizeof(struct corbel_log_record)];
	uint64_t empty = cost(nothing), null = cost(null_call) - empty, least;
	uint8_t digest[32];

	for (unsigned i = 0; i < 15; i++) {
		uint64_t start = rdtsc();

		if (corbel_call(CORBEL_OP_log_report, &log) != 0) {
			broken("a report is refused");
		}
		samples[i] = rdtsc() - start;
	}
	report("log-append", median(15) - empty - null, "instructions");
	least = samples[0] - empty - null;
	for (unsigned i = 0; i < SAMPLES; i++) {
		uint64_t start = rdtsc();

		sha256(leaf, sizeof(leaf), digest);
		samples[i] = rdtsc() - start;
	}
	report("log-append-beyond-hashing", least - (median(SAMPLES) - empty), "instructions");
}

/* ---- create and destroy ---------------------------------------------------------------------- */

#define ROUNDS 7
static struct tenant tenant;
static uint64_t created[ROUNDS], gone[ROUNDS], returned[ROUNDS];

static uint64_t number_after(const char *text, const char *mark)
{
	const char *at = strstr(text, mark);
	uint64_t value = 0;

	if (at == NULL) {
		broken("the tenant did not say '%s'", mark);
	}
	for (at += strlen(mark); *at >= '0' && *at <= '9'; at++) {
		value = value * 10 + (uint64_t)(*at - '0');
	}
	return value;
}

static void one_round(unsigned round)
{
	static struct corbel_host_info info;
	uint64_t frames = frames_settle(), start;

	build_must(&request);
	tenant_attach(&tenant, "tiny", request.domid, 0);
	tenant_wait(&tenant, 5000000000ull);
	created[round] = number_after(tenant.log, "first instruction at ") - request.set_tsc;
	tenant_detach(&tenant);
	frames_settle();
	start = rdtsc();
	domain_control(XEN_DOMCTL_destroydomain, tenant.domid);
	gone[round] = rdtsc() - start;
	do {
		host_info(&info);
		if (info.dirty_frames != 0 || info.free_frames != frames) {
			sleep_ns(100000);
		}
	} while (info.dirty_frames != 0 || info.free_frames != frames);
	returned[round] = rdtsc() - start;
}

static uint64_t median_of(const uint64_t *values)
{
	memcpy(samples, values, ROUNDS * sizeof(values[0]));
	return median(ROUNDS);
}

static void create(uint32_t memory_mib, const char *create_name, const char *destroy_name)
{
	request.name = "tiny";
	request.memory_mib = memory_mib;
	for (unsigned round = 0; round < ROUNDS; round++) {
		one_round(round);
	}
	report(create_name, median_of(created) / 1000, "us");
	report(destroy_name, median_of(returned) / 1000, "us");
}

static void overhead(void)
{
	struct corbel_launch_info info;

	request.flags = CORBEL_RQF_PAUSED;
	request.memory_mib = 128;
	build_must(&request);
	launch_info(request.domid, &info);
	report("overhead-128MiB", info.overhead_bytes / 1024, "KiB");
	domain_control(XEN_DOMCTL_destroydomain, request.domid);
	request.flags = 0;
}

#define BATCH     16u
#define FIRST_REF 200u /* behind those of the ring */

/* Maps and unmaps `count` pages of its own by grant, in one call each; suffix: of a domain whose
 * devices reach them too. */
static void grants_in_batches(unsigned count, const char *suffix)
{
	static struct gnttab_map_grant_ref map[BATCH];
	static struct gnttab_unmap_grant_ref unmap[BATCH];
	static uint64_t back[SAMPLES];
	char name[48];

	for (unsigned i = 0; i < SAMPLES; i++) {
		uint64_t start;

		for (unsigned n = 0; n < count; n++) {
			map[n] = (struct gnttab_map_grant_ref){
				.host_addr = (uintptr_t)grant_slot(n),
				.flags = GNTMAP_host_map,
				.ref = FIRST_REF + n,
				.dom = CORBEL_DOMID_DOM0,
			};
		}
		start = rdtsc();
		hypercall3(__HYPERVISOR_grant_table_op, GNTTABOP_map_grant_ref, (uintptr_t)map,
			   count);
		samples[i] = rdtsc() - start;
		for (unsigned n = 0; n < count; n++) {
			if (map[n].status != GNTST_okay) {
				not_ok("grants", "mapping %u: %d", n, map[n].status);
				return;
			}
			unmap[n] = (struct gnttab_unmap_grant_ref){
				.host_addr = (uintptr_t)grant_slot(n),
				.handle = map[n].handle,
			};
		}
		start = rdtsc();
		hypercall3(__HYPERVISOR_grant_table_op, GNTTABOP_unmap_grant_ref, (uintptr_t)unmap,
			   count);
		back[i] = rdtsc() - start;
	}
	format_into(name, sizeof(name), "grant-map-%u%s", count, suffix);
	report(name, median(SAMPLES), "instructions");
	memcpy(samples, back, sizeof(samples));
	format_into(name, sizeof(name), "grant-unmap-%u%s", count, suffix);
	report(name, median(SAMPLES), "instructions");
}

static void grants(const char *suffix)
{
	static uint8_t pages[BATCH][PAGE_SIZE] __attribute__((aligned(4096)));

	for (unsigned n = 0; n < BATCH; n++) {
		grant_give(FIRST_REF + n, CORBEL_DOMID_DOM0, pages[n], false);
	}
	grants_in_batches(1, suffix);
	grants_in_batches(BATCH, suffix);
	for (unsigned n = 0; n < BATCH; n++) {
		grant_end(FIRST_REF + n);
	}
}

void test_main(void)
{
	char only[16];

	if (option("grants", only, sizeof(only))) { /* with a device, and nothing else */
		events_init();
		grants_init();
		grants("-with-device");
		ok("all figures were taken");
		return;
	}
	ring_client_init();
	build_image(&request, "bench-tiny.elf");
	exits();
	interdomain();
	grants("");
	policy();
	hash();
	append();
	create(8, "create-64KiB-kernel", "destroy-8MiB");
	report("destroy-call", median_of(gone) / 1000, "us");
	create(128, "create-64KiB-kernel-128MiB", "destroy-128MiB");
	overhead();
	report("image-size", request.kernel_size, "bytes");
	ok("all figures were taken");
}
