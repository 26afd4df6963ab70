/* SPDX-License-Identifier: MIT */
/*
 * Reads a policydb with libsepol and answers what it decides.  Every decision is libsepol's own, so
 * attributes, roles, users, constraints and levels are resolved here and never reach the
 * hypervisor. What the blob cannot express (booleans, permissive types, dontaudit) is refused, not
 * dropped.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sepol/debug.h>
#include <sepol/policydb.h>
#include <sepol/policydb/policydb.h>
#include <sepol/policydb/services.h>
#include <sepol/policydb/sidtab.h>
#include "tools/lib/files.h"
#include "xsm/compiler/source.h"

/* clang-format off */
const char *const source_class_name[XSM_CLASS_COUNT] = {
#define XSM_CLASS(c) [XSM_CLASS_##c] = #c,
#define XSM_PERM(c, p, text)
#define XSM_CLASS_END(c)
#include "xsm/perms.def"
};

const char *const source_perm_name[XSM_CLASS_COUNT][32] = {
#define XSM_CLASS(c) [XSM_CLASS_##c] = {
#define XSM_PERM(c, p, text) [XSM_PERM_##c##_##p] = #p,
#define XSM_CLASS_END(c) },
#include "xsm/perms.def"
};
/* clang-format on */

/* libsepol's services know one policy at a time. */
static sepol_policydb_t *handle;
static policydb_t *db;
static sidtab_t sids;

/* Levels that stand for no owner, owner A and owner B. */
enum { NOBODY, OWNER_A, OWNER_B };
static const char *const level[3] = {":s0", ":s0:c0", ":s0:c1"};

static bool fail(struct source *s, const char *format, ...) __attribute__((format(printf, 2, 3)));
static bool fail(struct source *s, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(s->error, sizeof(s->error), format, arguments);
	va_end(arguments);
	return false;
}

/* Classes and permissions must be ours, all of them and no others. */
static bool map_classes(struct source *s)
{
	if (db->p_classes.nprim != XSM_CLASS_COUNT) {
		return fail(s, "has %u classes, the hypervisor has %u", db->p_classes.nprim,
			    (unsigned)XSM_CLASS_COUNT);
	}
	for (unsigned c = 0; c < XSM_CLASS_COUNT; c++) {
		class_datum_t *cls = hashtab_search(db->p_classes.table, source_class_name[c]);
		unsigned count = 0;

		if (cls == NULL || cls->comdatum != NULL) {
			return fail(s, "class %s is missing or inherits", source_class_name[c]);
		}
		s->cls[c] = cls->s.value;
		for (; count < 32 && source_perm_name[c][count] != NULL; count++) {
			perm_datum_t *perm =
				hashtab_search(cls->permissions.table, source_perm_name[c][count]);

			if (perm == NULL) {
				return fail(s, "permission %s:%s is missing", source_class_name[c],
					    source_perm_name[c][count]);
			}
			s->bit[c][count] = (uint8_t)(perm->s.value - 1);
		}
		if (cls->permissions.nprim != count) {
			return fail(s, "class %s has %u permissions, the hypervisor knows %u",
				    source_class_name[c], cls->permissions.nprim, count);
		}
	}
	return true;
}

/* Index of a context, which is added when it is new; -1 with the reason set. */
static int intern(struct source *s, uint32_t user, uint32_t role, uint32_t type)
{
	struct source_context *c;

	for (unsigned i = 0; i < s->contexts; i++) {
		c = &s->context[i];
		if (c->user == user && c->role == role && c->type == type) {
			return (int)i;
		}
	}
	if (s->contexts == XSM_MAX_CONTEXTS) {
		fail(s, "more than %u contexts (user:role:type)", XSM_MAX_CONTEXTS);
		return -1;
	}
	c = &s->context[s->contexts];
	*c = (struct source_context){.user = user, .role = role, .type = type};
	if (snprintf(c->name, sizeof(c->name), "%s:%s:%s", db->p_user_val_to_name[user - 1],
		     db->p_role_val_to_name[role - 1],
		     db->p_type_val_to_name[type - 1]) > (int)XSM_NAME_MAX) {
		fail(s, "context %s... is longer than %u bytes", c->name, XSM_NAME_MAX);
		return -1;
	}
	return (int)s->contexts++;
}

static bool collect_initial(struct source *s)
{
	static const char *const name[XSM_SID_COUNT] = {"hypervisor", "builder", "dom0",
							"unlabeled"};
	bool found[XSM_SID_COUNT] = {false};
	int index;

	for (ocontext_t *o = db->ocontexts[OCON_XEN_ISID]; o != NULL; o = o->next) {
		context_struct_t *c = &o->context[0];

		if (o->sid[0] < 1 || o->sid[0] > XSM_SID_COUNT) {
			return fail(s, "initial SID %u is not known to the hypervisor", o->sid[0]);
		}
		index = intern(s, c->user, c->role, c->type);
		if (index < 0) {
			return false;
		}
		s->initial[o->sid[0] - 1] = (unsigned)index;
		found[o->sid[0] - 1] = true;
	}
	for (unsigned i = 0; i < XSM_SID_COUNT; i++) {
		if (!found[i]) {
			return fail(s, "initial SID %s has no context", name[i]);
		}
	}
	for (unsigned kind = OCON_XEN_ISID + 1; kind < OCON_NUM; kind++) {
		if (db->ocontexts[kind] != NULL) {
			return fail(s, "labels devices, which this hypervisor does not");
		}
	}
	return true;
}

static bool collect_types(struct source *s, unsigned user, unsigned role)
{
	ebitmap_t *types = &db->role_val_to_struct[role]->types.types;
	ebitmap_node_t *node;
	unsigned type;

	ebitmap_for_each_positive_bit(types, node, type)
	{
		if (db->type_val_to_struct[type]->flavor == TYPE_TYPE &&
		    intern(s, user, role + 1, type + 1) < 0) {
			return false;
		}
	}
	return true;
}

/* Every user:role:type that can be a domain.  object_r is for objects only. */
static bool collect_contexts(struct source *s)
{
	role_datum_t *objects = hashtab_search(db->p_roles.table, OBJECT_R);
	ebitmap_node_t *node;
	unsigned role;

	for (unsigned user = 1; user <= db->p_users.nprim; user++) {
		ebitmap_t *roles = &db->user_val_to_struct[user - 1]->roles.roles;

		ebitmap_for_each_positive_bit(roles, node, role)
		{
			if (objects != NULL && role + 1 == objects->s.value) {
				continue;
			}
			if (!collect_types(s, user, role)) {
				return false;
			}
		}
	}
	for (unsigned i = 0; i < s->contexts; i++) {
		if (ebitmap_get_bit(&db->permissive_map, s->context[i].type)) {
			return fail(s, "%s is permissive, which does not exist here",
				    s->context[i].name);
		}
	}
	return true;
}

/* (typetransition t t domain own) says what a domain is to itself: user:object_r:own. */
static bool collect_self(struct source *s)
{
	role_datum_t *objects = hashtab_search(db->p_roles.table, OBJECT_R);
	unsigned domains = s->contexts;
	int self;

	for (unsigned i = 0; i < domains; i++) {
		struct source_context *c = &s->context[i];
		avtab_key_t key = {(uint16_t)c->type, (uint16_t)c->type,
				   (uint16_t)s->cls[XSM_CLASS_domain], AVTAB_TRANSITION};
		avtab_datum_t *own = avtab_search(&db->te_avtab, &key);

		c->self = i;
		if (own == NULL) {
			continue;
		}
		if (objects == NULL) {
			return fail(s, "%s has a self type, but there is no role " OBJECT_R,
				    c->name);
		}
		self = intern(s, c->user, objects->s.value, own->data);
		if (self < 0) {
			return false;
		}
		c->self = (unsigned)self;
	}
	for (unsigned i = 0; i < s->contexts; i++) {
		if (i >= domains) {
			s->context[i].self = i;
		} else if (s->context[i].self != i) {
			s->context[s->context[i].self].is_self = true;
		}
	}
	return true;
}

/* The types of attribute owned_type.  Its absence is an error: the compiler drops an attribute that
 * nothing but its own definition uses, and then all owners would be one. */
static bool collect_owned(struct source *s)
{
	static char name[] = SOURCE_OWNED;
	type_datum_t *owned = hashtab_search(db->p_types.table, name);

	if (owned == NULL) {
		return fail(s,
			    "has no attribute %s, the types of domains that have owners; if it is "
			    "declared: (expandtypeattribute %s false) keeps it",
			    name, name);
	}
	for (unsigned i = 0; i < s->contexts; i++) {
		struct source_context *c = &s->context[i];

		c->owned = owned->flavor == TYPE_ATTRIB
				   ? ebitmap_get_bit(&db->attr_type_map[owned->s.value - 1],
						     c->type - 1) != 0
				   : owned->s.value == c->type;
	}
	return true;
}

static int by_name(const void *a, const void *b)
{
	const struct source_context *const *x = a, *const *y = b;

	return strcmp((*x)->name, (*y)->name);
}

/* Numbers the contexts by name, so that the order of the source does not matter. */
static bool sort_contexts(struct source *s)
{
	struct source_context **order = calloc(s->contexts, sizeof(*order));
	struct source_context *sorted = calloc(s->contexts, sizeof(*sorted));
	unsigned *moved = calloc(s->contexts, sizeof(*moved));
	bool ready = order != NULL && sorted != NULL && moved != NULL;

	for (unsigned i = 0; i < s->contexts && ready; i++) {
		order[i] = &s->context[i];
	}
	if (ready) {
		qsort(order, s->contexts, sizeof(*order), by_name);
	}
	for (unsigned i = 0; i < s->contexts && ready; i++) {
		sorted[i] = *order[i];
		moved[order[i] - s->context] = i;
	}
	for (unsigned i = 0; i < s->contexts && ready; i++) {
		sorted[i].self = moved[sorted[i].self];
	}
	for (unsigned i = 0; i < XSM_SID_COUNT && ready; i++) {
		s->initial[i] = moved[s->initial[i]];
	}
	if (ready) {
		free(s->context);
		s->context = sorted;
	} else {
		free(sorted);
	}
	free(order);
	free(moved);
	return ready || fail(s, "out of memory");
}

bool source_use(struct source *s, sepol_policydb_t *policy)
{
	memset(s, 0, sizeof(*s));
	sepol_debug(0);
	handle = policy;
	db = &handle->p;
	s->context = calloc(XSM_MAX_CONTEXTS, sizeof(*s->context));
	if (s->context == NULL) {
		return fail(s, "out of memory");
	}
	if (db->target_platform != SEPOL_TARGET_XEN) {
		return fail(s, "not compiled for target Xen (secilc -t xen)");
	}
	if (db->p_bools.nprim != 0) {
		return fail(s, "has booleans (first: %s); make each state a policy of its own",
			    db->p_bool_val_to_name[0]);
	}
	s->loaded = policydb_load_isids(db, &sids) == 0;
	if (!s->loaded || sepol_set_policydb(db) != 0 || sepol_set_sidtab(&sids) != 0) {
		return fail(s, "initial contexts are not usable");
	}
	if (!map_classes(s) || !collect_initial(s) || !collect_contexts(s) || !collect_self(s)) {
		return false;
	}
	return collect_owned(s) && sort_contexts(s);
}

bool source_read(struct source *s, const char *path)
{
	sepol_policydb_t *policy = NULL;
	sepol_policy_file_t *file = NULL;
	const char *why;
	FILE *f = files_open_stream(path, &why);
	bool good = false;

	memset(s, 0, sizeof(*s));
	sepol_debug(0);
	if (f == NULL) {
		fail(s, "cannot open: %s", why);
	} else if (sepol_policydb_create(&policy) != 0 || sepol_policy_file_create(&file) != 0) {
		fail(s, "out of memory");
	} else {
		sepol_policy_file_set_fp(file, f);
		good = sepol_policydb_read(policy, file) == 0;
		if (!good) {
			fail(s, "not a binary policy (policydb)");
		}
	}
	if (f != NULL) {
		fclose(f);
	}
	sepol_policy_file_free(file);
	if (!good) {
		sepol_policydb_free(policy);
		return false;
	}
	return source_use(s, policy);
}

/* libsepol's SID of the context with an owner; 0 if no domain could carry it. */
static uint32_t context_sid(struct source *s, unsigned context, unsigned owner)
{
	struct source_context *c = &s->context[context];
	char text[XSM_NAME_MAX + 16];

	if (c->sid[owner] != 0) {
		return c->sid[owner];
	}
	snprintf(text, sizeof(text), "%s%s", c->name, db->mls ? level[owner] : "");
	if (sepol_context_to_sid(text, strlen(text) + 1, &c->sid[owner]) != 0) {
		fail(s, "context %s is not valid%s", text,
		     db->mls ? "; its user needs the range s0 - s0:c0,c1 at least" : "");
		c->sid[owner] = 0;
	}
	return c->sid[owner];
}

/* libsepol's permission bits in our order. */
static uint32_t translate(const struct source *s, unsigned cls, uint32_t theirs)
{
	uint32_t ours = 0;

	for (unsigned bit = 0; bit < 32 && source_perm_name[cls][bit] != NULL; bit++) {
		ours |= ((theirs >> s->bit[cls][bit]) & 1u) << bit;
	}
	return ours;
}

unsigned source_relations(bool subject_owned, bool object_owned, bool object_is_self)
{
	if (object_is_self) {
		return 1u << XSM_RELATION_SAME;
	}
	if (subject_owned && object_owned) {
		return 1u << XSM_RELATION_SAME | 1u << XSM_RELATION_APART;
	}
	if (subject_owned) {
		return 1u << XSM_RELATION_OVER;
	}
	return 1u << (object_owned ? XSM_RELATION_UNDER : XSM_RELATION_SAME);
}

static bool decide(struct source *s, unsigned subject, unsigned object, unsigned relation,
		   struct source_access *out)
{
	/* Whom the subject and the object belong to in each relation. */
	static const uint8_t pair[XSM_RELATION_COUNT][2] = {
		[XSM_RELATION_SAME] = {OWNER_A, OWNER_A},
		[XSM_RELATION_OVER] = {OWNER_A, NOBODY},
		[XSM_RELATION_UNDER] = {NOBODY, OWNER_A},
		[XSM_RELATION_APART] = {OWNER_A, OWNER_B},
	};
	bool nobody = relation == XSM_RELATION_SAME && !s->context[subject].owned;
	uint32_t from = context_sid(s, subject, nobody ? NOBODY : pair[relation][0]);
	uint32_t to = context_sid(s, object, nobody ? NOBODY : pair[relation][1]);
	struct sepol_av_decision d;

	if (from == 0 || to == 0) {
		return false;
	}
	for (unsigned c = 0; c < XSM_CLASS_COUNT; c++) {
		if (sepol_compute_av(from, to, (sepol_security_class_t)s->cls[c], ~0u, &d) != 0) {
			return fail(s, "no decision for %s on %s", s->context[subject].name,
				    s->context[object].name);
		}
		if (translate(s, c, d.auditdeny) != translate(s, c, ~0u)) {
			return fail(s, "dontaudit for %s on %s: denials are always recorded",
				    s->context[subject].name, s->context[object].name);
		}
		out->allow[relation][c] = translate(s, c, d.allowed);
		out->audit[c] |= translate(s, c, d.allowed & d.auditallow);
	}
	return true;
}

bool source_decide(struct source *s, unsigned subject, unsigned object, struct source_access *out)
{
	const struct source_context *from = &s->context[subject], *to = &s->context[object];
	unsigned relations = source_relations(from->owned, to->owned, to->is_self);

	memset(out, 0, sizeof(*out));
	for (unsigned r = 0; r < XSM_RELATION_COUNT; r++) {
		if ((relations >> r & 1) != 0 && !decide(s, subject, object, r, out)) {
			return false;
		}
	}
	return true;
}

const char *source_attribute(const struct source *s, unsigned number, bool *has)
{
	if (number >= db->p_types.nprim) {
		return NULL;
	}
	if (db->type_val_to_struct[number] == NULL ||
	    db->type_val_to_struct[number]->flavor != TYPE_ATTRIB) {
		return "";
	}
	for (unsigned i = 0; i < s->contexts; i++) {
		has[i] = ebitmap_get_bit(&db->attr_type_map[number], s->context[i].type - 1) != 0;
	}
	return db->p_type_val_to_name[number];
}

void source_free(struct source *s)
{
	free(s->context);
	if (s->loaded) {
		sepol_sidtab_destroy(&sids);
	}
	sepol_policydb_free(handle);
	handle = NULL;
	*s = (struct source){0};
}
