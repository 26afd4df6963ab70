/* SPDX-License-Identifier: MIT */
/*
 * Verbs shutdown and reboot: a domain is asked through control/shutdown in xenstore, and does it by
 * itself.  What then becomes of it is its configuration's on_poweroff or on_reboot (lifecycle.c).
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/corbel/corbel.h"
#include "tools/corbel/domains.h"
#include "tools/corbel/names.h"
#include "tools/corbel/watch.h"
#include "tools/corbel/xenstore.h"

#define LOOK_MS 1000 /* also without a word from xenstored */

struct request_kind {
	const char *verb, *word, *feature, *says;
};

struct asking {
	const struct request_kind *kind;
	struct xs_handle *store;
	bool all, force;
	unsigned wait; /* 1: until it has shut down, 2: until it is gone */
};

struct waiting {
	uint16_t *domid;
	size_t count;
};

static void fill(struct xenstore_change *change, const void *argument)
{
	const void *const *parts = argument; /* the domain's path, the word */

	xenstore_put(change, parts[0], "control/shutdown", "%s", (const char *)parts[1]);
}

static int no_answer(const struct asking *asking, const struct domain_entry *entry, int error)
{
	if (error != -ENOENT) {
		return tool_error(error, "cannot read of %s in xenstore", domain_text(entry));
	}
	tool_error(0, "%s has not said that it takes such requests (control/%s)",
		   domain_text(entry), asking->kind->feature);
	fprintf(stderr, "it may be booting, or have no driver for it: -F asks all the same, "
			"`destroy' ends it\n");
	return EXIT_ERROR;
}

/* Whether the domain has to be waited for then is told in *asked. */
static int ask(const struct asking *asking, const struct domain_entry *entry, bool *asked)
{
	char path[XENSTORE_PATH], where[XENSTORE_PATH], value[8] = "";
	const void *parts[] = {path, asking->kind->word};
	uint16_t domid = entry->info.domain;
	int ret;

	*asked = false;
	if (domid < CORBEL_DOMID_FIRST) {
		return tool_error(0, "domain %u is not asked: it is part of the host", domid);
	}
	if (entry->info.flags & XEN_DOMINF_shutdown) {
		fprintf(stderr, "%s has shut down already (%s)\n", domain_text(entry),
			domain_shutdown_text(&entry->info));
		*asked = true;
		return EXIT_OK;
	}
	xenstore_domain_path(path, domid);
	ret = xenstore_read(asking->store, path, "domid", where, sizeof(where));
	if (ret == -ENOENT) {
		return tool_error(0, "%s is not in xenstore, so it cannot be asked",
				  domain_text(entry));
	}
	if (!ret) {
		snprintf(where, sizeof(where), "control/%s", asking->kind->feature);
		ret = xenstore_read(asking->store, path, where, value, sizeof(value));
	}
	if (!asking->force && strcmp(value, "1") != 0) {
		return no_answer(asking, entry, ret ? ret : -ENOENT);
	}
	ret = xenstore_commit(asking->store, fill, parts, where);
	if (ret) {
		return tool_error(ret, "cannot write %s/control/shutdown in xenstore", path);
	}
	fprintf(stderr, "%s domain %u\n", asking->kind->says, domid);
	*asked = true;
	return EXIT_OK;
}

/* ---- waiting ------------------------------------------------------------------------------- */

/* Says it when a domain needs no more waiting. */
static bool has_ended(uint16_t domid, unsigned wait)
{
	static struct domain_entry entry;

	if (!domain_may_exist(domid)) {
		fprintf(stderr, "domain %u is gone\n", domid);
		return true;
	}
	if (wait > 1 || domains_get(domid, &entry) || !(entry.info.flags & XEN_DOMINF_shutdown)) {
		return false;
	}
	fprintf(stderr, "%s has shut down (%s)\n", domain_text(&entry),
		domain_shutdown_text(&entry.info));
	return true;
}

static int wait_for(const struct waiting *waiting, unsigned wait)
{
	size_t left = waiting->count;
	struct watch watch;
	int ret = watch_start(&watch, "@releaseDomain");

	if (ret) {
		return tool_error(ret, "cannot watch");
	}
	for (;;) {
		struct pollfd fd = {.fd = watch.events, .events = POLLIN};

		for (size_t i = 0; i < left;) {
			if (has_ended(waiting->domid[i], wait)) {
				waiting->domid[i] = waiting->domid[--left];
			} else {
				i++;
			}
		}
		if (!left) {
			break;
		}
		poll(&fd, 1, LOOK_MS);
		watch_take(&watch);
	}
	watch_stop(&watch);
	return EXIT_OK;
}

static bool add(struct waiting *waiting, uint16_t domid)
{
	uint16_t *more = realloc(waiting->domid, (waiting->count + 1) * sizeof(*more));

	if (more) {
		waiting->domid = more;
		more[waiting->count++] = domid;
	}
	return more;
}

/* ---- the verbs ----------------------------------------------------------------------------- */

static int ask_and_note(const struct asking *asking, const struct domain_entry *entry,
			struct waiting *waiting)
{
	bool asked;
	int ret = ask(asking, entry, &asked);

	if (asked && !add(waiting, entry->info.domain)) {
		ret = tool_error(ENOMEM, "cannot wait");
	}
	return ret;
}

static int ask_all(const struct asking *asking, struct waiting *waiting)
{
	static struct domain_entry entry;
	struct domain_walk walk = {.next = CORBEL_DOMID_FIRST};
	int code = EXIT_OK, ret;

	while ((ret = domains_walk(&walk, &entry)) == 0) {
		if (!(entry.info.flags & XEN_DOMINF_dying) &&
		    ask_and_note(asking, &entry, waiting) != EXIT_OK) {
			code = EXIT_ERROR;
		}
	}
	return ret == -ESRCH ? code
			     : tool_call_error(ret, CALL_DOMCTL(XEN_DOMCTL_getdomaininfo),
					       "cannot list domains");
}

static int ask_one(const struct asking *asking, const char *text, struct waiting *waiting)
{
	static struct domain_entry entry;
	uint16_t domid;

	if (!tool_domain(text, &domid)) {
		return EXIT_ERROR;
	}
	if (domains_get(domid, &entry)) {
		return tool_error(0, "Domain '%s' does not exist.", text);
	}
	return ask_and_note(asking, &entry, waiting);
}

static int run(int argc, char **argv, const struct request_kind *kind)
{
	static const struct option longs[] = {
		{"all", no_argument, NULL, 'a'},
		{"wait", no_argument, NULL, 'w'},
		{NULL, 0, NULL, 0},
	};
	struct asking asking = {.kind = kind};
	struct waiting waiting = {0};
	int option, ret;

	while ((option = getopt_long(argc, argv, "awF", longs, NULL)) != -1) {
		switch (option) {
		case 'a':
			asking.all = true;
			break;
		case 'w':
			asking.wait++;
			break;
		case 'F':
			asking.force = true;
			break;
		default:
			return verb_usage(kind->verb, 0);
		}
	}
	if (optind >= argc && !asking.all) {
		return verb_usage(kind->verb, 1);
	}
	if (optind + !asking.all < argc) {
		return verb_extra(kind->verb, argv[optind + !asking.all]);
	}
	asking.store = xenstore_open();
	if (!asking.store) {
		return tool_error(errno, "no xenstored answers, so no domain can be asked");
	}
	ret = asking.all ? ask_all(&asking, &waiting) : ask_one(&asking, argv[optind], &waiting);
	xenstore_close(asking.store);
	if (asking.wait && waiting.count && wait_for(&waiting, asking.wait) != EXIT_OK) {
		ret = EXIT_ERROR;
	}
	free(waiting.domid);
	return ret;
}

int verb_shutdown(int argc, char **argv)
{
	static const struct request_kind kind = {
		.verb = "shutdown",
		.word = "poweroff",
		.feature = "feature-poweroff",
		.says = "Shutting down",
	};

	return run(argc, argv, &kind);
}

int verb_reboot(int argc, char **argv)
{
	static const struct request_kind kind = {
		.verb = "reboot",
		.word = "reboot",
		.feature = "feature-reboot",
		.says = "Rebooting",
	};

	return run(argc, argv, &kind);
}
