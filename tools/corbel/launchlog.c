/* SPDX-License-Identifier: MIT */
/*
 * See launchlog.h.  Used by the CLI and by corbel-attest: needs of them nothing but host.h.
 *
 * A writer may be killed between any two instructions.  It then leaves whole records that were not
 * acknowledged (they are found there), or a torn last one (it is cut off and read again): the ring
 * keeps every record until a later log_read says in `stored` that it is safe.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/corbel/host.h"
#include "tools/corbel/launchlog.h"

#define RECORD sizeof(struct corbel_log_record)
#define BATCH  (4096 / RECORD)

const char *launchlog_root = "/var/lib/corbel/launchlog";

__attribute__((format(printf, 3, 4))) static int fail(struct launchlog *log, int error,
						      const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(log->error, sizeof(log->error), format, args);
	va_end(args);
	return error;
}

/* ---- the file ------------------------------------------------------------------------------ */

static int make_folders(struct launchlog *log)
{
	char path[sizeof(log->path)];

	snprintf(path, sizeof(path), "%s", launchlog_root);
	for (char *slash = path + 1;; slash++) {
		char kept = *slash;

		if (kept != '/' && kept != '\0') {
			continue;
		}
		*slash = '\0';
		if (mkdir(path, 0700) && errno != EEXIST) {
			return fail(log, -errno, "cannot make %s: %s", path, strerror(errno));
		}
		*slash = kept;
		if (!kept) {
			return 0;
		}
	}
}

/* The name of a new file must be on the disk too before a record in it counts as stored. */
static int sync_folder(struct launchlog *log)
{
	int fd = open(launchlog_root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int error = fd < 0 || fsync(fd) ? errno : 0;

	if (fd >= 0) {
		close(fd);
	}
	return error ? fail(log, -error, "cannot sync %s: %s", launchlog_root, strerror(error)) : 0;
}

static int read_at(struct launchlog *log, void *to, size_t size, uint64_t offset)
{
	for (uint8_t *at = to; size;) {
		ssize_t got = pread(log->fd, at, size, (off_t)offset);

		if (got < 0 && errno == EINTR) {
			continue;
		}
		if (got <= 0) {
			int error = got ? errno : EIO;

			return fail(log, -error, "cannot read %s at byte %llu: %s", log->path,
				    (unsigned long long)offset,
				    got ? strerror(errno) : "the file has shrunk");
		}
		at += got;
		offset += (uint64_t)got;
		size -= (size_t)got;
	}
	return 0;
}

/* Whose word a record is does not matter here, only that it is what belongs at this place. */
static int check_record(struct launchlog *log, const struct corbel_log_record *record,
			uint64_t index, const char *where)
{
	if (memcmp(record->magic, CORBEL_LOG_MAGIC, sizeof(record->magic)) != 0) {
		return fail(log, -EBADMSG, "%s: record %llu does not begin with %s", where,
			    (unsigned long long)index, CORBEL_LOG_MAGIC);
	}
	if (memcmp(record->boot_id, log->boot_id, sizeof(log->boot_id)) != 0) {
		return fail(log, -EBADMSG, "%s: record %llu is of another boot", where,
			    (unsigned long long)index);
	}
	if (record->index != index) {
		return fail(log, -EBADMSG, "%s: record %llu stands where %llu was expected", where,
			    (unsigned long long)record->index, (unsigned long long)index);
	}
	return 0;
}

/* Finds the end of what is whole.  It may be of a writer that was killed before its fsync(), and
 * will be acknowledged with the next read: so it is made safe first. */
static int find_end(struct launchlog *log)
{
	struct corbel_log_record last;
	struct stat status;
	int ret;

	if (fstat(log->fd, &status)) {
		return fail(log, -errno, "cannot look at %s: %s", log->path, strerror(errno));
	}
	log->count = (uint64_t)status.st_size / RECORD;
	if ((uint64_t)status.st_size % RECORD && ftruncate(log->fd, (off_t)(log->count * RECORD))) {
		return fail(log, -errno, "cannot cut the torn record off %s: %s", log->path,
			    strerror(errno));
	}
	if (fsync(log->fd)) {
		return fail(log, -errno, "cannot sync %s: %s", log->path, strerror(errno));
	}
	if (!log->count) {
		return sync_folder(log);
	}
	ret = read_at(log, &last, RECORD, (log->count - 1) * RECORD);
	return ret ? ret : check_record(log, &last, log->count - 1, log->path);
}

/* `right`: what the call asks for. */
static int fail_call(struct launchlog *log, int error, const char *what, const char *right)
{
	bool denied = error == -EPERM;

	return fail(log, error, "%s: %s%s", what, denied ? "not permitted: " : "",
		    denied ? right : strerror(-error));
}

int launchlog_open(struct launchlog *log)
{
	struct corbel_host_info info = {0};
	char name[2 * sizeof(info.boot_id) + 1];
	int ret;

	memset(log, 0, sizeof(*log));
	log->fd = -1;
	ret = host_corbel(CORBEL_OP_host_info, &info, sizeof(info));
	if (ret < 0) {
		return fail_call(log, ret, "cannot learn which boot this is", "build:hostinfo");
	}
	memcpy(log->boot_id, info.boot_id, sizeof(log->boot_id));
	for (size_t i = 0; i < sizeof(info.boot_id); i++) {
		sprintf(name + 2 * i, "%02x", info.boot_id[i]);
	}
	snprintf(log->path, sizeof(log->path), "%s/%s.log", launchlog_root, name);
	ret = make_folders(log);
	if (ret) {
		return ret;
	}
	log->fd = open(log->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (log->fd < 0) {
		return fail(log, -errno, "cannot open %s: %s", log->path, strerror(errno));
	}
	while (flock(log->fd, LOCK_EX)) {
		if (errno != EINTR) {
			ret = fail(log, -errno, "cannot lock %s: %s", log->path, strerror(errno));
			break;
		}
	}
	ret = ret ? ret : find_end(log);
	if (ret) {
		launchlog_close(log);
	}
	return ret;
}

void launchlog_close(struct launchlog *log)
{
	if (log->fd >= 0) {
		close(log->fd);
		log->fd = -1;
	}
}

/* ---- from the hypervisor ------------------------------------------------------------------- */

static int append(struct launchlog *log, const struct corbel_log_record *records, size_t count)
{
	size_t size = count * RECORD, done = 0;
	int error = 0;

	while (done < size && !error) {
		ssize_t put = pwrite(log->fd, (const uint8_t *)records + done, size - done,
				     (off_t)(log->count * RECORD + done));

		if (put > 0) {
			done += (size_t)put;
		} else if (put == 0) {
			error = ENOSPC;
		} else if (errno != EINTR) {
			error = errno;
		}
	}
	if (!error && fsync(log->fd)) {
		error = errno;
	}
	if (error) {
		/* Best effort: what is left of it is cut off when the file is next opened. */
		if (ftruncate(log->fd, (off_t)(log->count * RECORD))) {
			launchlog_close(log);
		}
		return fail(log, -error,
			    "cannot store record %llu in %s: %s; the hypervisor keeps it until it "
			    "is stored",
			    (unsigned long long)log->count, log->path, strerror(error));
	}
	log->count += count;
	return 0;
}

static int read_batch(struct launchlog *log, struct corbel_log_record *records, size_t *count)
{
	struct corbel_log_read read = {
		.first = log->count,
		.stored = log->count,
		.size = BATCH * RECORD,
	};
	int ret = host_corbel_log_read(&read, records);

	*count = 0;
	if (ret == -ENOENT) {
		return fail(log, ret,
			    "%s ends with record %lld and does not fit the hypervisor's log: "
			    "records after it are lost, or the file was altered; no evidence can "
			    "be made of this boot any more",
			    log->path, (long long)log->count - 1);
	}
	if (ret < 0) {
		return fail_call(log, ret, "cannot read the launch log",
				 "xen:log_read, or xen:log_store to go on after it");
	}
	if (memcmp(read.boot_id, log->boot_id, sizeof(log->boot_id)) != 0) {
		return fail(log, -EBADMSG, "the hypervisor's launch log is of another boot");
	}
	if (read.filled % RECORD || (!read.filled && read.count != log->count)) {
		return fail(log, -EBADMSG,
			    "the hypervisor has %llu records, gave %u bytes from record %llu on",
			    (unsigned long long)read.count, read.filled,
			    (unsigned long long)log->count);
	}
	*count = read.filled / RECORD;
	for (size_t i = 0; i < *count; i++) {
		ret = check_record(log, &records[i], log->count + i, "the hypervisor's log");
		if (ret) {
			return ret;
		}
	}
	return 0;
}

/* The read that finds nothing more has acknowledged all that was stored before it. */
int launchlog_drain(struct launchlog *log)
{
	struct corbel_log_record records[BATCH];
	size_t count;
	int ret;

	do {
		ret = read_batch(log, records, &count);
		if (!ret && count) {
			ret = append(log, records, count);
		}
	} while (!ret && count);
	return ret;
}

/* One byte more, since nothing cannot be mapped. */
const struct corbel_log_record *launchlog_map(struct launchlog *log, uint64_t count)
{
	void *records;

	if (count > log->count) {
		fail(log, -ENOENT, "%s has %llu records, %llu are needed", log->path,
		     (unsigned long long)log->count, (unsigned long long)count);
		return NULL;
	}
	records = mmap(NULL, count * RECORD + 1, PROT_READ, MAP_PRIVATE, log->fd, 0);
	if (records == MAP_FAILED) {
		fail(log, -errno, "cannot map %s: %s", log->path, strerror(errno));
		return NULL;
	}
	return records;
}

void launchlog_unmap(const struct corbel_log_record *records, uint64_t count)
{
	if (records) {
		munmap((void *)records, count * RECORD + 1);
	}
}

int launchlog_alone(char *why, size_t size)
{
	struct launchlog log;
	int ret = make_folders(&log), fd;

	if (ret) {
		snprintf(why, size, "%s", log.error);
		return ret;
	}
	snprintf(log.path, sizeof(log.path), "%s/logd.lock", launchlog_root);
	fd = open(log.path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd >= 0 && !flock(fd, LOCK_EX | LOCK_NB)) {
		return 0;
	}
	ret = -errno;
	snprintf(why, size, "cannot lock %s: %s", log.path, strerror(-ret));
	if (fd >= 0) {
		close(fd);
	}
	return ret;
}

int launchlog_store(char *why, size_t size)
{
	struct launchlog log;
	int ret = launchlog_open(&log);

	if (!ret) {
		ret = launchlog_drain(&log);
		launchlog_close(&log);
	}
	if (ret) {
		snprintf(why, size, "%s", log.error);
	}
	return ret;
}
