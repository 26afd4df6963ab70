/* SPDX-License-Identifier: MIT */
/*
 * What the verbs of the CLI share: global options, exit codes, the verb table's
 * shape and option parsing.  Results go to stdout, all talk to stderr.
 */
#ifndef CORBEL_TOOL_H
#define CORBEL_TOOL_H
#include <getopt.h>
#include <stdbool.h>
#include <stdint.h>

#define EXIT_OK     0
#define EXIT_ERROR  1
#define EXIT_USAGE  2
#define EXIT_BUILD  3 /* create: general failure after the configuration was read */
#define EXIT_MEMORY 5 /* create: not enough memory */
#define EXIT_EXISTS 6 /* create: the name is taken */

struct verb {
	const char *name;
	int (*run)(int argc, char **argv); /* argv[0] is the verb's name */
	const char *arguments;
	const char *summary;
	const char *options; /* lines for help, may be empty */
};

struct tool {
	const char *program; /* "corbel" or "xl" */
	unsigned verbose;
	bool dry_run, force;
};
extern struct tool tool;

int tool_main(int argc, char **argv);
const struct verb *verb_find(const char *name);
void verb_help(const struct verb *verb);
/* Says what is missing, prints the verb's help, returns EXIT_USAGE. */
int verb_usage(const char *verb, int needed);
/* The same for the first word that is more than the verb takes. */
int verb_extra(const char *verb, const char *word);

/* Prints "corbel: what: meaning of -error" to stderr and returns EXIT_ERROR. */
int tool_error(int error, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Resolves a name or number; prints xl's message and returns false when unknown. */
bool tool_domain(const char *text, uint16_t *domid);

int verb_attest(int argc, char **argv);
int verb_block_attach(int argc, char **argv);
int verb_block_detach(int argc, char **argv);
int verb_block_list(int argc, char **argv);
int verb_bootlog(int argc, char **argv);
int verb_console(int argc, char **argv);
int verb_consoled(int argc, char **argv);
int verb_create(int argc, char **argv);
int verb_destroy(int argc, char **argv);
int verb_dmesg(int argc, char **argv);
int verb_domid(int argc, char **argv);
int verb_domname(int argc, char **argv);
int verb_help_verb(int argc, char **argv);
int verb_host(int argc, char **argv);
int verb_info(int argc, char **argv);
int verb_launch(int argc, char **argv);
int verb_list(int argc, char **argv);
int verb_logd(int argc, char **argv);
int verb_network_attach(int argc, char **argv);
int verb_network_detach(int argc, char **argv);
int verb_network_list(int argc, char **argv);
int verb_pause(int argc, char **argv);
int verb_pci_list(int argc, char **argv);
int verb_policy(int argc, char **argv);
int verb_reboot(int argc, char **argv);
int verb_shutdown(int argc, char **argv);
int verb_trace(int argc, char **argv);
int verb_unpause(int argc, char **argv);
int verb_vm_list(int argc, char **argv);

#endif
