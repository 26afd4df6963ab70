/* SPDX-License-Identifier: MIT */
/*
 * See daemon.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "tools/corbel/console_log.h"
#include "tools/corbel/corbel.h"
#include "tools/corbel/daemon.h"

/* The parent leaves once the child says, through the pipe, that it has started. */
int daemon_fork(void)
{
	int ends[2];
	char ready;

	if (pipe2(ends, O_CLOEXEC)) {
		return -errno;
	}
	switch (fork()) {
	case -1:
		return -errno;
	case 0:
		close(ends[0]);
		setsid();
		return ends[1];
	default:
		close(ends[1]);
		_exit(read(ends[0], &ready, 1) == 1 ? EXIT_OK : EXIT_ERROR);
	}
}

static void leave_terminal(const char *name)
{
	char path[256];
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (fd >= 0) {
		dup2(fd, STDIN_FILENO);
		dup2(fd, STDOUT_FILENO);
		close(fd);
	}
	snprintf(path, sizeof(path), "%s/%s.log", console_log_root, name);
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (fd >= 0) {
		dup2(fd, STDERR_FILENO);
		close(fd);
	}
}

void daemon_ready(int descriptor, const char *name)
{
	leave_terminal(name);
	if (write(descriptor, "", 1) != 1) {
		fprintf(stderr, "%s: nobody waited for the start\n", name);
	}
	close(descriptor);
}

void daemon_say(const char *who, const char *format, va_list args)
{
	char stamp[32];
	time_t now = time(NULL);

	strftime(stamp, sizeof(stamp), "%FT%TZ", gmtime(&now));
	fprintf(stderr, "%s %s: ", stamp, who);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
}
