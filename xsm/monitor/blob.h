/* SPDX-License-Identifier: MIT */
/*
 * Layout of a compiled policy, shared by the monitor (reads, trusts nothing) and the compiler
 * (writes).  Little endian.  The sections follow each other without offsets and without choice, so
 * that policies of equal meaning are equal bytes and SHA-256 of the file names the meaning:
 *
 *   struct xsm_blob_header
 *   struct xsm_blob_context[contexts]              sorted by name, strictly ascending
 *   u16 cell[contexts * contexts]                  vector number of (subject, object), then
 *                                                  one zero u16 if that leaves 4-byte alignment
 *   u32 vector[vectors][(4 relations + 1) * classes]
 *                                                  allow masks of each relation, then the
 *                                                  allow-but-record masks; numbered by first use in
 *                                                  cell[]; vector 0 is all zero
 *   char names[names]                              NUL-terminated, in the order of the contexts
 *
 * There is no checksum: the file is measured as a whole before it is parsed.
 */
#ifndef XSM_BLOB_H
#define XSM_BLOB_H
#include <stdint.h>

#define XSM_BLOB_MAGIC   0x324d535842524f43ull /* "CORBXSM2" */
#define XSM_MAX_CONTEXTS 256u
#define XSM_NAME_MAX     63u /* without NUL; fits CORBEL_LABEL_LEN */

/*
 * Relations of the subject's tenant to the object's.  Masks of a relation that cannot occur are
 * zero: two owned contexts are same or apart; an owned one to another is over, and the reverse
 * under; others are same, as is every self object.
 */
enum {
	XSM_RELATION_SAME,
	XSM_RELATION_OVER,  /* object is nobody's */
	XSM_RELATION_UNDER, /* subject is nobody's */
	XSM_RELATION_APART,
	XSM_RELATION_COUNT
};

struct xsm_blob_header {
	uint64_t magic;
	uint64_t abi;  /* xsm_abi() of the table the policy was compiled for */
	uint32_t size; /* of the whole file */
	uint16_t contexts, vectors;
	uint16_t classes;
	uint16_t reserved; /* 0 */
	uint16_t sid[4];   /* context of each enum xsm_sid */
	uint32_t names;    /* bytes */
};

struct xsm_blob_context {
	uint32_t name;  /* offset into names[] */
	uint16_t self;  /* context that a domain with this one is, as the object of its own calls */
	uint16_t flags; /* XSM_CONTEXT_* */
};
#define XSM_CONTEXT_OWNED 1u /* its domains have a tenant */

_Static_assert(sizeof(struct xsm_blob_header) == 40, "layout");
_Static_assert(sizeof(struct xsm_blob_context) == 8, "layout");
#endif
