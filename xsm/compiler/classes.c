/* SPDX-License-Identifier: MIT */
/*
 * Prints the CIL declarations that follow from xsm/perms.def and the initial contexts, so that the
 * policy's classes are the hypervisor's by construction.  Runs on the build host, reads no input.
 */
#include <stdio.h>

/* clang-format off */
static const char *const classes[] = {
#define XSM_CLASS(c) #c,
#define XSM_PERM(c, p, text)
#define XSM_CLASS_END(c)
#include "xsm/perms.def"
#undef XSM_CLASS
#undef XSM_PERM
#undef XSM_CLASS_END
};
/* clang-format on */

int main(void)
{
	const size_t count = sizeof(classes) / sizeof(classes[0]);

	puts("; Generated from xsm/perms.def.");
	puts("(handleunknown deny)");
#define XSM_CLASS(c)         printf("(class %s (", #c);
#define XSM_PERM(c, p, text) printf(" %s", #p);
#define XSM_CLASS_END(c)     puts("))");
#include "xsm/perms.def"
#undef XSM_CLASS
#undef XSM_PERM
#undef XSM_CLASS_END
	printf("(classorder (");
	for (size_t i = 0; i < count; i++) {
		printf(" %s", classes[i]);
	}
	puts("))");
	puts("; Every permission of every class.");
	puts("(classpermission everything)");
	for (size_t i = 0; i < count; i++) {
		printf("(classpermissionset everything (%s (all)))\n", classes[i]);
	}
	puts("; The order is enum xsm_sid's.");
	puts("(sid hypervisor) (sid builder) (sid dom0) (sid unlabeled)");
	puts("(sidorder (hypervisor builder dom0 unlabeled))");
	return 0;
}
