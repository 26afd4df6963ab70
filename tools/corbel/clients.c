/* SPDX-License-Identifier: MIT */
/*
 * The drainer's socket: root's clients that watch a console and type into it.
 * Each has a bounded buffer; a client that does not read loses bytes and is told
 * how many, and never holds up a console.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "tools/corbel/console_link.h"
#include "tools/corbel/consoled.h"

#define REPLAY_BYTES 16384

struct client {
	int fd; /* -1: free slot */
	bool attached, ending;
	uint16_t domid;
	char line[96];
	size_t line_size;
	char out[65536];
	size_t out_size;
	uint64_t skipped;
};

static struct client clients[CLIENTS_MAX];
static int listener = -1;

int clients_listen(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	mode_t mask;
	int error = 0;

	for (int i = 0; i < CLIENTS_MAX; i++) {
		clients[i].fd = -1;
	}
	listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (listener < 0) {
		return -errno;
	}
	console_link_path(address.sun_path, sizeof(address.sun_path));
	unlink(address.sun_path);
	mask = umask(0177);
	if (bind(listener, (struct sockaddr *)&address, sizeof(address)) || listen(listener, 16)) {
		error = -errno;
	}
	umask(mask);
	if (error) {
		close(listener);
		return error;
	}
	return listener;
}

static void client_close(struct client *client)
{
	close(client->fd);
	client->fd = -1;
}

static void client_flush(struct client *client)
{
	ssize_t put;

	if (client->out_size) {
		put = send(client->fd, client->out, client->out_size, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (put < 0 && errno != EAGAIN && errno != EINTR) {
			client_close(client);
			return;
		}
		if (put > 0) {
			client->out_size -= (size_t)put;
			memmove(client->out, client->out + put, client->out_size);
		}
	}
	if (client->ending && !client->out_size) {
		client_close(client);
	}
}

static void client_put(struct client *client, const char *bytes, size_t size)
{
	char note[64];
	size_t length;

	if (client->skipped) {
		length = (size_t)snprintf(note, sizeof(note), "\r\n[%llu bytes skipped]\r\n",
					  (unsigned long long)client->skipped);
		if (client->out_size + length + size > sizeof(client->out)) {
			client->skipped += size;
			return;
		}
		memcpy(client->out + client->out_size, note, length);
		client->out_size += length;
		client->skipped = 0;
	}
	if (client->out_size + size > sizeof(client->out)) {
		client->skipped += size;
		return;
	}
	memcpy(client->out + client->out_size, bytes, size);
	client->out_size += size;
}

void clients_output(uint16_t domid, const char *bytes, size_t size)
{
	for (int i = 0; i < CLIENTS_MAX; i++) {
		if (clients[i].fd >= 0 && clients[i].attached && clients[i].domid == domid) {
			client_put(&clients[i], bytes, size);
			client_flush(&clients[i]);
		}
	}
}

void clients_end(uint16_t domid, const char *message)
{
	for (int i = 0; i < CLIENTS_MAX; i++) {
		struct client *client = &clients[i];

		if (client->fd < 0 || !client->attached || client->domid != domid) {
			continue;
		}
		if (message) {
			client_put(client, "\r\n[", 3);
			client_put(client, message, strlen(message));
			client_put(client, "]\r\n", 3);
		}
		client->attached = false;
		client->ending = true;
		client_flush(client);
	}
}

/* ---- requests ------------------------------------------------------------------------------ */

static void reply(struct client *client, const char *text)
{
	client_put(client, text, strlen(text));
}

static void attach(struct client *client, uint16_t domid)
{
	char tail[REPLAY_BYTES], line[48];
	int error = consoles_scan_for(domid);
	struct console *console = consoles_find(domid);
	size_t size;

	if (!console && error == -ESRCH) {
		reply(client, "error: no such domain, or it has ended\n");
		client->ending = true;
		return;
	}
	if (!console) {
		snprintf(tail, sizeof(tail), "error: cannot look it up: %s\n", strerror(-error));
		reply(client, tail);
		client->ending = true;
		return;
	}
	if (console->state == CONSOLE_broken) {
		snprintf(tail, sizeof(tail), "error: closed, %s\n", console->why);
		reply(client, tail);
		client->ending = true;
		return;
	}
	size = console_log_tail(&console->log, tail, sizeof(tail));
	snprintf(line, sizeof(line), "ok %zu\n", size);
	reply(client, line);
	client_put(client, tail, size);
	client->attached = !console->ended; /* of what has shut down only old output comes */
	client->ending = console->ended;
	client->domid = domid;
}

static void request(struct client *client)
{
	static const char forget[] = "forget ";
	char *space = strchr(client->line, ' '), *end = NULL;
	unsigned long domid = space ? strtoul(space + 1, &end, 10) : 0;

	if (!strncmp(client->line, forget, sizeof(forget) - 1)) {
		bool found = lifecycle_forget(client->line + sizeof(forget) - 1);

		reply(client, found ? "ok 0\n" : "error: not to be restarted\n");
		client->ending = true;
		return;
	}
	if (!space || *end || end == space + 1 || domid >= DOMID_FIRST_RESERVED) {
		reply(client, "error: malformed request\n");
		client->ending = true;
		return;
	}
	*space = '\0';
	if (!strcmp(client->line, "attach")) {
		attach(client, (uint16_t)domid);
	} else if (!strcmp(client->line, "new")) {
		(void)consoles_scan_for((uint16_t)domid); /* the next scan finds it */
		reply(client, "ok 0\n");
		client->ending = true;
	} else {
		reply(client, "error: unknown request\n");
		client->ending = true;
	}
}

static void read_request(struct client *client)
{
	ssize_t got;

	while ((got = recv(client->fd, client->line + client->line_size, 1, MSG_DONTWAIT)) == 1) {
		if (client->line[client->line_size] == '\n') {
			client->line[client->line_size] = '\0';
			request(client);
			return;
		}
		if (++client->line_size == sizeof(client->line)) {
			client_close(client);
			return;
		}
	}
	if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
		client_close(client);
	}
}

static void read_input(struct client *client)
{
	struct console *console = consoles_find(client->domid);
	char buffer[256];
	size_t room = console ? console_input_room(console) : sizeof(buffer);
	ssize_t got;

	got = recv(client->fd, buffer, room < sizeof(buffer) ? room : sizeof(buffer), MSG_DONTWAIT);
	if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) {
		client_close(client);
	} else if (got > 0 && console) {
		console_input(console, buffer, (size_t)got);
	}
}

/* ---- the poll loop's side -------------------------------------------------------------------- */

static void accept_one(void)
{
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	for (int i = 0; fd >= 0 && i < CLIENTS_MAX; i++) {
		if (clients[i].fd < 0) {
			memset(&clients[i], 0, sizeof(clients[i]));
			clients[i].fd = fd;
			return;
		}
	}
	if (fd >= 0) {
		close(fd);
	}
}

/* Typed bytes are read only when the console can keep them: the client's socket holds the rest. */
static short wanted(const struct client *client)
{
	const struct console *console = client->attached ? consoles_find(client->domid) : NULL;
	short events = client->out_size ? POLLOUT : 0;

	if (!client->ending && (!console || console_input_room(console))) {
		events |= POLLIN;
	}
	return events;
}

int clients_fill(struct pollfd *fds, int capacity)
{
	int count = 0;

	fds[count++] = (struct pollfd){.fd = listener, .events = POLLIN};
	for (int i = 0; i < CLIENTS_MAX && count < capacity; i++) {
		if (clients[i].fd >= 0) {
			fds[count++] = (struct pollfd){
				.fd = clients[i].fd,
				.events = wanted(&clients[i]),
			};
		}
	}
	return count;
}

static void handle(struct client *client, short events)
{
	if (events & POLLIN && !client->ending) {
		if (client->attached) {
			read_input(client);
		} else {
			read_request(client);
		}
	} else if (events & (POLLHUP | POLLERR)) {
		client_close(client);
	}
	if (client->fd >= 0) {
		client_flush(client);
	}
}

void clients_handle(const struct pollfd *fds, int count)
{
	for (int i = 0; i < count; i++) {
		if (!fds[i].revents) {
			continue;
		}
		if (fds[i].fd == listener) {
			accept_one();
			continue;
		}
		for (int j = 0; j < CLIENTS_MAX; j++) {
			if (clients[j].fd == fds[i].fd) {
				handle(&clients[j], fds[i].revents);
				break;
			}
		}
	}
}

void clients_close_all(void)
{
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];

	for (int i = 0; i < CLIENTS_MAX; i++) {
		if (clients[i].fd >= 0) {
			client_close(&clients[i]);
		}
	}
	if (listener >= 0) {
		close(listener);
		console_link_path(path, sizeof(path));
		unlink(path);
		listener = -1;
	}
}
