/* SPDX-License-Identifier: MIT */
/*
 * See device.h: the programs that connect a back end.  Debian's scripts do not say on their output
 * what is wrong; they write hotplug-error.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tools/corbel/device.h"

#define SCRIPTS     "/etc/xen/scripts"
#define SCRIPT_MS   40000
#define STEP_MS     10
#define KILLED_MS   2000
#define SCRIPT_LOGS "/var/log/xen"

bool device_script(const char *name, char path[XENSTORE_PATH], char *why, size_t size)
{
	struct stat status;
	int used = snprintf(path, XENSTORE_PATH, "%s%s", name[0] == '/' ? "" : SCRIPTS "/", name);

	if (used >= XENSTORE_PATH) {
		snprintf(why, size, "script %s: %s", name, strerror(ENAMETOOLONG));
		return false;
	}
	if (stat(path, &status)) {
		snprintf(why, size, "script %s: %s", path, strerror(errno));
		return false;
	}
	if (!S_ISREG(status.st_mode) || access(path, X_OK)) {
		snprintf(why, size, "script %s is no program", path);
		return false;
	}
	return true;
}

/* A group of its own, so that what it starts goes with it. */
static pid_t start(char *const words[])
{
	pid_t child = fork();

	if (child == 0) {
		int null = open("/dev/null", O_RDWR);

		setpgid(0, 0);
		if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0) {
			_exit(126);
		}
		execvp(words[0], words);
		_exit(127);
	}
	return child;
}

static bool has_ended(pid_t child, unsigned timeout_ms, int *status)
{
	for (unsigned waited = 0;; waited += STEP_MS) {
		pid_t ended = waitpid(child, status, WNOHANG);

		if (ended == child || (ended < 0 && errno != EINTR)) {
			return true;
		}
		if (waited >= timeout_ms) {
			return false;
		}
		usleep(STEP_MS * 1000);
	}
}

int program_run(char *const words[], unsigned timeout_ms)
{
	pid_t child = start(words);
	int status = 0;

	if (child < 0) {
		return -errno;
	}
	if (!has_ended(child, timeout_ms, &status)) {
		kill(-child, SIGKILL);
		kill(child, SIGKILL);
		has_ended(child, KILLED_MS, &status);
		return -ETIMEDOUT;
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : -EINTR;
}

static void set_environment(const struct device *device, const struct device_call *call)
{
	char path[64];

	snprintf(path, sizeof(path), "backend/%s/%u/%u", device->kind, device->domid,
		 device->number);
	setenv("XENBUS_PATH", path, 1);
	setenv("XENBUS_TYPE", device->kind, 1);
	setenv("XENBUS_BASE_PATH", "backend", 1);
	setenv("script", call->script, 1);
	unsetenv("vif");
	unsetenv("netdev");
	if (call->vif) {
		setenv("vif", call->vif, 1);
	}
	if (call->gatewaydev && call->gatewaydev[0]) {
		setenv("netdev", call->gatewaydev, 1);
	}
	/* The scripts' log, without which they end at once. */
	if (mkdir(SCRIPT_LOGS, 0755) && errno != EEXIST) {
		fprintf(stderr, "cannot make %s: %s\n", SCRIPT_LOGS, strerror(errno));
	}
}

/* What the script has left as its reason, on one line. */
static void say_failed(struct xs_handle *store, const struct device *device,
		       const struct device_call *call, char *why, size_t size)
{
	char text[DEVICE_WHY / 2];

	if (xenstore_read(store, device->back, "hotplug-error", text, sizeof(text)) || !text[0]) {
		snprintf(why, size,
			 "script %s %s failed; " SCRIPT_LOGS "/xen-hotplug.log may say why",
			 call->script, call->words[0]);
		return;
	}
	for (char *c = text; *c; c++) {
		if ((unsigned char)*c < 0x20 || *c == 0x7f) {
			*c = ' ';
		}
	}
	snprintf(why, size, "script %s: %s", call->script, text);
}

int device_run(struct xs_handle *store, const struct device *device, const struct device_call *call,
	       char *why, size_t size)
{
	char *words[5] = {(char *)(uintptr_t)call->script};
	int status;

	for (int i = 0; i < 3 && call->words[i]; i++) {
		words[i + 1] = (char *)(uintptr_t)call->words[i];
	}
	set_environment(device, call);
	status = program_run(words, SCRIPT_MS);
	if (status == -ETIMEDOUT) {
		snprintf(why, size, "script %s %s has not ended in %d s", call->script,
			 call->words[0], SCRIPT_MS / 1000);
	} else if (status < 0) {
		snprintf(why, size, "script %s: %s", call->script, strerror(-status));
	} else if (status > 0) {
		say_failed(store, device, call, why, size);
	}
	return status > 0 ? -EIO : status;
}
