/* SPDX-License-Identifier: MIT */
/*
 * See cli_host.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/cli_host.h"
#include "tools/corbel/console_log.h"
#include "tools/corbel/corbel.h"
#include "tools/corbel/launchlog.h"
#include "tools/corbel/store.h"

struct fake_host fake;

void fake_reset(void)
{
	for (int i = 0; i < FAKE_DOMAINS; i++) {
		free(fake.domains[i].page);
	}
	memset(&fake, 0, sizeof(fake));
	pthread_mutex_init(&fake.lock, NULL);
	pthread_cond_init(&fake.changed, NULL);
	fake.event_pipe[0] = fake.event_pipe[1] = -1;
	fake.keep = -1;
	fake_policy("system_u:system_r:shop.t", 0);
}

struct fake_domain *fake_add(uint16_t domid, uint32_t flags)
{
	struct fake_domain *domain = &fake.domains[domid];

	memset(domain, 0, sizeof(*domain));
	domain->used = true;
	domain->info.domain = domid;
	domain->info.flags = flags;
	domain->info.tot_pages = domain->info.max_pages = 128 << 8;
	domain->info.nr_online_vcpus = 1;
	domain->info.cpu_time = 12340000000ull;
	memset(domain->info.handle, domid, sizeof(domain->info.handle));
	domain->launch.domid = domid;
	domain->launch.state = CORBEL_DOM_running;
	strcpy(domain->launch.record.label, "system_u:system_r:tenant.t");
	return domain;
}

/* ---- hypercalls ---------------------------------------------------------------------------- */

int host_domain_info(uint16_t first, struct xen_domctl_getdomaininfo *info)
{
	for (int i = first; i < FAKE_DOMAINS && !fake.error; i++) {
		if (fake.domains[i].used && !fake.domains[i].hidden) {
			*info = fake.domains[i].info;
			return 0;
		}
	}
	return fake.error ? fake.error : -ESRCH;
}

int host_domain_probe(uint16_t domid)
{
	if (fake.error) {
		return fake.error;
	}
	if (domid >= FAKE_DOMAINS || !fake.domains[domid].used) {
		return -ESRCH;
	}
	return fake.domains[domid].barred ? -EPERM : -EINVAL;
}

int host_domain_control(uint32_t command, uint16_t domid)
{
	if (fake.error || fake.control_error) {
		return fake.error ? fake.error : fake.control_error;
	}
	if (fake.control_again) {
		fake.control_again--;
		return -EAGAIN;
	}
	if (domid >= FAKE_DOMAINS || !fake.domains[domid].used) {
		return -ESRCH;
	}
	if (fake.domains[domid].hidden && command != XEN_DOMCTL_destroydomain) {
		return -EPERM;
	}
	fake.last_command = command;
	fake.last_domid = domid;
	if (command == XEN_DOMCTL_destroydomain) {
		fake.domains[domid].used = false;
	}
	if (command == XEN_DOMCTL_unpausedomain && fake.unpaused) {
		fake.unpaused(domid);
	}
	return 0;
}

int host_physinfo(struct xen_sysctl_physinfo *info)
{
	memset(info, 0, sizeof(*info));
	info->threads_per_core = info->cores_per_socket = info->nr_cpus = info->nr_nodes = 1;
	info->cpu_khz = 2100042;
	info->capabilities =
		XEN_SYSCTL_PHYSCAP_hvm | XEN_SYSCTL_PHYSCAP_hap | XEN_SYSCTL_PHYSCAP_gnttab_v1;
	info->total_pages = 2048 << 8;
	info->free_pages = 1000 << 8;
	info->scrub_pages = 24 << 8;
	info->hw_cap[0] = 0x178bfbff;
	return fake.error;
}

int host_log_read(char *buffer, uint32_t size, uint32_t *index, bool clear)
{
	size_t left = fake.log ? strlen(fake.log) - *index : 0;

	if (fake.error || clear) {
		return fake.error ? fake.error : -EPERM;
	}
	left = left < size ? left : size;
	left = left < 7 ? left : 7; /* in small pieces */
	if (left) {
		memcpy(buffer, fake.log + *index, left);
	}
	*index += (uint32_t)left;
	return (int)left;
}

int host_version(struct host_version *version)
{
	memset(version, 0, sizeof(*version));
	version->major = 4;
	version->minor = 17;
	strcpy(version->extra, ".7-corbel");
	strcpy(version->capabilities, "hvm-3.0-x86_64");
	strcpy(version->compile.compiler, "cc 12");
	version->pagesize = 4096;
	return fake.error;
}

static int post_session(struct corbel_rendezvous *rendezvous);

int host_corbel(enum corbel_op op, void *argument, size_t size)
{
	struct corbel_launch_info *launch = argument;

	if (fake.error || (fake.denied_op && op == fake.denied_op)) {
		return fake.error ? fake.error : -EPERM;
	}
	switch (op) {
	case CORBEL_OP_host_info:
		pthread_mutex_lock(&fake.lock);
		memcpy(argument, &fake.info, size);
		pthread_mutex_unlock(&fake.lock);
		return 0;
	case CORBEL_OP_launch_info:
		if (launch->domid >= FAKE_DOMAINS || !fake.domains[launch->domid].used) {
			return -ESRCH;
		}
		if (fake.domains[launch->domid].hidden) {
			return -EPERM;
		}
		*launch = fake.domains[launch->domid].launch;
		return 0;
	case CORBEL_OP_rendezvous_set:
	case CORBEL_OP_policy_request:
		fake.session_kind = op == CORBEL_OP_policy_request;
		return post_session(argument);
	default:
		return fake_policy_call(op, argument);
	}
}

int host_corbel_read(enum corbel_op op, uint64_t offset, void *buffer, uint32_t size,
		     uint64_t *next, uint64_t *lost)
{
	struct corbel_trace *to = buffer;
	size_t count = 0;

	*lost = 0;
	*next = 0;
	if (fake.error || (fake.denied_op && op == fake.denied_op)) {
		return fake.error ? fake.error : -EPERM;
	}
	if (op == CORBEL_OP_policy_read || op == CORBEL_OP_policy_counters) {
		return fake_policy_read(op, offset, buffer, size);
	}
	if (op == CORBEL_OP_boot_log) {
		const size_t head = sizeof(struct corbel_boot_log), end = head + 10000;
		size_t left = offset < end ? end - offset : 0;

		left = left < size ? left : size;
		memset(buffer, 'L', left);
		if (offset == 0) {
			memset(buffer, 0, head);
		}
		*next = offset + left;
		return (int)left;
	}
	if (offset >> 56 >= (fake.cpus ? fake.cpus : 1)) {
		return -EINVAL;
	}
	pthread_mutex_lock(&fake.lock);
	for (size_t i = 0; i < fake.trace_count && count < size / sizeof(*to); i++) {
		if (fake.trace[i].cpu == offset >> 56 && fake.trace[i].seq >= offset << 8 >> 8) {
			to[count++] = fake.trace[i];
		}
	}
	pthread_mutex_unlock(&fake.lock);
	return (int)(count * sizeof(*to));
}

int host_corbel_log_read(struct corbel_log_read *read, void *buffer)
{
	struct corbel_log_record *to = buffer;
	uint32_t room = read->size / sizeof(*to);

	if (fake.error || fake.denied_op == CORBEL_OP_log_read) {
		return fake.error ? fake.error : -EPERM;
	}
	if (fake.launches_error) {
		return fake.launches_error;
	}
	read->filled = 0;
	for (uint64_t i = read->first; i < fake.launches && room--; i++, to++) {
		*to = (struct corbel_log_record){.type = CORBEL_LOG_launch, .index = i};
		memcpy(to->magic, CORBEL_LOG_MAGIC, sizeof(to->magic));
		read->filled += sizeof(*to);
	}
	fake.launches_stored = read->stored;
	read->count = fake.launches;
	memset(read->boot_id, 0, sizeof(read->boot_id));
	return 0;
}

/* ---- session -------------------------------------------------------------------------------- */

static struct host_session *open_session;

int host_session_open(struct host_session *session, uint32_t data_pages)
{
	memset(session, 0, sizeof(*session));
	session->ring = calloc(1, sizeof(*session->ring));
	session->data = calloc(data_pages, 4096);
	session->data_pages = data_pages;
	for (uint32_t i = 0; i < data_pages; i++) {
		session->data_ref[i] = 20 + i;
	}
	session->ring_ref = 8;
	session->port = 5;
	open_session = session;
	fake.closed = false;
	fake.to_dom0 = fake.to_builder = 0;
	return 0;
}

static int post_session(struct corbel_rendezvous *rendezvous)
{
	if (fake.rendezvous_error) {
		return fake.rendezvous_error;
	}
	if (rendezvous->ref != 8 || rendezvous->port != 5) {
		return -EINVAL;
	}
	fake.stored_at_session = fake.launches_stored;
	rendezvous->instance = fake.info.builder_instance;
	if (fake.builder) {
		fake.thread_runs = true;
		pthread_create(&fake.thread, NULL, fake.builder, open_session);
	}
	return 0;
}

static bool wait_for(unsigned *counter, int timeout_ms)
{
	struct timespec end;
	bool seen;

	clock_gettime(CLOCK_REALTIME, &end);
	end.tv_nsec += (long)(timeout_ms % 1000) * 1000000;
	end.tv_sec += timeout_ms / 1000 + end.tv_nsec / 1000000000;
	end.tv_nsec %= 1000000000;
	pthread_mutex_lock(&fake.lock);
	while (!*counter && !fake.closed &&
	       !pthread_cond_timedwait(&fake.changed, &fake.lock, &end)) {
	}
	seen = *counter && !fake.closed;
	*counter = 0;
	pthread_mutex_unlock(&fake.lock);
	return seen;
}

static void notify(unsigned *counter)
{
	pthread_mutex_lock(&fake.lock);
	(*counter)++;
	pthread_cond_broadcast(&fake.changed);
	pthread_mutex_unlock(&fake.lock);
}

int host_session_notify(struct host_session *session)
{
	(void)session;
	notify(&fake.to_builder);
	return 0;
}

int host_session_wait(struct host_session *session, int timeout_ms)
{
	(void)session;
	return wait_for(&fake.to_dom0, timeout_ms);
}

bool fake_builder_wait(int timeout_ms)
{
	return wait_for(&fake.to_builder, timeout_ms);
}

void fake_builder_notify(void)
{
	notify(&fake.to_dom0);
}

void host_session_close(struct host_session *session)
{
	pthread_mutex_lock(&fake.lock);
	fake.closed = true;
	pthread_cond_broadcast(&fake.changed);
	pthread_mutex_unlock(&fake.lock);
	if (fake.thread_runs) {
		pthread_join(fake.thread, NULL);
		fake.thread_runs = false;
	}
	free(session->ring);
	free(session->data);
	memset(session, 0, sizeof(*session));
}

/* ---- events and consoles --------------------------------------------------------------------- */

int host_events_open(void)
{
	if (pipe2(fake.event_pipe, O_CLOEXEC | O_NONBLOCK)) {
		return -errno;
	}
	return fake.event_pipe[0];
}

void fake_raise(uint32_t port)
{
	if (write(fake.event_pipe[1], &port, sizeof(port)) != sizeof(port)) {
		abort();
	}
}

int host_event_pending(void)
{
	uint32_t port;

	return read(fake.event_pipe[0], &port, sizeof(port)) == sizeof(port) ? (int)port : -EAGAIN;
}

int host_event_bind(uint16_t domid, uint32_t port)
{
	if (port != HOST_CONSOLE_PORT || !fake.domains[domid].page) {
		return -EINVAL;
	}
	fake.domains[domid].binds++;
	return 100 + domid;
}

int host_event_unmask(uint32_t port)
{
	(void)port;
	return 0;
}

int host_event_notify(uint32_t port)
{
	fake.domains[port - 100].notifies++;
	return 0;
}

int host_event_unbind(uint32_t port)
{
	fake.domains[port - 100].binds--;
	return 0;
}

bool host_event_connected(uint32_t port)
{
	return fake.domains[port - 100].used && !fake.domains[port - 100].disconnected;
}

struct xencons_interface *host_console_map(uint16_t domid, int *error)
{
	*error = fake.domains[domid].page ? 0 : -EINVAL;
	if (fake.domains[domid].page) {
		fake.domains[domid].maps++;
	}
	return fake.domains[domid].page;
}

void host_console_unmap(struct xencons_interface *page)
{
	for (int i = 0; i < FAKE_DOMAINS; i++) {
		if (fake.domains[i].page == page) {
			fake.domains[i].maps--;
		}
	}
}

/* ---- helpers --------------------------------------------------------------------------------- */

struct run run_words(const char *const *words)
{
	FILE *saved_out = stdout, *saved_err = stderr;
	struct run run = {0};
	char *arguments[24] = {0};
	size_t out_size, err_size;
	int count = 0;

	while (words[count]) {
		arguments[count] = strdup(words[count]);
		count++;
	}
	stdout = open_memstream(&run.out, &out_size);
	stderr = open_memstream(&run.err, &err_size);
	tool = (struct tool){.program = "corbel"};
	optind = 0;
	run.code = tool_main(count, arguments);
	fclose(stdout);
	fclose(stderr);
	stdout = saved_out;
	stderr = saved_err;
	while (count--) {
		free(arguments[count]); /* getopt only reorders */
	}
	return run;
}

void run_free(struct run *run)
{
	free(run->out);
	free(run->err);
}

static char scratch[64];

const char *scratch_make(void)
{
	strcpy(scratch, "/tmp/corbel-cli-XXXXXX");
	if (!mkdtemp(scratch)) {
		abort();
	}
	store_root = scratch;
	launchlog_root = scratch;
	console_log_root = scratch;
	return scratch;
}

void scratch_remove(void)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf '%s'", scratch);
	if (system(command)) {
		fputs("scratch directory is left\n", stderr);
	}
}
