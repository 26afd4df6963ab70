/* SPDX-License-Identifier: MIT */
/*
 * A fake machine behind tools/corbel/host.h for the CLI's unit tests: a table of
 * domains, scripted answers, console pages in plain memory and a builder that
 * runs as a thread.  Also helpers that run a command line and keep its output.
 */
#ifndef CLI_CLI_HOST_H
#define CLI_CLI_HOST_H
#include <pthread.h>
#include <stdbool.h>

#include "tools/corbel/host.h"
#include "xsm/monitor/monitor.h"

#define FAKE_DOMAINS 16

struct fake_domain {
	bool used;
	bool hidden; /* the policy lets Dom0 serve it, not see it, as `blind` does */
	bool barred; /* hidden, and it ends or may not be served either */
	struct xen_domctl_getdomaininfo info;
	struct corbel_launch_info launch;
	struct xencons_interface *page; /* NULL: no console */
	int maps, binds, notifies;
	bool disconnected; /* its ports are closed: it is being torn down */
};

struct fake_host {
	struct fake_domain domains[FAKE_DOMAINS];
	int error;                        /* every hypercall fails with this if it is not 0 */
	int control_again;                /* destroy answers -EAGAIN so many times */
	int control_error;                /* pause, unpause and destroy answer so if it is not 0 */
	void (*unpaused)(uint16_t domid); /* what a domain does when it is let run */
	uint32_t last_command;
	uint16_t last_domid;
	struct corbel_host_info info;
	struct corbel_trace trace[256]; /* in order of CPU and seq */
	size_t trace_count;
	unsigned cpus;
	enum corbel_op denied_op; /* this one answers -EPERM; 0: none, build_create is nobody's */
	/* the policy in force (cli_policy_host.c) */
	struct corbel_policy_info policy;
	uint8_t blob[4096] __attribute__((aligned(8)));
	struct corbel_policy_counter counters[8][CORBEL_COUNTER_CLASSES][32];
	int keep;              /* of the last policy_confirm, -1 = none */
	bool blob_is_another;  /* policy_read answers with another blob */
	int switch_after_read; /* the policy is switched after so many reads, 0 = never */
	/* the launch log, of boot 0 */
	uint64_t launches, launches_stored;
	uint64_t stored_at_session; /* when the last session was posted */
	int launches_error;         /* log_read answers so if it is not 0 */
	uint32_t session_kind;
	const char *log;
	/* the builder's side of a session */
	void *(*builder)(void *session); /* started by rendezvous_set */
	int rendezvous_error;
	pthread_t thread;
	bool thread_runs;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	unsigned to_dom0, to_builder; /* notifications not yet seen */
	bool closed;
	/* events of the drainer */
	int event_pipe[2];
};
extern struct fake_host fake;

void fake_reset(void);
struct fake_domain *fake_add(uint16_t domid, uint32_t flags);
/* The local port of a domain's console is 100 + domid. */
void fake_raise(uint32_t port);

/* The policy of the tests: seven contexts, no rights. */
enum fake_context {
	FAKE_OWN,
	FAKE_BUILDER,
	FAKE_DOM0,
	FAKE_HYPERVISOR,
	FAKE_SHOP, /* owned */
	FAKE_TENANT,
	FAKE_UNLABELED,
	FAKE_CONTEXTS
};
/* Writes it, with any other name in place of shop.t's; returns its size. */
uint32_t fake_blob(uint8_t *out, const char *shop);
/* Puts a blob in force. */
void fake_policy(const char *shop, uint64_t serial);
/* One in which Dom0 may do to that kind what the mask of class domain says. */
void fake_policy_dom0(const char *shop, uint32_t dom0);
/* One in which it may list and unpause a shop, map its pages and share ports with it. */
void fake_policy_serving(const char *shop);
int fake_policy_call(enum corbel_op op, void *argument);
int fake_policy_read(enum corbel_op op, uint64_t offset, void *buffer, uint32_t size);
struct corbel_trace *fake_record(uint16_t kind, uint64_t time_ns);

/* Builder side: waits for a notification (false: the session was closed), sends one. */
bool fake_builder_wait(int timeout_ms);
void fake_builder_notify(void);

/* Runs a command line (NULL-terminated words); keeps what it prints. */
struct run {
	int code;
	char *out, *err;
};
struct run run_words(const char *const *words);
#define RUN(...) run_words((const char *const[]){__VA_ARGS__, NULL})
void run_free(struct run *run);

/* A fresh directory; removed by scratch_remove(). */
const char *scratch_make(void);
void scratch_remove(void);

#endif
