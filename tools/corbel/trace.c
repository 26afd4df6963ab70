/* SPDX-License-Identifier: MIT */
/*
 * Verb trace: the audit and trace ring as readable lines.  Names of calls,
 * classes and permissions come from the hypervisor's own tables, so they cannot
 * drift from what the gate checks.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/corbel/corbel.h"
#include "tools/corbel/host.h"
#include "tools/corbel/json.h"
#include "tools/corbel/trace.h"

#define ANY_SUB 0xffffu

static const struct {
	uint16_t number, sub;
	const char *name;
} calls[] = {
#define HC(nr, sub, name, type, dir, rule, field, class, perm, states) {nr, sub, #name},
#define DENY(nr, sub, name, class, perm)                               {nr, sub, #name},
#define DENY_REST(nr, name, class, perm)                               {nr, ANY_SUB, #name},
#include "abi/hypercalls.def"
#undef HC
#undef DENY
#undef DENY_REST
};

/* One row per permission; a NULL name opens the next class. */
static const struct {
	const char *class, *name;
} permissions[] = {
#define XSM_CLASS(class)                {#class, NULL},
#define XSM_PERM(class, perm, sentence) {#class, #perm},
#define XSM_CLASS_END(class)
#include "xsm/perms.def"
#undef XSM_CLASS
#undef XSM_PERM
#undef XSM_CLASS_END
};

static const char *const states[CORBEL_DOM_state_count] = {
	"building", "sealed", "running", "paused", "shutdown", "dying", "gone",
};

static const char *const kinds[] = {
	[CORBEL_TRACE_denied] = "denied",   [CORBEL_TRACE_audited] = "audited",
	[CORBEL_TRACE_state] = "state",     [CORBEL_TRACE_crash] = "crash",
	[CORBEL_TRACE_exit] = "exit",       [CORBEL_TRACE_hypercall] = "hypercall",
	[CORBEL_TRACE_builder] = "builder", [CORBEL_TRACE_measure] = "measure",
	[CORBEL_TRACE_build] = "build",
};
#define KIND_COUNT (sizeof(kinds) / sizeof(kinds[0]))

static const char *const steps[] = {
	[CORBEL_STEP_commit] = "committed",
	[CORBEL_STEP_stub] = "unpacker-starts",
	[CORBEL_STEP_ended] = "unpacker-ended",
};
#define STEP_COUNT (sizeof(steps) / sizeof(steps[0]))

void trace_call_name(uint32_t call, char *out, size_t size)
{
	uint16_t number = (uint16_t)(call >> 16), sub = (uint16_t)call;
	const char *rest = NULL;

	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		if (calls[i].number != number) {
			continue;
		}
		if (calls[i].sub == sub) {
			snprintf(out, size, "%s", calls[i].name);
			return;
		}
		if (calls[i].sub == ANY_SUB) {
			rest = calls[i].name;
		}
	}
	if (rest) {
		snprintf(out, size, "%s.%u", rest, sub);
	} else {
		snprintf(out, size, "%u.%u", number, sub);
	}
}

void trace_permission_name(unsigned class, unsigned perm, char *out, size_t size)
{
	const char *class_name = NULL;
	unsigned at_class = 0, at_perm = 0;

	for (size_t i = 0; i < sizeof(permissions) / sizeof(permissions[0]); i++) {
		if (!permissions[i].name) {
			if (at_class++ == class) {
				class_name = permissions[i].class;
			}
			at_perm = 0;
		} else if (at_class == class + 1 && at_perm++ == perm) {
			snprintf(out, size, "%s:%s", class_name, permissions[i].name);
			return;
		}
	}
	if (class_name) {
		snprintf(out, size, "%s:%u", class_name, perm);
	} else {
		snprintf(out, size, "%u:%u", class, perm);
	}
}

static void domain_name(uint16_t domid, char *out, size_t size)
{
	if (domid == 0x7fff || domid == DOMID_XEN) {
		snprintf(out, size, "hypervisor");
	} else {
		snprintf(out, size, "d%u", domid);
	}
}

static const char *kind_name(unsigned kind)
{
	return kind < KIND_COUNT && kinds[kind] ? kinds[kind] : "unknown";
}

static const char *result_name(int32_t result)
{
	const char *name = result < 0 ? strerrorname_np(-result) : NULL;

	return name ? name : "";
}

static void print_step(const struct corbel_trace *record)
{
	static const char *const ends[] = {
		[CORBEL_STUB_TRAPPED] = "trapped",
		[CORBEL_STUB_CRASHED] = "crashed",
		[CORBEL_STUB_TIMEDOUT] = "timed-out",
	};
	uint32_t end = (uint32_t)record->result;

	printf(" %s", record->arg < STEP_COUNT && steps[record->arg] ? steps[record->arg] : "?");
	if (record->arg == CORBEL_STEP_ended && end >= 1 && end < sizeof(ends) / sizeof(ends[0])) {
		printf(" %s", ends[end]);
	}
}

/* What only this kind of record says. */
static void print_detail(const struct corbel_trace *record)
{
	unsigned long long arg = record->arg;
	char permission[64];

	switch (record->kind) {
	case CORBEL_TRACE_denied:
	case CORBEL_TRACE_audited:
		trace_permission_name(record->cls, record->perm, permission, sizeof(permission));
		printf(" %s", permission);
		break;
	case CORBEL_TRACE_state:
		printf(" %s", arg < CORBEL_DOM_state_count ? states[arg] : "?");
		break;
	case CORBEL_TRACE_builder:
		printf(" instance=%llu", arg);
		break;
	case CORBEL_TRACE_build:
		print_step(record);
		break;
	case CORBEL_TRACE_measure:
		printf(" pcr=%llu", arg);
		break;
	default:
		printf(" arg=0x%llx", arg);
		break;
	}
}

void trace_print(const struct corbel_trace *record)
{
	char subject[16], object[16], call[48];

	domain_name(record->subject, subject, sizeof(subject));
	domain_name(record->object, object, sizeof(object));
	printf("[%6llu.%06llu] %-9s %s", (unsigned long long)(record->time_ns / 1000000000),
	       (unsigned long long)(record->time_ns / 1000 % 1000000), kind_name(record->kind),
	       subject);
	if (record->vcpu) {
		printf("v%u", record->vcpu);
	}
	printf(" -> %s", object);
	if (record->call || record->kind == CORBEL_TRACE_denied) {
		trace_call_name(record->call, call, sizeof(call));
		printf(" %s", call);
	}
	print_detail(record);
	if (record->result && record->kind != CORBEL_TRACE_build) {
		const char *name = result_name(record->result);

		printf(" = %s%s", *name ? "-" : "", name);
		printf(*name ? " (%d)" : "%d", record->result);
	}
	putchar('\n');
}

void trace_print_json(const struct corbel_trace *record)
{
	struct json *json = json_new(false);
	char text[64];

	json_open_map(json, NULL);
	json_number(json, "seq", (long long)record->seq);
	json_number(json, "time_ns", (long long)record->time_ns);
	json_text(json, "kind", kind_name(record->kind));
	json_number(json, "subject", record->subject);
	json_number(json, "object", record->object);
	json_number(json, "vcpu", record->vcpu);
	trace_call_name(record->call, text, sizeof(text));
	json_text(json, "call", text);
	json_number(json, "number", record->call >> 16);
	json_number(json, "sub", record->call & 0xffff);
	trace_permission_name(record->cls, record->perm, text, sizeof(text));
	json_text(json, "permission",
		  record->kind == CORBEL_TRACE_denied || record->kind == CORBEL_TRACE_audited ? text
											      : "");
	json_number(json, "result", record->result);
	json_text(json, "error", result_name(record->result));
	json_number(json, "arg", (long long)record->arg);
	json_close_map(json);
	json_print(json);
}

static void print_batch(const struct corbel_trace *records, size_t count, bool json)
{
	for (size_t i = 0; i < count; i++) {
		if (json) {
			trace_print_json(&records[i]);
		} else {
			trace_print(&records[i]);
		}
	}
	fflush(stdout);
}

static int read_all(uint64_t since, bool follow, bool json)
{
	struct corbel_trace records[4096 / sizeof(struct corbel_trace)];
	uint64_t next = since, lost, said = 0;
	int ret;

	for (;;) {
		ret = host_corbel_read(CORBEL_OP_trace_read, since, records, sizeof(records), &next,
				       &lost);
		if (ret < 0) {
			return tool_error(ret, "cannot read the trace");
		}
		if (lost > said) {
			fprintf(stderr, "%llu records were lost\n", (unsigned long long)lost);
			said = lost;
		}
		print_batch(records, (size_t)ret / sizeof(records[0]), json);
		if (ferror(stdout)) {
			return EXIT_ERROR; /* said at the end of every verb */
		}
		if (ret && next <= since) {
			return tool_error(0, "the trace does not advance at record %llu",
					  (unsigned long long)since);
		}
		since = ret ? next : since;
		if (!ret && !follow) {
			return EXIT_OK;
		}
		if (!ret) {
			usleep(200000);
		}
	}
}

int verb_trace(int argc, char **argv)
{
	static const struct option longs[] = {
		{"follow", no_argument, NULL, 'f'},
		{"since", required_argument, NULL, 's'},
		{"json", no_argument, NULL, 'J'},
		{NULL, 0, NULL, 0},
	};
	bool follow = false, json = false;
	uint64_t since = 0;
	int option;
	char *end;

	while ((option = getopt_long(argc, argv, "fs:", longs, NULL)) != -1) {
		switch (option) {
		case 'f':
			follow = true;
			break;
		case 's':
			since = strtoull(optarg, &end, 10);
			if (*end || end == optarg) {
				return tool_error(0, "--since needs a record number, not `%s'",
						  optarg),
				       EXIT_USAGE;
			}
			break;
		case 'J':
			json = true;
			break;
		default:
			return verb_usage("trace", 0);
		}
	}
	return read_all(since, follow, json);
}
