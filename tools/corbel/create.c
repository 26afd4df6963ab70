/* SPDX-License-Identifier: MIT */
/*
 * Verb create: configuration -> build request -> session with the builder ->
 * note about the new domain.  One create talks to the builder at a time; the
 * lock is a flock, so a creator that dies gives it back.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/corbel/console_link.h"
#include "tools/corbel/corbel.h"
#include "tools/corbel/domains.h"
#include "tools/corbel/driver.h"
#include "tools/corbel/force.h"
#include "tools/corbel/guest.h"
#include "tools/corbel/launchlog.h"
#include "tools/corbel/list.h"
#include "tools/corbel/names.h"
#include "tools/corbel/session.h"
#include "tools/corbel/store.h"
#include "tools/corbel/tree.h"
#include "tools/corbel/vbd.h"
#include "tools/lib/files.h"
#include "xsm/monitor/monitor.h"

struct create_options {
	const char *file;
	bool console, dry_run, paused, quiet;
	bool start;     /* with console: it is made paused and let run when somebody watches */
	uint32_t flags; /* CORBEL_RQF_* */
	struct xs_handle *store; /* NULL: the domain is not in xenstore */
	char no_store[160];      /* why */
	bool held;               /* it is made paused until it is */
};

#define UNDO_TIMEOUT_MS 60000

/* ---- configuration --------------------------------------------------------------------------- */

static int read_config(const struct create_options *options, int count, char **extra,
		       struct guest *guest)
{
	struct config config;
	int ret = 0;

	config_init(&config);
	if (options->file) {
		if (!options->quiet) {
			fprintf(stderr, "Parsing config from %s\n", options->file);
		}
		ret = config_parse_file(&config, options->file);
	}
	for (int i = 0; i < count && !ret; i++) {
		ret = config_parse(&config, "command line", extra[i], strlen(extra[i]));
	}
	if (ret) {
		fprintf(stderr, "Failed to parse config: %s\n", config.error);
	} else {
		ret = guest_from_config(guest, &config, stderr);
		if (ret) {
			fprintf(stderr, "%s\n", config.error);
		}
	}
	config_free(&config);
	return ret;
}

static int open_image(struct session_file *file, const char *path, const char *what)
{
	struct stat status;
	const char *why;

	file->path = path;
	file->fd = files_open(path, &status, &why);
	if (file->fd < 0 && errno) {
		return tool_error(0, "cannot open %s %s: %s", what, path, why);
	}
	if (file->fd < 0) {
		return tool_error(0, "%s %s %s", what, path, why);
	}
	if (status.st_size == 0) {
		return tool_error(0, "%s %s is empty", what, path);
	}
	file->size = (uint64_t)status.st_size;
	return 0;
}

/* A random UUID, version 4 (RFC 9562). */
static int random_uuid(uint8_t uuid[16])
{
	if (getrandom(uuid, 16, 0) != 16) {
		return -errno;
	}
	uuid[6] = (uint8_t)((uuid[6] & 0x0f) | 0x40);
	uuid[8] = (uint8_t)((uuid[8] & 0x3f) | 0x80);
	return 0;
}

/* ---- building ------------------------------------------------------------------------------ */

static int check_unique(const struct guest *guest)
{
	struct domain_walk walk = {0};
	struct domain_entry entry;
	char uuid[37];
	int ret;

	while ((ret = domains_walk(&walk, &entry)) == 0) {
		if (!strcmp(entry.name, guest->request.name)) {
			tool_error(0, "Domain with name \"%s\" already exists.",
				   guest->request.name);
			return EXIT_EXISTS;
		}
		if (!memcmp(entry.info.handle, guest->request.uuid, 16)) {
			uuid_format(guest->request.uuid, uuid);
			tool_error(0, "Domain %u has the UUID %s already.", entry.info.domain,
				   uuid);
			return EXIT_EXISTS;
		}
	}
	if (ret != -ESRCH) {
		tool_call_error(ret, CALL_DOMCTL(XEN_DOMCTL_getdomaininfo), "cannot list domains");
		return EXIT_BUILD;
	}
	return EXIT_OK;
}

/* The builder would find it out too, after the image has been staged. */
static int check_memory(const struct guest *guest)
{
	struct xen_sysctl_physinfo info;
	uint64_t claimed, free;

	if (host_physinfo(&info) < 0) {
		return EXIT_OK; /* the builder decides */
	}
	claimed = info.outstanding_pages;
	free = info.free_pages > claimed ? info.free_pages - claimed : 0;
	/* What is dirty is waited for. */
	if ((uint64_t)guest->request.memory_mib << 8 > free + info.scrub_pages) {
		tool_error(0, "memory: %u MiB wanted, %llu MiB free and %llu MiB to be scrubbed",
			   guest->request.memory_mib, (unsigned long long)(free >> 8),
			   (unsigned long long)(info.scrub_pages >> 8));
		return EXIT_MEMORY;
	}
	return EXIT_OK;
}

/* What to do about a refusal whose reason, the builder's, does not say it. */
static void hint(const struct guest *guest, const struct session *session, int error)
{
	struct corbel_policy_info policy = {0};
	static const char waits[] = "create: ", owner[] = "seal: the label may need an owner",
			  older[] = "policy: older than",
			  builder[] = "owner: the manifest asks for";

	if (error == -EBUSY && !strncmp(session->reason, waits, sizeof(waits) - 1)) {
		force_info(&policy);
		fprintf(stderr,
			policy.seconds_left
				? "a policy waits for its confirmation, and the one before has no "
				  "such label: `%s policy confirm' first\n"
				: "the launch log is full of records that nobody has stored: does "
				  "`%s logd' run?\n",
			tool.program);
	} else if (!strncmp(session->reason, older, sizeof(older) - 1)) {
		fprintf(stderr,
			"the owner's manifest asks for policy serial %" PRIu64
			" or later; `%s policy show' says what is in force\n",
			guest->request.owner.min_policy, tool.program);
	} else if (!strncmp(session->reason, builder, sizeof(builder) - 1)) {
		fprintf(stderr,
			"the owner does not want his domain built by this host's builder; it "
			"comes with the host image\n");
	} else if (!strncmp(session->reason, owner, sizeof(owner) - 1)) {
		fprintf(stderr, "make one with corbel-sign and name it as owner_manifest\n");
	}
}

/* Its number is in no list, and the note is all that Dom0 knows of it. */
static void say_hidden(const struct guest *guest, uint16_t domid)
{
	struct domain_entry entry;

	if (!domains_get(domid, &entry) && entry.hidden) {
		fprintf(stderr,
			"%s is domain %u; the policy hides it (domain:getdomaininfo): it goes by "
			"this number and name, and nobody in Dom0 sees its state\n",
			guest->request.name, domid);
	}
}

/* Whom Dom0 may not let run afterwards must run at once. */
static bool may_let_run(const struct guest *guest)
{
	return domain_label_permits(guest->request.label, XSM_RIGHT(domain, unpause)) != 0;
}

/* Also when the domain will not be in xenstore, and why. */
static void open_store(const struct guest *guest, struct create_options *options)
{
	const char *label = guest->request.label;

	options->store = NULL;
	if (!tree_permitted(label)) {
		snprintf(options->no_store, sizeof(options->no_store),
			 "the policy keeps Dom0's xenstored from %s", label);
		return;
	}
	options->store = xenstore_open();
	if (!options->store) {
		snprintf(options->no_store, sizeof(options->no_store), "no xenstored answers (%s)",
			 strerror(errno));
	}
}

/* Nothing is built whose devices cannot be had. */
static int prepare_devices(struct guest *guest, const struct create_options *options)
{
	char why[DEVICE_WHY + DISK_WHERE];

	snprintf(why, sizeof(why), "%s, and it has disks or interfaces", options->no_store);
	if (devices_prepare(options->store, &guest->devices, why, sizeof(why))) {
		return tool_error(0, "cannot create %s: %s", guest->request.name, why);
	}
	return 0;
}

/* A domain that does not get what it was promised is not left behind. */
static int undo(const struct guest *guest, uint16_t domid, const char *why)
{
	int ret;

	tool_error(0, "cannot create %s: %s", guest->request.name, why);
	ret = domain_destroy(domid, UNDO_TIMEOUT_MS);
	if (ret) {
		tool_error(ret, "domain %u is left, and cannot be destroyed", domid);
	}
	return EXIT_BUILD;
}

/* The domain is built: into xenstore, and then it may run. */
static int join_store(const struct guest *guest, const struct create_options *options,
		      const struct session *session)
{
	char why[512];
	int ret = 0;

	devices_remove_old(session->domid);
	if (tree_make(options->store, guest, session->domid, why, sizeof(why)) ||
	    devices_attach(options->store, session->domid, &guest->devices, why, sizeof(why))) {
		return undo(guest, session->domid, why);
	}
	if (guest->is_driver) {
		driver_begin(options->store, guest->request.name, session->domid);
	}
	if (options->held && !options->paused && !options->start) {
		ret = host_domain_control(XEN_DOMCTL_unpausedomain, session->domid);
	}
	if (ret) {
		snprintf(why, sizeof(why), "cannot let it run: %s", strerror(-ret));
		return undo(guest, session->domid, why);
	}
	return EXIT_OK;
}

static int build(struct guest *guest, const struct create_options *options, struct session *session)
{
	int ret;

	ret = store_pending(guest);
	if (ret) {
		tool_error(ret, "cannot write under %s", store_root);
		return EXIT_BUILD;
	}
	ret = session_run(session);
	if (ret) {
		if (ret != -ETIMEDOUT) {
			store_discard(guest); /* after a time-out the domain may still appear */
		}
		tool_error(0, "cannot create %s: %s", guest->request.name, session->reason);
		hint(guest, session, ret);
		return ret == -ENOMEM ? EXIT_MEMORY : EXIT_BUILD;
	}
	ret = store_commit(guest, session->domid);
	if (ret) {
		tool_error(ret, "domain %u runs, but its name could not be kept", session->domid);
	}
	console_link_announce(session->domid);
	if (options->store) {
		ret = join_store(guest, options, session);
		if (ret) {
			return ret;
		}
	} else {
		fprintf(stderr, "warning: %s: %s gets no disks and no network\n", options->no_store,
			guest->request.name);
	}
	say_hidden(guest, session->domid);
	if (tool.verbose) {
		fprintf(stderr, "domain %u built by builder instance %u\n", session->domid,
			session->instance);
	}
	return EXIT_OK;
}

/* A launch needs room in the hypervisor's log, which waits to be stored; `logd' may not run. */
static void store_log(void)
{
	char why[512];
	int ret = launchlog_store(why, sizeof(why));

	if (ret && ret != -EPERM) { /* then it is another domain's task */
		fprintf(stderr, "warning: the launch log is not stored: %s\n", why);
	}
}

static int create_locked(struct guest *guest, const struct create_options *options,
			 struct session *session)
{
	int lock = session_lock(guest->request.name), ret;

	if (lock < 0) {
		return EXIT_BUILD;
	}
	ret = check_unique(guest);
	if (ret == EXIT_OK) {
		ret = check_memory(guest);
	}
	if (ret == EXIT_OK) {
		store_log();
		ret = build(guest, options, session);
	}
	close(lock);
	return ret;
}

static int create(struct guest *guest, struct create_options *options, uint16_t *domid)
{
	static struct session session;
	const char *why;
	int ret;

	session_init(&session, CORBEL_SESSION_BUILD);
	session.progress = !options->quiet && isatty(STDERR_FILENO);
	if (open_image(&session.files[CORBEL_FILE_kernel], guest->kernel, "kernel") ||
	    (guest->ramdisk[0] &&
	     open_image(&session.files[CORBEL_FILE_initrd], guest->ramdisk, "ramdisk"))) {
		return EXIT_BUILD;
	}
	ret = guest_make_absolute(
		guest); /* only now: what is said names the file as the user does */
	if (ret) {
		tool_error(ret, "cannot keep the names of the domain's files");
		return EXIT_BUILD;
	}
	if (!guest->has_uuid && (ret = random_uuid(guest->request.uuid))) {
		tool_error(ret, "no random UUID");
		return EXIT_BUILD;
	}
	guest->request.kernel_size = session.files[CORBEL_FILE_kernel].size;
	guest->request.initrd_size = session.files[CORBEL_FILE_initrd].size;
	guest->request.flags = options->flags;
	open_store(guest, options);
	if (options->store) {
		tree_sweep(options->store);
	}
	if (guest->is_driver && options->store) {
		guest->request.flags |= (uint32_t)driver_number(options->store, guest->request.name)
					<< CORBEL_RQF_NUMBER_SHIFT;
	}
	if (prepare_devices(guest, options)) {
		return EXIT_BUILD;
	}
	options->held = options->store && may_let_run(guest);
	/* Nothing of a short life is to be missed, nor disks looked for before they are there. */
	if (options->paused || options->start || options->held) {
		guest->request.flags |= CORBEL_RQF_PAUSED;
	}
	session.request_size = (uint32_t)request_encode(&guest->request, session.request,
							sizeof(session.request), &why);
	if (!session.request_size) {
		tool_error(0, "%s", why);
		return EXIT_BUILD;
	}
	session.interrupted = session_catch_signals();
	ret = create_locked(guest, options, &session);
	session_release_signals();
	xenstore_close(options->store);
	*domid = session.domid;
	return ret;
}

static void print_config(const struct guest *guest)
{
	struct json *json = json_new(true);

	list_json_config(json, NULL, guest);
	json_print(json);
}

/* ---- options --------------------------------------------------------------------------------- */

static bool parse_options(int argc, char **argv, struct create_options *options)
{
	static const struct option longs[] = {
		{"defconfig", required_argument, NULL, 'f'},
		{"dryrun", no_argument, NULL, 'n'},
		{"paused", no_argument, NULL, 'p'},
		{"quiet", no_argument, NULL, 'q'},
		{"request-flag", required_argument, NULL, 'R'},
		{NULL, 0, NULL, 0},
	};
	int option;

	while ((option = getopt_long(argc, argv, "cdeFf:npqVA", longs, NULL)) != -1) {
		switch (option) {
		case 'c':
			options->console = true;
			break;
		case 'd':
		case 'n':
			options->dry_run = true;
			break;
		case 'f':
			options->file = optarg;
			break;
		case 'p':
			options->paused = true;
			break;
		case 'q':
			options->quiet = true;
			break;
		case 'e':
		case 'F':
		case 'V':
		case 'A':
			break;
		case 'R':
			if (strcmp(optarg, "crash")) {
				tool_error(0, "--request-flag: unknown flag `%s'", optarg);
				return false;
			}
			options->flags |= CORBEL_RQF_CRASH;
			break;
		default:
			return false;
		}
	}
	return true;
}

int verb_create(int argc, char **argv)
{
	struct create_options options = {.dry_run = tool.dry_run};
	static struct guest guest;
	char why[256];
	uint16_t domid = 0;
	int ret;

	if (!parse_options(argc, argv, &options)) {
		return verb_usage("create", 0);
	}
	/* The first argument without `=` is the file; the rest is appended to it. */
	if (!options.file && optind < argc && !strchr(argv[optind], '=')) {
		options.file = argv[optind++];
	}
	if (!options.file && optind >= argc) {
		return verb_usage("create", 1);
	}
	if (read_config(&options, argc - optind, argv + optind, &guest)) {
		return EXIT_ERROR;
	}
	if (options.dry_run) {
		print_config(&guest);
		return EXIT_OK;
	}
	if (guest_read_owner(&guest, why, sizeof(why))) {
		return tool_error(0, "%s", why);
	}
	if (options.console && !options.paused) {
		options.start = may_let_run(&guest);
	}
	ret = create(&guest, &options, &domid);
	if (ret == EXIT_OK && options.console) {
		struct console_script script = {.start = options.start};

		return console_link_attach(domid, &script);
	}
	return ret;
}
