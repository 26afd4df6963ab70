/* SPDX-License-Identifier: MIT */
/*
 * A policy as every verb sees it, whatever it was made from: a blob, a signed policy, a policydb or
 * a folder of *.cil compiled in memory.  All questions go to the blob through the hypervisor's own
 * monitor, so an answer here is the hypervisor's answer.
 */
#ifndef XSM_TOOL_MODEL_H
#define XSM_TOOL_MODEL_H
#include "abi/corbel.h"
#include "builder-domain/abi.h"
#include "xsm/compiler/source.h" /* source_class_name[], source_perm_name[][] */
#include "xsm/monitor/monitor.h"
#include "xsm/tool/tool.h"

enum policy_form { POLICY_BLOB, POLICY_SIGNED, POLICY_BINARY, POLICY_FOLDER };

struct folder; /* sources: xsm/tool/folder.h */

/* A set of contexts that has a name: an attribute. */
struct context_set {
	char *name;
	bool *has; /* [context] */
};

struct policy {
	const char *path; /* as given */
	enum policy_form form;
	void *blob;
	size_t size;
	uint8_t digest[32]; /* SHA-256 of the blob: names the policy's meaning */
	struct xsm_policy xsm;
	const char **type; /* [context] shortest name that is unique: `tenant.t`, else the whole */
	bool *is_self;     /* [context] stands for a domain as the object of its own calls */
	struct corbel_signed_policy header; /* POLICY_SIGNED only; size and digest were compared,
					     * the signature was not */
	struct folder *folder;              /* POLICY_FOLDER only */
	bool keep_binary;                   /* of a folder: also as the policydb, */
	void *binary;                       /* which setools read; NULL: not asked for */
	size_t binary_size;
	struct context_set *set; /* of a folder or policydb */
	unsigned sets;
};

#define POLICY_FILE_MAX ((size_t)16 << 20)

/* Reads, compiles where needed, and parses (not: floor).  False: *findings says why. */
bool policy_load(struct policy *p, const char *path, const char *base, struct findings *findings);
/* The same for a verb; says itself what is wrong.  False: return STATUS_BAD. */
bool policy_open(struct policy *p, const char *path, const struct arguments *arguments);
/* Fills an empty p (path set) from sources, with more text unless extra is NULL; p does not own
 * folder. */
bool policy_from_folder(struct policy *p, struct folder *folder, const char *extra, bool neverallow,
			struct findings *findings);
void policy_free(struct policy *p);

/* Index of a context by its whole name or by its type's name; -1 after a complaint that names those
 * that there are. */
int policy_context(const struct policy *p, const char *name);
/* The same without a complaint; *ambiguous: a type that several contexts have. */
int policy_look_up(const struct policy *p, const char *name, bool *ambiguous);
/* The contexts that a name stands for: a context or type, an attribute, or * for all that there
 * are; to be freed.  NULL: nothing has that name, *why says so. */
bool *policy_contexts(const struct policy *p, const char *name, const char **why);
/* The same, NULL after a complaint. */
bool *policy_contexts_wanted(const struct policy *p, const char *name);
int class_named(const char *name);
int perm_named(unsigned cls, const char *name); /* bit number */
int relation_named(const char *name);
/* The same, with a complaint that names those that there are. */
int class_wanted(const char *name);
int perm_wanted(unsigned cls, const char *name);
int relation_wanted(const char *name);
extern const char *const relation_name[XSM_RELATION_COUNT]; /* same over under apart */
/* "itself", "a domain of the same owner", ...: the object in words. */
const char *relation_words(const struct policy *p, unsigned subject, unsigned object,
			   unsigned relation);

/* One question to the policy. */
struct right {
	unsigned subject, object; /* contexts */
	unsigned relation, cls, perm;
};

/* Whether two domains of these contexts can stand in this relation.  A self object is the object of
 * its own domain only, and never a subject. */
bool policy_occurs(const struct policy *p, unsigned subject, unsigned object, unsigned relation);
bool policy_owned(const struct policy *p, unsigned context);
bool policy_allows(const struct policy *p, const struct right *right);
bool policy_audits(const struct policy *p, const struct right *right);

/*
 * Every question that can occur, in the order subject, object, relation, class, permission:
 *
 *   struct right right = RIGHT_START;
 *   while (right_next(&policy, &right)) { if (policy_allows(&policy, &right)) ... }
 */
#define RIGHT_START                                                                                \
	{                                                                                          \
		.perm = UINT32_MAX                                                                 \
	}
bool right_next(const struct policy *p, struct right *right);

/* Whether the first relation's answer holds in every relation that can occur of the pair. */
bool right_in_all_relations(const struct policy *p, const struct right *right);

/* Why the hypervisor's floor refuses a policy that gives this right; NULL: it does not. */
const char *policy_floor(const struct policy *p, const struct right *right);

/* "tenant.t may grant:map_read on dom0.t (over)" */
char *right_text(const struct policy *p, const struct right *right);
#endif
