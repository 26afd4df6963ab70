/* SPDX-License-Identifier: MIT */
/*
 * See image.h.  A file system is unpacked by mtools into a private folder, which is removed
 * afterwards.
 */
#include "measured-boot/reference/image.h"
#include "measured-boot/reference/reference.h"
#include "tools/lib/files.h"
#include <dirent.h>
#include <errno.h>
#include <ftw.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *where)
{
	(void)st;
	(void)type;
	(void)where;
	return remove(path);
}

void image_close(struct image *image)
{
	if (image->temporary) {
		nftw(image->tree, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	}
	free(image->tree);
	image->tree = NULL;
	image->temporary = false;
}

static bool unpack(const struct image *image)
{
	char *words[] = {"mcopy", "-s",        "-n", "-Q", "-i", (char *)image->shown,
			 "::/",   image->tree, NULL};
	int status = 0, error;
	pid_t child;

	setenv("MTOOLS_SKIP_CHECK", "1", 0);
	setenv("MTOOLS_NO_VFAT", "0", 1);
	error = posix_spawnp(&child, "mcopy", NULL, NULL, words, environ);
	if (error) {
		return bad("%s: mcopy (package mtools) cannot be started: %s; or name the folder "
			   "that the image was made from",
			   image->shown, strerror(error));
	}
	while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
	}
	return (WIFEXITED(status) && WEXITSTATUS(status) == 0) ||
	       bad("%s: mcopy cannot read it: expected a whole FAT file system", image->shown);
}

static uint32_t number(const uint8_t *at, unsigned bytes)
{
	uint32_t value = 0;

	while (bytes-- > 0) {
		value = value << 8 | at[bytes];
	}
	return value;
}

/* mcopy takes what is left of a file for the file: of a cut file system nothing can be told. */
static bool check_whole(const char *path, uint64_t size)
{
	uint8_t boot[36] = {0};
	const char *why;
	FILE *file = files_open_stream(path, &why);
	uint64_t sectors;

	if (!file) {
		return bad("%s: expected a folder or a file system in a file (%s)", path, why);
	}
	size = fread(boot, sizeof(boot), 1, file) == 1 ? size : 0;
	fclose(file);
	/* BPB_TotSec16, or BPB_TotSec32 if that is 0; BPB_BytsPerSec. */
	sectors = number(boot + 19, 2) ? number(boot + 19, 2) : number(boot + 32, 4);
	return sectors * number(boot + 11, 2) <= size ||
	       bad("%s: is cut short: expected a whole FAT file system", path);
}

bool image_open(struct image *image, const char *path)
{
	const char *folder = getenv("TMPDIR");
	struct stat st;

	memset(image, 0, sizeof(*image));
	image->shown = path;
	if (stat(path, &st) != 0) {
		return bad("%s: %s", path, strerror(errno));
	}
	if (S_ISDIR(st.st_mode)) {
		image->tree = strdup(path);
		return image->tree || bad("out of memory");
	}
	if (!check_whole(path, (uint64_t)st.st_size)) {
		return false;
	}
	if (asprintf(&image->tree, "%s/corbel-reference-XXXXXX", folder ? folder : "/tmp") < 0) {
		image->tree = NULL;
		return bad("out of memory");
	}
	if (!mkdtemp(image->tree)) {
		bad("%s: cannot be made: %s", image->tree, strerror(errno));
		image_close(image);
		return false;
	}
	image->temporary = true;
	if (!unpack(image)) {
		image_close(image);
		return false;
	}
	return true;
}

/* The entry of `folder` called `name`, freed by the caller: itself, or in another case. */
static char *find_entry(const char *folder, const char *name, size_t len)
{
	DIR *d = opendir(folder);
	struct dirent *entry;
	char *found = NULL;

	while (d && (entry = readdir(d)) != NULL) {
		if (strlen(entry->d_name) != len || strncasecmp(entry->d_name, name, len) != 0 ||
		    strcmp(entry->d_name, "..") == 0) {
			continue;
		}
		if (!found || strncmp(entry->d_name, name, len) == 0) {
			free(found);
			found = strdup(entry->d_name);
		}
	}
	if (d) {
		closedir(d);
	}
	return found;
}

bool image_find(const struct image *image, const char *name, char **path, char **shown)
{
	char *at = strdup(image->tree), *next, *entry;
	const char *word = name;

	*path = *shown = NULL;
	if (asprintf(shown, "%s%s%s", image->shown, image->temporary ? ":" : "", name) < 0) {
		*shown = NULL;
	}
	while (at && *shown && *(word += strspn(word, "/"))) {
		size_t len = strcspn(word, "/");

		entry = find_entry(at, word, len);
		if (!entry) {
			bad("%s: is not in the image", *shown);
			break;
		}
		if (asprintf(&next, "%s/%s", at, entry) < 0) {
			next = NULL;
		}
		free(entry);
		free(at);
		at = next;
		word += len;
	}
	if (at && *shown && !*word) {
		*path = at;
		return true;
	}
	free(at);
	free(*shown);
	*shown = NULL;
	return false;
}
