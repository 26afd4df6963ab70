/* SPDX-License-Identifier: MIT */
/*
 * What was booted against a reference: GRUB (PCR 4), the files and command lines that it read (PCR
 * 8 and 9), and Corbel's own records (PCR 17-19).  Decided by position and digest (a log's text is
 * no proof of anything); a record of our own is also taken apart, to name the component and the
 * field that differ.  Of several references the one with the fewest differences is reported.
 */
#include "measured-boot/verify/appraise.h"

#include <stdlib.h>
#include <string.h>

#include "tools/lib/hex.h"

static const struct {
	const char *name, *row, *line; /* in references; rows of its file and of its line */
	enum measure_kind kind;
} known[] = {
	{"hypervisor", "hypervisor", "hypervisor.cmdline", MEASURE_config},
	{"policy", "policy", "policy.cmdline", MEASURE_policy},
	{"builder", "builder", "builder.cmdline", MEASURE_builder},
	{"plan", "plan", "plan.cmdline", MEASURE_plan},
	{"kernel", "dom0.kernel", "dom0.kernel.cmdline", MEASURE_kernel},
	{"initrd", "dom0.initrd", "dom0.initrd.cmdline", MEASURE_initrd},
};
#define KNOWN (sizeof(known) / sizeof(known[0]))

enum row_result good_result(const struct judge *judge)
{
	return judge->pcrs_ok && judge->boot_log_ok ? ROW_ok : ROW_note;
}

static unsigned known_index(const char *name)
{
	unsigned i = 0;

	while (i < KNOWN && strcmp(known[i].name, name)) {
		i++;
	}
	return i;
}

const char *reference_row(const char *name)
{
	unsigned i = known_index(name);

	return i < KNOWN ? known[i].row : NULL;
}

/* ---- the boot loader's events --------------------------------------------------------------- */

static void extra_events(struct verdict *verdict, const char *component,
			 const struct boot_event *const *extra, size_t count, const char *what)
{
	for (size_t i = 0; i < count && i < 4; i++) {
		char text[80];

		text_escape(extra[i]->data, extra[i]->size, text, sizeof(text));
		verdict_add(verdict, component, ROW_bad, "nothing", text,
			    "Event %u of the log (PCR %u): %s", extra[i]->number, extra[i]->pcr,
			    what);
	}
	if (count > 4) {
		verdict_add(verdict, component, ROW_bad, "nothing", NULL,
			    "%zu more events of the log: %s", count - 4, what);
	}
}

static void grub_row(const struct judge *judge, const struct reference_file *file,
		     struct verdict *verdict)
{
	const struct boot_event *all[ALIGN_MAX], *extra[ALIGN_MAX];
	size_t count = bootlog_of_pcr(judge->log, 4, all, ALIGN_MAX);
	size_t before = firmware_before_grub(judge);
	struct expected_event grub = {EV_EFI_BOOT_SERVICES_APPLICATION, file->grub.sha256,
				      file->grub.sha384, NULL, false};
	size_t extras;

	count = count > ALIGN_MAX ? ALIGN_MAX : count;
	before = before > count ? count : before;
	extras = align_events(&grub, 1, all + before, count - before, extra);
	if (grub.same) {
		verdict_add_digest(verdict, "grub", good_result(judge), grub.sha256,
				   grub.found->sha256, 32,
				   "The boot loader, with its configuration inside, is the "
				   "reference's.");
	} else if (!grub.found) {
		verdict_add_digest(verdict, "grub", ROW_bad, grub.sha256, NULL, 32,
				   "The firmware started no boot loader.");
	} else if (memcmp(grub.sha256, grub.found->sha256, 32)) {
		verdict_add_digest(verdict, "grub", ROW_bad, grub.sha256, grub.found->sha256, 32,
				   "Another boot loader, or the same with another configuration, "
				   "was started.");
	} else {
		verdict_add_digest(verdict, "grub", ROW_bad, grub.sha384, grub.found->sha384, 48,
				   "The log has another type or SHA-384 digest for the boot "
				   "loader.");
	}
	extra_events(verdict, "grub", extra, extras,
		     "a program was started that the reference does not have.");
}

/* GRUB's event has a label, the line and a NUL; the digest is of the line alone. */
static bool labelled(const struct boot_event *found, const char *label, const char *line)
{
	size_t first = strlen(label), second = strlen(line);

	return found->size == first + second + 1 && !memcmp(found->data, label, first) &&
	       !memcmp(found->data + first, line, second + 1);
}

/* What was passed on: the log's text if the digest is of it, else the digest. */
static void show_line(const struct boot_event *found, char *out, size_t room)
{
	const uint8_t *line = memchr(found->data, ' ', found->size);
	uint8_t sha256[32], sha384[48];

	if (line) {
		size_t length = found->size - (size_t)(line + 1 - found->data);

		length -= length && !line[length];
		digest_both(line + 1, length, sha256, sha384);
		if (!memcmp(sha256, found->sha256, 32)) {
			text_escape(line + 1, length, out, room);
			return;
		}
	}
	snprintf(out, room, "text with SHA-256 ");
	hex_encode(found->sha256, 32, out + strlen(out));
}

static void line_row(const struct judge *judge, struct verdict *verdict, unsigned which,
		     const struct reference_component *c, const struct expected_event *e)
{
	const char *row = known[which].line;
	const char *label = which ? "module_cmdline: " : "kernel_cmdline: ";
	char text[256];

	if (!e->found) {
		verdict_add(verdict, row, ROW_bad, c->string, NULL,
			    "The boot loader did not pass on this line.");
		return;
	}
	if (!e->same) {
		show_line(e->found, text, sizeof(text));
		verdict_add(verdict, row, ROW_bad, c->string, text,
			    "Another line was given to '%s'.", c->name);
	} else if (!labelled(e->found, label, c->string)) {
		text_escape(e->found->data, e->found->size, text, sizeof(text));
		verdict_add(verdict, row, ROW_bad, c->string, text,
			    "The digest is the reference's, but the log was given another text or "
			    "label: it was edited.");
	} else {
		verdict_add(verdict, row, good_result(judge), c->string, c->string,
			    "The line for '%s' is the reference's.", c->name);
	}
}

/* Events of PCR 8 and 9 beside the reference's files, in order of loading. */
static void align_loader(const struct judge *judge, struct appraisal *a)
{
	const struct boot_event *found[ALIGN_MAX];
	size_t count;

	for (size_t i = 0; i < a->file->count; i++) {
		const struct reference_component *c = &a->file->component[i];

		digest_both(c->string, strlen(c->string), a->line_sha256[i], a->line_sha384[i]);
		a->read[i] = (struct expected_event){EV_IPL, c->sha256, c->sha384, NULL, false};
		a->line[i] = (struct expected_event){EV_IPL, a->line_sha256[i], a->line_sha384[i],
						     NULL, false};
	}
	count = bootlog_of_pcr(judge->log, 9, found, ALIGN_MAX);
	a->extra_read_count = align_events(a->read, a->file->count, found,
					   count > ALIGN_MAX ? ALIGN_MAX : count, a->extra_read);
	count = bootlog_of_pcr(judge->log, 8, found, ALIGN_MAX);
	a->extra_line_count = align_events(a->line, a->file->count, found,
					   count > ALIGN_MAX ? ALIGN_MAX : count, a->extra_line);
}

/* ---- a file: what GRUB read and what Corbel measured -------------------------------------- */

/* The hypervisor has no record of its own: it is what writes them. */
static void hypervisor_row(const struct judge *judge, const struct appraisal *a, size_t i)
{
	const struct expected_event *read = &a->read[i];

	if (read->same) {
		verdict_add_digest(a->verdict, "hypervisor", good_result(judge), read->sha256,
				   read->found->sha256, 32,
				   "The hypervisor is that of reference '%s'.", a->file->name);
		return;
	}
	file_difference(a->verdict, "hypervisor", read);
}

static void file_row(const struct judge *judge, const struct appraisal *a, size_t i, unsigned which)
{
	const struct expected_event *read = &a->read[i];
	const struct record *record = &a->record[known[which].kind];
	const char *row = known[which].row;

	if (!read->same) {
		file_difference(a->verdict, row, read);
	} else if (record->fault[0]) {
		verdict_add(a->verdict, row, ROW_bad, record->expected, record->found,
			    "The boot loader read the reference's file, but Corbel's record in "
			    "PCR %u is another: %s.",
			    eventlog_pcr(known[which].kind), record->fault);
	} else {
		verdict_add_digest(a->verdict, row, good_result(judge), read->sha256,
				   read->found->sha256, 32,
				   "Read by the boot loader and measured by Corbel: the "
				   "reference's file.");
	}
}

static void config_row(struct verdict *verdict, const struct record *record)
{
	if (record->fault[0]) {
		verdict_add(verdict, "hypervisor.cmdline", ROW_bad, record->expected, record->found,
			    "Corbel's record of its command line in PCR 17: %s.", record->fault);
	}
}

void appraise_against(struct judge *judge, const struct reference_file *file,
		      struct verdict *verdict)
{
	struct appraisal *a = calloc(1, sizeof(*a));

	if (!a) {
		fputs("out of memory\n", stderr);
		exit(2);
	}
	a->file = file;
	a->verdict = verdict;
	align_loader(judge, a);
	records_align(judge, a);
	grub_row(judge, file, verdict);
	for (size_t i = 0; i < file->count; i++) {
		unsigned which = known_index(file->component[i].name);

		if (which == 0) {
			hypervisor_row(judge, a, i);
			config_row(verdict, &a->record[MEASURE_config]);
		} else {
			file_row(judge, a, i, which);
		}
		line_row(judge, verdict, which, &file->component[i], &a->line[i]);
	}
	extra_events(verdict, "boot.log", a->extra_read, a->extra_read_count,
		     "the boot loader read a file that the reference does not have.");
	extra_events(verdict, "boot.log", a->extra_line, a->extra_line_count,
		     "the boot loader ran a command or passed a line that the reference does not "
		     "have.");
	records_rows(judge, a);
	free(a);
}

static size_t differences(struct judge *judge, const struct reference_file *file)
{
	struct verdict scratch = {0};
	size_t count = 0;

	appraise_against(judge, file, &scratch);
	for (size_t i = 0; i < scratch.count; i++) {
		count += scratch.row[i].result == ROW_bad;
	}
	verdict_free(&scratch);
	return count;
}

void appraise_boot(struct judge *judge)
{
	size_t least = SIZE_MAX;

	judge->reference = reference_read(judge->in, judge->verdict);
	if (!judge->log) {
		verdict_add(judge->verdict, "hypervisor", ROW_missing, "a boot log", NULL,
			    "What was booted cannot be judged: the boot log cannot be read.");
		return;
	}
	appraise_firmware(judge);
	if (judge->reference->error[0]) {
		verdict_add(judge->verdict, "hypervisor", ROW_missing, "references",
			    judge->reference->error,
			    "What was booted cannot be judged without references.");
		return;
	}
	for (size_t i = 0; i < judge->reference->count; i++) {
		size_t count = differences(judge, &judge->reference->file[i]);

		if (count < least) {
			least = count;
			judge->reference->best = &judge->reference->file[i];
		}
	}
	appraise_against(judge, judge->reference->best, judge->verdict);
}
