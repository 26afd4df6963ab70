/* SPDX-License-Identifier: MIT */
/*
 * Verb logd: the daemon that init starts in Dom0.  Once a second it takes over the hypervisor's new
 * records of the launch log, so that its ring never fills and no launch is refused for that.  It
 * may be killed at any time: the store is whole, and the next one goes on where it ended.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tools/corbel/console_log.h"
#include "tools/corbel/corbel.h"
#include "tools/corbel/daemon.h"
#include "tools/corbel/host.h"
#include "tools/corbel/launchlog.h"

static volatile sig_atomic_t stopping;

static void on_stop(int number)
{
	(void)number;
	stopping = 1;
}

__attribute__((format(printf, 1, 2))) static void say(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	daemon_say("logd", format, args);
	va_end(args);
}

/* A failure is tried again each second, and said once until it changes. */
static void serve(void)
{
	char why[512], said[512] = "";

	while (!stopping) {
		if (!launchlog_store(why, sizeof(why))) {
			if (said[0]) {
				say("the launch log is stored again");
			}
			said[0] = '\0';
		} else if (strcmp(why, said) != 0) {
			say("%s", why);
			memcpy(said, why, sizeof(said));
		}
		sleep(1);
	}
}

/* What waiting does not cure: no hypervisor, or another one at work.  A refusal or a full disk may
 * pass, and is tried again. */
static int check_start(void)
{
	struct corbel_host_info info = {0};
	char why[512];
	int ret = host_corbel(CORBEL_OP_host_info, &info, sizeof(info));

	if (ret < 0 && ret != -EPERM) {
		return tool_error(ret, "logd: cannot reach the hypervisor");
	}
	ret = launchlog_alone(why, sizeof(why));
	if (ret == -EWOULDBLOCK) {
		return tool_error(0, "logd: another one runs already");
	}
	return EXIT_OK;
}

int verb_logd(int argc, char **argv)
{
	struct sigaction action = {.sa_handler = on_stop};
	bool foreground = false;
	int option, ready = -1, ret;

	while ((option = getopt(argc, argv, "F")) != -1) {
		if (option != 'F') {
			return verb_usage("logd", 0);
		}
		foreground = true;
	}
	if (optind < argc) {
		return verb_extra("logd", argv[optind]);
	}
	ret = check_start();
	if (ret) {
		return ret;
	}
	if (!foreground) {
		ret = console_log_prepare();
		if (ret) {
			return tool_error(ret, "cannot make %s", console_log_root);
		}
		ready = daemon_fork();
		if (ready < 0) {
			return tool_error(ready, "cannot start the daemon");
		}
		daemon_ready(ready, "logd");
	}
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	serve();
	return EXIT_OK;
}
