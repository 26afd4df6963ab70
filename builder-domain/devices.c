/* SPDX-License-Identifier: MIT */
/*
 * The PCI functions that a request names: given to the new domain one by one, before any byte of
 * its files is looked at.  They are the domain's at seal; if the build ends before, nobody has
 * them.
 */
#include "builder-domain/build.h"
#include "builder-domain/hypercall.h"

static const char *why_refused(long rc)
{
	switch (rc) {
	case -XEN_ENODEV:
		return "there is none";
	case -XEN_EXDEV:
		return "it is behind a bridge, and those of bus 0 alone can be told apart";
	case -XEN_EINVAL:
		return "a bridge, the host bridge or an IOMMU is no domain's";
	case -XEN_EBUSY:
		return "another domain has it, or it could not be reset";
	case -XEN_EOPNOTSUPP:
		return "the host uses no IOMMU, so no domain is given a device";
	case -XEN_ENOSPC:
		return "more devices or larger BARs than fit into a domain";
	case -XEN_ENXIO:
		return "it has neither MSI nor MSI-X";
	case -XEN_EPERM:
		return "not permitted: the policy gives this label no devices";
	case -XEN_ENOMEM:
		return "out of memory";
	default:
		return "refused";
	}
}

/* As lspci(8) writes it, without the segment: hex digits one by one. */
#define FUNCTION_FORMAT    "%x%x:%x%x.%x"
#define FUNCTION_DIGITS(f) (f) >> 12, (f) >> 8 & 15, (f) >> 7 & 1, (f) >> 3 & 15, (f)&7

/* A host must start where there is no IOMMU, from the same plan: then without devices, and says so.
 * Whoever asks for a tenant is told instead. */
static int may_be_left_out(const struct build_request *request, long rc)
{
	return rc == -XEN_EOPNOTSUPP && (request->flags & CORBEL_RQF_DOM0) != 0;
}

int devices_give(const struct build_request *request, uint16_t domid, uint32_t *given)
{
	*given = 0;
	for (uint32_t i = 0; i < request->device_count; i++) {
		struct corbel_build_device device = {
			.domid = domid,
			.function = request->devices[i],
		};
		long rc = corbel_call(CORBEL_OP_build_device, &device);

		if (may_be_left_out(request, rc)) {
			print("device " FUNCTION_FORMAT ": left out: %s",
			      FUNCTION_DIGITS(device.function), why_refused(rc));
			continue;
		}
		if (rc != 0) {
			return fail((int)-rc, "device " FUNCTION_FORMAT ": %s (error %d)",
				    FUNCTION_DIGITS(device.function), why_refused(rc), (int)-rc);
		}
		(*given)++;
	}
	return 0;
}
