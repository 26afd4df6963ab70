/* SPDX-License-Identifier: MIT */
/*
 * What happens when a domain has shut down: on_poweroff, on_reboot, on_crash of
 * its configuration.  The work is done by the CLI itself in child processes, so
 * the drain goes on meanwhile.  A domain without a note is left alone.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <xen/sched.h>

#include "tools/corbel/consoled.h"
#include "tools/corbel/store.h"

#define JOBS_MAX      CONSOLES_MAX
#define RESTART_PAUSE 2 /* ticks between destroy and create, as xl; doubled after each failure */
#define RESTART_TRIES 6

struct job {
	enum { JOB_free, JOB_kept, JOB_destroying, JOB_pausing, JOB_creating } state;
	uint16_t domid;
	uint8_t uuid[16];
	char name[64];
	char *config; /* what to create anew, if a restart is wanted */
	size_t config_size;
	unsigned pause, failures;
	pid_t child;
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

/* The domain is gone: its number and UUID may come again. */
static void job_done(struct job *job)
{
	free(job->config);
	job->config = NULL;
	job->state = JOB_free;
}

/* Nothing more is done about a domain that is still there. */
static void job_keep(struct job *job)
{
	free(job->config);
	job->config = NULL;
	job->state = JOB_kept;
}

/* input: a descriptor that becomes the child's standard input, or -1. */
static void run(struct job *job, char *const arguments[], int input)
{
	job->child = fork();
	if (job->child == 0) {
		if (input >= 0 && dup2(input, STDIN_FILENO) < 0) {
			_exit(127);
		}
		execv("/proc/self/exe", arguments);
		_exit(127);
	}
	if (job->child < 0) {
		consoled_say("cannot start `%s': %s", arguments[1], strerror(errno));
	}
}

static void destroy(struct job *job)
{
	char number[8];
	char *arguments[] = {"corbel", "destroy", number, NULL};

	snprintf(number, sizeof(number), "%u", job->domid);
	job->state = JOB_destroying;
	run(job, arguments, -1);
	if (job->child < 0) {
		job_done(job); /* seen again at the next scan */
	}
}

static void pause_first(struct job *job)
{
	job->state = JOB_pausing;
	job->pause = RESTART_PAUSE << job->failures;
}

static void restart_failed(struct job *job)
{
	if (++job->failures == RESTART_TRIES) {
		consoled_say("%s (was domain %u): restart failed %d times, given up", job->name,
			     job->domid, RESTART_TRIES);
		job_done(job);
		return;
	}
	pause_first(job);
	consoled_say("%s (was domain %u): restart failed, tried again in %u s", job->name,
		     job->domid, job->pause);
}

/* The configuration as an open file without a name, which no other restart can meet. */
static int open_config(const struct job *job)
{
	int fd = memfd_create("restart", MFD_CLOEXEC);

	if (fd >= 0 && (write(fd, job->config, job->config_size) != (ssize_t)job->config_size ||
			lseek(fd, 0, SEEK_SET) != 0)) {
		close(fd);
		return -1;
	}
	return fd;
}

static void create(struct job *job)
{
	char *arguments[] = {"corbel", "create", "-q", "-", NULL};
	int input = open_config(job);

	job->state = JOB_creating;
	job->child = -1;
	if (input < 0) {
		consoled_say("%s: cannot pass its configuration: %s", job->name, strerror(errno));
	} else {
		/* What the child says on our stderr follows this line, which has the time. */
		consoled_say("%s (was domain %u): being created anew", job->name, job->domid);
		run(job, arguments, input);
		close(input);
	}
	if (job->child < 0) {
		restart_failed(job);
	}
}

static bool keep_config(struct job *job, const struct guest *guest)
{
	FILE *file = open_memstream(&job->config, &job->config_size);

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
	snprintf(job->name, sizeof(job->name), "%s", entry->name);
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
	if (action == ACTION_restart && !keep_config(job, &entry->guest)) {
		consoled_say("domain %u: cannot keep its configuration, left as it is", job->domid);
		job_keep(job);
		return;
	}
	destroy(job);
}

static void destroyed(struct job *job, bool good)
{
	if (!good) {
		consoled_say("domain %u: destroy failed", job->domid);
		job_keep(job); /* not tried for ever */
	} else if (job->config) {
		pause_first(job);
	} else {
		job_done(job);
	}
}

static void created(struct job *job, bool good)
{
	if (good) {
		job_done(job);
	} else {
		restart_failed(job);
	}
}

static void work(struct job *job)
{
	int status;
	bool good;

	if (job->state == JOB_pausing && --job->pause == 0) {
		create(job);
		return;
	}
	if ((job->state != JOB_destroying && job->state != JOB_creating) ||
	    waitpid(job->child, &status, WNOHANG) != job->child) {
		return;
	}
	good = WIFEXITED(status) && WEXITSTATUS(status) == 0;
	if (job->state == JOB_destroying) {
		destroyed(job, good);
	} else {
		created(job, good);
	}
}

bool lifecycle_forget(const char *name)
{
	bool found = false;

	for (int i = 0; i < JOBS_MAX; i++) {
		struct job *job = &jobs[i];

		if (!job->config || job->state == JOB_creating || strcmp(job->name, name) != 0) {
			continue; /* one that is being created will be there to be destroyed */
		}
		found = true;
		consoled_say("%s (was domain %u): not restarted, as asked", job->name, job->domid);
		if (job->state == JOB_pausing) {
			job_done(job);
		} else {
			free(job->config);
			job->config = NULL;
		}
	}
	return found;
}

void lifecycle_tick(void)
{
	for (int i = 0; i < JOBS_MAX; i++) {
		work(&jobs[i]);
	}
}
