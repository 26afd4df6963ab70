/* SPDX-License-Identifier: MIT */
/*
 * The TPM below attest_fixture.h: one that is made up and needs no time; nor do clock and disk.
 */
#include <openssl/sha.h>
#include <string.h>
#include <time.h>

#include "attest/attest_fixture.h"
#include "sim/fake_esys.h"

static struct timespec now;

int __wrap_clock_gettime(clockid_t clock, struct timespec *time);
int __wrap_nanosleep(const struct timespec *time, struct timespec *left);
int __wrap_fsync(int fd);

int __wrap_clock_gettime(clockid_t clock, struct timespec *time)
{
	(void)clock;
	*time = now;
	return 0;
}

/* A second, however long it was to be. */
int __wrap_nanosleep(const struct timespec *time, struct timespec *left)
{
	(void)time;
	(void)left;
	now.tv_sec++;
	return 0;
}

int __wrap_fsync(int fd)
{
	(void)fd;
	return 0;
}

void tpm_extend(const void *data, size_t length)
{
	uint8_t both[64] = {0};

	SHA256(data, length, both + 32);
	SHA256(both, sizeof(both), fake_esys.pcr[CORBEL_CHECKPOINT_PCR]);
}

int start_tpm(void **state)
{
	(void)state;
	fake_esys_init();
	strcpy(tcti, FAKE_ESYS_TCTI);
	return 0;
}

int stop_tpm(void **state)
{
	(void)state;
	fake_esys_free();
	return 0;
}
