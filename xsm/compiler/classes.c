/* SPDX-License-Identifier: MIT */
/*
 * Prints the CIL declarations that follow from xsm/perms.def and the initial contexts, so that the
 * policy's classes are the hypervisor's by construction.
 */
#include "xsm/compiler/source.h"

/* clang-format off */
static const char *const classes[] = {
#define XSM_CLASS(c) #c,
#define XSM_PERM(c, p, text)
#define XSM_CLASS_END(c)
#include "xsm/perms.def"
};
/* clang-format on */

void classes_print(FILE *out)
{
	const size_t count = sizeof(classes) / sizeof(classes[0]);

	fputs("; Generated from xsm/perms.def.\n(handleunknown deny)\n", out);
#define XSM_CLASS(c)         fprintf(out, "(class %s (", #c);
#define XSM_PERM(c, p, text) fprintf(out, " %s", #p);
#define XSM_CLASS_END(c)     fputs("))\n", out);
#include "xsm/perms.def"
	fputs("(classorder (", out);
	for (size_t i = 0; i < count; i++) {
		fprintf(out, " %s", classes[i]);
	}
	fputs("))\n; Every permission of every class.\n(classpermission everything)\n", out);
	for (size_t i = 0; i < count; i++) {
		fprintf(out, "(classpermissionset everything (%s (all)))\n", classes[i]);
	}
	fputs("; The order is enum xsm_sid's.\n"
	      "(sid hypervisor) (sid builder) (sid dom0) (sid unlabeled)\n"
	      "(sidorder (hypervisor builder dom0 unlabeled))\n",
	      out);
}
