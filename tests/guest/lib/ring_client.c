/* SPDX-License-Identifier: MIT */
/*
 * Test kernels as Dom0: posts build requests and feeds the builder, which pulls the files.
 */
#include "tests/guest/lib/tenant.h"

#include "abi/log.h"

#define DEFAULT_TIMEOUT 30000000000ull

static uint8_t ring_page[4096] __attribute__((aligned(4096)));
static uint8_t data_pages[CORBEL_RING_MAX_DATA * 4096] __attribute__((aligned(4096)));
static uint32_t port;
struct corbel_ring *client_ring = (void *)ring_page;
uint8_t *client_data = data_pages;

void ring_client_init(void)
{
	long rc;

	events_init();
	grants_init();
	rc = event_unbound(CORBEL_DOMID_BUILDER);
	if (rc < 0) {
		broken("unbound port for the builder: %ld", rc);
	}
	port = (uint32_t)rc;
	grant_give(GRANT_OWN_FIRST, CORBEL_DOMID_BUILDER, ring_page, false);
	for (uint32_t i = 0; i < CORBEL_RING_MAX_DATA; i++) {
		grant_give(GRANT_OWN_FIRST + 1 + i, CORBEL_DOMID_BUILDER, data_pages + i * 4096,
			   true);
	}
}

static uint8_t *put_field(uint8_t *at, uint16_t tag, const void *value, size_t len)
{
	uint16_t len16 = (uint16_t)len;

	memcpy(at, &tag, 2);
	memcpy(at + 2, &len16, 2);
	memcpy(at + 4, value, len);
	return at + 4 + len;
}

size_t request_encode(const struct build *b, uint8_t *out)
{
	const char *name = b->name != NULL ? b->name : "test";
	const char *label = b->label != NULL ? b->label : TENANT_LABEL;
	const char *cmdline = b->cmdline != NULL ? b->cmdline : "";
	uint32_t memory = b->memory_mib != 0 ? b->memory_mib : 8;
	uint32_t vcpus = b->vcpus != 0 ? b->vcpus : 1;
	uint32_t weight = b->weight != 0 ? b->weight : 256;
	struct corbel_request_header header = {CORBEL_REQUEST_MAGIC, CORBEL_REQUEST_VERSION, 0, 0};
	uint8_t *at = out + sizeof(header);

	at = put_field(at, CORBEL_RQ_name, name, strlen(name));
	at = put_field(at, CORBEL_RQ_uuid, b->uuid, 16);
	at = put_field(at, CORBEL_RQ_memory, &memory, 4);
	at = put_field(at, CORBEL_RQ_vcpus, &vcpus, 4);
	at = put_field(at, CORBEL_RQ_weight, &weight, 4);
	at = put_field(at, CORBEL_RQ_label, label, strlen(label));
	at = put_field(at, CORBEL_RQ_cmdline, cmdline, strlen(cmdline));
	at = put_field(at, CORBEL_RQ_kernel, &b->kernel_size, 8);
	at = put_field(at, CORBEL_RQ_initrd, &b->initrd_size, 8);
	at = put_field(at, CORBEL_RQ_flags, &b->flags, 4);
	at = put_field(at, CORBEL_RQ_owner, b->owner, b->owner != NULL ? sizeof(*b->owner) : 0);
	if (b->device_count != 0) {
		at = put_field(at, CORBEL_RQ_devices, b->devices, b->device_count * 2);
	}
	header.size = (uint32_t)(at - out);
	memcpy(out, &header, sizeof(header));
	return header.size;
}

/* Says that all records of the launch log are stored, now and then: unread, they would fill the
 * hypervisor's ring, and it builds nothing more. */
static void log_stored(void)
{
	static unsigned sessions;
	static uint64_t stored;
	struct corbel_log_read log = {.first = stored, .stored = stored};

	if (++sessions % 32 == 0 && corbel_call(CORBEL_OP_log_read, &log) == 0) {
		stored = log.first = log.stored = log.count;
		corbel_call(CORBEL_OP_log_read, &log);
	}
}

static long post(enum corbel_op op, uint32_t *instance)
{
	struct corbel_rendezvous arg = {.ref = GRANT_OWN_FIRST, .port = port};
	long rc;

	log_stored();
	rc = corbel_call(op, &arg);

	*instance = arg.instance;
	return rc;
}

long session_post(uint32_t *instance)
{
	return post(CORBEL_OP_rendezvous_set, instance);
}

bool session_wait(uint64_t timeout_ns)
{
	return event_wait(port, timeout_ns);
}

/* Answers one want_*: true when there was one. */
static bool serve(struct build *b, volatile struct corbel_ring *ring)
{
	uint32_t seq = ring->want_seq, len = ring->want_len;
	uint64_t offset = ring->want_offset;
	uint32_t want = ring->want_file;
	const uint8_t *file = b->initrd;
	uint64_t size = b->initrd_size;

	if (want == CORBEL_FILE_kernel) {
		file = b->kernel;
		size = b->kernel_size;
	} else if (want == CORBEL_FILE_policy) {
		file = b->policy;
		size = b->policy_size;
	}

	if (ring->state != CORBEL_RING_staging || seq == ring->have_seq) {
		return false;
	}
	b->wants++;
	if (file != NULL && offset <= size && len <= size - offset && len <= sizeof(data_pages)) {
		memcpy(data_pages, file + offset, len);
		ring->have_len = len;
	} else {
		ring->have_len = CORBEL_RING_GIVE_UP;
	}
	if (b->answer != NULL && !b->answer(b, client_ring, data_pages)) {
		ring->have_len = CORBEL_RING_GIVE_UP;
	}
	__asm__ volatile("" : : : "memory");
	ring->have_seq = seq;
	event_send(port);
	return true;
}

static void finish(struct build *b, const volatile struct corbel_ring *ring)
{
	b->ended = true;
	b->result = ring->result;
	b->domid = (uint16_t)ring->domid;
	b->standing = ring->standing;
	b->revoked = ring->revoked;
	b->instance = ring->instance;
	for (size_t i = 0; i + 1 < sizeof(b->reason); i++) {
		b->reason[i] = ring->reason[i];
	}
	b->reason[sizeof(b->reason) - 1] = 0;
}

/* Whether the serving instance has ended; asked before the ring is looked at, so that a last word
 * is not missed.  Until it has signed the ring it may be the one named by rendezvous_set or, when
 * that one was just ending, the next. */
static bool instance_over(const volatile struct corbel_ring *ring, uint32_t posted)
{
	static struct corbel_host_info info;
	uint32_t served = ring->instance;

	/* A policy that has just come into force may refuse it. */
	return corbel_call(CORBEL_OP_host_info, &info) == 0 &&
	       info.builder_instance > (served != 0 ? served : posted + 1);
}

static void serve_session(struct build *b, uint32_t instance)
{
	volatile struct corbel_ring *ring = client_ring;
	uint64_t end = now_ns() + (b->timeout_ns != 0 ? b->timeout_ns : DEFAULT_TIMEOUT);

	while (now_ns() < end) {
		bool over = instance_over(ring, instance);
		uint32_t state = ring->state;

		if (state == CORBEL_RING_done || state == CORBEL_RING_failed) {
			finish(b, ring);
			return;
		}
		if (over) {
			b->ended = b->builder_died = true;
			b->result = -XEN_EIO;
			format_into(b->reason, sizeof(b->reason), "builder instance %u ended",
				    ring->instance);
			return;
		}
		if (!serve(b, ring)) {
			session_wait(b->idle != NULL ? 1000000 : 20000000);
			if (b->idle != NULL) {
				b->idle(b);
			}
		}
	}
}

static void run(struct build *b, enum corbel_op op, const void *request, size_t size)
{
	struct corbel_ring *ring = client_ring;
	uint32_t instance = 0;
	long rc;

	b->ended = b->builder_died = false;
	b->reason[0] = 0;
	b->result = 0;
	b->wants = 0;
	memset(ring, 0, sizeof(*ring));
	ring->magic = CORBEL_RING_MAGIC;
	ring->request_size = (uint32_t)size;
	ring->data_refs = b->data_pages != 0 ? b->data_pages : CORBEL_RING_MAX_DATA;
	for (uint32_t i = 0; i < CORBEL_RING_MAX_DATA; i++) {
		ring->data_ref[i] = GRANT_OWN_FIRST + 1 + i;
	}
	memcpy(ring->request, request, MIN(size, (size_t)CORBEL_REQUEST_MAX));
	if (b->spoil != NULL) {
		b->spoil(ring);
	}
	b->set_tsc = rdtsc();
	rc = post(op, &instance);
	if (rc != 0) {
		b->result = (int32_t)rc;
		format_into(b->reason, sizeof(b->reason), "session not posted: %ld", rc);
		return;
	}
	event_send(port);
	serve_session(b, instance);
}

void session_run(struct build *b, const uint8_t *request, size_t size)
{
	run(b, CORBEL_OP_rendezvous_set, request, size);
}

bool policy_run(struct build *b, uint32_t flags, uint32_t confirm_s)
{
	struct corbel_policy_request ask = {CORBEL_POLICY_REQUEST_MAGIC, (uint32_t)b->policy_size,
					    flags, confirm_s};

	run(b, CORBEL_OP_policy_request, &ask, sizeof(ask));
	return b->ended && b->result == 0;
}

bool build_run(struct build *b)
{
	static uint8_t request[CORBEL_REQUEST_MAX];

	session_run(b, request, request_encode(b, request));
	return b->ended && b->result == 0;
}

void build_must(struct build *b)
{
	if (!build_run(b)) {
		broken("build of %s: %s", b->name, b->ended ? b->reason : "no end");
	}
}

void build_image(struct build *b, const char *file)
{
	size_t size;

	b->kernel = archive_find(file, &size);
	if (b->kernel == NULL) {
		broken("no %s in the archive", file);
	}
	b->kernel_size = size;
}
