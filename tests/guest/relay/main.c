/* SPDX-License-Identifier: MIT */
/*
 * A Dom0 that does what tests/attest/relay.py tells it over the host console: TPM commands at
 * locality 0, hypercalls, tenants, and touches of any guest-physical address.  With it the programs
 * of the verifier's and the operator's side run on the build host, against a machine that firmware,
 * GRUB, hypervisor and builder have really started, ten seconds after power-on.
 *
 *	'T'  TPM command -> response
 *	'G'  TPM command, started and not read; 'W' its bytes, not started; 'R' give up on it
 *	'C'  u8 op, u16 size, u16 place of the buffer's pointer or FFFF, u16 offset, bytes:
 *	     Corbel's call with zeroes but these bytes there -> structure, buffer page
 *	'H'  five u64: any hypercall; a sixth: its number
 *	'P'  u64 address, u8 width -> u32; 'K' u64 address, u8 width, u32: peek, poke
 *	'N'  new tenant; 'D' u16 end it; 'S' u16, 64 bytes: it reports
 *	'Q'  power off
 */
#include "tests/guest/relay/relay.h"
#include <xen/sched.h>

const char test_title[] = "relay";

#define LINE_BYTES  1920u
#define TPM_TIME_NS 60000000000ull
#define SHORT_NS    3000000000ull

static uint8_t page[4096] __attribute__((aligned(4096)));
static uint8_t argument[4096] __attribute__((aligned(4096)));
static uint32_t console_port;

/* ---- the console ------------------------------------------------------------------------------
 */

static void read_bytes(uint8_t *out, size_t len)
{
	static uint8_t piece[256] __attribute__((aligned(256)));
	static size_t have, at;

	while (len > 0) {
		if (at == have) {
			long got = hypercall3(__HYPERVISOR_console_io, CONSOLEIO_read,
					      sizeof(piece), (uintptr_t)piece);

			at = 0;
			have = got > 0 ? (size_t)got : 0;
			if (have == 0) {
				event_wait(console_port, 1000000000ull);
			}
			continue;
		}
		*out++ = piece[at++];
		len--;
	}
}

static bool read_frame(struct frame *f)
{
	uint8_t head[3];

	read_bytes(head, sizeof(head));
	f->kind = head[0];
	f->length = (uint16_t)(head[1] | head[2] << 8);
	if (f->length >= FRAME_MAX) {
		broken("frame of %u bytes", f->length);
	}
	read_bytes(f->data, f->length);
	f->data[f->length] = 0;
	return f->kind != 'Q';
}

/* Each line in one call, so that nothing of the hypervisor's gets between its bytes. */
static void write_line(const uint8_t *data, size_t len)
{
	static char line[2 * LINE_BYTES + 2] __attribute__((aligned(4096)));
	size_t used = 0;

	line[used++] = '@';
	for (size_t i = 0; i < len; i++) {
		line[used++] = "0123456789abcdef"[data[i] >> 4];
		line[used++] = "0123456789abcdef"[data[i] & 15];
	}
	line[used++] = '\n';
	console_raw(line, used);
}

static void write_answer(int64_t result, const struct answer *answer)
{
	write_line((const uint8_t *)&result, sizeof(result));
	for (size_t at = 0; at < answer->length; at += LINE_BYTES) {
		write_line(answer->data + at, MIN(LINE_BYTES, answer->length - at));
	}
	console_raw("@.\n", 3);
}

/* ---- what it does -------------------------------------------------------------------------------
 */

static int64_t tpm(const struct frame *f, struct answer *answer)
{
	switch (f->kind) {
	case 'T':
		answer->length =
			tpm_command(f->data, f->length, answer->data, ANSWER_MAX, TPM_TIME_NS);
		return answer->length > 0 ? 0 : -XEN_ETIME;
	case 'R':
		tpm_drop();
		return 0;
	default:
		return tpm_begin(f->data, f->length, f->kind == 'G', SHORT_NS) ? 0 : -XEN_ETIME;
	}
}

struct call_frame {
	uint8_t op;
	uint16_t size, pointer, offset;
	uint8_t bytes[];
} __attribute__((packed));

static int64_t call(const struct frame *f, struct answer *answer)
{
	const struct call_frame *c = (const void *)f->data;
	size_t len = f->length - sizeof(*c);
	uint64_t buffer = (uintptr_t)page;
	int64_t result;

	if (f->length < sizeof(*c) || c->size > 2048 || c->offset + len > c->size) {
		return -XEN_E2BIG;
	}
	memset(argument, 0, c->size);
	memset(page, 0, sizeof(page));
	memcpy(argument + c->offset, c->bytes, len);
	if (c->pointer + sizeof(buffer) <= c->size) {
		memcpy(argument + c->pointer, &buffer, sizeof(buffer));
	}
	result = corbel_call(c->op, argument);
	memcpy(answer->data, argument, c->size);
	memcpy(answer->data + c->size, page, sizeof(page));
	answer->length = c->size + sizeof(page);
	while (answer->length > c->size && answer->data[answer->length - 1] == 0) {
		answer->length--; /* the other side knows how much there must be */
	}
	return result;
}

static int64_t any_call(const struct frame *f)
{
	uint64_t arg[6];

	memcpy(arg, f->data, sizeof(arg));
	return hypercall5((unsigned)arg[5], arg[0], arg[1], arg[2], arg[3], arg[4]);
}

static int64_t touch(const struct frame *f, struct answer *answer)
{
	uint64_t address;
	uint32_t value = 0;
	uint8_t width = f->data[8];

	memcpy(&address, f->data, sizeof(address));
	if (f->kind == 'P') {
		value = width == 1 ? *(volatile uint8_t *)address : *(volatile uint32_t *)address;
		memcpy(answer->data, &value, sizeof(value));
		answer->length = sizeof(value);
		return 0;
	}
	memcpy(&value, f->data + 9, sizeof(value));
	if (width == 1) {
		*(volatile uint8_t *)address = (uint8_t)value;
	} else {
		*(volatile uint32_t *)address = value;
	}
	return 0;
}

static int64_t serve(const struct frame *f, struct answer *answer)
{
	uint16_t domid;

	memcpy(&domid, f->data, sizeof(domid));
	switch (f->kind) {
	case 'T':
	case 'G':
	case 'W':
	case 'R':
		return tpm(f, answer);
	case 'C':
		return call(f, answer);
	case 'H':
		return any_call(f);
	case 'P':
	case 'K':
		return touch(f, answer);
	case 'N':
		return tenant_create((const char *)f->data, answer);
	case 'D':
		return tenant_end(domid);
	case 'S':
		return tenant_report(f->data, f->length, answer);
	default:
		return -XEN_ENOSYS;
	}
}

void test_main(void)
{
	static struct frame f;
	static struct answer answer;
	long port;

	tenants_init();
	port = event_virq(VIRQ_CONSOLE, 0);
	if (port < 0) {
		broken("console interrupt: %ld", port);
	}
	console_port = (uint32_t)port;
	print("relay: ready\n");
	while (read_frame(&f)) {
		int64_t result;

		answer.length = 0;
		result = serve(&f, &answer);
		write_answer(result, &answer);
	}
	ok("served");
}
