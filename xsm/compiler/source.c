/* SPDX-License-Identifier: MIT */
/*
 * Reads a policydb with libsepol and answers what it decides.  Every decision is libsepol's own, so
 * attributes, roles, users, constraints and levels are resolved here and never reach the
 * hypervisor. What the blob cannot express (booleans, permissive types, dontaudit) is refused, not
 * dropped.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sepol/debug.h>
#include <sepol/policydb.h>
#include <sepol/policydb/policydb.h>
#include <sepol/policydb/services.h>
#include <sepol/policydb/sidtab.h>
#include "xsm/compiler/source.h"

/* clang-format off */
const char *const source_class_name[XSM_CLASS_COUNT] = {
#define XSM_CLASS(c) [XSM_CLASS_##c] = #c,
#define XSM_PERM(c, p, text)
#define XSM_CLASS_END(c)
#include "xsm/perms.def"
#undef XSM_CLASS
#undef XSM_PERM
#undef XSM_CLASS_END
};

const char *const source_perm_name[XSM_CLASS_COUNT][32] = {
#define XSM_CLASS(c) [XSM_CLASS_##c] = {
#define XSM_PERM(c, p, text) [XSM_PERM_##c##_##p] = #p,
#define XSM_CLASS_END(c) },
#include "xsm/perms.def"
#undef XSM_CLASS
#undef XSM_PERM
#undef XSM_CLASS_END
};
/* clang-format on */

static sepol_policydb_t *handle;
static policydb_t *db;
static sidtab_t sids;

/* Levels that stand for tenant A, for A and B, and for B: two single-level labels can only be
 * equal, one above the other, or apart, so these three show all four relations. */
static const char *const level[3] = {":s0:c0", ":s0:c0,c1", ":s0:c1"};

static void read_policydb(const char *path)
{
	sepol_policy_file_t *file;
	FILE *f = fopen(path, "rb");

	if (f == NULL) {
		die("%s: cannot open", path);
	}
	sepol_debug(0);
	if (sepol_policydb_create(&handle) != 0 || sepol_policy_file_create(&file) != 0) {
		die("out of memory");
	}
	sepol_policy_file_set_fp(file, f);
	if (sepol_policydb_read(handle, file) != 0) {
		die("%s: not a binary policy (policydb)", path);
	}
	sepol_policy_file_free(file);
	fclose(f);
	db = &handle->p;
	if (db->target_platform != SEPOL_TARGET_XEN) {
		die("%s: not compiled for target Xen (secilc -t xen)", path);
	}
	if (db->p_bools.nprim != 0) {
		die("%s: has booleans (first: %s); make each state a policy of its own", path,
		    db->p_bool_val_to_name[0]);
	}
	if (policydb_load_isids(db, &sids) != 0 || sepol_set_policydb(db) != 0 ||
	    sepol_set_sidtab(&sids) != 0) {
		die("%s: initial contexts are not usable", path);
	}
}

/* Classes and permissions must be ours, all of them and no others. */
static void map_classes(struct source *s, const char *path)
{
	if (db->p_classes.nprim != XSM_CLASS_COUNT) {
		die("%s: has %u classes, the hypervisor has %u", path, db->p_classes.nprim,
		    (unsigned)XSM_CLASS_COUNT);
	}
	for (unsigned c = 0; c < XSM_CLASS_COUNT; c++) {
		class_datum_t *cls = hashtab_search(db->p_classes.table, source_class_name[c]);
		unsigned count = 0;

		if (cls == NULL || cls->comdatum != NULL) {
			die("%s: class %s is missing or inherits", path, source_class_name[c]);
		}
		s->cls[c] = cls->s.value;
		for (; count < 32 && source_perm_name[c][count] != NULL; count++) {
			perm_datum_t *perm =
				hashtab_search(cls->permissions.table, source_perm_name[c][count]);

			if (perm == NULL) {
				die("%s: permission %s:%s is missing", path, source_class_name[c],
				    source_perm_name[c][count]);
			}
			s->bit[c][count] = (uint8_t)(perm->s.value - 1);
		}
		if (cls->permissions.nprim != count) {
			die("%s: class %s has %u permissions, the hypervisor knows %u", path,
			    source_class_name[c], cls->permissions.nprim, count);
		}
	}
}

/* libsepol's SID of the context as a tenant; refuses contexts that no tenant could carry. */
static uint32_t context_sid(const struct source *s, const struct source_context *c, unsigned tenant)
{
	char text[XSM_NAME_MAX + 16];
	sepol_security_id_t sid;

	snprintf(text, sizeof(text), "%s%s", c->name, s->relations > 1 ? level[tenant] : "");
	if (sepol_context_to_sid(text, strlen(text) + 1, &sid) != 0) {
		die("context %s is not valid%s", text,
		    s->relations > 1 ? "; users need the range s0 - s0:c0,c1 at least" : "");
	}
	return sid;
}

/* Index of a context, which is added when it is new. */
static unsigned intern(struct source *s, uint32_t user, uint32_t role, uint32_t type)
{
	struct source_context *c;

	for (unsigned i = 0; i < s->contexts; i++) {
		c = &s->context[i];
		if (c->user == user && c->role == role && c->type == type) {
			return i;
		}
	}
	if (s->contexts == XSM_MAX_CONTEXTS) {
		die("more than %u contexts (user:role:type)", XSM_MAX_CONTEXTS);
	}
	c = &s->context[s->contexts];
	*c = (struct source_context){.user = user, .role = role, .type = type};
	if (snprintf(c->name, sizeof(c->name), "%s:%s:%s", db->p_user_val_to_name[user - 1],
		     db->p_role_val_to_name[role - 1],
		     db->p_type_val_to_name[type - 1]) > (int)XSM_NAME_MAX) {
		die("context %s... is longer than %u bytes", c->name, XSM_NAME_MAX);
	}
	for (unsigned tenant = 0; tenant < 3; tenant++) {
		c->sid[tenant] = context_sid(s, c, tenant);
	}
	return s->contexts++;
}

static void collect_initial(struct source *s, const char *path)
{
	static const char *const name[XSM_SID_COUNT] = {"hypervisor", "builder", "dom0",
							"unlabeled"};
	bool found[XSM_SID_COUNT] = {false};

	for (ocontext_t *o = db->ocontexts[OCON_XEN_ISID]; o != NULL; o = o->next) {
		context_struct_t *c = &o->context[0];

		if (o->sid[0] < 1 || o->sid[0] > XSM_SID_COUNT) {
			die("%s: initial SID %u is not known to the hypervisor", path, o->sid[0]);
		}
		s->initial[o->sid[0] - 1] = intern(s, c->user, c->role, c->type);
		found[o->sid[0] - 1] = true;
	}
	for (unsigned i = 0; i < XSM_SID_COUNT; i++) {
		if (!found[i]) {
			die("%s: initial SID %s has no context", path, name[i]);
		}
	}
	for (unsigned kind = OCON_XEN_ISID + 1; kind < OCON_NUM; kind++) {
		if (db->ocontexts[kind] != NULL) {
			die("%s: labels devices, which this hypervisor does not", path);
		}
	}
}

/* Every user:role:type that can be a domain.  object_r is for objects only. */
static void collect_contexts(struct source *s, const char *path)
{
	role_datum_t *objects = hashtab_search(db->p_roles.table, OBJECT_R);
	ebitmap_node_t *role_node, *type_node;
	unsigned role, type;

	for (unsigned user = 1; user <= db->p_users.nprim; user++) {
		ebitmap_t *roles = &db->user_val_to_struct[user - 1]->roles.roles;

		ebitmap_for_each_positive_bit(roles, role_node, role)
		{
			ebitmap_t *types = &db->role_val_to_struct[role]->types.types;

			if (objects != NULL && role + 1 == objects->s.value) {
				continue;
			}
			ebitmap_for_each_positive_bit(types, type_node, type)
			{
				if (db->type_val_to_struct[type]->flavor == TYPE_TYPE) {
					intern(s, user, role + 1, type + 1);
				}
			}
		}
	}
	for (unsigned i = 0; i < s->contexts; i++) {
		if (ebitmap_get_bit(&db->permissive_map, s->context[i].type)) {
			die("%s: %s is permissive, which does not exist here", path,
			    s->context[i].name);
		}
	}
}

/* (typetransition t t domain own) says what a domain is to itself: user:object_r:own. */
static void collect_self(struct source *s)
{
	role_datum_t *objects = hashtab_search(db->p_roles.table, OBJECT_R);
	unsigned domains = s->contexts;

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
			die("%s: has a self type, but there is no role " OBJECT_R, c->name);
		}
		c->self = intern(s, c->user, objects->s.value, own->data);
	}
	for (unsigned i = domains; i < s->contexts; i++) {
		s->context[i].self = i;
	}
}

static int by_name(const void *a, const void *b)
{
	const struct source_context *const *x = a, *const *y = b;

	return strcmp((*x)->name, (*y)->name);
}

/* Numbers the contexts by name, so that the order of the source does not matter. */
static void sort_contexts(struct source *s)
{
	struct source_context **order = calloc(s->contexts, sizeof(*order));
	struct source_context *sorted = calloc(s->contexts, sizeof(*sorted));
	unsigned *moved = calloc(s->contexts, sizeof(*moved));

	if (order == NULL || sorted == NULL || moved == NULL) {
		die("out of memory");
	}
	for (unsigned i = 0; i < s->contexts; i++) {
		order[i] = &s->context[i];
	}
	qsort(order, s->contexts, sizeof(*order), by_name);
	for (unsigned i = 0; i < s->contexts; i++) {
		sorted[i] = *order[i];
		moved[order[i] - s->context] = i;
	}
	for (unsigned i = 0; i < s->contexts; i++) {
		sorted[i].self = moved[sorted[i].self];
	}
	for (unsigned i = 0; i < XSM_SID_COUNT; i++) {
		s->initial[i] = moved[s->initial[i]];
	}
	free(s->context);
	s->context = sorted;
	free(order);
	free(moved);
}

void source_read(struct source *s, const char *path)
{
	memset(s, 0, sizeof(*s));
	read_policydb(path);
	map_classes(s, path);
	s->relations = db->mls ? XSM_RELATION_COUNT : 1;
	s->context = calloc(XSM_MAX_CONTEXTS, sizeof(*s->context));
	if (s->context == NULL) {
		die("out of memory");
	}
	collect_initial(s, path);
	collect_contexts(s, path);
	collect_self(s);
	sort_contexts(s);
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

void source_decide(const struct source *s, unsigned subject, unsigned object,
		   struct source_access *out)
{
	/* Which tenant the subject and the object stand for in each relation. */
	static const uint8_t pair[XSM_RELATION_COUNT][2] = {
		[XSM_RELATION_SAME] = {0, 0},
		[XSM_RELATION_OVER] = {1, 0},
		[XSM_RELATION_UNDER] = {0, 1},
		[XSM_RELATION_APART] = {0, 2},
	};
	const struct source_context *from = &s->context[subject], *to = &s->context[object];
	struct sepol_av_decision d;

	memset(out, 0, sizeof(*out));
	for (unsigned r = 0; r < s->relations; r++) {
		for (unsigned c = 0; c < XSM_CLASS_COUNT; c++) {
			if (sepol_compute_av(from->sid[pair[r][0]], to->sid[pair[r][1]],
					     (sepol_security_class_t)s->cls[c], ~0u, &d) != 0) {
				die("no decision for %s on %s", from->name, to->name);
			}
			if (translate(s, c, d.auditdeny) != translate(s, c, ~0u)) {
				die("dontaudit for %s on %s: denials are always recorded",
				    from->name, to->name);
			}
			out->allow[r][c] = translate(s, c, d.allowed);
			out->audit[c] |= translate(s, c, d.auditallow);
		}
	}
}

void source_free(struct source *s)
{
	free(s->context);
	sepol_sidtab_destroy(&sids);
	sepol_policydb_free(handle);
}
