/* SPDX-License-Identifier: MIT */
/*
 * The build order (docs/ARCHITECTURE.md): create, populate, stage, hash, commit, and only then
 * parse, load, describe, seal.  Staged bytes are hashed where they lie in the new domain, never in
 * the page they came from, so the digest is that of what is parsed later.
 */
#include "builder-domain/build.h"
#include "builder-domain/hypercall.h"
#include "builder-domain/lib.h"
#include "builder-domain/signature.h"
#include "builder-domain/tables.h"
#include "measured-boot/shared/sha2.h"

#include <xen/xen.h>
#include <xen/hvm/params.h>

#define STAGE_LIMIT  0x80000000ul /* boot protocols want the initrd below 2 GiB */
#define CONSOLE_PEER CORBEL_DOMID_DOM0
#define CONSOLE_REF  0 /* GNTTAB_RESERVED_CONSOLE */

int layout_make(const struct build_request *r, struct layout *l)
{
	uint64_t top, need;

	l->ram = ram_of(r->memory_mib);
	top = MIN(l->ram.low_end, STAGE_LIMIT);
	/* Sizes are at most 2^40 each, so the sum cannot wrap. */
	need = ROUND_UP(r->kernel_size, PAGE_SIZE) + ROUND_UP(r->initrd_size, PAGE_SIZE);
	if (need > top - BOOT_AREA_END) {
		return fail(XEN_ENOMEM,
			    "memory: %u MiB cannot hold kernel file and initrd, %lu MiB "
			    "needed below 2 GiB",
			    r->memory_mib, (ROUND_UP(need, 1 << 20) >> 20) + 1);
	}
	l->initrd_gpa = top - ROUND_UP(r->initrd_size, PAGE_SIZE);
	l->kernel_gpa = l->initrd_gpa - ROUND_UP(r->kernel_size, PAGE_SIZE);
	return 0;
}

/* What a refusal is about: the label, the uuid, or the whole. */
static const char *create_subject(const struct build_request *r, long rc)
{
	switch (rc) {
	case -XEN_EPERM:
	case -XEN_ENOENT:
		return r->label;
	case -XEN_EEXIST:
		return "uuid";
	default:
		return "create";
	}
}

static MUST_CHECK int create(const struct build_request *r, uint16_t *domid)
{
	struct corbel_build_create c = {
		.flags = (r->flags & CORBEL_RQF_DOM0) != 0 ? CORBEL_BUILD_DOM0 : 0,
		.max_pages = (uint64_t)r->memory_mib << (20 - PAGE_SHIFT),
		.vcpus = r->vcpus,
		.weight = r->weight};
	long rc;

	memcpy(c.uuid, r->uuid, sizeof(c.uuid));
	memcpy(c.label, r->label, sizeof(c.label));
	rc = corbel_call(CORBEL_OP_build_create, &c);
	if (rc != 0) {
		return call_result(create_subject(r, rc), rc);
	}
	*domid = c.domid;
#ifdef CORBEL_TEST_BUILD
	if ((r->flags & CORBEL_RQF_CRASH) != 0) {
		crash();
	}
#endif
	return 0;
}

static MUST_CHECK int hash_target(struct sha2_ctx *hash, uint64_t gpa, uint64_t len)
{
	while (len > 0) {
		const uint8_t *at;
		uint64_t size;
		int rc = target_view(gpa, len, &at, &size);

		if (rc != 0) {
			return rc;
		}
		sha2_update(hash, at, size);
		gpa += size;
		len -= size;
	}
	return 0;
}

static MUST_CHECK int stage(const struct source *source, enum corbel_ring_file file, uint64_t gpa,
			    uint64_t file_size, uint8_t digest[SHA256_LEN])
{
	struct sha2_ctx hash;

	sha256_init(&hash);
	for (uint64_t offset = 0; offset < file_size;) {
		uint32_t len = (uint32_t)MIN(file_size - offset, source->chunk);
		const uint8_t *bytes;
		int rc = source->fetch(file, offset, len, &bytes);

		if (rc == 0) {
			rc = target_write(gpa + offset, bytes, len);
		}
		if (rc == 0) {
			rc = hash_target(&hash, gpa + offset, len);
		}
		if (rc != 0) {
			return rc;
		}
		offset += len;
	}
	sha2_final(&hash, digest);
	return 0;
}

static MUST_CHECK int stage_both(const struct build_request *r, const struct layout *l,
				 const struct source *source, struct corbel_build_commit *commit)
{
	int rc;

	source->progress(CORBEL_RING_staging);
	rc = stage(source, CORBEL_FILE_kernel, l->kernel_gpa, r->kernel_size, commit->kernel);
	if (rc == 0) {
		rc = stage(source, CORBEL_FILE_initrd, l->initrd_gpa, r->initrd_size,
			   commit->initrd);
	}
	return rc;
}

static MUST_CHECK int commit_digests(const struct build_request *r, const uint8_t *bytes,
				     uint32_t size, const struct source *source,
				     struct corbel_build_commit *commit)
{
	const char *what = "commit";
	long rc;

	sha256(bytes, size, commit->request);
	sha256(r->cmdline, r->cmdline_len, commit->cmdline);
	if (r->owner_len != 0) {
		key_digest(r->owner.key, commit->owner);
	}
	commit->min_policy = r->owner.min_policy; /* 0 without a manifest */
	rc = corbel_call(CORBEL_OP_build_commit, commit);
	if (rc == 0) {
		source->progress(CORBEL_RING_building);
	}
	if (rc == -XEN_EPERM && commit->min_policy != 0) {
		what = "policy: older than the owner's manifest allows";
	}
	return call_result(what, rc);
}

/* All that the kernel is told; placed after the stub has run, over whatever it left there. */
static MUST_CHECK int describe(const struct build_request *r, const struct layout *l)
{
	static uint8_t pages[3][4096] __attribute__((aligned(8)));

	acpi_fill(pages[0], ACPI_GPA, r->vcpus);
	start_info_fill(pages[1], r, &l->ram, l->initrd_gpa);
	memset(pages[2], 0, sizeof(pages[2]));
	memcpy(pages[2], r->cmdline, r->cmdline_len);
	return target_write(ACPI_GPA, pages[0], sizeof(pages[0]))
		       ?: target_write(START_INFO_GPA, pages[1], sizeof(pages[1]))
		       ?: target_write(CMDLINE_GPA, pages[2], sizeof(pages[2]))
		       ?: target_zero(CONSOLE_GPA, PAGE_SIZE);
}

/* A tenant's console is a ring page granted to Dom0 and a port for it.  Dom0 itself uses the
 * console calls and needs neither. */
static MUST_CHECK int console_make(const struct build_request *r, uint16_t domid)
{
	struct corbel_build_grant grant = {.domid = domid,
					   .peer = CONSOLE_PEER,
					   .ref = CONSOLE_REF,
					   .gfn = CONSOLE_GPA >> PAGE_SHIFT};
	uint32_t port = 0;
	long rc;

	if ((r->flags & CORBEL_RQF_DOM0) != 0) {
		return 0;
	}
	rc = event_alloc(domid, CONSOLE_PEER, &port)
		     ?: corbel_call(CORBEL_OP_build_grant, &grant)
		     ?: param_set(domid, HVM_PARAM_CONSOLE_PFN, CONSOLE_GPA >> PAGE_SHIFT)
		     ?: param_set(domid, HVM_PARAM_CONSOLE_EVTCHN, port);
	return call_result("console", rc);
}

static MUST_CHECK int make_vcpus(uint16_t domid, uint32_t entry)
{
	struct corbel_build_vcpu vcpu = {.domid = domid, .eip = entry, .ebx = START_INFO_GPA};

	return call_result("vcpu", corbel_call(CORBEL_OP_build_vcpu, &vcpu));
}

static MUST_CHECK int seal(const struct build_request *r, uint16_t domid)
{
	struct corbel_build_seal seal = {.domid = domid,
					 .run = (r->flags & CORBEL_RQF_PAUSED) == 0};
	long rc = corbel_call(CORBEL_OP_build_seal, &seal);
	const char *what = "seal";

	if (rc == -XEN_EPERM && r->owner_len == 0) {
		what = "seal: the label may need an owner's manifest";
	}
	return call_result(what, rc);
}

/* The seal is the hypervisor's to keep.  Trying once costs one call, catches a hypervisor that does
 * not keep it, and leaves the refusal in the audit trace for everyone to see. */
static MUST_CHECK int prove_sealed(uint16_t domid)
{
	if (foreign_map(domid, START_INFO_GPA >> PAGE_SHIFT, 1, CORBEL_BUILDER_WINDOW) ==
	    -XEN_EPERM) {
		return 0;
	}
	IGNORED(foreign_unmap(CORBEL_BUILDER_WINDOW)); /* the build has failed either way */
	return fail(XEN_EFAULT, "seal: the sealed domain can still be mapped");
}

int build(const struct build_request *r, const uint8_t *bytes, uint32_t size,
	  const struct source *source, uint16_t *domid)
{
	struct corbel_build_commit commit = {0};
	struct layout layout;
	uint32_t entry = 0;
	int rc = layout_make(r, &layout) ?: create(r, domid);

	if (rc != 0) {
		return rc;
	}
	print("domain %u (%s): %u MiB, %u vCPUs, label %s", *domid, r->name, r->memory_mib,
	      r->vcpus, r->label);
	commit.domid = *domid;
	rc = window_open(*domid, &layout.ram)
		     ?: stage_both(r, &layout, source, &commit)
		     ?: commit_digests(r, bytes, size, source, &commit)
		     ?: owner_check(r, &commit)
		     ?: kernel_load(r, &layout, *domid, &entry)
		     ?: describe(r, &layout)
		     ?: console_make(r, *domid)
		     ?: make_vcpus(*domid, entry)
		     ?: window_close()
		     ?: seal(r, *domid)
		     ?: prove_sealed(*domid);
	if (rc == 0) {
		print("domain %u (%s) sealed", *domid, r->name);
	}
	return rc;
}
