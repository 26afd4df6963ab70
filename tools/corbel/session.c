/* SPDX-License-Identifier: MIT */
/*
 * See session.h.  The builder is trusted by its tenants, not obeyed blindly by
 * Dom0: what it asks for is checked against the files that the user named.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tools/corbel/corbel.h"
#include "tools/corbel/domains.h"
#include "tools/corbel/names.h"
#include "tools/corbel/session.h"
#include "tools/corbel/store.h"

#define SLICE_MS      200
#define CANCEL_MS     15000
#define DATA_PAGES    CORBEL_RING_MAX_DATA
#define DEFAULT_IDLE  120000
#define DEFAULT_STAGE 120000
#define DEFAULT_BUILD 600000 /* an image's own unpacker may run for minutes on a slow host */

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int fail(struct session *session, int error, const char *reason)
{
	session->result = error;
	snprintf(session->reason, sizeof(session->reason), "%s", reason);
	return error;
}

static bool is_interrupted(const struct session *session)
{
	return session->interrupted && *session->interrupted;
}

/* ---- progress ------------------------------------------------------------------------------ */

static void draw(const struct session *session, const char *phase)
{
	unsigned percent, filled;

	if (!session->progress) {
		return;
	}
	percent = session->total ? (unsigned)(session->staged * 100 / session->total) : 100;
	percent = percent > 100 ? 100 : percent;
	filled = percent * 30 / 100;
	fprintf(stderr, "\r%-9s [%.*s%.*s] %3u%% of %.1f MiB ", phase, (int)filled,
		"##############################", (int)(30 - filled),
		"                              ", percent, (double)session->total / (1 << 20));
}

static void draw_end(const struct session *session)
{
	if (session->progress) {
		fputs("\r\033[K", stderr);
	}
}

/* ---- serving ------------------------------------------------------------------------------- */

static void answer(struct session *session, uint32_t seq, uint32_t length)
{
	struct corbel_ring *ring = session->host.ring;

	__atomic_store_n(&ring->have_len, length, __ATOMIC_RELAXED);
	__atomic_store_n(&ring->have_seq, seq, __ATOMIC_RELEASE);
	session->served = seq;
	host_session_notify(&session->host);
}

static int read_file(const struct session_file *file, uint8_t *to, size_t size, uint64_t offset)
{
	while (size) {
		ssize_t got = pread(file->fd, to, size, (off_t)offset);

		if (got < 0 && errno == EINTR) {
			continue;
		}
		if (got <= 0) {
			return got ? -errno : -EIO; /* the file has shrunk */
		}
		to += got;
		offset += (uint64_t)got;
		size -= (size_t)got;
	}
	return 0;
}

static int serve(struct session *session, uint32_t seq)
{
	const struct corbel_ring *ring = session->host.ring;
	uint32_t which = __atomic_load_n(&ring->want_file, __ATOMIC_RELAXED);
	uint64_t offset = __atomic_load_n(&ring->want_offset, __ATOMIC_RELAXED);
	uint32_t length = __atomic_load_n(&ring->want_len, __ATOMIC_RELAXED);
	const struct session_file *file = NULL;
	char text[160];
	int ret;

	if (which < sizeof(session->files) / sizeof(session->files[0])) {
		file = &session->files[which];
	}
	if (!file || file->fd < 0 || length > session->host.data_pages * 4096 ||
	    offset > file->size || length > file->size - offset) {
		answer(session, seq, CORBEL_RING_GIVE_UP);
		snprintf(text, sizeof(text),
			 "the builder asked for %u bytes at %llu of file %u, which are not there",
			 length, (unsigned long long)offset, which);
		return fail(session, -EPROTO, text);
	}
	ret = read_file(file, session->host.data, length, offset);
	if (ret) {
		answer(session, seq, CORBEL_RING_GIVE_UP);
		snprintf(text, sizeof(text), "cannot read %.80s at byte %llu: %s", file->path,
			 (unsigned long long)offset, strerror(-ret));
		return fail(session, ret, text);
	}
	answer(session, seq, length);
	session->staged += length;
	draw(session, "staging");
	return 0;
}

/* ---- the session --------------------------------------------------------------------------- */

static bool is_policy(const struct session *session)
{
	return session->kind == CORBEL_SESSION_POLICY;
}

static int post(struct session *session)
{
	enum corbel_op op =
		is_policy(session) ? CORBEL_OP_policy_request : CORBEL_OP_rendezvous_set;
	struct corbel_ring *ring = session->host.ring;
	struct corbel_rendezvous rendezvous = {
		.ref = session->host.ring_ref,
		.port = session->host.port,
	};
	int ret;

	ring->request_size = session->request_size;
	ring->data_refs = session->host.data_pages;
	memcpy(ring->data_ref, session->host.data_ref,
	       session->host.data_pages * sizeof(ring->data_ref[0]));
	memcpy(ring->request, session->request, session->request_size);
	__atomic_store_n(&ring->magic, CORBEL_RING_MAGIC, __ATOMIC_RELEASE);
	/* If an instance still ends the session of a creator that died, the next one takes this. */
	ret = host_corbel(op, &rendezvous, sizeof(rendezvous));
	if (ret < 0) {
		char text[160] = "cannot post the request: ";

		call_reason(ret, CALL_CORBEL(op), text + strlen(text), sizeof(text) - strlen(text));
		return fail(session, ret, text);
	}
	session->instance = rendezvous.instance;
	return 0;
}

static int phase_limit(const struct session *session, uint32_t state)
{
	switch (state) {
	case CORBEL_RING_idle:
		return session->idle_ms ? session->idle_ms : DEFAULT_IDLE;
	case CORBEL_RING_accepted:
	case CORBEL_RING_staging:
		return session->staging_ms ? session->staging_ms : DEFAULT_STAGE;
	default:
		return session->building_ms ? session->building_ms : DEFAULT_BUILD;
	}
}

static void take_reason(struct session *session)
{
	size_t size = sizeof(session->host.ring->reason);

	memcpy(session->reason, session->host.ring->reason, size);
	session->reason[size - 1] = '\0';
	for (char *c = session->reason; *c; c++) {
		if (*c < 0x20 || *c > 0x7e) {
			*c = '?';
		}
	}
	if (!session->reason[0]) {
		strcpy(session->reason, "the builder gave no reason");
	}
}

/* Returns true when the session has ended, with the result filled in. */
static bool take_end(struct session *session, uint32_t state)
{
	const struct corbel_ring *ring = session->host.ring;

	if (state == CORBEL_RING_done) {
		session->result = 0;
		session->domid = (uint16_t)ring->domid;
		session->standing = ring->standing;
		session->revoked = ring->revoked;
		return true;
	}
	if (state == CORBEL_RING_failed) {
		session->result = ring->result < 0 ? ring->result : -EIO;
		take_reason(session);
		return true;
	}
	return false;
}

/* A builder that crashes says nothing: its successor's number tells.  The number to outlive is the
 * ring's, or until the ring has one, that which the hypervisor named when the session was posted.
 */
static bool builder_is_gone(const struct session *session)
{
	struct corbel_host_info info = {0};
	uint32_t instance = __atomic_load_n(&session->host.ring->instance, __ATOMIC_RELAXED);

	if (!instance) {
		instance = session->instance;
	}
	return host_corbel(CORBEL_OP_host_info, &info, sizeof(info)) >= 0 &&
	       info.builder_instance > instance;
}

static void cancel_done(struct session *session)
{
	int ret = domain_destroy(session->domid, CANCEL_MS);
	char text[160];

	if (ret) {
		snprintf(text, sizeof(text),
			 "interrupted; domain %u was finished and could not be destroyed: %s",
			 session->domid, strerror(-ret));
		fail(session, -ETIMEDOUT, text); /* it keeps its note */
		return;
	}
	snprintf(text, sizeof(text), "interrupted; domain %u was finished and is destroyed",
		 session->domid);
	fail(session, -EINTR, text);
}

/* After a signal: says "give up" to every pull and waits for the builder's end, which during
 * staging comes at once.  A domain that is finished anyway is destroyed.  A second signal leaves
 * it. */
static void cancel(struct session *session)
{
	struct corbel_ring *ring = session->host.ring;
	int64_t deadline = now_ms() + phase_limit(session, CORBEL_RING_building);
	uint32_t state;

	draw_end(session);
	fputs("interrupted: waiting for the builder to clean up (once more: leave)\n", stderr);
	do {
		state = __atomic_load_n(&ring->state, __ATOMIC_ACQUIRE);
		if (state == CORBEL_RING_idle || take_end(session, state) ||
		    builder_is_gone(session)) {
			if (state != CORBEL_RING_done) {
				fail(session, -EINTR, "interrupted");
			} else if (!is_policy(session)) {
				cancel_done(session);
			}
			return;
		}
		answer(session, __atomic_load_n(&ring->want_seq, __ATOMIC_ACQUIRE),
		       CORBEL_RING_GIVE_UP);
		host_session_wait(&session->host, SLICE_MS);
	} while (*session->interrupted < 2 && now_ms() < deadline);
	fail(session, -ETIMEDOUT, "interrupted; the builder still works on it");
}

static void timed_out(struct session *session, uint32_t state)
{
	static const char *const phases[2][4] = {
		{"taking the request", "creating the domain", "staging the image",
		 "building the domain"},
		{"taking the request", "starting", "reading the policy", "loading the policy"},
	};
	char text[160];

	answer(session, __atomic_load_n(&session->host.ring->want_seq, __ATOMIC_ACQUIRE),
	       CORBEL_RING_GIVE_UP);
	snprintf(text, sizeof(text), "no answer from the builder while %s",
		 state < 4 ? phases[is_policy(session)][state] : "working");
	fail(session, -ETIMEDOUT, text);
}

/* What is known while a session goes on. */
struct watch {
	uint32_t phase;     /* CORBEL_RING_*, as seen last */
	int64_t moved_ms;   /* when the builder last did something: a new phase, a pull */
	int64_t missing_ms; /* since when another instance is there, 0 = it is not */
};

static void see_phase(struct session *session, struct watch *watch, uint32_t state)
{
	if (state == watch->phase) {
		return;
	}
	watch->phase = state;
	watch->moved_ms = now_ms();
	draw(session, state == CORBEL_RING_building ? "building" : "staging");
}

/* Serves the pull that waits, if one does.  Returns 1 if it did, 0 if none waited, or the error
 * that ends the session. */
static int serve_next(struct session *session, struct watch *watch)
{
	uint32_t seq = __atomic_load_n(&session->host.ring->want_seq, __ATOMIC_ACQUIRE);
	int ret;

	if (watch->phase == CORBEL_RING_idle || seq == session->served) {
		return 0;
	}
	ret = serve(session, seq);
	if (ret) {
		return ret;
	}
	watch->moved_ms = now_ms();
	return 1;
}

/* True when the instance is gone without a word.  It may have ended in good order just now: what it
 * left in the ring is looked at once more before that is believed. */
static bool ended_silently(struct session *session, struct watch *watch)
{
	if (!builder_is_gone(session)) {
		watch->missing_ms = 0;
		return false;
	}
	if (!watch->missing_ms) {
		watch->missing_ms = now_ms();
	}
	return now_ms() - watch->missing_ms > SLICE_MS;
}

/* Nothing has come for a while.  Returns true when the session has ended, with the result. */
static bool check_silence(struct session *session, struct watch *watch)
{
	uint32_t state = __atomic_load_n(&session->host.ring->state, __ATOMIC_ACQUIRE);

	if (take_end(session, state)) {
		return true;
	}
	if (ended_silently(session, watch)) {
		fail(session, -EIO, "the builder ended in mid-session");
		return true;
	}
	if (now_ms() - watch->moved_ms > phase_limit(session, watch->phase)) {
		timed_out(session, watch->phase);
		return true;
	}
	return false;
}

/* One look at the ring.  Returns true when the session has ended, with the result. */
static bool step(struct session *session, struct watch *watch)
{
	uint32_t state = __atomic_load_n(&session->host.ring->state, __ATOMIC_ACQUIRE);
	int served;

	if (is_interrupted(session)) {
		cancel(session);
		return true;
	}
	if (take_end(session, state)) {
		return true;
	}
	see_phase(session, watch, state);
	served = serve_next(session, watch);
	if (served) {
		return served < 0;
	}
	return host_session_wait(&session->host, SLICE_MS) != 1 && check_silence(session, watch);
}

static int follow(struct session *session)
{
	struct watch watch = {.phase = CORBEL_RING_idle, .moved_ms = now_ms()};

	while (!step(session, &watch)) {
	}
	return session->result;
}

void session_init(struct session *session, uint32_t kind)
{
	memset(session, 0, sizeof(*session));
	session->kind = kind;
	for (size_t i = 0; i < sizeof(session->files) / sizeof(session->files[0]); i++) {
		session->files[i].fd = -1;
	}
}

int session_run(struct session *session)
{
	char text[160];
	int ret;

	session->result = 0;
	session->reason[0] = '\0';
	session->served = 0;
	session->staged = 0;
	session->total = 0;
	for (size_t i = 0; i < sizeof(session->files) / sizeof(session->files[0]); i++) {
		session->total += session->files[i].size;
	}
	ret = host_session_open(&session->host, DATA_PAGES);
	if (ret) {
		snprintf(text, sizeof(text), "cannot share pages with the builder: %s",
			 strerror(-ret));
		return fail(session, ret, text);
	}
	ret = post(session);
	if (!ret) {
		ret = follow(session);
		if (session->host.ring->instance) {
			session->instance = session->host.ring->instance;
		}
	}
	draw_end(session);
	host_session_close(&session->host);
	return ret;
}

/* ---- what creators and loaders share ------------------------------------------------------- */

int session_lock(const char *who)
{
	int fd = store_lock(false);

	if (fd == -EWOULDBLOCK) {
		usleep(100000); /* the drainer's sweep takes no longer */
		fd = store_lock(false);
	}
	if (fd == -EWOULDBLOCK) {
		tool_error(0, "%s: waiting for another create to end", who);
		fd = store_lock(true);
	}
	if (fd < 0) {
		tool_error(fd, "cannot take the lock %s/create.lock", store_root);
	}
	return fd;
}

static volatile sig_atomic_t signals;

static void on_signal(int number)
{
	(void)number;
	signals++;
}

static void set_handler(void (*handler)(int))
{
	/* No SA_RESTART: a signal must also end the wait for the lock. */
	struct sigaction action = {.sa_handler = handler};

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
}

volatile sig_atomic_t *session_catch_signals(void)
{
	signals = 0;
	set_handler(on_signal);
	return &signals;
}

void session_release_signals(void)
{
	set_handler(SIG_DFL);
}
