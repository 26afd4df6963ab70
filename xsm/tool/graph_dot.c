/* SPDX-License-Identifier: MIT */
/*
 * Writes a graph in the language of graphviz: colours, line styles, legend.  Names come from a file
 * and are escaped; nothing else of the output does.
 */
#include <stdlib.h>
#include <string.h>
#include "xsm/tool/graph.h"
#include "tools/lib/p256.h"
#include "xsm/tool/words.h"

static const char *const color[MEANINGS] = {"#7a1fa2", "#c62828", "#c25e00", "#1565c0",
					    "#2e7d32", "#78909c", "#5d4037"};

#define PROVIDER_FILL "#e3eaf2"
#define CUSTOMER_FILL "#fff3cd"
#define BUILDER_FILL  "#f0e3f5"

static void put_escaped(FILE *out, const char *text)
{
	for (; *text != '\0'; text++) {
		unsigned char c = (unsigned char)*text;

		if (c < ' ' || c >= 0x7f || strchr("&<>\"\\", c) != NULL) {
			fprintf(out, "&#%u;", c);
		} else {
			fputc(c, out);
		}
	}
}

/* ---- nodes ---------------------------------------------------------------------------------- */

/* "host: audit trace, totals" in small letters, in lines so that a node does not become a ribbon;
 * nothing if there is nothing to say.  Frees the list. */
static void put_about(FILE *out, const char *what, char *list)
{
	size_t column = strlen(what);

	if (*list != '\0') {
		fprintf(out, "<br/><font point-size=\"9\" color=\"#455a64\">%s: ", what);
		for (char *rest = NULL, *word = strtok_r(list, ",", &rest); word != NULL;
		     word = strtok_r(NULL, ",", &rest)) {
			word += *word == ' ';
			if (word != list) {
				fputs(column + strlen(word) > 34 ? ",<br/>" : ", ", out);
				column = column + strlen(word) > 34 ? 0 : column;
			}
			put_escaped(out, word);
			column += strlen(word) + 2;
		}
		fputs("</font>", out);
	}
	free(list);
}

static const char *node_fill(bool owned, bool builder)
{
	if (owned) {
		return CUSTOMER_FILL;
	}
	return builder ? BUILDER_FILL : PROVIDER_FILL;
}

static void put_node(const struct graph *g, unsigned context, FILE *out)
{
	bool owned = policy_owned(g->p, context);
	bool builder = context == g->p->xsm.sid[XSM_SID_builder];
	char *name = graph_name(g, context);

	fprintf(out, "  n%u [fillcolor=\"%s\"%s label=<<b>", context, node_fill(owned, builder),
		owned ? " style=\"filled,rounded\" peripheries=2" : "");
	put_escaped(out, name);
	fputs("</b>", out);
	put_about(out, "host", graph_host(g, context));
	put_about(out, meaning_word[MEANING_BUILDS], graph_objects(g, context, MEANING_BUILDS));
	put_about(out, meaning_word[MEANING_SEES], graph_objects(g, context, MEANING_SEES));
	put_about(out, meaning_word[MEANING_DIGESTS], graph_objects(g, context, MEANING_DIGESTS));
	fputs(">];\n", out);
	free(name);
}

/* ---- edges ---------------------------------------------------------------------------------- */

static void put_rights(const struct graph *g, const struct edge *e, FILE *out)
{
	put_escaped(out, g->p->type[e->subject]);
	fputs(" on ", out);
	put_escaped(out, g->p->type[e->object]);
	for (unsigned cls = 0; cls < XSM_CLASS_COUNT; cls++) {
		if (e->mask[cls] != 0) {
			fputs("; ", out);
			words_mask(out, cls, e->mask[cls]);
		}
	}
}

static void put_words(const struct edge *e, const char *separator, FILE *out)
{
	bool first = true;

	for (unsigned m = 0; m < MEANINGS; m++) {
		if ((graph_on_arrow(e) >> m & 1) != 0) {
			char *word = graph_word(e, (enum meaning)m);

			fprintf(out, "%s<font color=\"%s\">%s</font>", first ? "" : separator,
				color[m], word);
			first = false;
			free(word);
		}
	}
}

static void put_edge(const struct graph *g, const struct edge *e, FILE *out)
{
	const struct edge *back = e->back >= 0 ? &g->edge[e->back] : NULL;
	bool answers = back != NULL && graph_on_arrow(back) == 1u << MEANING_SIGNALS;
	unsigned strongest = 0;

	while ((graph_on_arrow(e) >> strongest & 1) == 0) {
		strongest++;
	}
	fprintf(out,
		"  n%u -> n%u [color=\"%s\" fontcolor=\"%s\" penwidth=%s%s%s label=<"
		"<table border=\"0\" cellborder=\"0\" cellpadding=\"3\"><tr><td>",
		e->subject, e->object, color[strongest], color[strongest],
		strongest <= MEANING_MANAGES ? "1.8" : "1.3", e->own_owner ? " style=dashed" : "",
		back != NULL ? " dir=both arrowtail=empty" : "");
	put_words(e, "<br/>", out);
	if (back != NULL && !answers) {
		fputs("<br/><font color=\"#455a64\">back: ", out);
		put_words(back, ", ", out);
		fputs("</font>", out);
	}
	fprintf(out, "%s</td></tr></table>> edgetooltip=\"",
		e->own_owner ? "<br/><i>same owner only</i>" : "");
	put_rights(g, e, out);
	if (back != NULL) {
		fputs("&#10;", out);
		put_rights(g, back, out);
	}
	fputs("\"];\n", out);
}

/* ---- legend --------------------------------------------------------------------------------- */

static void put_row(FILE *out, const char *mark, const char *text)
{
	fprintf(out, "<tr><td align=\"left\">%s</td><td align=\"left\">%s</td></tr>", mark, text);
}

static void put_legend(const struct graph *g, FILE *out)
{
	unsigned meanings = 0;
	bool own_owner = false, back = false, owned = false, any = false;
	char *mark;

	for (unsigned i = 0; i < g->edges; i++) {
		meanings |= g->edge[i].meanings;
		own_owner |= g->edge[i].drawn && g->edge[i].own_owner;
		back |= g->edge[i].drawn && g->edge[i].back >= 0;
	}
	for (unsigned i = 0; i < g->p->xsm.contexts; i++) {
		any |= g->shown[i];
		owned |= g->shown[i] && policy_owned(g->p, i);
	}
	fputs("  legend [shape=plain style=\"\" fontsize=11 label=<<table border=\"0\" cellborder=\"0\" "
	      "cellspacing=\"2\">",
	      out);
	for (unsigned m = 0; m < MEANINGS; m++) {
		if ((meanings >> m & 1) != 0) {
			mark = must_print("<font color=\"%s\"><b>%s</b></font>", color[m],
					  meaning_word[m]);
			put_row(out, mark, meaning_text[m]);
			free(mark);
		}
	}
	if (own_owner) {
		put_row(out, "- - -", "between domains of the same owner only");
	}
	if (back) {
		put_row(out, "hollow head", "signals back, and no more unless the arrow says so");
	}
	if (owned) {
		put_row(out, "double line",
			"a customer&#39;s domain; two of different owners share nothing");
	}
	if (!any) {
		put_row(out, "nothing", "this policy allows no domain anything");
	}
	fputs("</table>>];\n", out);
}

/* The legend below all: an invisible edge from every node that would otherwise be last. */
static void put_order(const struct graph *g, FILE *out)
{
	for (unsigned i = 0; i < g->p->xsm.contexts; i++) {
		if (g->shown[i]) {
			fprintf(out, "  n%u -> legend [style=invis weight=0];\n", i);
		}
	}
}

void graph_print(const struct graph *g, FILE *out)
{
	const char *end = g->p->path + strlen(g->p->path), *name;
	char digest[65], *title;

	while (end > g->p->path + 1 && end[-1] == '/') {
		end--;
	}
	for (name = end; name > g->p->path && name[-1] != '/';) {
		name--;
	}
	p256_hex(g->p->digest, sizeof(g->p->digest), digest);
	fputs("digraph policy {\n"
	      "  graph [fontname=\"Helvetica\" fontsize=14 labelloc=t nodesep=0.7 ranksep=0.8 "
	      "label=<<b>",
	      out);
	title = must_print("%.*s", (int)(end - name), name);
	put_escaped(out, title);
	free(title);
	fprintf(out,
		"</b>: what an arrow&#39;s tail may do to its head<br/><font point-size=\"4\"> <br/></font><font point-size=\"9\" "
		"color=\"#455a64\">policy %s</font>>];\n",
		digest);
	fputs("  node [fontname=\"Helvetica\" fontsize=13 shape=box style=filled "
	      "color=\"#546e7a\" margin=\"0.18,0.09\"];\n"
	      "  edge [fontname=\"Helvetica\" fontsize=10 arrowsize=0.8];\n",
	      out);
	for (unsigned i = 0; i < g->p->xsm.contexts; i++) {
		if (g->shown[i]) {
			put_node(g, i, out);
		}
	}
	for (unsigned i = 0; i < g->edges; i++) {
		if (g->edge[i].drawn) {
			put_edge(g, &g->edge[i], out);
		}
	}
	put_legend(g, out);
	put_order(g, out);
	fputs("}\n", out);
}
