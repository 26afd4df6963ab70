/* SPDX-License-Identifier: MIT */
/*
 * Gathers rights into edges with a meaning, so that a picture of them can be read.  What it leaves
 * out is what every guest kernel may do to itself.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "xsm/tool/graph.h"
#include "xsm/tool/words.h"

#define BIT(cls, perm) (1u << XSM_PERM_##cls##_##perm)

struct group {
	enum meaning meaning;
	enum xsm_class cls;
	uint32_t perms;
};

static const struct group groups[] = {
	{MEANING_BUILDS, XSM_CLASS_build, BIT(build, build)},
	{MEANING_MAPS, XSM_CLASS_mmu, ~BIT(mmu, stat)},
	{MEANING_MAPS, XSM_CLASS_hvm, ~BIT(hvm, getparam)},
	{MEANING_MAPS, XSM_CLASS_domain, BIT(domain, setvcpucontext) | BIT(domain, getvcpucontext)},
	{MEANING_MANAGES, XSM_CLASS_domain,
	 BIT(domain, create) | BIT(domain, destroy) | BIT(domain, pause) | BIT(domain, unpause) |
		 BIT(domain, control) | BIT(domain, shutdown)},
	{MEANING_MANAGES, XSM_CLASS_resource, ~0u},
	{MEANING_SHARES, XSM_CLASS_grant,
	 BIT(grant, map_read) | BIT(grant, map_write) | BIT(grant, copy_read) |
		 BIT(grant, copy_write) | BIT(grant, transfer) | BIT(grant, map_ring)},
	{MEANING_SIGNALS, XSM_CLASS_event, BIT(event, bind) | BIT(event, send)},
	{MEANING_SEES, XSM_CLASS_domain, BIT(domain, getdomaininfo)},
	{MEANING_SEES, XSM_CLASS_mmu, BIT(mmu, stat)},
	{MEANING_SEES, XSM_CLASS_hvm, BIT(hvm, getparam)},
	{MEANING_DIGESTS, XSM_CLASS_domain, BIT(domain, launchinfo)},
};
#define GROUPS (sizeof(groups) / sizeof(groups[0]))

const char *const meaning_word[MEANINGS] = {"builds",  "maps", "manages", "shares",
					    "signals", "sees", "digests"};
const char *const meaning_text[MEANINGS] = {
	"makes such a domain: writes its memory until it is sealed, never after",
	"reads or writes its memory or registers without being asked",
	"creates, destroys, pauses it, lets it run; or only what the arrow names",
	"maps or copies pages that it has granted, no others",
	"connects event channels and notifies it",
	"reads that it exists, its state and sizes",
	"reads its launch digests and label",
};

/* Rights on the hypervisor, in words that fit into a node. */
static const struct {
	enum xsm_class cls;
	uint32_t perms;
	const char *word;
} host[] = {
	{XSM_CLASS_security, BIT(security, setenforce), "sets enforcement"},
	{XSM_CLASS_security, BIT(security, load_policy), "loads policy"},
	{XSM_CLASS_xen, BIT(xen, platform) | BIT(xen, debug), "platform and debugging"},
	{XSM_CLASS_build, BIT(build, build), "makes domains"},
	{XSM_CLASS_build, BIT(build, request), "asks for builds"},
	{XSM_CLASS_xen, BIT(xen, readconsole), "reads console"},
	{XSM_CLASS_xen, BIT(xen, writeconsole), "writes console"},
	{XSM_CLASS_xen, BIT(xen, trace), "audit trace"},
	{XSM_CLASS_xen, BIT(xen, log_read), "launch log of all domains"},
	{XSM_CLASS_xen, BIT(xen, log_store), "stores the launch log"},
	{XSM_CLASS_xen, BIT(xen, checkpoint), "checkpoints"},
	{XSM_CLASS_xen, BIT(xen, measure), "boot measurements"},
	{XSM_CLASS_security, BIT(security, read_policy), "reads policy"},
	{XSM_CLASS_xen, BIT(xen, physinfo), "totals"},
	{XSM_CLASS_build, BIT(build, hostinfo), "host flags"},
};

/* ---- edges ---------------------------------------------------------------------------------- */

static const unsigned only_looks = 1u << MEANING_SEES | 1u << MEANING_DIGESTS;

static unsigned meanings_of(const uint32_t mask[XSM_CLASS_COUNT])
{
	unsigned meanings = 0;

	for (size_t i = 0; i < GROUPS; i++) {
		if ((mask[groups[i].cls] & groups[i].perms) != 0) {
			meanings |= 1u << groups[i].meaning;
		}
	}
	/* To build is to map; what is said twice is read never. */
	if ((meanings & 1u << MEANING_BUILDS) != 0) {
		meanings &= ~(1u << MEANING_MAPS | only_looks);
	}
	return meanings;
}

static bool is_single(const struct policy *p, unsigned context)
{
	for (unsigned i = 0; i < XSM_SID_COUNT; i++) {
		if (p->xsm.sid[i] == context) {
			return true;
		}
	}
	return false;
}

static bool fill(const struct policy *p, unsigned subject, unsigned object, struct edge *e)
{
	*e = (struct edge){.subject = subject, .object = object, .back = -1};
	if (p->is_self[subject] || p->is_self[object] || object == p->xsm.sid[XSM_SID_hypervisor] ||
	    (subject == object && is_single(p, subject))) {
		return false;
	}
	e->own_owner = policy_owned(p, subject) && policy_owned(p, object);
	for (unsigned relation = 0; relation < XSM_RELATION_COUNT; relation++) {
		const uint32_t *mask = xsm_masks(&p->xsm, subject, object, relation);

		if (!policy_occurs(p, subject, object, relation)) {
			continue;
		}
		for (unsigned cls = 0; cls < XSM_CLASS_COUNT; cls++) {
			e->mask[cls] |= mask[cls];
			e->own_owner &= mask[cls] == 0 || relation == XSM_RELATION_SAME;
		}
	}
	e->meanings = meanings_of(e->mask);
	return e->meanings != 0;
}

/* Who builds and who only sees is said in the node: else every picture is full of the same
 * arrows. */
static const unsigned in_node = 1u << MEANING_BUILDS | only_looks;

unsigned graph_on_arrow(const struct edge *e)
{
	unsigned meanings = e->meanings & ~(1u << MEANING_BUILDS);

	return (meanings & ~only_looks) == 0 ? 0 : meanings;
}

static unsigned strength(const struct edge *e)
{
	for (unsigned m = 0; m < MEANINGS; m++) {
		if ((graph_on_arrow(e) >> m & 1) != 0) {
			return MEANINGS - m;
		}
	}
	return 0;
}

/* One arrow for two directions, that of the stronger one. */
static void pair_up(struct graph *g)
{
	for (unsigned i = 0; i < g->edges; i++) {
		g->edge[i].drawn = (g->edge[i].meanings & ~in_node) != 0;
	}
	for (unsigned i = 0; i < g->edges; i++) {
		for (unsigned j = i + 1; j < g->edges; j++) {
			struct edge *a = &g->edge[i], *b = &g->edge[j];

			if (a->subject != b->object || a->object != b->subject || !a->drawn ||
			    !b->drawn) {
				continue;
			}
			if (strength(a) >= strength(b)) {
				a->back = (int)j;
				b->drawn = false;
			} else {
				b->back = (int)i;
				a->drawn = false;
			}
		}
	}
}

void graph_make(struct graph *g, const struct policy *p)
{
	unsigned contexts = p->xsm.contexts;
	struct edge e;

	*g = (struct graph){.p = p, .shown = must_alloc(contexts * sizeof(*g->shown))};
	for (unsigned s = 0; s < contexts; s++) {
		for (unsigned o = 0; o < contexts; o++) {
			if (!fill(p, s, o, &e)) {
				continue;
			}
			if ((g->edges & (g->edges + 1)) == 0) {
				g->edge = must_realloc(g->edge, (2 * (size_t)g->edges + 2) *
									sizeof(*g->edge));
			}
			g->edge[g->edges++] = e;
			g->shown[s] = g->shown[o] = true;
		}
	}
	pair_up(g);
	for (unsigned s = 0; s < contexts; s++) {
		char *rights = graph_host(g, s);

		g->shown[s] |= *rights != '\0';
		free(rights);
	}
}

void graph_free(struct graph *g)
{
	free(g->edge);
	free(g->shown);
	*g = (struct graph){0};
}

/* ---- words ---------------------------------------------------------------------------------- */

static void append(char **text, const char *separator, const char *more)
{
	char *joined = must_print("%s%s%s", *text, **text != '\0' ? separator : "", more);

	free(*text);
	*text = joined;
}

char *graph_word(const struct edge *e, enum meaning meaning)
{
	const uint32_t whole = BIT(domain, create) | BIT(domain, destroy) | BIT(domain, pause) |
			       BIT(domain, unpause);
	uint32_t has = e->mask[XSM_CLASS_domain] & whole;
	char *perms, *word;

	if (meaning != MEANING_MANAGES || has == whole) {
		return must_print("%s", meaning_word[meaning]);
	}
	perms = must_print("%s", "");
	for (size_t i = 0; i < GROUPS; i++) {
		uint32_t mask = e->mask[groups[i].cls] & groups[i].perms;

		for (unsigned perm = 0; perm < 32 && groups[i].meaning == meaning; perm++) {
			if ((mask >> perm & 1) != 0 && source_perm_name[groups[i].cls][perm]) {
				append(&perms, ", ", source_perm_name[groups[i].cls][perm]);
			}
		}
	}
	word = must_print("%s (%s)", meaning_word[meaning], perms);
	free(perms);
	return word;
}

char *graph_objects(const struct graph *g, unsigned subject, enum meaning meaning)
{
	char *text = must_print("%s", "");

	for (unsigned i = 0; i < g->edges; i++) {
		const struct edge *e = &g->edge[i];
		bool has = (e->meanings & 1u << meaning) != 0;

		if (e->subject == subject && has &&
		    (meaning == MEANING_BUILDS || graph_on_arrow(e) == 0)) {
			char *name = graph_name(g, e->object);

			append(&text, ", ", name);
			free(name);
		}
	}
	return text;
}

char *graph_host(const struct graph *g, unsigned context)
{
	unsigned hypervisor = g->p->xsm.sid[XSM_SID_hypervisor];
	char *text = must_print("%s", "");

	for (size_t i = 0; i < sizeof(host) / sizeof(host[0]); i++) {
		uint32_t mask = 0;

		for (unsigned r = 0; r < XSM_RELATION_COUNT; r++) {
			if (policy_occurs(g->p, context, hypervisor, r)) {
				mask |= xsm_masks(&g->p->xsm, context, hypervisor, r)[host[i].cls];
			}
		}
		if ((mask & host[i].perms) != 0) {
			append(&text, ", ", host[i].word);
		}
	}
	return text;
}

char *graph_name(const struct graph *g, unsigned context)
{
	const char *type = g->p->type[context];
	size_t length = strlen(type);

	return length > 2 && strcmp(type + length - 2, ".t") == 0
		       ? must_print("%.*s", (int)(length - 2), type)
		       : must_print("%s", type);
}
