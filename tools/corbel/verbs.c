/* SPDX-License-Identifier: MIT */
/*
 * The verb table, global options, help and the messages that all verbs share.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "tools/corbel/corbel.h"
#include "tools/corbel/domains.h"
#include "tools/corbel/names.h"

struct tool tool = {.program = "corbel"};

static const struct verb verbs[] = {
	{"create", verb_create, "[FILE] [options] [key=value ...]",
	 "Have the builder build a domain from a configuration file.",
	 "-c                  Attach to the console.\n"
	 "-d                  Print what the file means, build nothing.\n"
	 "-f, --defconfig FILE  The configuration file.\n"
	 "-n, --dryrun        The same as -d.\n"
	 "-p, --paused        Leave the domain paused.\n"
	 "-q, --quiet         No progress bar.\n"
	 "-e, -F              Accepted; nothing stays behind anyway.\n"
	 "--request-flag crash  Ask a test build of the builder to crash.\n"},
	{"list", verb_list, "[options] [DOMAIN ...]", "List domains.",
	 "-l, --long          All settings, as JSON.\n"
	 "-v, --verbose       UUID, reason and security label too.\n"
	 "-Z, --context       Security label and owner too.\n"
	 "-a, --all           The builder's domain too.\n"
	 "--json              The table, as JSON.\n"},
	{"info", verb_info, "[options] [KEY]", "Print facts about the host.",
	 "-n, --numa          Accepted; there is one node.\n"
	 "--json              As JSON.\n"},
	{"host", verb_host, "[options] [KEY]",
	 "Print the state of the trusted part: measured or not, builder, policy, frames.",
	 "--json              As JSON.\n"},
	{"launch", verb_launch, "DOMAIN [options]",
	 "Print what was launched: digests, label, builder instance, crash reason.",
	 "--json              As JSON.\n"},
	{"console", verb_console, "DOMAIN [options]", "Attach to a console; Ctrl-] leaves.",
	 "-n NUM              Console number; 0 is the only one.\n"
	 "-t TYPE             Console type; pv is the only one.\n"
	 "--send TEXT         Type TEXT and a newline first.\n"
	 "--expect TEXT       Leave with 0 when TEXT has been seen.\n"
	 "--timeout SECONDS   Leave with 1 after that time.\n"},
	{"pause", verb_pause, "DOMAIN", "Stop a domain from running.", ""},
	{"unpause", verb_unpause, "DOMAIN", "Let a paused domain run.", ""},
	{"destroy", verb_destroy, "DOMAIN [-f]", "End a domain at once.",
	 "-f                  Even domain 0.\n"},
	{"shutdown", verb_shutdown, "-a|DOMAIN [options]", "Ask a domain to switch itself off.",
	 "-a                  Every domain.\n"
	 "-w                  Wait until it has shut down; twice: until it is gone.\n"
	 "-F                  Ask also a domain that has not said that it takes such requests.\n"},
	{"reboot", verb_reboot, "-a|DOMAIN [options]", "Ask a domain to reboot.",
	 "-a, -w, -F          As for shutdown.\n"},
	{"block-attach", verb_block_attach, "DOMAIN SPECIFICATION...",
	 "Give a domain a disk, as disk= does.",
	 "\nExample: corbel block-attach web /srv/web.img,raw,xvdb,w\n"},
	{"block-list", verb_block_list, "DOMAIN...", "List disks of domains.", ""},
	{"block-detach", verb_block_detach, "DOMAIN VDEV [--force]", "Take a disk away.",
	 "--force             Without asking the domain.\n"},
	{"network-attach", verb_network_attach, "DOMAIN [KEY=VALUE...]",
	 "Give a domain a network interface, as vif= does.",
	 "\nExample: corbel network-attach web bridge=xenbr0 mac=00:16:3e:12:34:56\n"},
	{"network-list", verb_network_list, "DOMAIN...", "List network interfaces of domains.", ""},
	{"network-detach", verb_network_detach, "DOMAIN DEVID|MAC",
	 "Take a network interface away.", ""},
	{"domid", verb_domid, "NAME", "Print the number of a domain.", ""},
	{"domname", verb_domname, "DOMID", "Print the name of a domain.", ""},
	{"vm-list", verb_vm_list, "", "List UUID, number and name.", ""},
	{"pci-list", verb_pci_list, "DOMAIN", "List the PCI devices of a domain.", ""},
	{"dmesg", verb_dmesg, "[-c]", "Print the hypervisor's log.",
	 "-c                  Clear it as well.\n"},
	{"trace", verb_trace, "[options]", "Print the audit and trace records.",
	 "-f, --follow        Wait for more; Ctrl-C ends.\n"
	 "--since SEQ         Start at record SEQ; each CPU counts its own.\n"
	 "--json              One JSON object per line.\n"
	 "--export            Denials, audited grants and counters of the policy in force, summed,\n"
	 "                    as corbel-policy simulate, learn and coverage read them.\n"
	 "\nExample: corbel trace -f | grep denied\n"},
	{"policy", verb_policy, "load|confirm|rollback|show|dump|counters [options]",
	 "Have another policy loaded, keep it or take it back; look at the one in force.",
	 "load FILE           Have the builder verify and load a signed policy.\n"
	 "  --check           Do all but switch.\n"
	 "  --revoke          End standing uses that the new policy forbids.\n"
	 "  --keep            Leave them; the usual.\n"
	 "  --confirm SECONDS Roll back unless confirmed in that time (1 to 3600, usual: 60).\n"
	 "  --json            As JSON.\n"
	 "confirm             Keep the policy that waits.\n"
	 "rollback            Return to the one before, at once.\n"
	 "show [--json]       Digest, serial, sizes, time left, keys.\n"
	 "dump -o FILE        Write the policy in force; - is stdout.\n"
	 "counters [--json]   Allowed and denied calls of each label and permission.\n"
	 "\nExample: corbel policy load site.signed --confirm 120 && corbel policy confirm\n"},
	{"attest", verb_attest, "--nonce HEX [options] -o FILE",
	 "Make evidence of what booted and what was launched, for a verifier.",
	 "--nonce HEX         The verifier's 32 bytes, 64 digits.\n"
	 "--domain DOMAIN     Also the records of this domain; may be repeated.\n"
	 "--since SIZE        Also a proof that the log of SIZE records was continued.\n"
	 "-o FILE             Where the evidence goes; - is stdout.\n"
	 "--request NONCE:DOMAIN:FILE  In place of these, repeated: one quote for all.\n"
	 "                    DOMAIN may be empty.\n"
	 "--enroll -o FILE    What a verifier needs to enrol this host.\n"
	 "--activate FILE     Answer his challenge: prints the secret.\n"
	 "--tcti TCTI         How to reach the TPM (device:/dev/tpmrm0).\n"
	 "--store FOLDER      Where the launch log is (/var/lib/corbel/launchlog).\n"},
	{"bootlog", verb_bootlog, "", "Write the measurement log (binary) to stdout.", ""},
	{"consoled", verb_consoled, "[-F]", "Drain and log tenants' consoles (daemon).",
	 "-F                  Stay in the foreground.\n"},
	{"logd", verb_logd, "[-F]", "Store the launch log's records (daemon).",
	 "-F                  Stay in the foreground.\n"},
	{"help", verb_help_verb, "[VERB]", "Print this.", ""},
};
#define VERB_COUNT (sizeof(verbs) / sizeof(verbs[0]))

/* A daemon never shadows the abbreviation of a verb that people type. */
static bool abbreviates(const char *name, const struct verb *verb)
{
	return verb->run != verb_consoled && verb->run != verb_logd && name[0] &&
	       !strncmp(verb->name, name, strlen(name));
}

const struct verb *verb_find(const char *name)
{
	const struct verb *found = NULL;
	size_t matches = 0;

	for (size_t i = 0; i < VERB_COUNT; i++) {
		if (!strcmp(verbs[i].name, name)) {
			return &verbs[i];
		}
		if (abbreviates(name, &verbs[i])) {
			found = &verbs[i];
			matches++;
		}
	}
	return matches == 1 ? found : NULL;
}

/* Says that no verb, or more than one, is called so. */
static int verb_unknown(const char *name)
{
	const char *before = ": could be ";
	size_t matches = 0;

	for (size_t i = 0; i < VERB_COUNT; i++) {
		matches += abbreviates(name, &verbs[i]);
	}
	if (!matches) {
		return tool_error(0, "%s: command not implemented", name);
	}
	fprintf(stderr, "%s: %s", tool.program, name);
	for (size_t i = 0; i < VERB_COUNT; i++) {
		if (abbreviates(name, &verbs[i])) {
			fprintf(stderr, "%s%s", before, verbs[i].name);
			before = ", ";
		}
	}
	fputc('\n', stderr);
	return EXIT_ERROR;
}

void verb_help(const struct verb *verb)
{
	if (verb) {
		printf("Usage: %s [-vNf] %s %s\n\n%s\n", tool.program, verb->name, verb->arguments,
		       verb->summary);
		if (verb->options[0]) {
			printf("\nOptions:\n\n%s", verb->options);
		}
		putchar('\n');
		return;
	}
	printf("Usage: %s [-vNf] <subcommand> [args]\n\n%s full list of subcommands:\n\n",
	       tool.program, tool.program);
	for (size_t i = 0; i < VERB_COUNT; i++) {
		printf(" %-19s %s\n", verbs[i].name, verbs[i].summary);
	}
}

int verb_usage(const char *verb, int needed)
{
	if (needed) {
		fprintf(stderr, "'%s %s' requires at least %d argument%s.\n\n", tool.program, verb,
			needed, needed > 1 ? "s" : "");
	}
	verb_help(verb_find(verb));
	return EXIT_USAGE;
}

int verb_extra(const char *verb, const char *word)
{
	tool_error(0, "%s: `%s' is too much", verb, word);
	return verb_usage(verb, 0);
}

static bool is_help(const char *word)
{
	return !strcmp(word, "-h") || !strcmp(word, "--help");
}

int verb_help_verb(int argc, char **argv)
{
	const struct verb *verb = NULL;

	if (argc > 2) {
		return verb_extra("help", argv[2]);
	}
	if (argc > 1 && !is_help(argv[1])) {
		verb = verb_find(argv[1]);
		if (!verb) {
			return verb_unknown(argv[1]);
		}
	}
	verb_help(verb);
	return EXIT_OK;
}

int tool_error(int error, const char *format, ...)
{
	va_list args;

	fprintf(stderr, "%s: ", tool.program);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	if (error) {
		fprintf(stderr, ": %s", strerror(error < 0 ? -error : error));
	}
	fputc('\n', stderr);
	return EXIT_ERROR;
}

bool tool_domain(const char *text, uint16_t *domid)
{
	int ret = domains_resolve(text, domid);

	if (ret == -ESRCH) {
		fprintf(stderr, "%s is an invalid domain identifier (rc=-6)\n", text);
		if (domains_are_hidden() > 0) {
			domains_say_hidden();
		}
	} else if (ret) {
		tool_call_error(ret, CALL_DOMCTL(XEN_DOMCTL_getdomaininfo), "cannot look up `%s'",
				text);
	}
	return ret == 0;
}

/* As the first word behind the verb, or as the last unless it is an option's value. */
static bool asks_for_help(int argc, char **argv)
{
	if (argc > 1 && is_help(argv[1])) {
		return true;
	}
	return argc > 2 && is_help(argv[argc - 1]) && argv[argc - 2][0] != '-';
}

static int run_line(int argc, char **argv)
{
	static const struct option longs[] = {
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	const char *slash = argv[0] ? strrchr(argv[0], '/') : NULL;
	const char *base = slash ? slash + 1 : argv[0];
	const struct verb *verb;
	int option;

	tool.program = base && !strcmp(base, "xl") ? "xl" : "corbel";
	while ((option = getopt_long(argc, argv, "+vftTNh", longs, NULL)) != -1) {
		switch (option) {
		case 'v':
			tool.verbose++;
			break;
		case 'N':
			tool.dry_run = true;
			break;
		case 'f':
			tool.force = true;
			break;
		case 't':
		case 'T':
			break; /* xl's progress and time stamps: nothing to change here */
		case 'h':
			verb_help(NULL);
			return EXIT_OK;
		default:
			fprintf(stderr, "unknown global option\n");
			return EXIT_USAGE;
		}
	}
	if (optind >= argc) {
		verb_help(NULL);
		return EXIT_ERROR;
	}
	verb = verb_find(argv[optind]);
	if (!verb) {
		return verb_unknown(argv[optind]);
	}
	argc -= optind;
	argv += optind;
	if (asks_for_help(argc, argv)) {
		verb_help(verb);
		return EXIT_OK;
	}
	optind = 0; /* glibc: start over, with the verb as argv[0] */
	return verb->run(argc, argv);
}

/* Output that did not arrive is a failure, whatever the verb thought. */
int tool_main(int argc, char **argv)
{
	int code = run_line(argc, argv);

	errno = 0;
	if (fflush(stdout) || ferror(stdout)) {
		tool_error(errno, "cannot write the output");
		return code == EXIT_OK ? EXIT_ERROR : code;
	}
	return code;
}
