/* SPDX-License-Identifier: MIT */
/*
 * Verb consoled: the daemon that init starts in Dom0.  Somebody has to take a
 * tenant's output from its first instruction on, or the tenant waits for room
 * for ever; this does, keeps the logs, and lets `console` attach.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "tools/corbel/consoled.h"
#include "tools/corbel/corbel.h"
#include "tools/corbel/daemon.h"
#include "tools/corbel/store.h"
#include "tools/corbel/watch.h"

#define TICK_MS        1000
#define EVENTS_A_ROUND 256

static volatile sig_atomic_t stopping;
static struct watch store = {.events = -1}; /* tells when a domain has shut down or died */
static enum watch_news store_state = WATCH_none;

void consoled_say(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	daemon_say("consoled", format, args);
	va_end(args);
}

static void take_events(void)
{
	for (int i = 0; i < EVENTS_A_ROUND; i++) {
		int port = host_event_pending();

		if (port < 0) {
			return;
		}
		consoles_event((uint32_t)port);
	}
}

/* The hypervisor tells one program of domains' ends, and that is xenstored.  What it does not know
 * of is seen in the look at the list once a second. */
static void take_news(void)
{
	unsigned news = watch_take(&store);
	enum watch_news state = news & (WATCH_connected | WATCH_lost);

	if (state && state != store_state) {
		consoled_say(state == WATCH_connected
				     ? "xenstored answers: it tells of domains' ends"
				     : "no xenstored answers: domains' ends are looked for once a "
				       "second");
		store_state = state;
	}
	if (news & (WATCH_fired | WATCH_connected)) {
		consoles_scan();
	}
}

void consoled_round(int events, int timeout_ms)
{
	struct pollfd fds[3 + CLIENTS_MAX];
	int count;

	fds[0] = (struct pollfd){.fd = events, .events = POLLIN};
	fds[1] = (struct pollfd){.fd = store.events, .events = POLLIN};
	count = 2 + clients_fill(fds + 2, 1 + CLIENTS_MAX);
	if (poll(fds, (nfds_t)count, timeout_ms) <= 0) {
		return;
	}
	if (fds[0].revents) {
		take_events();
	}
	if (fds[1].revents) {
		take_news();
	}
	clients_handle(fds + 2, count - 2);
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void serve(int events)
{
	int64_t next = now_ms();

	while (!stopping) {
		int64_t left = next - now_ms();

		if (left <= 0) {
			consoles_tick();
			lifecycle_tick();
			consoles_scan();
			sweep();
			next = now_ms() + TICK_MS;
			left = TICK_MS;
		}
		consoled_round(events, (int)left);
	}
}

/* ---- becoming a daemon --------------------------------------------------------------------- */

static void on_stop(int number)
{
	(void)number;
	stopping = 1;
}

static int only_one(void)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/consoled.lock", store_root);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0) {
		return -errno;
	}
	if (flock(fd, LOCK_EX | LOCK_NB)) {
		int error = -errno;

		close(fd);
		return error;
	}
	return fd;
}

static int start(int *events)
{
	struct sigaction action = {.sa_handler = on_stop};
	int ret;

	/* First: the child is to have no lock, port or mapping of ours. */
	ret = watch_start(&store, "@releaseDomain");
	if (ret) {
		consoled_say("cannot watch xenstore: %s; looking once a second", strerror(-ret));
	}
	ret = store_prepare();
	if (ret) {
		return tool_error(ret, "cannot make %s", store_root);
	}
	ret = console_log_prepare();
	if (ret) {
		return tool_error(ret, "cannot make %s", console_log_root);
	}
	ret = only_one();
	if (ret < 0) {
		return tool_error(ret == -EWOULDBLOCK ? 0 : ret, "consoled is running already");
	}
	*events = host_events_open();
	if (*events < 0) {
		return tool_error(*events, "cannot open the event channel device");
	}
	ret = clients_listen();
	if (ret < 0) {
		return tool_error(ret, "cannot listen under %s", store_root);
	}
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
	return EXIT_OK;
}

int verb_consoled(int argc, char **argv)
{
	bool foreground = false;
	int option, ready = -1, events, ret;

	while ((option = getopt(argc, argv, "F")) != -1) {
		if (option != 'F') {
			return verb_usage("consoled", 0);
		}
		foreground = true;
	}
	if (optind < argc) {
		return verb_extra("consoled", argv[optind]);
	}
	if (!foreground) {
		ready = daemon_fork();
		if (ready < 0) {
			return tool_error(ready, "cannot start the daemon");
		}
	}
	ret = start(&events);
	if (ret != EXIT_OK) {
		return ret;
	}
	if (!foreground) {
		daemon_ready(ready, "consoled");
	}
	serve(events);
	consoles_close_all();
	clients_close_all();
	watch_stop(&store);
	return EXIT_OK;
}
