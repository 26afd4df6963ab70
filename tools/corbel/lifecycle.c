/* SPDX-License-Identifier: MIT */
/*
 * What happens when a domain has shut down: on_poweroff, on_reboot, on_crash of
 * its configuration.  The work is done by the CLI itself in child processes, so
 * the drain goes on meanwhile.  A domain without a note is left alone.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <xen/sched.h>

#include "tools/corbel/consoled.h"
#include "tools/corbel/store.h"

#define JOBS_MAX      CONSOLES_MAX
#define RESTART_PAUSE 2 /* ticks between destroy and create, as xl */

struct job {
	enum { JOB_free, JOB_kept, JOB_destroying, JOB_pausing, JOB_creating } state;
	uint16_t domid;
	uint8_t uuid[16];
	bool restart;
	unsigned pause;
	pid_t child;
	char config[256];
};

static struct job jobs[JOBS_MAX];

static struct job *find(const struct xen_domctl_getdomaininfo *info)
{
	for (int i = 0; i < JOBS_MAX; i++) {
		if (jobs[i].state != JOB_free && jobs[i].domid == info->domain &&
		    !memcmp(jobs[i].uuid, info->handle, 16)) {
			return &jobs[i];
		}
	}
	return NULL;
}

/* A kept domain's slot may be taken again: its shutdown has been handled. */
static struct job *take_slot(void)
{
	struct job *kept = NULL;

	for (int i = 0; i < JOBS_MAX; i++) {
		if (jobs[i].state == JOB_free) {
			return &jobs[i];
		}
		if (jobs[i].state == JOB_kept) {
			kept = &jobs[i];
		}
	}
	return kept;
}

static void run(struct job *job, char *const arguments[])
{
	job->child = fork();
	if (job->child == 0) {
		execv("/proc/self/exe", arguments);
		_exit(127);
	}
	if (job->child < 0) {
		consoled_say("cannot start `%s': %s", arguments[1], strerror(errno));
		job->state = JOB_free;
	}
}

static void destroy(struct job *job)
{
	char number[8];
	char *arguments[] = {"corbel", "destroy", number, NULL};

	snprintf(number, sizeof(number), "%u", job->domid);
	job->state = JOB_destroying;
	run(job, arguments);
}

static void create(struct job *job)
{
	char *arguments[] = {"corbel", "create", "-q", job->config, NULL};

	job->state = JOB_creating;
	run(job, arguments);
}

static bool keep_config(struct job *job, const struct guest *guest)
{
	char uuid[37];
	FILE *file;

	uuid_format(job->uuid, uuid);
	snprintf(job->config, sizeof(job->config), "%s/restart-%s.cfg", store_root, uuid);
	file = fopen(job->config, "we");
	if (!file) {
		return false;
	}
	guest_write(guest, file);
	return fclose(file) == 0;
}

static const char *reason_of(unsigned reason, const struct guest *guest, enum guest_action *action)
{
	switch (reason) {
	case SHUTDOWN_poweroff:
		*action = guest->on_poweroff;
		return "powered off";
	case SHUTDOWN_reboot:
		*action = guest->on_reboot;
		return "asked for a reboot";
	case SHUTDOWN_crash:
	case SHUTDOWN_watchdog:
		*action = guest->on_crash;
		return "crashed";
	default:
		*action = ACTION_preserve;
		return "shut down";
	}
}

void lifecycle_shutdown(const struct domain_entry *entry)
{
	struct corbel_launch_info launch = {.domid = entry->info.domain};
	enum guest_action action;
	const char *what;
	struct job *job;

	if (!entry->noted || find(&entry->info)) {
		return;
	}
	job = take_slot();
	if (!job) {
		return; /* all busy: seen again at the next scan */
	}
	memset(job, 0, sizeof(*job));
	job->domid = entry->info.domain;
	memcpy(job->uuid, entry->info.handle, sizeof(job->uuid));
	what = reason_of(domain_shutdown_reason(&entry->info), &entry->guest, &action);
	if (host_corbel(CORBEL_OP_launch_info, &launch, sizeof(launch)) < 0) {
		launch.crash_reason[0] = '\0';
	}
	consoled_say("domain %u (%s) %s%s%.*s: %s", job->domid, entry->name, what,
		     launch.crash_reason[0] ? ", " : "", (int)sizeof(launch.crash_reason),
		     launch.crash_reason, guest_action_name(action));
	if (action == ACTION_preserve) {
		job->state = JOB_kept;
		return;
	}
	job->restart = action == ACTION_restart;
	if (job->restart && !keep_config(job, &entry->guest)) {
		consoled_say("domain %u: cannot keep its configuration, left as it is", job->domid);
		job->state = JOB_kept;
		return;
	}
	destroy(job);
}

static void finished(struct job *job, int status)
{
	bool good = WIFEXITED(status) && WEXITSTATUS(status) == 0;

	if (!good) {
		consoled_say("domain %u: %s failed", job->domid,
			     job->state == JOB_destroying ? "destroy" : "restart");
	}
	if (job->state == JOB_destroying && job->restart && good) {
		job->state = JOB_pausing;
		job->pause = RESTART_PAUSE;
		return;
	}
	if (job->config[0]) {
		unlink(job->config);
	}
	job->state = JOB_kept; /* a domain that could not be destroyed is not tried for ever */
}

void lifecycle_tick(void)
{
	int status;

	for (int i = 0; i < JOBS_MAX; i++) {
		struct job *job = &jobs[i];

		if (job->state == JOB_pausing && --job->pause == 0) {
			create(job);
		} else if ((job->state == JOB_destroying || job->state == JOB_creating) &&
			   waitpid(job->child, &status, WNOHANG) == job->child) {
			finished(job, status);
		}
	}
}
