/* SPDX-License-Identifier: MIT */
/*
 * The measurement core: what the hypervisor writes into PCR 17-22 and into the boot event log.
 * Part of the measured image.  It alone uses TPM localities above 0.  Believes nothing the TPM
 * answers beyond its own length checks; any error, once, means "unmeasured" until the next boot.
 *
 * PCR 17 is the trusted part, PCR 18 is Dom0: apart, so that a new Dom0 kernel leaves the reference
 * value of the trusted part alone.  Runs on the boot CPU only, so nothing here is locked.
 */
#include "measured-boot/image/measure.h"
#include "measured-boot/image/tpm2.h"
#include "cpu/asm.h"
#include "measured-boot/shared/sha2.h"

#define LOCALITY 2 /* may extend 17-22 and reset 20-22; Dom0's locality 0 may neither */

#define CHECKPOINT_PCR 22
#define POLITE_NS      1000000000ull /* so long Dom0 may keep the TPM from us */

/* How far the boot's measuring is.  A record of some kind comes at STAGE_start + kind. */
enum stage {
	STAGE_off,
	STAGE_init,
	STAGE_start,
	STAGE_cap = STAGE_start + MEASURE_kind_end, /* right after the last record */
	STAGE_protect
};

enum step { STEP_idle, STEP_take, STEP_reset, STEP_extend };

static struct {
	struct tis tis;
	enum stage stage;
	enum step step;    /* of the checkpoint under way */
	uint64_t deadline; /* of that step */
	uint32_t error;    /* the first; 0: none yet */
	uint32_t reset_count;
	uint32_t restart_count;
	struct tpm_banks banks;
	struct tpm_auth group_auth; /* of PCR 20-22; needed again for each checkpoint */
	size_t firmware_len;        /* of that part of the log which firmware wrote */
	size_t log_len;
	uint8_t log[MEASURE_FW_LOG_MAX + MEASURE_LOG_MAX];
	struct eventlog_data data; /* scratch: too big for the stack */
	uint8_t digest[TPM_BANKS_MAX][TPM_DIGEST_MAX];
} self;

/* The first error stays: it is the one that explains the others. */
static MAY_DROP bool failed(uint32_t error)
{
	if (error && !self.error) {
		self.error = error;
	}
	return self.error != 0;
}

void measure_init(volatile uint8_t *tis, uint64_t (*now_ns)(void))
{
	__builtin_memset(&self, 0, sizeof(self));
	self.tis.base = tis;
	self.tis.now_ns = now_ns;
	self.stage = STAGE_init;
	if (tis) {
		failed(tis_probe(&self.tis));
	} else {
		failed(MEASURE_ERR_no_tpm);
	}
}

bool measure_firmware_log(const void *log, size_t len)
{
	if (self.stage != STAGE_init || self.firmware_len || len > MEASURE_FW_LOG_MAX) {
		return false;
	}
	__builtin_memcpy(self.log, log, len);
	self.firmware_len = len;
	self.log_len = len;
	return true;
}

/* One fixed order, nothing left out but an initrd, nothing twice: a chain has one meaning. */
static MAY_DROP bool reach(enum stage stage)
{
	bool no_initrd = stage == STAGE_cap && self.stage == STAGE_start + MEASURE_kernel;

	if (stage == self.stage + 1 || no_initrd) {
		self.stage = stage;
	} else {
		failed(MEASURE_ERR_order);
	}
	return !self.error;
}

/* All ones says that no dynamic launch happened; anything else, that somebody was here before. */
static uint32_t check_start_value(unsigned pcr, uint16_t alg, uint16_t size)
{
	uint8_t *value = self.digest[0];
	uint32_t error = tpm2_pcr_read(&self.tis, pcr, alg, size, value);

	if (error) {
		return error;
	}
	for (unsigned i = 0; i < size; i++) {
		if (value[i] != 0xFF) {
			return MEASURE_ERR_start_value;
		}
	}
	return 0;
}

static uint32_t check_bank(uint16_t alg, uint16_t size)
{
	for (unsigned pcr = EVENTLOG_FIRST_PCR; pcr <= EVENTLOG_LAST_PCR; pcr++) {
		uint32_t error = check_start_value(pcr, alg, size);

		if (error) {
			return error;
		}
	}
	return 0;
}

/* Every active bank must start as it should, else a quote of it would say something else; and the
 * one that every verifier knows must be among them. */
static uint32_t check_banks(void)
{
	bool usable = false;

	for (unsigned i = 0; i < self.banks.count; i++) {
		uint16_t alg = self.banks.bank[i].alg;
		uint32_t error = check_bank(alg, self.banks.bank[i].size);

		if (error) {
			return error;
		}
		if (alg == TPM_ALG_SHA256) {
			usable = true;
		}
	}
	if (!usable) {
		return MEASURE_ERR_banks;
	}
	return 0;
}

void measure_start(void)
{
	struct tpm_banks banks;

	if (!reach(STAGE_start) || failed(tis_take(&self.tis, LOCALITY))) {
		return;
	}
	if (failed(tpm2_banks(&self.tis, &banks))) {
		return;
	}
	self.banks = banks;
	if (!failed(check_banks())) {
		failed(tpm2_counts(&self.tis, &self.reset_count, &self.restart_count));
	}
}

/* Extends `pcr` in every active bank with the digest of self.data, then logs it. */
static uint32_t extend(unsigned pcr, uint32_t type)
{
	size_t cap = self.firmware_len + MEASURE_LOG_MAX;
	size_t len;
	uint32_t error;

	eventlog_digests(&self.data, &self.banks, self.digest);
	/* The entry is written first, but counts only once the TPM has taken it: a full log must
	 * not leave an extend behind that nothing explains. */
	len = eventlog_append(self.log, self.log_len, cap, pcr, type, &self.banks, self.digest,
			      &self.data);
	if (!len) {
		return MEASURE_ERR_log_full;
	}
	error = tpm2_extend(&self.tis, pcr, &self.banks, self.digest);
	if (!error) {
		self.log_len = len;
	}
	return error;
}

static void record(enum measure_kind kind, const char *text, size_t text_len, uint64_t size,
		   const uint8_t sha256_digest[32], const uint8_t sha384_digest[48])
{
	bool fits = eventlog_record(&self.data, kind, text, text_len, size, sha256_digest,
				    sha384_digest);

	if (fits) {
		failed(extend(eventlog_pcr(kind), EVENTLOG_TAG));
	} else {
		failed(MEASURE_ERR_log_full);
	}
}

void measure_config(const char *cmdline)
{
	uint8_t sha256_digest[SHA256_LEN];
	uint8_t sha384_digest[SHA384_LEN];
	size_t len = __builtin_strlen(cmdline);

	if (reach(STAGE_start + MEASURE_config)) {
		sha256(cmdline, len, sha256_digest);
		sha384(cmdline, len, sha384_digest);
		record(MEASURE_config, cmdline, len, len, sha256_digest, sha384_digest);
	}
}

void measure_file(enum measure_kind kind, const uint8_t sha256[32], const uint8_t sha384[48],
		  uint64_t size)
{
	if (kind <= MEASURE_config || kind >= MEASURE_kind_end) {
		failed(MEASURE_ERR_order);
	} else if (reach(STAGE_start + kind)) {
		record(kind, "", 0, size, sha256, sha384);
	}
}

void measure_cap(void)
{
	reach(STAGE_cap);
	if (self.banks.count == 0) {
		return; /* no TPM, or an error before its banks were known */
	}
	/* After an error the chain must not be one that a success could have made; if even that
	 * extend fails there is nothing more to do, the state is "unmeasured" already. */
	for (unsigned pcr = EVENTLOG_FIRST_PCR; pcr <= EVENTLOG_LAST_PCR; pcr++) {
		eventlog_separator(&self.data, self.error != 0);
		failed(extend(pcr, EVENTLOG_SEPARATOR));
	}
}

/* The CPU's random numbers into `out`, as far as it has them: the value is good if either the TPM's
 * or the CPU's are. */
static void mix_cpu_random(uint8_t *out, size_t len)
{
	uint64_t value = 0;

	for (size_t i = 0; i + sizeof(value) <= len; i += sizeof(value)) {
		if (!rdrand(&value)) {
			return;
		}
		for (unsigned n = 0; n < sizeof(value); n++) {
			out[i + n] ^= value >> (8 * n);
		}
	}
}

/* Without a value of ours, locality 0 could set one and freeze PCR 20-22 for us.  The PC Client
 * profile does not ask for the command, and few TPMs have it: there locality 0 has no way either,
 * and the value stays empty. */
static void protect_group(void)
{
	uint32_t error;

	mix_cpu_random(self.group_auth.value, TPM_AUTH_LEN);
	self.group_auth.len = TPM_AUTH_LEN;
	error = tpm2_protect_group(&self.tis, &self.group_auth);
	if (tpm2_is_unprotectable(error)) {
		self.group_auth.len = 0;
	} else {
		failed(error);
	}
}

void measure_protect(void)
{
	if (reach(STAGE_protect) && !failed(tpm2_random(&self.tis, self.group_auth.value))) {
		protect_group();
	}
	if (self.tis.locality == LOCALITY) {
		tis_release(&self.tis);
	}
}

bool measure_ok(void)
{
	return self.stage != STAGE_off && !self.error;
}

uint32_t measure_error(void)
{
	return self.error;
}

void measure_counts(uint32_t *resets, uint32_t *restarts)
{
	*resets = 0;
	*restarts = 0;
	if (!self.error) {
		*resets = self.reset_count;
		*restarts = self.restart_count;
	}
}

uint32_t measure_banks(void)
{
	uint32_t bits = 0;

	if (self.error) {
		return 0;
	}
	for (unsigned i = 0; i < self.banks.count; i++) {
		bits |= eventlog_bank_bit(self.banks.bank[i].alg);
	}
	return bits;
}

/* Sends the command of this step, whose answer has until the deadline. */
static uint32_t send_step(void)
{
	uint32_t error;

	if (self.step == STEP_reset) {
		error = tpm2_send_reset(&self.tis, CHECKPOINT_PCR, &self.group_auth);
	} else {
		error = tpm2_send_extend(&self.tis, CHECKPOINT_PCR, &self.banks, self.digest,
					 &self.group_auth);
	}
	if (error) {
		return error;
	}
	return MEASURE_AGAIN;
}

static uint32_t begin_step(enum step step)
{
	self.step = step;
	self.deadline = self.tis.now_ns() + TIS_COMMAND_NS;
	return send_step();
}

/* The locality: asked for at first, taken by force when Dom0 has had its time. */
static uint32_t take_step(bool is_late)
{
	if (!tis_try(&self.tis, LOCALITY, is_late)) {
		return MEASURE_AGAIN;
	}
	return begin_step(STEP_reset);
}

/* The PCR is reset first, so that the checkpoint is all that it holds. */
static uint32_t advance(void)
{
	bool is_late = self.tis.now_ns() > self.deadline;
	uint32_t error = MEASURE_AGAIN;

	if (self.step == STEP_take) {
		return take_step(is_late);
	}
	if (tis_answered(&self.tis)) {
		error = tpm2_receive_empty(&self.tis);
		if (error == MEASURE_AGAIN && !is_late) {
			return send_step();
		}
	}
	if (error == MEASURE_AGAIN && is_late) {
		return MEASURE_ERR_timeout;
	}
	if (error || self.step == STEP_extend) {
		return error;
	}
	return begin_step(STEP_extend);
}

uint32_t measure_checkpoint(const void *record, size_t len)
{
	uint32_t error;

	if (self.error) {
		return self.error;
	}
	if (self.stage != STAGE_protect) {
		return MEASURE_ERR_order;
	}
	if (self.step == STEP_idle) {
		__builtin_memcpy(self.data.byte, record, len);
		self.data.len = len;
		eventlog_digests(&self.data, &self.banks, self.digest);
		self.deadline = self.tis.now_ns() + POLITE_NS;
		self.step = STEP_take;
	}
	error = advance();
	if (error != MEASURE_AGAIN) {
		failed(error);
		tis_release(&self.tis);
		self.step = STEP_idle;
	}
	return error;
}

size_t measure_log(const uint8_t **log)
{
	*log = self.log;
	return self.log_len;
}
