/* SPDX-License-Identifier: MIT */
/*
 * T7, T9, T10: hostile requests.  Each is refused with a reason, leaves no domain and no frame
 * behind, and the next honest build works.
 */
#include "tests/attack/requests/requests.h"
#include <xen/domctl.h>

const char test_title[] = "hostile build requests";

struct build request;
static uint8_t bytes[CORBEL_REQUEST_MAX + 64];
uint64_t frames_before;

void expect_refused(const char *name, const uint8_t *raw, size_t size)
{
	uint64_t after;

	request.timeout_ns = 20000000000ull;
	session_run(&request, raw, size);
	if (!request.ended && request.result == 0) {
		not_ok(name, "no end in 20 s");
		return;
	}
	if (request.result >= 0) {
		not_ok(name, "built domain %u", request.domid);
		return;
	}
	after = frames_settle();
	if (after != frames_before) {
		not_ok(name, "refused (%s), but %ld frames are missing", request.reason,
		       (long)(frames_before - after));
		frames_before = after;
	} else if (request.reason[0] == 0) {
		not_ok(name, "refused (%d) without a reason", request.result);
	} else if (request.builder_died) {
		not_ok(name, "the builder died of it");
	} else {
		ok("%s: refused: %s", name, request.reason);
	}
}

void expect_request_refused(const char *name)
{
	expect_refused(name, bytes, request_encode(&request, bytes));
}

/* The field of this tag in the encoded bytes. */
static uint8_t *field(uint16_t tag)
{
	uint8_t *at = bytes + sizeof(struct corbel_request_header);

	for (;;) {
		uint16_t found, len;

		memcpy(&found, at, 2);
		memcpy(&len, at + 2, 2);
		if (found == tag) {
			return at;
		}
		at += 4 + len;
	}
}

static void set_size(size_t size)
{
	uint32_t value = (uint32_t)size;

	memcpy(bytes + 8, &value, 4);
}

static void shape(void)
{
	size_t size = request_encode(&request, bytes);
	uint16_t tag;

	bytes[0] ^= 1;
	expect_refused("wrong magic", bytes, size);
	size = request_encode(&request, bytes);
	bytes[4] = 2;
	expect_refused("wrong version", bytes, size);
	size = request_encode(&request, bytes);
	bytes[6] = 1;
	expect_refused("reserved bits", bytes, size);
	size = request_encode(&request, bytes);
	set_size(size + 1);
	expect_refused("size in the header too large", bytes, size);
	set_size(size - 1);
	expect_refused("size in the header too small", bytes, size);
	set_size(size);
	expect_refused("cut short", bytes, size - 5);
	expect_refused("only a header", bytes, 12);
	expect_refused("less than a header", bytes, 3);
	expect_refused("no bytes", bytes, 0);
	expect_refused("more than fits", bytes, CORBEL_REQUEST_MAX + 1);
	expect_refused("size of 2^32-1", bytes, 0xffffffff);
	size = request_encode(&request, bytes);
	memset(bytes + size, 0, 8);
	set_size(size + 8);
	expect_refused("bytes after the last field", bytes, size + 8);
	size = request_encode(&request, bytes);
	tag = CORBEL_RQ_tag_end;
	memcpy(bytes + size, &tag, 2);
	memset(bytes + size + 2, 0, 2);
	set_size(size + 4);
	expect_refused("unknown field", bytes, size + 4);
	for (tag = CORBEL_RQ_name; tag <= CORBEL_RQ_owner; tag++) {
		char name[40];

		size = request_encode(&request, bytes);
		field(tag)[0] = (uint8_t)(tag == CORBEL_RQ_name ? CORBEL_RQ_uuid : tag - 1);
		format_into(name, sizeof(name), "field %u twice or out of order", tag);
		expect_refused(name, bytes, size);
	}
}

static void fields(void)
{
	size_t size = request_encode(&request, bytes);

	field(CORBEL_RQ_memory)[2] = 5;
	expect_refused("number of wrong length", bytes, size);
	size = request_encode(&request, bytes);
	field(CORBEL_RQ_name)[3] = 0xff;
	expect_refused("length beyond the request", bytes, size);
	size = request_encode(&request, bytes);
	field(CORBEL_RQ_label)[6] = 0;
	expect_refused("NUL in the label", bytes, size);
	size = request_encode(&request, bytes);
	memset(bytes + size, 0, 100);
	field(CORBEL_RQ_owner)[2] = 100;
	set_size(size + 100);
	expect_refused("owner's manifest cut short", bytes, size + 100);
	request.cmdline = "case=hello";
	size = request_encode(&request, bytes);
	field(CORBEL_RQ_cmdline)[6] = 0;
	expect_refused("NUL in the command line", bytes, size);
}

static void values(void)
{
	struct build saved = request;

#define VALUE(text, set)                                                                           \
	request = saved;                                                                           \
	set;                                                                                       \
	expect_request_refused(text)
	VALUE("3 MiB of memory", request.memory_mib = 3);
	VALUE("1 TiB of memory", request.memory_mib = 1048576);
	VALUE("2^32-1 MiB of memory", request.memory_mib = 0xffffffff);
	VALUE("more memory than the host has", request.memory_mib = 4096);
	VALUE("9 vCPUs", request.vcpus = 9);
	VALUE("2^32-1 vCPUs", request.vcpus = 0xffffffff);
	VALUE("weight 65536", request.weight = 65536);
	VALUE("space in the name", request.name = "a b");
	VALUE("slash in the name", request.name = "../x");
	VALUE("label of the builder", request.label = "system_u:system_r:builder.t");
	VALUE("label of Dom0", request.label = "system_u:system_r:dom0.t");
	VALUE("label of the hypervisor", request.label = "system_u:system_r:hypervisor.t");
	VALUE("unlabeled", request.label = "system_u:system_r:unlabeled.t");
	VALUE("label of a tenant's self", request.label = "system_u:object_r:tenant.own");
	VALUE("label that the policy has not", request.label = "system_u:system_r:root.t");
	VALUE("flag of Dom0", request.flags = CORBEL_RQF_DOM0);
	VALUE("flag that is not", request.flags = 1u << 24);
	VALUE("number of the builder", request.flags = 1u << CORBEL_RQF_NUMBER_SHIFT);
	VALUE("reserved number", request.flags = 0x7FF0u << CORBEL_RQF_NUMBER_SHIFT);
	VALUE("debug crash in a product builder", request.flags = CORBEL_RQF_CRASH);
	VALUE("kernel of no bytes", request.kernel_size = 0);
	VALUE("kernel larger than the domain", request.kernel_size = 1ull << 30);
	VALUE("kernel of 2^64-1 bytes", request.kernel_size = ~0ull);
	VALUE("initrd larger than the domain", request.initrd_size = 1ull << 30);
	VALUE("initrd of 2^64-4096 bytes", request.initrd_size = ~4095ull);
	VALUE("initrd that does not come", request.initrd_size = 4096);
	request = saved;
}

/* No tenant gets one under this policy, nor the host's own functions under any. */
static void devices(void)
{
	static const uint16_t nothing[] = {0xfff8}, bridge[] = {0}, three[] = {8, 8, 16};
	uint16_t many[CORBEL_RQ_DEVICES_MAX + 1];
	struct build saved = request;
	size_t size;

	for (unsigned i = 0; i < CORBEL_RQ_DEVICES_MAX + 1; i++) {
		many[i] = (uint16_t)(i * 8);
	}
#define DEVICES(text, list, count)                                                                 \
	request.devices = list;                                                                    \
	request.device_count = count;                                                              \
	expect_request_refused(text)
	DEVICES("device that is not there", nothing, 1);
	DEVICES("the host bridge", bridge, 1);
	DEVICES("every function of bus 0, one by one", many, CORBEL_RQ_DEVICES_MAX);
	DEVICES("33 devices", many, CORBEL_RQ_DEVICES_MAX + 1);
	DEVICES("device twice", three, 3);
	request.devices = three + 1;
	request.device_count = 2;
	size = request_encode(&request, bytes);
	field(CORBEL_RQ_devices)[6] = 0;
	expect_refused("devices in descending order", bytes, size);
	field(CORBEL_RQ_devices)[2] = 3;
	set_size(size - 1);
	expect_refused("half a device", bytes, size - 1);
	field(CORBEL_RQ_devices)[2] = 0;
	set_size(size - 4);
	expect_refused("a list of no devices", bytes, size - 4);
	request = saved;
}

/* ---- the ring itself ------------------------------------------------------------------------- */

static void spoil_magic(struct corbel_ring *ring)
{
	ring->magic = 0;
}

static void spoil_no_pages(struct corbel_ring *ring)
{
	ring->data_refs = 0;
}

static void spoil_many_pages(struct corbel_ring *ring)
{
	ring->data_refs = CORBEL_RING_MAX_DATA + 1;
}

static void spoil_refs(struct corbel_ring *ring)
{
	for (uint32_t i = 0; i < CORBEL_RING_MAX_DATA; i++) {
		ring->data_ref[i] = 0xfff0 + i;
	}
}

static void spoil_huge_refs(struct corbel_ring *ring)
{
	memset(ring->data_ref, 0xff, sizeof(ring->data_ref));
}

static void spoil_all(struct corbel_ring *ring)
{
	memset(ring, 0xff, sizeof(*ring));
}

static void spoil_noise(struct corbel_ring *ring)
{
	uint8_t *at = (uint8_t *)ring;
	uint32_t seed = 12345;

	for (size_t i = 0; i < sizeof(*ring); i++) {
		seed = seed * 1664525 + 1013904223;
		at[i] = (uint8_t)(seed >> 24);
	}
}

static uint32_t give_up_at;

static bool give_up(struct build *b, struct corbel_ring *ring, uint8_t *data)
{
	(void)ring;
	(void)data;
	return b->wants < give_up_at;
}

static bool wrong_length(struct build *b, struct corbel_ring *ring, uint8_t *data)
{
	(void)b;
	(void)data;
	ring->have_len += 1;
	return true;
}

/* The ring's own words are Dom0's to overwrite: the builder must not believe its own page. */
static bool scribble(struct build *b, struct corbel_ring *ring, uint8_t *data)
{
	(void)b;
	(void)data;
	memset(ring->request, 0xff, sizeof(ring->request));
	memset(ring->data_ref, 0xff, sizeof(ring->data_ref));
	ring->data_refs = 0xffffffff;
	ring->request_size = 0xffffffff;
	ring->want_len = 0xffffffff;
	ring->want_offset = ~0ull;
	ring->magic = 0;
	return true;
}

static void ring(void)
{
	static const struct {
		const char *name;
		void (*spoil)(struct corbel_ring *ring);
	} spoils[] = {
		{"ring without magic", spoil_magic},
		{"ring of 0 data pages", spoil_no_pages},
		{"ring of 129 data pages", spoil_many_pages},
		{"data pages not granted", spoil_refs},
		{"data references 2^32-1", spoil_huge_refs},
		{"ring of ones", spoil_all},
		{"ring of noise", spoil_noise},
	};

	for (unsigned i = 0; i < ARRAY_SIZE(spoils); i++) {
		request.spoil = spoils[i].spoil;
		expect_request_refused(spoils[i].name);
	}
	request.spoil = NULL;
	request.answer = give_up;
	give_up_at = 1;
	expect_request_refused("giving up at the first range");
	request.data_pages = 2;
	give_up_at = 3;
	expect_request_refused("giving up at the third range");
	request.data_pages = 0;
	request.answer = wrong_length;
	expect_request_refused("wrong length in an answer");
	request.answer = NULL;
}

/* Dom0 may post what it likes; a wrong reference or port costs it a session, nothing else. */
static void rendezvous(void)
{
	static const struct corbel_rendezvous wrong[] = {
		{.ref = GRANT_OWN_FIRST, .port = 0},
		{.ref = GRANT_OWN_FIRST, .port = 0xffffffff},
		{.ref = 0xffffffff, .port = 1},
		{.ref = 511, .port = 1023},
	};
	struct corbel_rendezvous arg = {.ref = GRANT_OWN_FIRST, .port = 1, .kind = 1};

	check_true("rendezvous with a reserved field set is refused",
		   corbel_call(CORBEL_OP_rendezvous_set, &arg) < 0);
	memset(client_ring, 0, sizeof(*client_ring));
	for (unsigned i = 0; i < ARRAY_SIZE(wrong); i++) {
		arg = wrong[i];
		corbel_call(CORBEL_OP_rendezvous_set, &arg);
		sleep_ns(30000000);
	}
	check_equal("wrong rendezvous leave no frame behind", frames_settle(), frames_before);
}

static void check_scribble(void)
{
	static struct corbel_launch_info info;
	static struct tenant tenant;

	request.answer = scribble;
	request.cmdline = "case=hello";
	if (!build_run(&request)) {
		ok("overwriting the ring in mid-session ends it: %s", request.reason);
	} else {
		launch_info(request.domid, &info);
		tenant_attach(&tenant, "scribble", request.domid, 0);
		check_equal("overwriting the ring in mid-session changes nothing",
			    tenant_wait(&tenant, 10000000000ull), TENANT_off);
		tenant_destroy(&tenant);
	}
	request.answer = NULL;
	check_equal("frames after that", frames_settle(), frames_before);
}

/* ---- T9 -------------------------------------------------------------------------------------- */

static uint8_t *mark;

static bool find_mark(struct build *b, struct corbel_ring *r, uint8_t *data)
{
	static const char text[] = "flip-mark:A";

	(void)b;
	for (size_t i = 0; i + sizeof(text) <= r->have_len && mark == NULL; i++) {
		if (memcmp(data + i, text, sizeof(text) - 1) == 0) {
			mark = data + i + sizeof(text) - 2;
		}
	}
	return true;
}

static void flip(struct build *b)
{
	(void)b;
	if (mark != NULL) {
		*(volatile uint8_t *)mark ^= 'A' ^ 'B';
	}
}

static void check_flip(void)
{
	static struct corbel_launch_info info;
	static struct tenant tenant;
	size_t size;
	const uint8_t *digest = archive_find("worker.sha256", &size);
	bool original_digest, original_text;

	mark = NULL;
	request.answer = find_mark;
	request.idle = flip;
	request.cmdline = "case=hello";
	build_must(&request);
	request.answer = NULL;
	request.idle = NULL;
	launch_info(request.domid, &info);
	tenant_attach(&tenant, "flip", request.domid, 0);
	tenant_wait(&tenant, 10000000000ull);
	original_digest = memcmp(info.record.kernel, digest, 32) == 0;
	original_text = strstr(tenant.log, "flip-mark:A") != NULL;
	check_true("the mark was there to flip", mark != NULL);
	check_equal("the tenant ran", tenant_state(&tenant), TENANT_off);
	if (tenant.attached) {
		check_true("and spoke", strstr(tenant.log, "hello from") != NULL);
		check_equal("a changing page: the digest is that of the bytes that run",
			    original_text, original_digest);
	}
	tenant_destroy(&tenant);
	check_equal("frames after that", frames_settle(), frames_before);
}

/* ---- T4: the domain that is being built ------------------------------------------------------ */

/* Numbers are given in order and a building domain is not listed: the next number is a safe guess,
 * confirmed when the build is done. */
static uint16_t building_domid;

static bool poke(struct build *b, struct corbel_ring *r, uint8_t *data)
{
	static struct corbel_launch_info info;
	uint16_t domid = building_domid;
	struct evtchn_alloc_unbound unbound = {.dom = domid, .remote_dom = CORBEL_DOMID_DOM0};
	uint32_t handle;
	uint64_t value;

	(void)r;
	(void)data;
	if (b->wants != 1) {
		return true;
	}
	check_true("building: launch record", launch_info(domid, &info) < 0);
	check_true("building: pause", domain_control(XEN_DOMCTL_pausedomain, domid) < 0);
	check_true("building: unpause", domain_control(XEN_DOMCTL_unpausedomain, domid) < 0);
	check_true("building: destroy", domain_control(XEN_DOMCTL_destroydomain, domid) < 0);
	check_true("building: set parameter", hvm_set_param_of(domid, 17, 1) < 0);
	check_true("building: get parameter", hvm_get_param_of(domid, 17, &value) < 0);
	check_true("building: map grant 0", grant_map(domid, 0, 7, 0, &handle) < 0);
	check_true("building: map grant 1", grant_map(domid, 1, 7, 0, &handle) < 0);
	check_true("building: bind port 1", event_interdomain(domid, 1) < 0);
	check_true("building: new port",
		   hypercall2(__HYPERVISOR_event_channel_op, EVTCHNOP_alloc_unbound,
			      (uintptr_t)&unbound) < 0);
	return true;
}

static void check_building(void)
{
	static struct tenant tenant;

	request.cmdline = "case=hello";
	request.data_pages = 1;
	request.answer = poke;
	building_domid = (uint16_t)(request.domid + 1);
	build_must(&request);
	check_equal("the domain being built was the one poked", request.domid, building_domid);
	request.answer = NULL;
	request.data_pages = 0;
	tenant_attach(&tenant, "building", request.domid, 0);
	check_equal("the build was not disturbed", tenant_wait(&tenant, 10000000000ull),
		    TENANT_off);
	tenant_destroy(&tenant);
}

static void check_honest(void)
{
	static struct tenant tenant;

	request.cmdline = "case=hello";
	build_must(&request);
	tenant_attach(&tenant, "honest", request.domid, 0);
	check_equal("an honest build still works", tenant_wait(&tenant, 10000000000ull),
		    TENANT_off);
	tenant_destroy(&tenant);
	check_equal("every frame is back, and scrubbed", frames_settle(), frames_before);
}

void test_main(void)
{
	ring_client_init();
	build_image(&request, "worker.elf");
	frames_before = frames_settle();
	request.name = "hostile";
	shape();
	fields();
	values();
	devices();
	ring();
	rendezvous();
	check_scribble();
	check_flip();
	check_building();
	images();
	check_honest();
}
