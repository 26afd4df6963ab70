/* SPDX-License-Identifier: MIT */
/*
 * corbel-report: a tenant says something in its own name.  Binds data to a verifier's nonce,
 * appends the 64 bytes to the launch log, and prints where.  Runs in a guest, as root; nobody has
 * to trust it but the tenant that runs it: the hypervisor writes by itself who has reported.
 */
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "abi/corbel.h"
#include "abi/log.h"
#include "tools/lib/hex.h"
#include "tools/report/bind.h"
#include "tools/report/guestcall.h"

#define BUSY_TRIES 30 /* a second apart: the quota gives one report a second */

static const char usage[] =
	"usage: corbel-report --data FILE|HEX --nonce HEX [--json]\n"
	"\n"
	"Appends a report to the launch log of this host: the verifier's nonce (64 hex digits) and,\n"
	"bound to it, the bytes of FILE or those written as HEX (an even number of hex digits; write\n"
	"./NAME for a file with such a name).  Prints the boot id, the index of this domain's launch\n"
	"record, the index of the report, and its 64 bytes.\n"
	"\n"
	"Exit status: 0 appended; 1 not appended; 2 wrong usage or input.\n";

static int complain(int status, const char *what)
{
	fprintf(stderr, "corbel-report: %s\n", what);
	return status;
}

/* The error is the hypervisor's: the kernel passed the call on. */
static const char *refusal(int error)
{
	switch (error) {
	case -ENOSYS:
		return "this hypervisor keeps no launch log: it is Xen, or an older Corbel";
	case -EPERM:
	case -EACCES:
		return "not permitted: domain:report (the policy of this host)";
	case -EBUSY:
		return "the launch log has no room (-EBUSY): this domain reports too often, or "
		       "nobody in Dom0 stores the records (corbel logd)";
	default:
		return strerror(-error);
	}
}

static int append(struct corbel_report *report)
{
	const struct timespec second = {.tv_sec = 1};
	int ret = guestcall(CORBEL_OP_log_report, report, sizeof(*report));

	for (int i = 0; ret == -EBUSY && i < BUSY_TRIES; i++) {
		nanosleep(&second, NULL);
		ret = guestcall(CORBEL_OP_log_report, report, sizeof(*report));
	}
	return ret;
}

static int print(const struct corbel_report *report, bool json)
{
	char boot[2 * sizeof(report->boot_id) + 1], data[2 * CORBEL_REPORT_LEN + 1];

	hex_encode(report->boot_id, sizeof(report->boot_id), boot);
	hex_encode(report->data, CORBEL_REPORT_LEN, data);
	printf(json ? "{\n  \"boot_id\": \"%s\",\n  \"launch\": %llu,\n  \"report\": %llu,\n"
		      "  \"data\": \"%s\"\n}\n"
		    : "boot_id %s\nlaunch  %llu\nreport  %llu\ndata    %s\n",
	       boot, (unsigned long long)report->launch, (unsigned long long)report->index, data);
	return fflush(stdout) ? complain(1, "the output could not be written") : 0;
}

static int run(const char *word, const char *hex, bool json)
{
	struct corbel_report report = {0};
	uint8_t nonce[CORBEL_NONCE_LEN];
	char error[256];
	uint8_t *bound;
	size_t size;
	int ret;

	if (!hex_decode(hex, nonce, sizeof(nonce))) {
		return complain(2, "--nonce: expected 64 hex digits");
	}
	bound = bind_read(word, &size, error);
	if (!bound) {
		return complain(2, error);
	}
	bind_report(report.data, nonce, bound, size);
	free(bound);
	if (!guestcall_open(error)) {
		return complain(1, error);
	}
	ret = append(&report);
	return ret < 0 ? complain(1, refusal(ret)) : print(&report, json);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {{"data", required_argument, NULL, 'd'},
						{"nonce", required_argument, NULL, 'n'},
						{"json", no_argument, NULL, 'j'},
						{"help", no_argument, NULL, 'h'},
						{NULL, 0, NULL, 0}};
	const char *data = NULL, *nonce = NULL;
	bool json = false;
	int option;

	while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		if (option == 'd') {
			data = optarg;
		} else if (option == 'n') {
			nonce = optarg;
		} else if (option == 'j') {
			json = true;
		} else {
			fputs(usage, option == 'h' ? stdout : stderr);
			return option == 'h' ? 0 : 2;
		}
	}
	if (!data || !nonce || optind != argc) {
		fputs(usage, stderr);
		return 2;
	}
	return run(data, nonce, json);
}
