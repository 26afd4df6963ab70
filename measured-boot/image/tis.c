/* SPDX-License-Identifier: MIT */
/*
 * The TPM's FIFO (TIS) register interface: one locality, whole commands in and out.
 * Part of the measured image; everything the device answers is hostile: lengths are checked
 * before a byte is stored, and every wait has a deadline.
 *
 * Registers and sequence: TCG PC Client Platform TPM Profile, chapters on the FIFO interface.
 */
#include "measured-boot/image/tis.h"
#include "measured-boot/image/measure.h"

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
#define STS_BURST  0xFFFF00u
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

static bool is_active(const struct tis *t, unsigned locality)
{
	uint8_t access = read8(t, locality, REG_ACCESS);

	return access != 0xFF && (access & ACCESS_VALID) && (access & ACCESS_ACTIVE);
}

bool tis_try(struct tis *t, unsigned locality, bool seize)
{
	t->locality = locality;
	if (!is_active(t, locality)) {
		write8(t, locality, REG_ACCESS, seize ? ACCESS_SEIZE : ACCESS_REQUEST);
	}
	return is_active(t, locality);
}

uint32_t tis_take(struct tis *t, unsigned locality)
{
	uint64_t deadline = t->now_ns() + TIS_TAKE_NS;
	uint64_t polite = t->now_ns() + TIS_TAKE_NS / 10;

	/* GRUB leaves locality 0 active: a request alone would stay pending for ever. */
	for (unsigned lower = 0; lower < locality; lower++) {
		if (is_active(t, lower)) {
			write8(t, lower, REG_ACCESS, ACCESS_ACTIVE);
		}
	}
	/* A seizure during a running command is granted when that ends. */
	while (!tis_try(t, locality, t->now_ns() > polite)) {
		if (t->now_ns() > deadline) {
			/* Not left pending: it would be granted later and lock Dom0 out. */
			tis_release(t);
			return MEASURE_ERR_locality;
		}
		__builtin_ia32_pause();
	}
	return 0;
}

void tis_release(const struct tis *t)
{
	write8(t, t->locality, REG_ACCESS, ACCESS_ACTIVE);
}

/* One command under way; after the first error the remaining steps do nothing. */
struct exchange {
	const struct tis *t;
	uint64_t deadline;
	uint32_t error; /* enum measure_error */
};

/* Waits for a status with all of `set`, none of `clear` and, if asked for, a burst count: how many
 * bytes the FIFO takes or gives without a new look at the status.  Returns that count. */
static uint32_t wait_status(struct exchange *x, uint32_t set, uint32_t clear, bool burst)
{
	while (!x->error) {
		uint32_t sts = read32(x->t, x->t->locality, REG_STS);

		if (sts == STS_DEAD) {
			x->error = MEASURE_ERR_protocol;
		} else if ((sts & (set | clear)) == set && (!burst || sts & STS_BURST)) {
			return (sts & STS_BURST) >> 8;
		} else if (x->t->now_ns() > x->deadline) {
			x->error = MEASURE_ERR_timeout;
		}
		__builtin_ia32_pause();
	}
	return 0;
}

static void send(struct exchange *x, const uint8_t *p, size_t len)
{
	while (len && !x->error) {
		/* Before the first byte Expect is undefined; the caller looks at it after the last.
		 */
		uint32_t burst = wait_status(x, 0, 0, true);

		for (; burst && len; burst--, len--) {
			write8(x->t, x->t->locality, REG_FIFO, *p++);
		}
	}
}

static void receive(struct exchange *x, uint8_t *p, size_t len)
{
	while (len && !x->error) {
		uint32_t burst = wait_status(x, STS_VALID | STS_AVAIL, 0, true);

		for (; burst && len; burst--, len--) {
			*p++ = read8(x->t, x->t->locality, REG_FIFO);
		}
	}
}

static void send_command(struct exchange *x, const uint8_t *p, size_t len)
{
	if (!(read32(x->t, x->t->locality, REG_STS) & STS_READY)) {
		write8(x->t, x->t->locality, REG_STS, STS_READY);
	}
	wait_status(x, STS_READY, 0, false);
	send(x, p, len - 1);
	/* The device must still want exactly the last byte, and nothing after it. */
	wait_status(x, STS_VALID | STS_EXPECT, 0, false);
	send(x, p + len - 1, 1);
	wait_status(x, STS_VALID, STS_EXPECT, false);
	if (!x->error) {
		write8(x->t, x->t->locality, REG_STS, STS_GO);
	}
}

static size_t receive_response(struct exchange *x, uint8_t *p, size_t cap)
{
	uint32_t size;

	receive(x, p, HEADER_LEN);
	if (x->error) {
		return 0;
	}
	size = (uint32_t)p[2] << 24 | (uint32_t)p[3] << 16 | (uint32_t)p[4] << 8 | p[5];
	if (size < HEADER_LEN || size > cap) {
		x->error = MEASURE_ERR_response;
		return 0;
	}
	receive(x, p + HEADER_LEN, size - HEADER_LEN);
	wait_status(x, STS_VALID, 0, false);
	if (!x->error && read32(x->t, x->t->locality, REG_STS) & STS_AVAIL) {
		x->error = MEASURE_ERR_protocol;
	}
	return size;
}

uint32_t tis_send(const struct tis *t, uint64_t deadline, const uint8_t *command, size_t len)
{
	struct exchange x = {.t = t, .deadline = deadline};

	send_command(&x, command, len);
	if (x.error) {
		write8(t, t->locality, REG_STS, STS_READY); /* cancels the command */
	}
	return x.error;
}

bool tis_answered(const struct tis *t)
{
	/* All ones, an inactive locality, counts: tis_receive() then says what is wrong. */
	return read32(t, t->locality, REG_STS) & STS_AVAIL;
}

uint32_t tis_receive(const struct tis *t, uint64_t deadline, uint8_t *response, size_t cap,
		     size_t *got)
{
	struct exchange x = {.t = t, .deadline = deadline};

	*got = receive_response(&x, response, cap);
	/* Frees the FIFO after a response; cancels the command after an error. */
	write8(t, t->locality, REG_STS, STS_READY);
	return x.error;
}
