/* SPDX-License-Identifier: MIT */
/*
 * See names.h.  Names are compared part by part (`shop.t`: a block and what it has), not as the
 * compiler resolves them: what is declared anywhere is not called unknown.
 */
#include <stdlib.h>
#include <string.h>
#include "xsm/tool/names.h"

#define DEEPEST 8 /* templates that inherit templates */

/* clang-format off */
/* Lists that declare the name behind their keyword. */
static const char *const declaring[] = {
	"block", "macro", "type", "typealias", "typeattribute", "role", "roleattribute", "user",
	"userattribute", "class", "common", "classmap", "classpermission", "sid", "boolean",
	"tunable", "sensitivity", "sensitivityalias", "category", "categoryalias",
	"categoryset", "level", "levelrange", "context", "ipaddr", "policycap", "optional",
	"name", "string",
};

/* Words of the language that are no names, and keywords of statements that declare nothing. */
static const char *const language[] = {
	"allow", "auditallow", "dontaudit", "neverallow", "allowx", "auditallowx", "dontauditx",
	"neverallowx", "deny", "call", "in", "blockinherit", "blockabstract", "booleanif",
	"tunableif", "true", "false", "typealiasactual", "typeattributeset",
	"expandtypeattribute", "typebounds", "typechange", "typemember", "typetransition",
	"typepermissive", "roletype", "roleattributeset", "roleallow", "roletransition",
	"rolebounds", "userattributeset", "userrole", "userlevel", "userrange", "userbounds",
	"userprefix", "selinuxuser", "selinuxuserdefault", "classcommon", "classorder",
	"classmapping", "classpermissionset", "permissionx", "sidorder", "sidcontext",
	"sensitivityaliasactual", "sensitivityorder", "sensitivitycategory",
	"categoryaliasactual", "categoryorder", "rangetransition", "mlsconstrain",
	"mlsvalidatetrans", "constrain", "validatetrans", "handleunknown", "mls", "defaultuser",
	"defaultrole", "defaulttype", "defaultrange", "iomemcon", "ioportcon", "pcidevicecon",
	"pirqcon", "devicetreecon", "filecon", "fsuse", "genfscon", "netifcon", "nodecon",
	"portcon", "ibpkeycon", "ibendportcon", "eq", "neq", "dom", "domby", "incomp", "and",
	"or", "not", "xor", "all", "range", "u1", "u2", "u3", "r1", "r2", "r3", "t1", "t2",
	"t3", "l1", "l2", "h1", "h2", "self", "other", "source", "target", "low", "high", "low-high",
	"glblub", "unordered", "ioctl", "nlmsg", "reject", "*",
};
/* clang-format on */

static bool among(const char *word, const char *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(word, list[i]) == 0) {
			return true;
		}
	}
	return false;
}

static bool is_declaring(const char *word)
{
	return among(word, declaring, sizeof(declaring) / sizeof(declaring[0]));
}

static bool is_language(const char *word)
{
	return is_declaring(word) || among(word, language, sizeof(language) / sizeof(language[0]));
}

/* ---- declarations --------------------------------------------------------------------------- */

/* "shop.": the blocks and macros that it stands in. */
static char *path_of(const struct form *form)
{
	char *path = must_print("%s", "");

	for (const struct form *in = form->parent; in != NULL; in = in->parent) {
		const char *name = form_word(in, 1);

		if (name != NULL && (form_is(in, "block") || form_is(in, "macro"))) {
			char *longer = must_print("%s.%s", name, path);

			free(path);
			path = longer;
		}
	}
	return path;
}

static void add_name(struct names *names, const char *name, const struct form *form)
{
	const struct form *macro = form->parent != NULL ? form->parent->parent : NULL;

	if ((names->count & (names->count + 1)) == 0) {
		names->item = must_realloc(names->item,
					   (2 * (size_t)names->count + 2) * sizeof(*names->item));
	}
	names->item[names->count++] = (struct declaration){
		.name = name,
		.form = form,
		.is_parameter =
			macro != NULL && form_is(macro, "macro") && form->parent->position == 2,
		.path = path_of(form),
	};
}

static void add_declaration(const struct form *form, void *with)
{
	const char *name = form_word(form, 1);
	bool permissions =
		form_is(form, "class") || form_is(form, "common") || form_is(form, "classmap");

	if (name == NULL || !is_declaring(form_keyword(form))) {
		return;
	}
	add_name(with, name, form);
	for (unsigned i = 0; permissions && form->children > 2 && i < form->child[2]->children;
	     i++) {
		if (form_word(form->child[2], i) != NULL) {
			add_name(with, form_word(form->child[2], i), form->child[2]);
		}
	}
}

void names_read(struct names *names, const struct forms *forms)
{
	*names = (struct names){0};
	forms_walk(forms, add_declaration, names);
}

void names_free(struct names *names)
{
	for (unsigned i = 0; i < names->count; i++) {
		free(names->item[i].path);
	}
	free(names->item);
	*names = (struct names){0};
}

static const struct declaration *find_name(const struct names *names, const char *name,
					   size_t length, const char *kind)
{
	for (unsigned i = 0; i < names->count; i++) {
		const struct declaration *d = &names->item[i];

		if (strncmp(d->name, name, length) == 0 && d->name[length] == 0 &&
		    (kind == NULL || form_is(d->form, kind))) {
			return d;
		}
	}
	return NULL;
}

const struct declaration *names_named(const struct names *names, const char *name, const char *kind)
{
	return find_name(names, name, strlen(name), kind);
}

bool names_has(const struct names *names, const char *name, const char *kind)
{
	return find_name(names, name, strlen(name), kind) != NULL;
}

/* The block that a name ends with. */
static const struct form *block_named(const struct names *names, const char *name)
{
	const char *dot = strrchr(name, '.');
	const char *last = dot != NULL ? dot + 1 : name;
	const struct declaration *d = find_name(names, last, strlen(last), "block");

	return d != NULL ? d->form : NULL;
}

/* ---- what a block has --------------------------------------------------------------------- */

/* The declaration of a name in a block or in what it inherits; `ways`, unless NULL, gets the
 * templates on the way as links. */
static const struct form *member(const struct names *names, const struct form *block,
				 const char *name, size_t length, unsigned depth,
				 struct finding *ways)
{
	for (unsigned i = 2; i < block->children; i++) {
		const struct form *child = block->child[i];
		const char *word = form_word(child, 1);

		if (word != NULL && is_declaring(form_keyword(child)) &&
		    strncmp(word, name, length) == 0 && word[length] == 0) {
			return child;
		}
	}
	for (unsigned i = 2; i < block->children && depth < DEEPEST; i++) {
		const struct form *child = block->child[i], *template, *found;

		if (!form_is(child, "blockinherit") || form_word(child, 1) == NULL) {
			continue;
		}
		template = block_named(names, form_word(child, 1));
		found = template != NULL ? member(names, template, name, length, depth + 1, NULL)
					 : NULL;
		if (found != NULL) {
			if (ways != NULL) {
				finding_link(ways, "%s inherits %s at %s:%u", form_word(block, 1),
					     form_word(template, 1), child->file->path,
					     child->line);
				member(names, template, name, length, depth + 1, ways);
			}
			return found;
		}
	}
	return NULL;
}

/* ---- unknown names ------------------------------------------------------------------------ */

struct search {
	const struct names *names;
	struct findings *findings;
	const struct form *statement; /* the last one that a finding is of */
};

static const struct form *statement_of(const struct form *form)
{
	static const char *const operators[] = {"and",   "or",   "not",   "xor",    "eq",
						"neq",   "dom",  "domby", "incomp", "all",
						"range", "true", "false"};

	while (form->parent != NULL &&
	       (!is_language(form_keyword(form)) ||
		among(form_keyword(form), operators, sizeof(operators) / sizeof(operators[0])))) {
		form = form->parent;
	}
	return form;
}

static bool said_already(const struct finding *finding, const char *text)
{
	for (unsigned i = 0; i < finding->links; i++) {
		if (strcmp(finding->chain[i], text) == 0) {
			return true;
		}
	}
	return false;
}

static void say(struct search *s, const struct form *word, char *text)
{
	const struct form *statement = statement_of(word->parent);
	struct finding *finding = s->findings->count > 0 && s->statement == statement
					  ? &s->findings->item[s->findings->count - 1]
					  : NULL;

	if (finding == NULL) {
		char *quoted = form_text(statement, 200);

		finding = find(s->findings, statement->file->path, statement->line,
			       "Failed to resolve %s statement", form_keyword(statement));
		finding_link(finding, "%s", quoted);
		free(quoted);
		s->statement = statement;
	}
	if (!said_already(finding, text)) {
		finding_link(finding, "%s", text);
	}
	free(text);
}

/* A name of several parts: the first that is not there. */
static void look_at_parts(struct search *s, const struct form *word)
{
	const char *part = word->word;
	const struct form *block = NULL;

	while (*part != 0) {
		size_t length = strcspn(part, ".");
		const struct declaration *d = find_name(s->names, part, length, NULL);

		if (length > 0 && d == NULL) {
			say(s, word, must_print("nothing here declares '%.*s'", (int)length, part));
			return;
		}
		if (length > 0 && block != NULL &&
		    member(s->names, block, part, length, 0, NULL) == NULL) {
			say(s, word,
			    must_print("block %s has no '%.*s'", form_word(block, 1), (int)length,
				       part));
			return;
		}
		part += length;
		d = length > 0 && *part == '.' ? find_name(s->names, part - length, length, "block")
					       : NULL;
		block = d != NULL ? d->form : NULL;
		part += *part == '.';
	}
}

/* A name of another kind than the statement wants. */
static void look_at_kind(struct search *s, const struct form *word)
{
	static const char *const wants[][2] = {{"tunableif", "tunable"}, {"booleanif", "boolean"}};
	const struct form *statement = statement_of(word->parent);
	const struct declaration *d = find_name(s->names, word->word, strlen(word->word), NULL);
	const struct form *block;

	for (unsigned i = 0; i < sizeof(wants) / sizeof(wants[0]); i++) {
		if (form_is(statement, wants[i][0]) && d != NULL &&
		    !names_has(s->names, d->name, wants[i][1])) {
			say(s, word,
			    must_print("'%s' is a %s, and %s wants a %s", d->name,
				       form_keyword(d->form), wants[i][0], wants[i][1]));
		}
	}
	block = d != NULL && form_is(d->form, "block") ? d->form : NULL;
	if (block != NULL && !form_is(statement, "block") && !form_is(statement, "blockinherit") &&
	    !form_is(statement, "blockabstract") && !form_is(statement, "in") &&
	    member(s->names, block, "t", 1, 0, NULL) != NULL) {
		say(s, word, must_print("'%s' is a block; its type is %s.t", d->name, d->name));
	}
}

static bool is_number(const char *word)
{
	return word[strspn(word, "0123456789xabcdefABCDEF-")] == 0 && *word >= '0' && *word <= '9';
}

static void look_at_words(const struct form *list, void *with)
{
	struct search *s = with;

	for (unsigned i = 0; list->file->own && i < list->children; i++) {
		const struct form *word = list->child[i];

		if (word->word == NULL || word->quoted || is_number(word->word) ||
		    is_language(word->word) || (i == 1 && is_declaring(form_keyword(list)))) {
			continue;
		}
		look_at_parts(s, word);
		look_at_kind(s, word);
	}
}

void names_find_unknown(const struct names *names, const struct forms *forms,
			struct findings *findings)
{
	struct search search = {.names = names, .findings = findings};

	forms_walk(forms, look_at_words, &search);
}

/* ---- declared twice ----------------------------------------------------------------------- */

/* Kinds that share their names. */
static const char *name_space(const char *kind)
{
	static const char *const shared[][2] = {
		{"typealias", "type"},
		{"typeattribute", "type"},
		{"roleattribute", "role"},
		{"userattribute", "user"},
		{"macro", "block"},
		{"optional", "block"},
		{"tunable", "boolean"},
		{"sensitivityalias", "sensitivity"},
		{"categoryalias", "category"},
		{"categoryset", "category"},
		{"classmap", "class"},
	};

	for (unsigned i = 0; i < sizeof(shared) / sizeof(shared[0]); i++) {
		if (strcmp(kind, shared[i][0]) == 0) {
			return shared[i][1];
		}
	}
	return kind;
}

static bool share_space(const struct form *a, const struct form *b)
{
	return strcmp(name_space(form_keyword(a)), name_space(form_keyword(b))) == 0;
}

/* Declarations side by side, in whatever files. */
static void find_repeated(const struct names *names, struct findings *findings)
{
	for (unsigned i = 0; i < names->count; i++) {
		const struct declaration *a = &names->item[i];

		for (unsigned k = 0; k < i && a->form->file->own && !a->is_parameter; k++) {
			const struct declaration *b = &names->item[k];

			if (b->is_parameter || strcmp(a->name, b->name) != 0 ||
			    strcmp(a->path, b->path) != 0 || !share_space(a->form, b->form) ||
			    !is_declaring(form_keyword(a->form))) {
				continue;
			}
			find(findings, a->form->file->path, a->form->line,
			     "%s %s%s is declared again; the previous declaration is at %s:%u",
			     form_keyword(a->form), a->path, a->name, b->form->file->path,
			     b->form->line);
			break;
		}
	}
}

/* What a child of a block brings into it: the declaration of `name`, or NULL. */
static const struct form *brought(const struct names *names, const struct form *child,
				  const char *name, struct finding *ways)
{
	const struct form *template;

	if (!form_is(child, "blockinherit")) {
		bool same = is_declaring(form_keyword(child)) && form_word(child, 1) != NULL &&
			    strcmp(form_word(child, 1), name) == 0;

		return same ? child : NULL;
	}
	template = form_word(child, 1) != NULL ? block_named(names, form_word(child, 1)) : NULL;
	return template != NULL ? member(names, template, name, strlen(name), 0, ways) : NULL;
}

static void say_way(const struct names *names, const struct form *child, const char *name,
		    struct finding *finding)
{
	char *text = form_text(child, 100);
	const struct form *end;

	finding_link(finding, "by %s at %s:%u", text, child->file->path, child->line);
	free(text);
	end = brought(names, child, name, finding);
	if (end != child) {
		finding_link(finding, "declared at %s:%u", end->file->path, end->line);
	}
}

/* Whether `name` comes by the child at `last` and by one before it. */
static bool comes_twice(const struct names *names, const struct form *block, unsigned last,
			const char *name, struct findings *findings)
{
	const struct form *second = block->child[last];
	const struct form *end = brought(names, second, name, NULL);

	for (unsigned i = 2; end != NULL && i < last; i++) {
		const struct form *first = block->child[i];
		const struct form *other = brought(names, first, name, NULL);
		struct finding *finding;

		if (other == NULL || !share_space(end, other) ||
		    (!form_is(first, "blockinherit") && !form_is(second, "blockinherit"))) {
			continue;
		}
		finding = find(findings, second->file->path, second->line,
			       "%s %s comes twice into block %s, by two ways:", form_keyword(end),
			       name, form_word(block, 1));
		say_way(names, first, name, finding);
		say_way(names, second, name, finding);
		return true;
	}
	return false;
}

/* One name is enough: what brings it brings the others. */
static void look_at_block(const struct form *block, void *with)
{
	struct search *s = with;
	bool found = false;

	if (!block->file->own || !form_is(block, "block")) {
		return;
	}
	for (unsigned last = 3; last < block->children && !found; last++) {
		for (unsigned i = 0; i < s->names->count && !found; i++) {
			const struct declaration *d = &s->names->item[i];

			found = !d->is_parameter && is_declaring(form_keyword(d->form)) &&
				comes_twice(s->names, block, last, d->name, s->findings);
		}
	}
}

void names_find_twice(const struct names *names, const struct forms *forms,
		      struct findings *findings)
{
	struct search search = {.names = names, .findings = findings};

	find_repeated(names, findings);
	forms_walk(forms, look_at_block, &search);
}
