/* SPDX-License-Identifier: MIT */
/*
 * The build order (docs/ARCHITECTURE.md): create, devices, populate, stage, hash, commit, and only
 * then parse, load, describe, seal.  Staged bytes are hashed where they lie in the new domain,
 * never in the page they came from, so the digest is that of what is parsed later.
 */
#include "builder-domain/build.h"
#include "builder-domain/hypercall.h"
#include "builder-domain/lib.h"
#include "builder-domain/signature.h"
#include "builder-domain/tables.h"
#include "measured-boot/shared/sha2.h"

#include <xen/xen.h>
#include <xen/hvm/params.h>
#include <xen/io/xs_wire.h>

#define STAGE_LIMIT 0x80000000ul /* boot protocols want the initrd below 2 GiB */
#define SHARED_PEER CORBEL_DOMID_DOM0
#define CONSOLE_REF 0 /* GNTTAB_RESERVED_CONSOLE */
#define STORE_REF   1 /* GNTTAB_RESERVED_XENSTORE */

int layout_make(const struct build_request *request, struct layout *layout)
{
	uint64_t initrd = room_for(request->initrd_size);
	uint64_t kernel = room_for(request->kernel_size);
	uint64_t need = kernel + initrd; /* at most 2^40 each: cannot wrap */
	uint64_t top;

	layout->ram = ram_of(request->memory_mib);
	top = MIN(layout->ram.low_end, STAGE_LIMIT);
	if (need > top - BOOT_AREA_END) {
		return fail(XEN_EINVAL,
			    "memory: %u MiB cannot hold kernel file and initrd, %lu MiB "
			    "needed below 2 GiB",
			    request->memory_mib, to_mib(need) + 1);
	}
	layout->initrd_gpa = top - initrd;
	layout->kernel_gpa = layout->initrd_gpa - kernel;
	return 0;
}

static int is_dom0(const struct build_request *request)
{
	return (request->flags & CORBEL_RQF_DOM0) != 0;
}

/* What a refusal is about: the label, the uuid, or the whole. */
static const char *create_subject(const struct build_request *request, long rc)
{
	switch (rc) {
	case -XEN_EPERM:
	case -XEN_ENOENT:
		return request->label;
	case -XEN_EEXIST:
		return "uuid";
	default:
		return "create";
	}
}

static MUST_CHECK int create(const struct build_request *request, uint16_t *domid)
{
	struct corbel_build_create create = {
		.domid =
			(uint16_t)((request->flags & CORBEL_RQF_NUMBER) >> CORBEL_RQF_NUMBER_SHIFT),
		.max_pages = (uint64_t)request->memory_mib << (20 - PAGE_SHIFT),
		.vcpus = request->vcpus,
		.weight = request->weight,
	};
	long rc;

	if (is_dom0(request)) {
		create.flags = CORBEL_BUILD_DOM0;
	}
	memcpy(create.uuid, request->uuid, sizeof(create.uuid));
	memcpy(create.label, request->label, sizeof(create.label));
	rc = corbel_call(CORBEL_OP_build_create, &create);
	if (rc != 0) {
		return call_result(create_subject(request, rc), rc);
	}
	*domid = create.domid;
#ifdef CORBEL_TEST_BUILD
	if ((request->flags & CORBEL_RQF_CRASH) != 0) {
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
		sha256_update(hash, at, size);
		gpa += size;
		len -= size;
	}
	return 0;
}

/* One piece of a file: into the new domain, and only there into the digest. */
static MUST_CHECK int stage_piece(struct sha2_ctx *hash, uint64_t gpa, const uint8_t *bytes,
				  uint32_t len)
{
	int rc = target_write(gpa, bytes, len);

	if (rc == 0) {
		rc = hash_target(hash, gpa, len);
	}
	return rc;
}

static MUST_CHECK int stage(const struct source *source, enum corbel_ring_file file, uint64_t gpa,
			    uint64_t file_size, uint8_t digest[SHA256_LEN])
{
	struct sha2_ctx hash;
	uint64_t offset = 0;

	sha256_init(&hash);
	while (offset < file_size) {
		uint32_t len = (uint32_t)MIN(file_size - offset, source->chunk);
		const uint8_t *bytes;
		int rc = source->fetch(file, offset, len, &bytes);

		if (rc == 0) {
			rc = stage_piece(&hash, gpa + offset, bytes, len);
		}
		if (rc != 0) {
			return rc;
		}
		offset += len;
	}
	sha256_final(&hash, digest);
	return 0;
}

static MUST_CHECK int stage_both(const struct build_request *request, const struct layout *layout,
				 const struct source *source, struct corbel_build_commit *commit)
{
	int rc;

	source->progress(CORBEL_RING_staging);
	rc = stage(source, CORBEL_FILE_kernel, layout->kernel_gpa, request->kernel_size,
		   commit->kernel);
	if (rc == 0) {
		rc = stage(source, CORBEL_FILE_initrd, layout->initrd_gpa, request->initrd_size,
			   commit->initrd);
	}
	return rc;
}

static MUST_CHECK int commit_digests(const struct build_request *request, const uint8_t *bytes,
				     uint32_t size, const struct source *source,
				     struct corbel_build_commit *commit)
{
	const char *what = "commit";
	long rc;

	sha256(bytes, size, commit->request);
	sha256(request->cmdline, request->cmdline_len, commit->cmdline);
	if (request->owner_len != 0) {
		key_digest(request->owner.key, commit->owner);
	}
	commit->min_policy = request->owner.min_policy; /* 0 without a manifest */
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
static MUST_CHECK int describe(const struct build_request *request, const struct layout *layout,
			       uint32_t devices)
{
	static uint8_t acpi[PAGE_SIZE] __attribute__((aligned(8)));
	static uint8_t start_info[PAGE_SIZE] __attribute__((aligned(8)));
	static uint8_t cmdline[PAGE_SIZE];
	/* Of a ring that is being set up Linux asks nothing and boots on; when a store comes it is
	 * told by the event (public/io/xs_wire.h). */
	static const uint32_t connection = XENSTORE_RECONNECT;

	acpi_fill(acpi, ACPI_GPA, request->vcpus, devices != 0);
	start_info_fill(start_info, request, &layout->ram, layout->initrd_gpa);
	memset(cmdline, 0, sizeof(cmdline));
	memcpy(cmdline, request->cmdline, request->cmdline_len);
	return target_write(ACPI_GPA, acpi, sizeof(acpi))
		       ?: target_write(START_INFO_GPA, start_info, sizeof(start_info))
		       ?: target_write(CMDLINE_GPA, cmdline, sizeof(cmdline))
		       ?: target_zero(CONSOLE_GPA, PAGE_SIZE)
		       ?: target_zero(STORE_GPA, PAGE_SIZE)
		       ?: target_write(STORE_GPA +
					       offsetof(struct xenstore_domain_interface, connection),
				       &connection, sizeof(connection));
}

/* A page that a tenant shares with Dom0, and a port for it, where Xen's tool stack puts them. */
struct shared_page {
	const char *what;
	uint32_t gpa;
	uint32_t ref;
	uint32_t param_pfn, param_port; /* HVM_PARAM_* */
};

static MUST_CHECK int share(uint16_t domid, const struct shared_page *page)
{
	uint64_t gfn = page->gpa >> PAGE_SHIFT;
	struct corbel_build_grant grant = {
		.domid = domid,
		.peer = SHARED_PEER,
		.ref = page->ref,
		.gfn = gfn,
	};
	uint32_t port = 0;
	long rc = event_alloc(domid, SHARED_PEER, &port)
			  ?: corbel_call(CORBEL_OP_build_grant, &grant)
			  ?: param_set(domid, page->param_pfn, gfn)
			  ?: param_set(domid, page->param_port, port);

	return call_result(page->what, rc);
}

/* Dom0 itself uses the console calls, and finds its store by itself: it needs neither page. */
static MUST_CHECK int share_pages(const struct build_request *request, uint16_t domid)
{
	static const struct shared_page console = {
		.what = "console",
		.gpa = CONSOLE_GPA,
		.ref = CONSOLE_REF,
		.param_pfn = HVM_PARAM_CONSOLE_PFN,
		.param_port = HVM_PARAM_CONSOLE_EVTCHN,
	};
	static const struct shared_page store = {
		.what = "store",
		.gpa = STORE_GPA,
		.ref = STORE_REF,
		.param_pfn = HVM_PARAM_STORE_PFN,
		.param_port = HVM_PARAM_STORE_EVTCHN,
	};
	int rc;

	if (is_dom0(request)) {
		return 0;
	}
	rc = share(domid, &console);
	if (rc == 0) {
		rc = share(domid, &store);
	}
	return rc;
}

static MUST_CHECK int make_vcpus(uint16_t domid, uint32_t entry)
{
	/* The PVH boot protocol: ebx has the address of the start info. */
	struct corbel_build_vcpu vcpu = {
		.domid = domid,
		.eip = entry,
		.ebx = START_INFO_GPA,
	};
	long rc = corbel_call(CORBEL_OP_build_vcpu, &vcpu);

	return call_result("vcpu", rc);
}

static MUST_CHECK int seal(const struct build_request *request, uint16_t domid)
{
	struct corbel_build_seal seal = {
		.domid = domid,
		.run = (request->flags & CORBEL_RQF_PAUSED) == 0,
	};
	long rc = corbel_call(CORBEL_OP_build_seal, &seal);
	const char *what = "seal";

	if (rc == -XEN_EPERM && request->owner_len == 0) {
		what = "seal: the label may need an owner's manifest";
	}
	return call_result(what, rc);
}

/* The seal is the hypervisor's to keep.  Trying once costs one call, catches a hypervisor that does
 * not keep it, and leaves the refusal in the audit trace for everyone to see. */
static MUST_CHECK int prove_sealed(uint16_t domid)
{
	uint64_t gfn = START_INFO_GPA >> PAGE_SHIFT;

	if (foreign_map(domid, gfn, 1, CORBEL_BUILDER_WINDOW) == -XEN_EPERM) {
		return 0;
	}
	IGNORED(foreign_unmap(CORBEL_BUILDER_WINDOW)); /* the build has failed either way */
	return fail(XEN_EFAULT, "seal: the sealed domain can still be mapped");
}

int build(const struct build_request *request, const uint8_t *bytes, uint32_t size,
	  const struct source *source, uint16_t *domid)
{
	struct corbel_build_commit commit = {0};
	struct layout layout;
	uint32_t entry = 0, devices = 0;
	int rc = layout_make(request, &layout);

	if (rc == 0) {
		rc = create(request, domid);
	}
	if (rc != 0) {
		return rc;
	}
	print("domain %u (%s): %u MiB, %u vCPUs, label %s", *domid, request->name,
	      request->memory_mib, request->vcpus, request->label);
	commit.domid = *domid;
	rc = devices_give(request, *domid, &devices)
		     ?: window_open(*domid, &layout.ram)
		     ?: stage_both(request, &layout, source, &commit)
		     ?: commit_digests(request, bytes, size, source, &commit)
		     ?: owner_check(request, &commit)
		     ?: kernel_load(request, &layout, *domid, &entry)
		     ?: describe(request, &layout, devices)
		     ?: share_pages(request, *domid)
		     ?: make_vcpus(*domid, entry)
		     ?: window_close()
		     ?: seal(request, *domid)
		     ?: prove_sealed(*domid);
	if (rc == 0) {
		print("domain %u (%s) sealed", *domid, request->name);
	}
	return rc;
}
