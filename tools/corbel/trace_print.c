/* SPDX-License-Identifier: MIT */
/*
 * One trace record as a readable line or as a JSON object.
 */
#include <stdio.h>
#include <string.h>

#include "tools/corbel/json.h"
#include "tools/corbel/names.h"
#include "tools/corbel/trace.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *const states[CORBEL_DOM_state_count] = {
	"building", "sealed", "running", "paused", "shutdown", "dying", "gone",
};

static const char *const kinds[] = CORBEL_TRACE_NAMES;

static const char *const steps[] = {
	[CORBEL_STEP_commit] = "committed",
	[CORBEL_STEP_stub] = "unpacker-starts",
	[CORBEL_STEP_ended] = "unpacker-ended",
};

static const char *const ends[] = {
	[CORBEL_STUB_TRAPPED] = "trapped",
	[CORBEL_STUB_CRASHED] = "crashed",
	[CORBEL_STUB_TIMEDOUT] = "timed-out",
};

static const char *const switches[] = {
	[CORBEL_SWITCH_loaded] = "loaded",
	[CORBEL_SWITCH_confirmed] = "confirmed",
	[CORBEL_SWITCH_rolledback] = "rolled-back",
	[CORBEL_SWITCH_expired] = "rolled-back-unconfirmed",
};

static const char *word(const char *const *words, size_t count, uint64_t number)
{
	return number < count && words[number] ? words[number] : "?";
}
#define WORD(words, number) word(words, COUNT(words), number)

static const char *kind_name(unsigned kind)
{
	return kind < COUNT(kinds) && kinds[kind] ? kinds[kind] : "unknown";
}

static const char *result_name(int32_t result)
{
	const char *name = result < 0 ? strerrorname_np(-result) : NULL;

	return name ? name : "";
}

static bool is_hypervisor(uint16_t domid)
{
	return domid == 0x7fff || domid == DOMID_XEN;
}

/* "d2(demo):tenant.t": number, present name, label at the time. */
static void print_party(const struct reader *reader, size_t i, uint16_t domid, uint16_t context)
{
	const struct xsm_policy *policy = reader_policy(reader, i);
	const char *name = reader_domain(reader, domid);
	const char *type = policy ? force_type(policy, context) : NULL;

	if (is_hypervisor(domid)) {
		printf("hypervisor");
	} else {
		printf("d%u", domid);
		if (name) {
			printf("(%s)", name);
		}
	}
	if (!record_has_labels(&reader->rings.records[i])) {
		return;
	}
	if (reader->error && !policy) {
		printf(":#%u", context);
	} else {
		printf(":%s", type ? type : "unknown");
	}
}

/* Kinds whose cls and perm mean something. */
static bool has_permission(const struct corbel_trace *record)
{
	return record->kind == CORBEL_TRACE_denied || record->kind == CORBEL_TRACE_audited ||
	       record->kind == CORBEL_TRACE_standing;
}

static void print_permission(const struct corbel_trace *record)
{
	char permission[64];

	permission_name(record->cls, record->perm, permission, sizeof(permission));
	printf(" %s", permission);
	if (record_has_labels(record)) {
		printf(" [%s]", relation_name(record->relation));
	}
}

/* What only this kind of record says. */
static void print_detail(const struct corbel_trace *record)
{
	unsigned long long arg = record->arg;

	switch (record->kind) {
	case CORBEL_TRACE_denied:
	case CORBEL_TRACE_audited:
		print_permission(record);
		break;
	case CORBEL_TRACE_standing:
		print_permission(record);
		printf(" uses=%llu %s", arg, record->result == 1 ? "revoked" : "kept");
		break;
	case CORBEL_TRACE_state:
		printf(" %s", WORD(states, arg));
		break;
	case CORBEL_TRACE_builder:
		printf(" instance=%llu", arg);
		break;
	case CORBEL_TRACE_build:
		printf(" %s", WORD(steps, arg));
		if (record->arg == CORBEL_STEP_ended) {
			printf(" %s", WORD(ends, (uint32_t)record->result));
		}
		break;
	case CORBEL_TRACE_measure:
		printf(" pcr=%llu", arg);
		break;
	case CORBEL_TRACE_policy:
		printf(" %s serial=%llu", WORD(switches, (uint32_t)record->result), arg);
		break;
	default:
		printf(" arg=0x%llx", arg);
		break;
	}
}

/* Kinds whose result is an error number or an exit code. */
static bool has_error(const struct corbel_trace *record)
{
	return record->result && record->kind != CORBEL_TRACE_build &&
	       record->kind != CORBEL_TRACE_policy && record->kind != CORBEL_TRACE_standing;
}

void trace_print(const struct reader *reader, size_t i)
{
	const struct corbel_trace *record = &reader->rings.records[i];
	const char *error = result_name(record->result);
	char call[48];

	printf("[%6llu.%06llu] %-9s ", (unsigned long long)(record->time_ns / 1000000000),
	       (unsigned long long)(record->time_ns / 1000 % 1000000), kind_name(record->kind));
	print_party(reader, i, record->subject, record->subject_context);
	if (record->vcpu) {
		printf(" v%u", record->vcpu);
	}
	printf(" -> ");
	print_party(reader, i, record->object, record->object_context);
	if (record->call || record->kind == CORBEL_TRACE_denied) {
		call_name(record->call, call, sizeof(call));
		printf(" %s", call);
	}
	print_detail(record);
	if (has_error(record)) {
		printf(" = %s%s", *error ? "-" : "", error);
		printf(*error ? " (%d)" : "%d", record->result);
	}
	putchar('\n');
}

static void json_party(struct json *json, const struct reader *reader, size_t i, bool subject)
{
	const struct corbel_trace *record = &reader->rings.records[i];
	const struct xsm_policy *policy = reader_policy(reader, i);
	uint16_t domid = subject ? record->subject : record->object;
	const char *name = reader_domain(reader, domid), *label = NULL;

	if (policy && record_has_labels(record)) {
		label = force_context(policy,
				      subject ? record->subject_context : record->object_context);
	}
	json_text(json, subject ? "subject_name" : "object_name", name ? name : "");
	json_text(json, subject ? "subject_label" : "object_label", label ? label : "");
}

void trace_print_json(const struct reader *reader, size_t i)
{
	const struct corbel_trace *record = &reader->rings.records[i];
	struct json *json = json_new(false);
	char text[64];

	json_open_map(json, NULL);
	json_number(json, "seq", (long long)record->seq);
	json_number(json, "cpu", record->cpu);
	json_number(json, "time_ns", (long long)record->time_ns);
	json_text(json, "kind", kind_name(record->kind));
	json_number(json, "subject", record->subject);
	json_number(json, "object", record->object);
	json_number(json, "vcpu", record->vcpu);
	call_name(record->call, text, sizeof(text));
	json_text(json, "call", text);
	json_number(json, "number", record->call >> 16);
	json_number(json, "sub", record->call & 0xffff);
	permission_name(record->cls, record->perm, text, sizeof(text));
	json_text(json, "permission", has_permission(record) ? text : "");
	json_party(json, reader, i, true);
	json_party(json, reader, i, false);
	json_text(json, "relation",
		  record_has_labels(record) ? relation_name(record->relation) : "");
	json_number(json, "result", record->result);
	json_text(json, "error", has_error(record) ? result_name(record->result) : "");
	json_number(json, "arg", (long long)record->arg);
	json_close_map(json);
	json_print(json);
}
