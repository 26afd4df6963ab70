/* SPDX-License-Identifier: MIT */
/*
 * Verb graph: the picture as SVG (through graphviz' dot, as a child process that sees the text of
 * the graph and nothing else), as graphviz text, or as JSON.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <json-c/json.h>
#include "tools/lib/files.h"
#include "xsm/tool/graph.h"
#include "xsm/tool/words.h"

#define SVG_MAX ((size_t)64 << 20)

/* ---- pictures ------------------------------------------------------------------------------- */

/* Runs dot from one file to another; the status of the verb. */
static int draw(FILE *from, FILE *to)
{
	pid_t child = fork();
	int status = 0;

	if (child < 0) {
		return complain("cannot start dot: %s", strerror(errno));
	}
	if (child == 0) {
		rewind(from);
		if (dup2(fileno(from), STDIN_FILENO) >= 0 && dup2(fileno(to), STDOUT_FILENO) >= 0) {
			execlp("dot", "dot", "-Tsvg", (char *)NULL);
		}
		_exit(127);
	}
	while (waitpid(child, &status, 0) < 0) {
		if (errno != EINTR) {
			return complain("cannot wait for dot: %s", strerror(errno));
		}
	}
	if (WIFEXITED(status) && WEXITSTATUS(status) == 127) {
		return complain("the program `dot' is missing (Debian package graphviz); --dot "
				"prints what it would draw");
	}
	return status == 0 ? STATUS_YES
			   : complain("dot has failed; --dot prints what it was given");
}

static int write_out(FILE *file, const char *output)
{
	long size;
	char *bytes, error[512];
	int status = STATUS_YES;

	if (fseek(file, 0, SEEK_END) != 0 || (size = ftell(file)) <= 0 || (size_t)size > SVG_MAX) {
		return complain("nothing was drawn");
	}
	rewind(file);
	bytes = must_alloc((size_t)size);
	if (fread(bytes, (size_t)size, 1, file) != 1) {
		status = complain("cannot read back the picture: %s", strerror(errno));
	} else if (files_write(output, bytes, (size_t)size, error, sizeof(error)) != 0) {
		status = complain("%s", error);
	}
	free(bytes);
	return status;
}

static int picture(const struct graph *g, bool text_only, const char *output)
{
	FILE *text = tmpfile(), *svg = tmpfile();
	int status;

	if (text == NULL || svg == NULL) {
		status = complain("no temporary file: %s", strerror(errno));
	} else {
		graph_print(g, text);
		fflush(text);
		status = text_only ? STATUS_YES : draw(text, svg);
		if (status == STATUS_YES) {
			status = write_out(text_only ? text : svg, output);
		}
	}
	if (text != NULL) {
		fclose(text);
	}
	if (svg != NULL) {
		fclose(svg);
	}
	return status;
}

/* ---- JSON ----------------------------------------------------------------------------------- */

static struct json_object *edge_json(const struct graph *g, const struct edge *e)
{
	struct json_object *o = json_object_new_object(), *list;

	put_text(o, "subject", g->p->type[e->subject]);
	put_text(o, "object", g->p->type[e->object]);
	list = put_list(o, "meaning");
	for (unsigned m = 0; m < MEANINGS; m++) {
		if ((e->meanings >> m & 1) != 0) {
			json_object_array_add(list, json_object_new_string(meaning_word[m]));
		}
	}
	list = put_list(o, "rights");
	for (unsigned cls = 0; cls < XSM_CLASS_COUNT; cls++) {
		for (unsigned perm = 0; perm < 32; perm++) {
			if ((e->mask[cls] >> perm & 1) != 0) {
				char *name = must_print("%s:%s", source_class_name[cls],
							source_perm_name[cls][perm]);

				json_object_array_add(list, json_object_new_string(name));
				free(name);
			}
		}
	}
	put_bool(o, "same_owner_only", e->own_owner);
	return o;
}

static void print_graph_json(const struct graph *g)
{
	struct json_object *o = json_object_new_object(), *list = put_list(o, "nodes");

	for (unsigned i = 0; i < g->p->xsm.contexts; i++) {
		if (g->shown[i]) {
			struct json_object *node = json_object_new_object();
			char *rights = graph_host(g, i);

			put_text(node, "type", g->p->type[i]);
			put_bool(node, "owned", policy_owned(g->p, i));
			put_text(node, "host", rights);
			json_object_array_add(list, node);
			free(rights);
		}
	}
	list = put_list(o, "edges");
	for (unsigned i = 0; i < g->edges; i++) {
		json_object_array_add(list, edge_json(g, &g->edge[i]));
	}
	print_json(o);
}

/* ---- verb ----------------------------------------------------------------------------------- */

static int run(const struct arguments *arguments)
{
	bool text_only = argument(arguments, "dot") != NULL;
	const char *output = argument(arguments, "o");
	struct policy p;
	struct graph g;
	int status = STATUS_YES;

	if (arguments->json && (text_only || output != NULL)) {
		return complain(
			"--json prints the graph's data; it goes with neither --dot nor -o");
	}
	if (!policy_open(&p, arguments->word[0], arguments)) {
		return STATUS_BAD;
	}
	graph_make(&g, &p);
	if (arguments->json) {
		print_graph_json(&g);
	} else {
		status = picture(&g, text_only, output != NULL ? output : "-");
	}
	graph_free(&g);
	policy_free(&p);
	return status;
}

static const struct flag flags[] = {
	{"o", "FILE.svg", "where the picture goes; otherwise standard output"},
	{"dot", NULL, "the text that graphviz would draw, instead of the picture"},
	{NULL, NULL, NULL},
};

const struct verb verb_graph = {
	.name = "graph",
	.summary = "a picture of who can map, manage, share with, signal and see whom",
	.synopsis = "POLICY [-o FILE.svg] [--dot]",
	.help = "Draws the kinds of domains and between two of them one arrow that says what the one\n"
		"at its tail may do to the one at its head; dashed where owners must be the same.\n"
		"What a domain may do on the host stands in its box.  What every kernel may do to\n"
		"itself is left out.  In a browser an arrow shows its permissions when pointed at.\n"
		"Needs the program `dot' (Debian package graphviz), except for --dot and --json.\n"
		"\n"
		"Exit status: 0 drawn; 2 bad use or bad input.\n"
		"\n"
		"Example:\n"
		"  corbel-policy graph my-site/ -o my-site.svg",
	.min_words = 1,
	.max_words = 1,
	.flags = flags,
	.run = run,
};
