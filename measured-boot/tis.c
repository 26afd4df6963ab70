/* SPDX-License-Identifier: MIT */
/*
 * The TPM's FIFO (TIS) register interface: one locality, whole commands in and out.
 * Part of the measured image; everything the device answers is hostile: lengths are checked
 * before a byte is stored, and every wait has a deadline.
 *
 * Registers and sequence: TCG PC Client Platform TPM Profile, chapters on the FIFO interface.
 */
#include "measured-boot/tis.h"
#include "measured-boot/measure.h"

#define REG_ACCESS    0x000
#define REG_STS       0x018 /* 32 bits: status, burst count << 8 */
#define REG_FIFO      0x024
#define REG_INTERFACE 0x030
#define REG_DID_VID   0xF00

#define ACCESS_VALID   0x80
#define ACCESS_ACTIVE  0x20 /* written: relinquish */
#define ACCESS_SEIZED  0x10 /* written: clear */
#define ACCESS_SEIZE   0x08
#define ACCESS_REQUEST 0x02

#define STS_VALID  0x80u
#define STS_READY  0x40u
#define STS_GO     0x20u
#define STS_AVAIL  0x10u
#define STS_EXPECT 0x08u
#define STS_DEAD   0xFFFFFFFFu /* what an inactive locality reads as */

#define INTERFACE_TYPE 0xFu /* 0: FIFO; 15: FIFO, older text; 1: CRB */
#define HEADER_LEN     10u  /* tag, size, response code */

#ifdef CORBEL_HOST_TEST
#define read8(t, l, r)     ((void)(t), fake_tis_read8(l, r))
#define read32(t, l, r)    ((void)(t), fake_tis_read32(l, r))
#define write8(t, l, r, v) ((void)(t), fake_tis_write8(l, r, v))
#else
static inline uint8_t read8(const struct tis *t, unsigned locality, unsigned reg)
{
	return t->base[locality * 0x1000 + reg];
}

static inline uint32_t read32(const struct tis *t, unsigned locality, unsigned reg)
{
	return *(volatile uint32_t *)(t->base + locality * 0x1000 + reg);
}

static inline void write8(const struct tis *t, unsigned locality, unsigned reg, uint8_t value)
{
	t->base[locality * 0x1000 + reg] = value;
}
#endif

uint32_t tis_probe(const struct tis *t)
{
	uint32_t id = read32(t, 0, REG_DID_VID);
	uint32_t type = read32(t, 0, REG_INTERFACE) & INTERFACE_TYPE;

	if (id == 0 || id == 0xFFFFFFFFu || (type != 0 && type != 15)) {
		return MEASURE_ERR_interface;
	}
	return 0;
}

static int is_active(const struct tis *t, unsigned locality)
{
	uint8_t access = read8(t, locality, REG_ACCESS);

	return access != 0xFF && (access & ACCESS_VALID) && (access & ACCESS_ACTIVE);
}

uint32_t tis_take(struct tis *t, unsigned locality)
{
	uint64_t deadline = t->now_ns() + TIS_TAKE_NS;
	uint64_t polite = t->now_ns() + TIS_TAKE_NS / 10;
	int seized = 0;

	/* GRUB leaves locality 0 active: a request alone would stay pending for ever. */
	for (unsigned lower = 0; lower < locality; lower++) {
		if (is_active(t, lower)) {
			write8(t, lower, REG_ACCESS, ACCESS_ACTIVE);
		}
	}
	write8(t, locality, REG_ACCESS, ACCESS_REQUEST);
	while (!is_active(t, locality)) {
		uint64_t now = t->now_ns();

		if (now > deadline) {
			return MEASURE_ERR_locality;
		}
		/* Once: a seizure during a running command is granted when that ends. */
		if (now > polite && !seized) {
			write8(t, locality, REG_ACCESS, ACCESS_SEIZE);
			seized = 1;
		}
		__builtin_ia32_pause();
	}
	t->locality = locality;
	return 0;
}

void tis_release(const struct tis *t)
{
	write8(t, t->locality, REG_ACCESS, ACCESS_ACTIVE);
}

/* Waits until all of `set` and none of `clear` is seen in a valid status. */
static uint32_t wait_status(const struct tis *t, uint64_t deadline, uint32_t set, uint32_t clear)
{
	for (;;) {
		uint32_t sts = read32(t, t->locality, REG_STS);

		if (sts == STS_DEAD) {
			return MEASURE_ERR_protocol;
		}
		if ((sts & set) == set && !(sts & clear)) {
			return 0;
		}
		if (t->now_ns() > deadline) {
			return MEASURE_ERR_timeout;
		}
		__builtin_ia32_pause();
	}
}

/* How many bytes the FIFO takes or gives without a new look at the status; never 0. */
static uint32_t wait_burst(const struct tis *t, uint64_t deadline, size_t *burst)
{
	for (;;) {
		uint32_t sts = read32(t, t->locality, REG_STS);

		if (sts == STS_DEAD) {
			return MEASURE_ERR_protocol;
		}
		*burst = (sts >> 8) & 0xFFFF;
		if (*burst) {
			return 0;
		}
		if (t->now_ns() > deadline) {
			return MEASURE_ERR_timeout;
		}
		__builtin_ia32_pause();
	}
}

static uint32_t send(const struct tis *t, uint64_t deadline, const uint8_t *p, size_t len)
{
	size_t burst;
	uint32_t error;

	while (len) {
		/* Before the first byte Expect is undefined; the caller looks at it after the last.
		 */
		error = wait_burst(t, deadline, &burst);
		if (error) {
			return error;
		}
		for (; burst && len; burst--, len--) {
			write8(t, t->locality, REG_FIFO, *p++);
		}
	}
	return 0;
}

static uint32_t receive(const struct tis *t, uint64_t deadline, uint8_t *p, size_t len)
{
	size_t burst;
	uint32_t error;

	while (len) {
		error = wait_status(t, deadline, STS_VALID | STS_AVAIL, 0);
		if (!error) {
			error = wait_burst(t, deadline, &burst);
		}
		if (error) {
			return error;
		}
		for (; burst && len; burst--, len--) {
			*p++ = read8(t, t->locality, REG_FIFO);
		}
	}
	return 0;
}

static uint32_t send_command(const struct tis *t, uint64_t deadline, const uint8_t *p, size_t len)
{
	uint32_t error;

	if (!(read32(t, t->locality, REG_STS) & STS_READY)) {
		write8(t, t->locality, REG_STS, STS_READY);
	}
	error = wait_status(t, deadline, STS_READY, 0);
	if (!error) {
		error = send(t, deadline, p, len - 1);
	}
	/* The device must still want exactly the last byte, and nothing after it. */
	if (!error) {
		error = wait_status(t, deadline, STS_VALID | STS_EXPECT, 0);
	}
	if (!error) {
		error = send(t, deadline, p + len - 1, 1);
	}
	if (!error) {
		error = wait_status(t, deadline, STS_VALID, STS_EXPECT);
	}
	if (!error) {
		write8(t, t->locality, REG_STS, STS_GO);
	}
	return error;
}

static uint32_t receive_response(const struct tis *t, uint64_t deadline, uint8_t *p, size_t cap,
				 size_t *got)
{
	uint32_t error, size;

	if (cap < HEADER_LEN) {
		return MEASURE_ERR_response;
	}
	error = receive(t, deadline, p, HEADER_LEN);
	if (error) {
		return error;
	}
	size = (uint32_t)p[2] << 24 | (uint32_t)p[3] << 16 | (uint32_t)p[4] << 8 | p[5];
	if (size < HEADER_LEN || size > cap) {
		return MEASURE_ERR_response;
	}
	error = receive(t, deadline, p + HEADER_LEN, size - HEADER_LEN);
	if (error) {
		return error;
	}
	*got = size;
	error = wait_status(t, deadline, STS_VALID, 0);
	if (error) {
		return error;
	}
	return read32(t, t->locality, REG_STS) & STS_AVAIL ? MEASURE_ERR_protocol : 0;
}

uint32_t tis_command(const struct tis *t, uint64_t deadline, const uint8_t *command, size_t len,
		     uint8_t *response, size_t cap, size_t *got)
{
	uint32_t error = send_command(t, deadline, command, len);

	*got = 0;
	if (!error) {
		error = receive_response(t, deadline, response, cap, got);
	}
	/* Frees the FIFO after a response; cancels the command after an error. */
	write8(t, t->locality, REG_STS, STS_READY);
	return error;
}
