/* SPDX-License-Identifier: MIT */
/*
 * Whole files, as the tools read and write them.  What was opened here is an input of the program
 * from then on, and nothing here replaces an input.
 */
#ifndef LIB_FILES_H
#define LIB_FILES_H
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/stat.h>

/* Opens a regular file for reading; what is none, a FIFO too, is refused at once.  Returns a
 * descriptor with status filled in, or -1 with the reason in why; errno is 0 if it is there, but no
 * regular file. */
int files_open(const char *path, struct stat *status, const char **why);
/* The same as a stream, or NULL. */
FILE *files_open_stream(const char *path, const char **why);
/* The same of a file that the program keeps for itself, which is no input: a daemon reads as many
 * as it likes, and nothing is kept of their names. */
FILE *files_open_own(const char *path, const char **why);

/* The same of a file that a user names where a stream will do as well: also a pipe that he holds
 * open for this program (/dev/stdin, /dev/fd/N, as <(COMMAND) makes them), and /dev/null. */
FILE *files_open_argument(const char *path, const char **why);

/* Takes a file as an input that is not opened here. */
void files_input(const char *path);
/* Whether the name leads to an input, under whatever name that was opened. */
bool files_is_input(const char *path);

/* The bytes of a regular file of 1..limit bytes, freed by the caller; NULL with error set. */
void *files_read(const char *path, size_t limit, size_t *size, char *error, size_t error_size);

/* Whether the name leads to a regular file. */
bool files_regular(const char *path);

/* Writes under a temporary name and renames, so that no reader sees half a file; what a symbolic
 * link leads to is written, not the link; devices and pipes are written in place; `-` is standard
 * output.  An input is refused.  Returns 0, or -1 with error set and the old file, if any, as it
 * was. */
int files_write(const char *path, const void *bytes, size_t size, char *error, size_t error_size);

/* Whether both names are of one file, or will be when it is made. */
bool files_same(const char *one, const char *other);
#endif
