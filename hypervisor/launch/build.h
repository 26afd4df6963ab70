/* SPDX-License-Identifier: MIT */
/*
 * Building domains, and the life of the builder domain itself.
 *
 * INV-BUILD-1  At most one builder instance exists; it creates at most one domain.
 * INV-BUILD-2  An instance ends by build_done, crash or deadline; what it was building and not
 *              sealed dies with it; the next instance starts from the measured image.
 * INV-BUILD-3  A building domain's stub runs alone in it; whatever it does but trap ends the build.
 */
#ifndef LAUNCH_BUILD_H
#define LAUNCH_BUILD_H
#include "base/must_check.h"
#include "domain/domain.h"

struct boot_info;

/* Modules as the hypervisor keeps them after copying: 2 MiB blocks owned by OWNER_HYPERVISOR. */
struct kept_module {
	frame_t block[64]; /* up to 128 MiB */
	uint32_t blocks;
	uint64_t size;
	const char *name;
};
#define KEPT_MODULES 3 /* plan, kernel, initrd */

void builder_init(const void *image, uint64_t size, const struct kept_module *modules);
void builder_start(void);                   /* starts the next instance */
void builder_ended(int status);             /* the instance ends now */
void builder_domain_gone(struct domain *d); /* reaper's call: may start the next instance */
void builder_stop(void);                    /* the host ends: no further instance */
void builder_tick(uint64_t now);            /* deadline */

/* The stub of a building domain was about to execute at gpa, in the trapped block: that is the end
 * of unpacking if RIP lies there too and CPL is 0, else the stub has crashed. */
void build_stub_trapped(struct vcpu *v, uint64_t gpa);
void build_stub_ended(struct domain *d, uint16_t state, uint64_t rip); /* CORBEL_STUB_* */
struct domain *builder_current(void);
/* After a run of v: ends a stub that has used up its CPU time. */
void build_check_stub(struct vcpu *v);
MUST_CHECK bool build_is_dom0_made(void);
#endif
