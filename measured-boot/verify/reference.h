/* SPDX-License-Identifier: MIT */
/*
 * What a host is expected to boot: files of `corbel-reference host`, and the signed profile of its
 * firmware.  These are the verifier's own files; they are read strictly all the same, so that a
 * slip in one never widens what is accepted.
 */
#ifndef MEASURED_BOOT_VERIFY_REFERENCE_H
#define MEASURED_BOOT_VERIFY_REFERENCE_H
#include "measured-boot/verify/steps.h"

#define REFERENCES_MAX     32u
#define COMPONENTS_MAX     16u
#define PROFILE_EVENTS_MAX 1000u /* below ALIGN_MAX: a longer log has events too many */

struct reference_component {
	char name[32]; /* as in the file: "grub", "hypervisor", "kernel" */
	unsigned pcr;
	char *string; /* the loader's line; NULL for GRUB */
	uint64_t size;
	uint8_t sha256[32], sha384[48];
};

struct reference_file {
	const char *path;
	char name[64];
	uint32_t hypervisor_svn, builder_svn;
	uint64_t policy_serial;
	struct reference_component grub, component[COMPONENTS_MAX]; /* in order of loading */
	size_t count;                                               /* without GRUB */
	struct {
		bool given;
		uint8_t sha256[32], sha384[48];
	} pcr[24];
	char *dom0_cmdline;
	uint64_t dom0_memory_pages;
	uint32_t dom0_vcpus;
};

struct profile_event {
	uint32_t pcr, type;
	uint8_t sha256[32], sha384[48];
	bool has_sha384; /* a profile of a TPM without that bank has none */
	char *text;      /* for display */
};

struct reference {
	struct reference_file *file;
	size_t count;
	const struct reference_file *best; /* the one that fits; NULL: none could be read */
	struct profile_event *event;
	size_t event_count;
	bool profile; /* read, and its signature is good */
	char profile_name[64];
	char profile_error[256], error[256]; /* the first fault; empty if there was none */
};

/* Reads in->references, in->firmware and its signature; never NULL, see the errors.  v: as
 * input_read() has it. */
struct reference *reference_read(const struct verify_inputs *in, struct verdict *verdict);
/* NULL: this reference has no such component. */
const struct reference_component *reference_find(const struct reference_file *file,
						 const char *name);
/* Whether this digest is the policy of any of the references: what may be in force. */
bool reference_policy(const struct reference *reference, const uint8_t digest[32]);

/* Row of the component with this name in a reference file; NULL: there is no such component. */
const char *reference_row(const char *name);

/* appraise.c: rows of the boot against one reference; the caller chooses which. */
void appraise_against(struct judge *judge, const struct reference_file *file,
		      struct verdict *verdict);
/* firmware.c: rows "firmware" */
void appraise_firmware(struct judge *judge);
/* Events of PCR 4 that are the firmware's, before GRUB's: from the profile, or all but the last. */
size_t firmware_before_grub(const struct judge *judge);

/* What a good row may say: ROW_ok when the quote vouches for log and checkpoint, else ROW_note. */
enum row_result good_result(const struct judge *judge);
#endif
