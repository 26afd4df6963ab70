/* SPDX-License-Identifier: MIT */
/*
 * Hypercalls through /dev/xen/privcmd.  The argument travels in a page of /dev/xen/hypercall, which
 * the kernel neither moves nor swaps: the hypervisor refuses what is not present RAM.
 *
 * Since 2026 Linux lets an ordinary guest make no hypercall from a program unless the module was
 * loaded with `unrestricted=1': opening then waits for a xenstore, and Corbel has none.  So the
 * opening has a deadline, and a harmless call tells the kernel's refusal from the hypervisor's.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xen/xen.h>
#include <xen/sys/privcmd.h>
#include <xen/version.h>

#include "abi/corbel.h"
#include "tools/report/guestcall.h"

#define PRIVCMD      "/dev/xen/privcmd"
#define BUFFER       "/dev/xen/hypercall"
#define PAGE         4096u
#define OPEN_SECONDS 5u
#define RESTRICTED                                                                                 \
	"this kernel lets no program make hypercalls: load xen-privcmd with `unrestricted=1', or " \
	"boot with xen_privcmd.unrestricted=1"

static int calls = -1;
static void *page;

static void on_alarm(int number)
{
	(void)number; /* it only has to interrupt open() */
}

static int open_with_deadline(const char *path)
{
	struct sigaction action = {.sa_handler = on_alarm}, before;
	int fd, error;

	sigaction(SIGALRM, &action, &before);
	alarm(OPEN_SECONDS);
	fd = open(path, O_RDWR | O_CLOEXEC);
	error = errno;
	alarm(0);
	sigaction(SIGALRM, &before, NULL);
	errno = error;
	return fd;
}

static int hypercall(unsigned number, uint64_t first, uint64_t second)
{
	struct privcmd_hypercall call = {.op = number, .arg = {first, second}};
	int ret = ioctl(calls, IOCTL_PRIVCMD_HYPERCALL, &call);

	return ret < 0 ? -errno : ret;
}

static int __attribute__((format(printf, 2, 3))) fail(char error[256], const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(error, 256, format, arguments);
	va_end(arguments);
	return 0;
}

int guestcall_open(char error[256])
{
	int buffer;

	calls = open_with_deadline(PRIVCMD);
	if (calls < 0 && errno == EINTR) {
		return fail(error, "%s", RESTRICTED);
	}
	if (calls < 0 && errno == ENOENT) {
		return fail(error,
			    "no %s: not a guest of Corbel or Xen, or the kernel's module "
			    "xen-privcmd is not loaded (insmod xen-privcmd.ko unrestricted=1)",
			    PRIVCMD);
	}
	if (calls < 0) {
		return fail(error, "cannot open %s: %s", PRIVCMD, strerror(errno));
	}
	buffer = open(BUFFER, O_RDWR | O_CLOEXEC);
	if (buffer < 0) {
		return fail(error, "cannot open %s: %s", BUFFER, strerror(errno));
	}
	page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, buffer, 0);
	close(buffer);
	if (page == MAP_FAILED) {
		return fail(error, "cannot map a page of %s: %s", BUFFER, strerror(errno));
	}
	if (hypercall(__HYPERVISOR_xen_version, XENVER_version, 0) < 0) {
		return fail(error, "%s", RESTRICTED);
	}
	return 1;
}

int guestcall(unsigned op, void *argument, size_t size)
{
	int ret;

	if (size > PAGE) {
		return -EINVAL;
	}
	memcpy(page, argument, size);
	ret = hypercall(CORBEL_HYPERCALL, op, (uintptr_t)page);
	memcpy(argument, page, size);
	return ret;
}
