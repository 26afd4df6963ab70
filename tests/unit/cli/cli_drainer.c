/* SPDX-License-Identifier: MIT */
/*
 * See cli_drainer.h.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <cmocka.h>

#include "cli/cli_drainer.h"
#include "cli/cli_host.h"
#include "tools/corbel/console_link.h"
#include "tools/corbel/consoled.h"

int drainer_events;

int drainer_set_up(void **state)
{
	(void)state;
	fake_reset();
	scratch_make();
	fake_add(0, XEN_DOMINF_running);
	drainer_events = host_events_open();
	return drainer_events < 0 || clients_listen() < 0;
}

int drainer_tear_down(void **state)
{
	(void)state;
	consoles_close_all();
	clients_close_all();
	close(fake.event_pipe[0]);
	close(fake.event_pipe[1]);
	scratch_remove();
	fake_reset();
	return 0;
}

void drainer_settle(void)
{
	for (int i = 0; i < 8; i++) {
		consoled_round(drainer_events, 5);
	}
}

int client_connect(const char *line)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	console_link_path(address.sun_path, sizeof(address.sun_path));
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(send(fd, line, strlen(line), 0), strlen(line));
	drainer_settle();
	return fd;
}

size_t client_reads(int fd, char *to, size_t size)
{
	ssize_t got = recv(fd, to, size - 1, MSG_DONTWAIT);

	to[got > 0 ? got : 0] = '\0';
	return got > 0 ? (size_t)got : 0;
}

void read_console_log(uint16_t domid, char *to, size_t size)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/console-%u.log", console_log_root, domid);
	file = fopen(path, "r");
	assert_non_null(file);
	to[fread(to, 1, size - 1, file)] = '\0';
	fclose(file);
}
