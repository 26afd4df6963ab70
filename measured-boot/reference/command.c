/* SPDX-License-Identifier: MIT */
/*
 * corbel-reference: the command line; see reference.h.
 */
#include "measured-boot/reference/reference.h"
#include <string.h>

static const char usage[] =
	"usage: corbel-reference host IMAGE ...         what a boot of a host image shows\n"
	"       corbel-reference tenant ...             what the launch record of a domain says\n"
	"       corbel-reference firmware LOG -o FILE   what a host's firmware does before GRUB\n"
	"       corbel-reference VERB --help\n"
	"\n"
	"Computes, from files, the values that corbel-verify compares evidence with.  The files must\n"
	"be yours: built or checked by you, not taken from the host that is to be judged.\n"
	"\n"
	"Exit status: 0 written; 2 wrong usage or bad input.\n"
	"\n";

int reference_main(int argc, char **argv)
{
	static const struct {
		const char *name, *help;
		int (*run)(int argc, char **argv);
	} verbs[] = {
		{"host", help_host, verb_host},
		{"tenant", help_tenant, verb_tenant},
		{"firmware", help_firmware, verb_firmware},
	};
	const char *word = argc > 1 ? argv[1] : "";

	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (strcmp(word, verbs[i].name) != 0) {
			continue;
		}
		for (int a = 2; a < argc; a++) {
			if (strcmp(argv[a], "--help") == 0) {
				fputs(verbs[i].help, stdout);
				return STATUS_yes;
			}
		}
		return verbs[i].run(argc - 1, argv + 1);
	}
	if (strcmp(word, "--help") == 0) {
		fputs(usage, stdout);
		for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
			printf("%s%s", i ? "\n" : "", verbs[i].help);
		}
		return STATUS_yes;
	}
	return usage_error(usage, "expected a verb, not '%s'", word);
}
