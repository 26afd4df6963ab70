/* SPDX-License-Identifier: MIT */
/*
 * One session with Dom0 over the request ring (builder-domain/abi.h).  Ring and data pages belong
 * to a hostile peer: each field is read once into a local, the request is copied once, and file
 * bytes are copied into the new domain before anything looks at them.
 */
#include "builder-domain/build.h"
#include "builder-domain/hypercall.h"
#include "builder-domain/lib.h"
#include "builder-domain/serve.h"

#define bad_ring(...) fail(XEN_EINVAL, "ring: " __VA_ARGS__)

#define PEER            CORBEL_DOMID_DOM0
#define PEER_SECONDS    60u
#define POLL_MS         1000u /* an event that is lost costs this much, not the build */
#define GRANTS_PER_CALL 64u

static struct {
	volatile struct corbel_ring *ring;
	uint64_t tsc_hz;
	uint32_t port;
	uint32_t seq;
	uint32_t kind; /* CORBEL_SESSION_* */
} session;

static uint32_t ring_load(const volatile uint32_t *field)
{
	return __atomic_load_n(field, __ATOMIC_ACQUIRE);
}

static void ring_state(enum corbel_ring_state state)
{
	__atomic_store_n(&session.ring->state, state, __ATOMIC_RELEASE);
	event_send(session.port);
}

static MUST_CHECK int wait_answer(uint32_t seq)
{
	uint64_t start = cycles();

	while (ring_load(&session.ring->have_seq) != seq) {
		if (cycles() - start > PEER_SECONDS * session.tsc_hz) {
			return fail(XEN_ETIMEDOUT, "ring: no answer to request %u for %u s", seq,
				    PEER_SECONDS);
		}
		/* Dom0's kernel clears it when the creator dies (unmap notify of its page). */
		if (ring_load(&session.ring->magic) != CORBEL_RING_MAGIC) {
			return fail(XEN_EIO, "ring: the requester is gone");
		}
		event_wait(session.port, POLL_MS);
	}
	return 0;
}

/* Asks for a piece and waits until it is there. */
static MUST_CHECK int ask(enum corbel_ring_file file, uint64_t offset, uint32_t len)
{
	volatile struct corbel_ring *ring = session.ring;

	ring->want_file = file;
	ring->want_offset = offset;
	ring->want_len = len;
	session.seq++;
	__atomic_store_n(&ring->want_seq, session.seq, __ATOMIC_RELEASE);
	event_send(session.port);
	return wait_answer(session.seq);
}

static MUST_CHECK int fetch(enum corbel_ring_file file, uint64_t offset, uint32_t len,
			    const uint8_t **bytes)
{
	uint32_t have;
	int rc = ask(file, offset, len);

	if (rc != 0) {
		return rc;
	}
	have = ring_load(&session.ring->have_len);
	if (have == CORBEL_RING_GIVE_UP) {
		return fail(XEN_EIO, "ring: the requester gave up at byte %lu of file %u", offset,
			    file);
	}
	if (have != len) {
		return bad_ring("%u bytes answered where %u were asked", have, len);
	}
	*bytes = guest_pointer(WINDOW_DATA_GPA);
	return 0;
}

static MUST_CHECK int map_data_pages(uint32_t count)
{
	uint32_t refs[GRANTS_PER_CALL];
	int rc = 0;

	for (uint32_t done = 0; rc == 0 && done < count; done += GRANTS_PER_CALL) {
		uint32_t some = MIN(count - done, GRANTS_PER_CALL);

		for (uint32_t i = 0; i < some; i++) {
			refs[i] = ring_load(&session.ring->data_ref[done + i]);
		}
		rc = grant_map(PEER, refs, some, WINDOW_DATA_GPA + done * PAGE_SIZE, 0);
	}
	return rc;
}

/* Waits for a posted session and maps its ring page.  Until this succeeds there is nowhere to
 * report to but the console. */
static MUST_CHECK int open_session(void)
{
	struct corbel_rendezvous meeting = {0};
	long rc;

	do {
		rc = corbel_call(CORBEL_OP_rendezvous_get, &meeting);
	} while (rc == -XEN_EAGAIN);
	rc = call_result("ring: session", rc);
	if (rc == 0) {
		rc = grant_map(PEER, &meeting.ref, 1, WINDOW_RING_GPA, 1);
	}
	if (rc != 0) {
		return (int)rc;
	}
	session.kind = meeting.kind;
	session.ring = guest_pointer(WINDOW_RING_GPA);
	rc = event_bind(PEER, meeting.port, &session.port);
	return call_result("ring: port", rc);
}

static MUST_CHECK int take_request(uint8_t *bytes, uint32_t *size, uint32_t *data_refs)
{
	volatile struct corbel_ring *ring = session.ring;
	uint32_t magic = ring_load(&ring->magic);

	*size = ring_load(&ring->request_size);
	*data_refs = ring_load(&ring->data_refs);
	if (magic != CORBEL_RING_MAGIC) {
		return bad_ring("magic 0x%x is not 0x%x", magic, CORBEL_RING_MAGIC);
	}
	if (*size > CORBEL_REQUEST_MAX) {
		return bad_ring("request of %u bytes, at most %u", *size, CORBEL_REQUEST_MAX);
	}
	if (*data_refs == 0 || *data_refs > CORBEL_RING_MAX_DATA) {
		return bad_ring("%u data pages, must be 1 to %u", *data_refs, CORBEL_RING_MAX_DATA);
	}
	memcpy(bytes, (const void *)ring->request, *size);
	return 0;
}

static MUST_CHECK int run_session(const struct corbel_builder_start *start, uint16_t *domid,
				  struct corbel_policy_load *load)
{
	static struct build_request request;
	static uint8_t bytes[CORBEL_REQUEST_MAX] __attribute__((aligned(8)));
	struct source source = {.fetch = fetch, .progress = ring_state};
	uint32_t size;
	uint32_t data_refs;
	int rc = take_request(bytes, &size, &data_refs);

	if (rc == 0) {
		rc = map_data_pages(data_refs);
	}
	if (rc != 0) {
		return rc;
	}
	source.chunk = data_refs * (uint32_t)PAGE_SIZE;
	if (session.kind == CORBEL_SESSION_POLICY) {
		return policy_serve(start, bytes, size, &source, load);
	}
	rc = request_decode(bytes, size, CORBEL_RQF_PAUSED | CORBEL_RQF_NUMBER | TEST_FLAGS,
			    &request);
	if (rc != 0) {
		return rc;
	}
	ring_state(CORBEL_RING_accepted);
	return build(&request, bytes, size, &source, domid);
}

/* The state comes last, with release order: who sees it, sees the rest. */
static void report(int rc, uint16_t domid, const struct corbel_policy_load *load)
{
	volatile struct corbel_ring *ring = session.ring;

	ring->result = rc;
	ring->domid = domid;
	ring->standing = load->standing;
	ring->revoked = load->revoked;
	if (rc == 0) {
		ring_state(CORBEL_RING_done);
		return;
	}
	memcpy((void *)ring->reason, fail_reason, REASON_SIZE);
	ring_state(CORBEL_RING_failed);
}

int serve_ring(const struct corbel_builder_start *start)
{
	struct corbel_policy_load load = {0};
	uint16_t domid = 0;
	int rc;

	memset(&session, 0, sizeof(session));
	session.tsc_hz = start->tsc_hz;
	rc = shared_info_map();
	if (rc == 0) {
		rc = open_session();
	}
	if (rc != 0) {
		return rc;
	}
	session.ring->instance = start->instance;
	rc = run_session(start, &domid, &load);
	report(rc, domid, &load);
	return rc;
}
