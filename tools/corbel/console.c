/* SPDX-License-Identifier: MIT */
/*
 * Verb console and the client side of the drainer's socket.  Everything that
 * comes from the console is the tenant's: it is passed to the terminal and to
 * --expect, and interpreted nowhere.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "tools/corbel/console_link.h"
#include "tools/corbel/corbel.h"
#include "tools/corbel/domains.h"
#include "tools/corbel/names.h"
#include "tools/corbel/store.h"

#define ESCAPE        0x1d /* Ctrl-] */
#define FIRST_WORDS_S 10   /* for a new domain to say something when there is no input */

struct link {
	int socket;
	bool input_open;
	bool ending;        /* no more input will come: what is there is shown for a second */
	bool down;          /* the domain has shut down: only old output will come */
	char pending[4096]; /* typed, not yet taken by the socket */
	size_t pending_size;
	const struct console_script *script;
	uint64_t replay;   /* bytes of old output still to come */
	char window[8192]; /* tail of the output, for expect */
	size_t window_size;
};

enum link_end { LINK_open, LINK_escape, LINK_closed, LINK_seen, LINK_error };

void console_link_path(char *path, unsigned size)
{
	snprintf(path, size, "%s/consoled.sock", store_root);
}

static int link_connect(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0) {
		return -errno;
	}
	console_link_path(address.sun_path, sizeof(address.sun_path));
	if (connect(fd, (struct sockaddr *)&address, sizeof(address))) {
		int error = -errno;

		close(fd);
		return error;
	}
	return fd;
}

/* Sends the request in line and reads the answer into it, byte by byte: raw output follows it. */
static int link_request(int fd, char *line, size_t size)
{
	size_t used = 0, length = strlen(line);

	if (send(fd, line, length, MSG_NOSIGNAL) != (ssize_t)length) {
		return -EIO;
	}
	while (used + 1 < size && read(fd, line + used, 1) == 1) {
		if (line[used] == '\n') {
			line[used] = '\0';
			return 0;
		}
		used++;
	}
	return -EIO;
}

/* A request that is answered and no more; a drainer that is not there answers nothing. */
static bool link_ask(char *line, size_t size)
{
	struct timeval patience = {.tv_sec = 2};
	int fd = link_connect();
	bool good = false;

	if (fd >= 0) {
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
		good = link_request(fd, line, size) == 0 && !strncmp(line, "ok ", 3);
		close(fd);
	}
	return good;
}

void console_link_announce(uint16_t domid)
{
	char line[128];

	snprintf(line, sizeof(line), "new %u\n", domid);
	link_ask(line, sizeof(line));
}

bool console_link_forget(const char *name)
{
	char line[128];

	snprintf(line, sizeof(line), "forget %.63s\n", name);
	return link_ask(line, sizeof(line));
}

/* ---- the stream ------------------------------------------------------------------------------ */

static enum link_end push_input(struct link *link)
{
	ssize_t put =
		send(link->socket, link->pending, link->pending_size, MSG_NOSIGNAL | MSG_DONTWAIT);

	if (put < 0) {
		return errno == EAGAIN || errno == EINTR ? LINK_open : LINK_closed;
	}
	memmove(link->pending, link->pending + put, link->pending_size - (size_t)put);
	link->pending_size -= (size_t)put;
	return LINK_open;
}

static enum link_end take_input(struct link *link)
{
	ssize_t got = read(STDIN_FILENO, link->pending, sizeof(link->pending));
	char *escape;

	if (got <= 0) {
		link->input_open = false; /* with a time-out it goes on watching */
		link->ending = !(link->script && link->script->timeout_s);
		return LINK_open;
	}
	link->pending_size = (size_t)got;
	escape = memchr(link->pending, ESCAPE, (size_t)got);
	if (escape) {
		link->pending_size = (size_t)(escape - link->pending);
		push_input(link);
		return LINK_escape;
	}
	return LINK_open;
}

/* Old output counts only when nothing was typed: then any sight of the text will do. */
static enum link_end look_for(struct link *link, const char *bytes, size_t size)
{
	const char *expect = link->script ? link->script->expect : NULL;
	size_t keep;

	if (link->replay) {
		size_t old = size < link->replay ? size : (size_t)link->replay;

		link->replay -= old;
		if (link->script && link->script->send) {
			bytes += old;
			size -= old;
		}
	}
	if (!expect || !size) {
		return LINK_open;
	}
	keep = sizeof(link->window) - size;
	if (link->window_size > keep) {
		memmove(link->window, link->window + link->window_size - keep, keep);
		link->window_size = keep;
	}
	memcpy(link->window + link->window_size, bytes, size);
	link->window_size += size;
	return memmem(link->window, link->window_size, expect, strlen(expect)) ? LINK_seen
									       : LINK_open;
}

static enum link_end take_output(struct link *link)
{
	char buffer[4096];
	ssize_t got = read(link->socket, buffer, sizeof(buffer));

	if (got < 0 && (errno == EINTR || errno == EAGAIN)) {
		return LINK_open;
	}
	if (got <= 0) {
		return LINK_closed;
	}
	for (ssize_t done = 0; done < got;) {
		ssize_t put = write(STDOUT_FILENO, buffer + done, (size_t)(got - done));

		if (put < 0 && errno != EINTR) {
			return LINK_error;
		}
		done += put > 0 ? put : 0;
	}
	return look_for(link, buffer, (size_t)got);
}

static int remaining_ms(int64_t deadline)
{
	struct timespec now;
	int64_t left;

	if (!deadline) {
		return -1;
	}
	clock_gettime(CLOCK_MONOTONIC, &now);
	left = deadline - ((int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000);
	return left > 0 ? (int)left : 0;
}

static int64_t deadline_in(int seconds)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return seconds ? (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000 + seconds * 1000ll : 0;
}

static enum link_end stream(struct link *link, int64_t deadline)
{
	enum link_end end = LINK_open;

	while (end == LINK_open) {
		struct pollfd fds[2] = {
			{.fd = link->socket, .events = POLLIN},
			{.fd = link->input_open && !link->pending_size ? STDIN_FILENO : -1,
			 .events = POLLIN},
		};
		int left;

		if (link->down && !link->replay) {
			return LINK_closed;
		}
		if (link->ending && !deadline) {
			deadline = deadline_in(link->script && link->script->start ? FIRST_WORDS_S
										   : 1);
		}
		left = remaining_ms(deadline);
		if (left == 0) {
			return link->ending ? LINK_escape : LINK_open;
		}
		if (link->pending_size) {
			fds[0].events |= POLLOUT;
		}
		if (poll(fds, 2, left) < 0) {
			if (errno != EINTR) {
				return LINK_error;
			}
			continue;
		}
		if (fds[0].revents & POLLOUT) {
			end = push_input(link);
		}
		if (end == LINK_open && fds[0].revents & (POLLIN | POLLHUP | POLLERR)) {
			end = take_output(link);
		}
		if (end == LINK_open && fds[1].revents) {
			end = take_input(link);
		}
	}
	return end;
}

/* ---- attach ---------------------------------------------------------------------------------- */

static bool raw_mode(struct termios *saved)
{
	struct termios raw;

	if (!isatty(STDIN_FILENO) || tcgetattr(STDIN_FILENO, saved)) {
		return false;
	}
	raw = *saved;
	cfmakeraw(&raw);
	return tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0;
}

static int judge(const struct console_script *script, enum link_end end, bool down)
{
	bool expected = script && script->expect;

	if (end == LINK_seen || (end == LINK_escape && !expected)) {
		return EXIT_OK;
	}
	if (end == LINK_open) {
		return tool_error(0, "console: nothing%s%s within %d seconds",
				  expected ? " like " : " more", expected ? script->expect : "",
				  script->timeout_s);
	}
	if (expected) {
		return tool_error(0, "console: ended before `%s' was seen", script->expect);
	}
	if (end == LINK_closed) {
		return down ? EXIT_ERROR : EXIT_OK; /* which was said at the start */
	}
	return tool_error(errno, "console");
}

/* Why nothing may come.  Returns true when nothing will. */
static bool say_state(uint16_t domid)
{
	struct domain_entry entry;
	bool down;

	if (domains_get(domid, &entry)) {
		return false; /* the drainer says it */
	}
	down = entry.info.flags & XEN_DOMINF_shutdown;
	if (down) {
		fprintf(stderr, "%s has shut down (%s)\n", domain_text(&entry),
			domain_shutdown_text(&entry.info));
	} else if (entry.info.flags & XEN_DOMINF_paused) {
		fprintf(stderr, "%s is paused\n", domain_text(&entry));
	}
	return down;
}

/* Has the drainer send the domain's output.  Returns an exit code. */
static int open_stream(struct link *link, uint16_t domid)
{
	char line[256];

	link->socket = link_connect();
	if (link->socket < 0) {
		return tool_error(link->socket,
				  "cannot reach the console drainer (is `%s consoled' running?)",
				  tool.program);
	}
	snprintf(line, sizeof(line), "attach %u\n", domid);
	if (link_request(link->socket, line, sizeof(line))) {
		return tool_error(0, "console: the drainer closed the connection");
	}
	if (strncmp(line, "ok ", 3)) {
		return tool_error(0, "console of domain %u: %s", domid, line);
	}
	link->replay = strtoull(line + 3, NULL, 10);
	return EXIT_OK;
}

static int run_stream(struct link *link)
{
	const struct console_script *script = link->script;
	struct termios saved;
	enum link_end end;
	bool raw;

	link->input_open = !link->down && !(script && script->expect);
	if (script && script->send && !link->down) {
		int size = snprintf(link->pending, sizeof(link->pending), "%s\n", script->send);

		if (size >= (int)sizeof(link->pending)) {
			return tool_error(0, "--send: text longer than %zu bytes",
					  sizeof(link->pending) - 2);
		}
		link->pending_size = (size_t)size;
	}
	raw = link->input_open && raw_mode(&saved);
	end = stream(link, deadline_in(script ? script->timeout_s : 0));
	if (raw) {
		tcsetattr(STDIN_FILENO, TCSANOW, &saved);
		putchar('\n');
	}
	return judge(script, end, link->down);
}

static int start_domain(uint16_t domid)
{
	int ret = host_domain_control(XEN_DOMCTL_unpausedomain, domid);

	return ret < 0 ? tool_call_error(ret, CALL_DOMCTL(XEN_DOMCTL_unpausedomain),
					 "cannot unpause domain %u", domid)
		       : EXIT_OK;
}

int console_link_attach(uint16_t domid, const struct console_script *script)
{
	bool start = script && script->start;
	struct link link = {.script = script, .down = !start && say_state(domid)};
	int ret = open_stream(&link, domid);

	if (start && start_domain(domid)) {
		ret = EXIT_ERROR;
	}
	if (ret == EXIT_OK) {
		ret = run_stream(&link);
	}
	if (link.socket >= 0) {
		close(link.socket);
	}
	return ret;
}

/* ---- the verb -------------------------------------------------------------------------------- */

static bool parse_options(int argc, char **argv, struct console_script *script)
{
	static const struct option longs[] = {
		{"send", required_argument, NULL, 's'},
		{"expect", required_argument, NULL, 'x'},
		{"timeout", required_argument, NULL, 'w'},
		{NULL, 0, NULL, 0},
	};
	int option;

	while ((option = getopt_long(argc, argv, "n:t:", longs, NULL)) != -1) {
		switch (option) {
		case 'n':
			if (strcmp(optarg, "0")) {
				tool_error(0, "console %s does not exist: 0 is the only one",
					   optarg);
				return false;
			}
			break;
		case 't':
			if (strcmp(optarg, "pv")) {
				tool_error(0, "console type `%s': pv is the only one", optarg);
				return false;
			}
			break;
		case 's':
			script->send = optarg;
			break;
		case 'x':
			script->expect = optarg;
			break;
		case 'w':
			script->timeout_s = atoi(optarg);
			if (script->timeout_s <= 0) {
				tool_error(0, "--timeout needs seconds, not `%s'", optarg);
				return false;
			}
			break;
		default:
			return false;
		}
	}
	return true;
}

int verb_console(int argc, char **argv)
{
	struct console_script script = {0};
	uint16_t domid;

	if (!parse_options(argc, argv, &script)) {
		return verb_usage("console", 0);
	}
	if (optind >= argc) {
		return verb_usage("console", 1);
	}
	if (optind + 1 < argc) {
		return verb_extra("console", argv[optind + 1]);
	}
	if (!tool_domain(argv[optind], &domid)) {
		return EXIT_ERROR;
	}
	if (domid < CORBEL_DOMID_FIRST) {
		return tool_error(0, "domain %u has no console here: only tenants have", domid);
	}
	return console_link_attach(domid, &script);
}
