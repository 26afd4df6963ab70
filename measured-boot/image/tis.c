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
#define REG_STS       0x018 /* 32 bits; writes go to the lowest byte */
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

#define STS_BURST_SHIFT 8

#define INTERFACE_TYPE     0xFu
#define INTERFACE_FIFO     0u
#define INTERFACE_FIFO_1_3 15u /* as the older text has it; 1 would be a CRB */

#define LOCALITY_SIZE 0x1000u
#define ABSENT8       0xFFu /* what the bus, or an inactive locality, answers */
#define ABSENT32      0xFFFFFFFFu

#define HEADER_LEN 10u /* tag, size, response code */
#define SIZE_AT    2u

#ifdef CORBEL_HOST_TEST
#define read8(tis, locality, reg)         ((void)(tis), fake_tis_read8(locality, reg))
#define read32(tis, locality, reg)        ((void)(tis), fake_tis_read32(locality, reg))
#define write8(tis, locality, reg, value) ((void)(tis), fake_tis_write8(locality, reg, value))
#else
static inline uint8_t read8(const struct tis *tis, unsigned locality, unsigned reg)
{
	return tis->base[locality * LOCALITY_SIZE + reg];
}

static inline uint32_t read32(const struct tis *tis, unsigned locality, unsigned reg)
{
	return *(volatile uint32_t *)(tis->base + locality * LOCALITY_SIZE + reg);
}

static inline void write8(const struct tis *tis, unsigned locality, unsigned reg, uint8_t value)
{
	tis->base[locality * LOCALITY_SIZE + reg] = value;
}
#endif

static uint32_t status(const struct tis *tis)
{
	return read32(tis, tis->locality, REG_STS);
}

static void write_status(const struct tis *tis, uint8_t value)
{
	write8(tis, tis->locality, REG_STS, value);
}

uint32_t tis_probe(const struct tis *tis)
{
	uint32_t id = read32(tis, 0, REG_DID_VID);
	uint32_t type = read32(tis, 0, REG_INTERFACE) & INTERFACE_TYPE;

	if (id == 0 || id == ABSENT32) {
		return MEASURE_ERR_interface;
	}
	if (type != INTERFACE_FIFO && type != INTERFACE_FIFO_1_3) {
		return MEASURE_ERR_interface;
	}
	return 0;
}

static bool is_active(const struct tis *tis, unsigned locality)
{
	uint8_t access = read8(tis, locality, REG_ACCESS);

	if (access == ABSENT8) {
		return false;
	}
	return (access & ACCESS_VALID) && (access & ACCESS_ACTIVE);
}

bool tis_try(struct tis *tis, unsigned locality, bool seize)
{
	uint8_t way = ACCESS_REQUEST;

	if (seize) {
		way = ACCESS_SEIZE;
	}
	tis->locality = locality;
	if (!is_active(tis, locality)) {
		write8(tis, locality, REG_ACCESS, way);
	}
	return is_active(tis, locality);
}

/* GRUB leaves locality 0 active: a request alone would stay pending for ever. */
static void release_lower(const struct tis *tis, unsigned locality)
{
	for (unsigned lower = 0; lower < locality; lower++) {
		if (is_active(tis, lower)) {
			write8(tis, lower, REG_ACCESS, ACCESS_ACTIVE);
		}
	}
}

uint32_t tis_take(struct tis *tis, unsigned locality)
{
	uint64_t deadline = tis->now_ns() + TIS_TAKE_NS;
	uint64_t polite = tis->now_ns() + TIS_TAKE_NS / 10;

	release_lower(tis, locality);
	/* A seizure during a running command is granted when that ends. */
	while (!tis_try(tis, locality, tis->now_ns() > polite)) {
		if (tis->now_ns() > deadline) {
			/* Not left pending: it would be granted later and lock Dom0 out. */
			tis_release(tis);
			return MEASURE_ERR_locality;
		}
		__builtin_ia32_pause();
	}
	return 0;
}

void tis_release(const struct tis *tis)
{
	write8(tis, tis->locality, REG_ACCESS, ACCESS_ACTIVE);
}

/* One command under way; after the first error the remaining steps do nothing. */
struct exchange {
	const struct tis *tis;
	uint64_t deadline;
	uint32_t error; /* enum measure_error */
};

/* How many bytes the FIFO takes or gives without a new look at the status. */
static uint32_t burst_count(uint32_t sts)
{
	return (sts & STS_BURST) >> STS_BURST_SHIFT;
}

/* Waits for a status with all of `set`, none of `clear` and, if asked for, a burst count.  Returns
 * it, 0 after an error. */
static MAY_DROP uint32_t wait_status(struct exchange *exchange, uint32_t set, uint32_t clear,
				     bool burst)
{
	while (!exchange->error) {
		uint32_t sts = status(exchange->tis);
		bool is_awaited = (sts & (set | clear)) == set;

		if (burst && burst_count(sts) == 0) {
			is_awaited = false;
		}
		if (sts == ABSENT32) {
			exchange->error = MEASURE_ERR_protocol;
		} else if (is_awaited) {
			return sts;
		} else if (exchange->tis->now_ns() > exchange->deadline) {
			exchange->error = MEASURE_ERR_timeout;
		}
		__builtin_ia32_pause();
	}
	return 0;
}

/* The same, and for room or bytes in the FIFO: at most `len`, at least one unless in error. */
static size_t wait_burst(struct exchange *exchange, uint32_t set, size_t len)
{
	size_t burst = burst_count(wait_status(exchange, set, 0, true));

	if (burst > len) {
		return len;
	}
	return burst;
}

static void send(struct exchange *exchange, const uint8_t *next, size_t len)
{
	const struct tis *tis = exchange->tis;

	while (len > 0 && !exchange->error) {
		/* Before the first byte Expect is undefined; the caller looks after the last. */
		size_t burst = wait_burst(exchange, 0, len);

		for (size_t i = 0; i < burst; i++) {
			write8(tis, tis->locality, REG_FIFO, next[i]);
		}
		next += burst;
		len -= burst;
	}
}

static void receive(struct exchange *exchange, uint8_t *next, size_t len)
{
	const struct tis *tis = exchange->tis;

	while (len > 0 && !exchange->error) {
		size_t burst = wait_burst(exchange, STS_VALID | STS_AVAIL, len);

		for (size_t i = 0; i < burst; i++) {
			next[i] = read8(tis, tis->locality, REG_FIFO);
		}
		next += burst;
		len -= burst;
	}
}

static void send_command(struct exchange *exchange, const uint8_t *command, size_t len)
{
	size_t last = len - 1;

	if (!(status(exchange->tis) & STS_READY)) {
		write_status(exchange->tis, STS_READY);
	}
	wait_status(exchange, STS_READY, 0, false);
	send(exchange, command, last);
	/* The device must still want exactly the last byte, and nothing after it. */
	wait_status(exchange, STS_VALID | STS_EXPECT, 0, false);
	send(exchange, command + last, 1);
	wait_status(exchange, STS_VALID, STS_EXPECT, false);
	if (!exchange->error) {
		write_status(exchange->tis, STS_GO);
	}
}

/* The header says how much follows: believed as far as there is room. */
static size_t receive_response(struct exchange *exchange, uint8_t *response, size_t cap)
{
	uint32_t size;

	receive(exchange, response, HEADER_LEN);
	if (exchange->error) {
		return 0;
	}
	__builtin_memcpy(&size, response + SIZE_AT, sizeof(size));
	size = __builtin_bswap32(size);
	if (size < HEADER_LEN || size > cap) {
		exchange->error = MEASURE_ERR_response;
		return 0;
	}
	receive(exchange, response + HEADER_LEN, size - HEADER_LEN);
	wait_status(exchange, STS_VALID, 0, false);
	if (exchange->error) {
		return size;
	}
	if (status(exchange->tis) & STS_AVAIL) {
		exchange->error = MEASURE_ERR_protocol; /* more than the header said */
	}
	return size;
}

uint32_t tis_send(const struct tis *tis, uint64_t deadline, const uint8_t *command, size_t len)
{
	struct exchange exchange = {.tis = tis, .deadline = deadline};

	send_command(&exchange, command, len);
	if (exchange.error) {
		write_status(tis, STS_READY); /* cancels the command */
	}
	return exchange.error;
}

bool tis_answered(const struct tis *tis)
{
	/* All ones, an inactive locality, counts: tis_receive() then says what is wrong. */
	return status(tis) & STS_AVAIL;
}

uint32_t tis_receive(const struct tis *tis, uint64_t deadline, uint8_t *response, size_t cap,
		     size_t *got)
{
	struct exchange exchange = {.tis = tis, .deadline = deadline};

	*got = receive_response(&exchange, response, cap);
	/* Frees the FIFO after a response; cancels the command after an error. */
	write_status(tis, STS_READY);
	return exchange.error;
}
