/* SPDX-License-Identifier: MIT */
/*
 * Verb trace: the audit and trace rings of all CPUs in order of time.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>

#include "tools/corbel/corbel.h"
#include "tools/corbel/names.h"
#include "tools/corbel/trace.h"

#define FOLLOW_MS 200 /* between two looks: prompt for a reader, nothing for the host */

struct trace_options {
	bool follow, json, export;
	uint64_t since;
};

static volatile sig_atomic_t stopped;

static void on_signal(int number)
{
	(void)number;
	stopped = 1;
}

static void print_new(const struct reader *reader, const struct trace_options *options)
{
	for (size_t i = 0; i < reader->rings.count; i++) {
		if (reader->rings.records[i].seq < options->since) {
			continue;
		}
		if (options->json) {
			trace_print_json(reader, i);
		} else {
			trace_print(reader, i);
		}
	}
	fflush(stdout);
}

/* Waits for the next look; false when nobody listens any more. */
static bool wait_for_more(void)
{
	struct pollfd output = {.fd = fileno(stdout)}; /* events none: only the reader's end */

	return poll(&output, 1, FOLLOW_MS) <= 0 || !(output.revents & (POLLERR | POLLNVAL));
}

/* Output that nobody reads is no fault: `trace -f | head`. */
static bool reader_is_gone(void)
{
	if (!ferror(stdout) || errno != EPIPE) {
		return false;
	}
	__fpurge(stdout);
	clearerr(stdout);
	return true;
}

static void say_errors(const struct reader *reader, uint64_t *said, int *said_error)
{
	if (reader->rings.lost > *said) {
		fprintf(stderr, "%llu records were lost\n",
			(unsigned long long)(reader->rings.lost - *said));
		*said = reader->rings.lost;
	}
	if (reader->error != *said_error && reader->error) {
		tool_error(0, "%s; labels are shown as numbers", reader->why);
	}
	*said_error = reader->error;
}

static int show(struct reader *reader, const struct trace_options *options)
{
	uint64_t said = 0;
	int said_error = 0, ret;

	while (!stopped) {
		ret = reader_read(reader);
		if (ret) {
			return tool_call_error(ret, CALL_CORBEL(CORBEL_OP_trace_read),
					       "cannot read the trace");
		}
		say_errors(reader, &said, &said_error);
		errno = 0;
		print_new(reader, options);
		if (reader_is_gone()) {
			return EXIT_OK;
		}
		if (ferror(stdout)) {
			return EXIT_ERROR; /* said at the end of every verb */
		}
		if (!options->follow || !wait_for_more()) {
			return EXIT_OK;
		}
	}
	return EXIT_OK;
}

/* A signal ends the following, with all that was read printed and exit code 0. */
static int show_until_signal(const struct trace_options *options)
{
	struct sigaction action = {.sa_handler = on_signal}, ignore = {.sa_handler = SIG_IGN};
	struct sigaction interrupt, terminate, pipe;
	static struct reader reader;
	int code;

	stopped = 0;
	sigaction(SIGINT, &action, &interrupt);
	sigaction(SIGTERM, &action, &terminate);
	sigaction(SIGPIPE, &ignore, &pipe);
	code = show(&reader, options);
	reader_free(&reader);
	sigaction(SIGINT, &interrupt, NULL);
	sigaction(SIGTERM, &terminate, NULL);
	sigaction(SIGPIPE, &pipe, NULL);
	return code;
}

static bool take_since(struct trace_options *options, const char *text)
{
	char *end;

	errno = 0;
	options->since = strtoull(text, &end, 10);
	if (*end || text[0] < '0' || text[0] > '9' || errno) {
		tool_error(0, "--since needs a record number, not `%s'", text);
		return false;
	}
	return true;
}

/* Returns false when something was wrong and has been said. */
static bool parse_options(int argc, char **argv, struct trace_options *options)
{
	static const struct option longs[] = {
		{"follow", no_argument, NULL, 'f'},
		{"since", required_argument, NULL, 's'},
		{"json", no_argument, NULL, 'J'},
		{"export", no_argument, NULL, 'e'},
		{NULL, 0, NULL, 0},
	};
	int option;

	while ((option = getopt_long(argc, argv, "fs:", longs, NULL)) != -1) {
		switch (option) {
		case 'f':
			options->follow = true;
			break;
		case 's':
			if (!take_since(options, optarg)) {
				return false;
			}
			break;
		case 'J':
			options->json = true;
			break;
		case 'e':
			options->export = true;
			break;
		default:
			verb_usage("trace", 0);
			return false;
		}
	}
	if (optind < argc) {
		verb_extra("trace", argv[optind]);
		return false;
	}
	if (options->export && (options->follow || options->json || options->since)) {
		tool_error(0, "trace: --export goes with no other option");
		verb_usage("trace", 0);
		return false;
	}
	return true;
}

int verb_trace(int argc, char **argv)
{
	struct trace_options options = {0};

	if (!parse_options(argc, argv, &options)) {
		return EXIT_USAGE;
	}
	return options.export ? trace_export() : show_until_signal(&options);
}
