/* SPDX-License-Identifier: MIT */
/*
 * A tenant's life as Dom0 sees it: built, recorded, heard, paused, ended, destroyed; greedy and
 * noisy ones disturb nobody; what they used comes back.
 */
#include "tests/guest/lib/cpu.h"
#include "tests/guest/lib/tenant.h"
#include <xen/domctl.h>
#include <xen/io/console.h>
#include <xen/sched.h>

const char test_title[] = "life of a tenant";

static struct build request;
static struct tenant tenant, other;

static void start(struct tenant *t, const char *kind, unsigned slot)
{
	static char cmdline[64];

	format_into(cmdline, sizeof(cmdline), "case=%s", kind);
	request.name = kind;
	request.cmdline = cmdline;
	request.uuid[1]++;
	build_must(&request);
	tenant_attach(t, kind, request.domid, slot);
}

static void check_record(void)
{
	static struct corbel_launch_info info;
	const uint8_t *digest;
	size_t size;

	digest = archive_find("worker.sha256", &size);
	check_equal("launch_info answers", (uint64_t)launch_info(tenant.domid, &info), 0);
	check_true("kernel digest is the file's SHA-256",
		   digest != NULL && memcmp(info.record.kernel, digest, 32) == 0);
	check_true("initrd digest is that of no bytes", info.record.initrd[0] == 0xe3 &&
								info.record.initrd[1] == 0xb0 &&
								info.record.initrd[31] == 0x55);
	check_true("uuid and label are the request's",
		   memcmp(info.record.uuid, request.uuid, 16) == 0 &&
			   strcmp(info.record.label, TENANT_LABEL) == 0);
	check_equal("instance that built it", info.instance, request.instance);
	check_true("state is running, or shut down already",
		   info.state == CORBEL_DOM_running || info.state == CORBEL_DOM_shutdown);
}

static void check_hello(void)
{
	static struct corbel_host_info before, after;
	long port = event_virq(VIRQ_DOM_EXC, 0);

	check_true("VIRQ_DOM_EXC binds", port > 0);
	host_info(&before);
	start(&tenant, "hello", 0);
	check_record();
	check_equal("hello ends by itself", tenant_wait(&tenant, 10000000000ull), TENANT_off);
	check_true("hello was heard", strstr(tenant.log, "hello from domain") != NULL);
	check_true("VIRQ_DOM_EXC came", event_wait((uint32_t)port, 1000000000ull));
	event_close((uint32_t)port);
	tenant_destroy(&tenant);
	frames_settle();
	host_info(&after);
	check_equal("a new builder instance serves", after.builder_instance,
		    before.builder_instance + 1);
	check_true("its memory is the measured image",
		   memcmp(after.builder_memory, after.builder_image, 32) == 0);
	check_true("it is gone", launch_info(tenant.domid, &(struct corbel_launch_info){0}) < 0);
	check_equal("destroy again: -ESRCH",
		    (uint64_t)domain_control(XEN_DOMCTL_destroydomain, tenant.domid),
		    (uint64_t)-XEN_ESRCH);
}

static unsigned count_lines(struct tenant *t)
{
	unsigned lines = 0;

	t->log_used = 0;
	for (int i = 0; i < 10; i++) {
		sleep_ns(5000000);
		tenant_drain(t);
	}
	for (unsigned i = 0; i < t->log_used; i++) {
		lines += t->log[i] == '\n';
	}
	return lines;
}

static void check_pause(void)
{
	start(&tenant, "count", 0);
	check_true("counter runs", tenant_said(&tenant, "count 3", 5000000000ull));
	check_equal("pause", (uint64_t)domain_control(XEN_DOMCTL_pausedomain, tenant.domid), 0);
	tenant_drain(&tenant);
	check_equal("a paused tenant is silent", count_lines(&tenant), 0);
	check_equal("pause again", (uint64_t)domain_control(XEN_DOMCTL_pausedomain, tenant.domid),
		    0);
	check_equal("unpause", (uint64_t)domain_control(XEN_DOMCTL_unpausedomain, tenant.domid), 0);
	check_true("an unpaused tenant goes on", count_lines(&tenant) > 0);
	tenant_destroy(&tenant);

	request.flags = CORBEL_RQF_PAUSED;
	start(&tenant, "count", 0);
	request.flags = 0;
	check_equal("built paused: silent", count_lines(&tenant), 0);
	check_equal("first unpause",
		    (uint64_t)domain_control(XEN_DOMCTL_unpausedomain, tenant.domid), 0);
	check_true("then it runs", tenant_said(&tenant, "count 3", 5000000000ull));
	tenant_destroy(&tenant);
}

/* Two tenants that never yield, Dom0 still gets its turns. */
static void check_spin(void)
{
	uint64_t begin, worst = 0;

	start(&tenant, "spin", 0);
	start(&other, "spin", 1);
	check_true("both spin", tenant_said(&tenant, "spinning", 5000000000ull) &&
					tenant_said(&other, "spinning", 5000000000ull));
	for (int i = 0; i < 10; i++) {
		uint64_t took;

		begin = now_ns();
		sleep_ns(1000000);
		took = now_ns() - begin;
		worst = took > worst ? took : worst;
	}
	if (worst < 500000000ull) {
		ok("Dom0 goes on beside two that spin (worst wake-up %lu us)", worst / 1000);
	} else {
		not_ok("Dom0 goes on beside two that spin", "a wake-up took %lu us", worst / 1000);
	}
	tenant_destroy(&tenant);
	tenant_destroy(&other);
}

static void check_flood(void)
{
	uint64_t end;
	unsigned woken = 0;

	start(&tenant, "flood", 0);
	check_true("flood has begun", tenant_said(&tenant, "flooding", 5000000000ull));
	end = now_ns() + 300000000ull;
	while (now_ns() < end) {
		woken += event_wait(tenant.console_port, 1000000);
	}
	check_true("Dom0 hears the flood and goes on", woken > 0);
	tenant_destroy(&tenant);
}

static void check_hog(void)
{
	start(&other, "count", 1);
	start(&tenant, "hog", 0);
	check_true("the greedy one ends by itself or is ended",
		   tenant_wait(&tenant, 30000000000ull) != TENANT_lives);
	check_true("its neighbour goes on", count_lines(&other) > 0);
	tenant_destroy(&tenant);
	tenant_destroy(&other);
	start(&tenant, "hello", 0);
	check_equal("the next build works", tenant_wait(&tenant, 10000000000ull), TENANT_off);
	tenant_destroy(&tenant);
}

/* Dom0 keeps the console mapped while the tenant dies: its frames may not be freed before. */
static void check_zombie(void)
{
	static struct corbel_host_info info;
	uint64_t before = frames_settle();
	volatile struct xencons_interface *ring;

	start(&tenant, "count", 0);
	tenant_said(&tenant, "count 1", 5000000000ull);
	check_equal("destroy with the console still mapped",
		    (uint64_t)domain_control(XEN_DOMCTL_destroydomain, tenant.domid), 0);
	sleep_ns(50000000);
	ring = grant_slot(0);
	check_true("the mapped page is still the tenant's console",
		   ring->out_prod != 0 && ring->out_prod >= ring->out_cons);
	host_info(&info);
	check_true("a mapped frame is not free", info.free_frames < before);
	tenant_detach(&tenant);
	check_equal("after the unmap every frame is back", frames_settle(), before);
}

/* What the secret one leaves is not found by those that get its frames. */
static void check_reuse(void)
{
	start(&tenant, "secret", 0);
	check_true("secret is in memory", tenant_said(&tenant, "secret at", 5000000000ull));
	tenant_destroy(&tenant);
	frames_settle();
	request.memory_mib = 24; /* more than the freed blocks, whoever else takes some of them */
	start(&tenant, "scan", 0);
	start(&other, "scan", 1);
	request.memory_mib = 0;
	check_equal("first scan ends", tenant_wait(&tenant, 20000000000ull), TENANT_off);
	check_equal("second scan ends", tenant_wait(&other, 20000000000ull), TENANT_off);
	tenant_destroy(&tenant);
	tenant_destroy(&other);
}

/* A second large tenant is asked for the moment that the first is destroyed: its frames are the
 * dying one's, not yet unmapped, dirty, or free. */
static void check_at_once(uint64_t free_frames)
{
	uint32_t most = (uint32_t)(free_frames >> 8) * 3 / 4;

	request.memory_mib = most;
	for (unsigned i = 0; i < 3; i++) {
		start(&tenant, "hello", 0);
		tenant_wait(&tenant, 10000000000ull);
		tenant_detach(&tenant);
		domain_control(XEN_DOMCTL_destroydomain, tenant.domid);
	}
	ok("three tenants of %u MiB, one right after the other, where %lu are free", most,
	   free_frames >> 8);
	request.memory_mib = (uint32_t)(free_frames >> 8) + 4;
	request.name = "too-large";
	request.uuid[1]++;
	check_true("more than there is is refused in the end",
		   !build_run(&request) &&
			   strstr(request.reason, "memory: host has none left") != NULL);
	request.memory_mib = 0;
}

static void check_areas(void)
{
	volatile struct xencons_interface *ring;

	start(&other, "secret", 1);
	start(&tenant, "areas", 0);
	check_equal("areas ends by itself", tenant_wait(&tenant, 10000000000ull), TENANT_off);
	ring = grant_slot(1);
	ring->in_prod = 1;
	event_send(other.console_port);
	check_equal("its neighbour's memory is untouched", tenant_wait(&other, 10000000000ull),
		    TENANT_off);
	tenant_destroy(&tenant);
	tenant_destroy(&other);
}

static void check_overhead(void)
{
	static struct corbel_launch_info info;

	request.memory_mib = 128;
	start(&tenant, "hello", 0);
	request.memory_mib = 0;
	launch_info(tenant.domid, &info);
	if (info.overhead_bytes > 0 && info.overhead_bytes <= 256 * 1024) {
		ok("overhead of a 128 MiB tenant is %lu KiB", info.overhead_bytes / 1024);
	} else {
		not_ok("overhead of a 128 MiB tenant", "%lu bytes", info.overhead_bytes);
	}
	tenant_wait(&tenant, 10000000000ull);
	tenant_destroy(&tenant);
}

void test_main(void)
{
	uint64_t before;

	ring_client_init();
	build_image(&request, "worker.elf");
	before = frames_settle();
	check_hello();
	check_pause();
	check_spin();
	check_flood();
	check_zombie();
	check_overhead();
	check_reuse();
	check_at_once(before);
	check_areas();
	check_hog();
	check_equal("every frame is back, and scrubbed", frames_settle(), before);
}
