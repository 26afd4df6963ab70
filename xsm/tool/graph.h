/* SPDX-License-Identifier: MIT */
/*
 * A policy as a picture: kinds of domains, and between two of them one edge that says in a few
 * words what one may do to the other.
 */
#ifndef XSM_TOOL_GRAPH_H
#define XSM_TOOL_GRAPH_H
#include <stdio.h>
#include "xsm/tool/model.h"

/* What rights amount to, the strongest first. */
enum meaning {
	MEANING_BUILDS,
	MEANING_MAPS,
	MEANING_MANAGES,
	MEANING_SHARES,
	MEANING_SIGNALS,
	MEANING_SEES,
	MEANING_DIGESTS,
	MEANINGS
};

extern const char *const meaning_word[MEANINGS];
extern const char *const meaning_text[MEANINGS]; /* for the legend */

struct edge {
	unsigned subject, object;
	uint32_t mask[XSM_CLASS_COUNT];
	unsigned meanings; /* bits */
	bool own_owner;    /* only between domains of the same owner */
	int back;          /* the edge of the other direction that this one stands for too; -1 */
	bool drawn; /* as an arrow of its own; otherwise in a node's text or another's back */
};

struct graph {
	const struct policy *p;
	struct edge *edge;
	unsigned edges;
	bool *shown; /* [context] a node */
};

void graph_make(struct graph *g, const struct policy *p);
void graph_free(struct graph *g);

/* "manages (destroy pause)": a word of the edge; the caller frees it. */
char *graph_word(const struct edge *e, enum meaning meaning);
/* "tenant, monitor": what the subject has an edge with that meaning and no stronger one to. */
char *graph_objects(const struct graph *g, unsigned subject, enum meaning meaning);
/* What the context may do to the host itself: "console, audit trace"; empty: nothing. */
char *graph_host(const struct graph *g, unsigned context);
/* Meanings that its arrow shows: others are in the text of nodes. */
unsigned graph_on_arrow(const struct edge *e);
/* The name in the picture: without the `.t` that every type ends with. */
char *graph_name(const struct graph *g, unsigned context);

void graph_print(const struct graph *g, FILE *out); /* in the language of graphviz */

#endif
