/* SPDX-License-Identifier: MIT */
/*
 * A Dom0 that does what tests/attest/relay.py tells it through its mailbox: TPM commands at
 * locality 0, hypercalls, tenants, and touches of any guest-physical address.  With it the programs
 * of the verifier's and the operator's side run on the build host, against a machine that firmware,
 * GRUB, hypervisor and builder have really started, ten seconds after power-on.
 *
 *	'T'  TPM command -> response
 *	'G'  TPM command, started and not read; 'W' its bytes, not started; 'R' give up on it
 *	'C'  u8 op, u16 size, u16 place of the buffer's pointer or FFFF, u16 offset, bytes:
 *	     Corbel's call with zeroes but these bytes there -> structure, buffer page
 *	'H'  five u64: any hypercall; a sixth: its number
 *	'X'  u64 number, u64 first argument, bytes that the second points at -> u64 their address
 *	'P'  u64 address, u8 width -> u32; 'K' u64 address, u8 width, u32: peek, poke
 *	'N'  new tenant; 'D' u16 end it; 'S' u16, 64 bytes: it reports
 *	'Q'  power off
 */
#include "tests/guest/relay/relay.h"
#include <xen/sched.h>

const char test_title[] = "relay";

#define TPM_TIME_NS 60000000000ull
#define SHORT_NS    3000000000ull

static uint8_t page[4096] __attribute__((aligned(4096)));
static uint8_t argument[4096] __attribute__((aligned(4096)));
static struct mailbox box __attribute__((aligned(4096)));

/* ---- the mailbox ----------------------------------------------------------------------------- */

static void open_mailbox(void)
{
	uint64_t mark[2] = {rdtsc() * 0x9E3779B97F4A7C15ull, now_ns() * 0xC2B2AE3D27D4EB4Full};

	/* Not twice in RAM: what a copy of this page holds is not looked at. */
	memcpy(box.mark, mark, sizeof(mark));
	print("relay: ready %016lx%016lx\n", mark[0], mark[1]);
}

static bool read_frame(struct frame *f)
{
	volatile struct mailbox *b = &box;

	while (b->asked == b->answered) {
		sleep_ns(500000);
	}
	__asm__ volatile("" : : : "memory");
	f->kind = (uint8_t)b->kind;
	f->length = b->length;
	if (f->length > MAILBOX_MAX) {
		broken("question of %u bytes", f->length);
	}
	memcpy(f->data, box.data, f->length);
	f->data[f->length] = 0;
	return f->kind != 'Q';
}

static void write_answer(int64_t result, const struct answer *answer)
{
	memcpy(box.data, answer->data, answer->length);
	box.length = (uint32_t)answer->length;
	box.result = result;
	__asm__ volatile("" : : : "memory");
	((volatile struct mailbox *)&box)->answered = box.asked;
}

/* ---- what it does --------------------------------------------------------------------------- */

static int64_t tpm(const struct frame *f, struct answer *answer)
{
	switch (f->kind) {
	case 'T':
		answer->length =
			tpm_command(f->data, f->length, answer->data, MAILBOX_MAX, TPM_TIME_NS);
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

static int64_t call_with(const struct frame *f, struct answer *answer)
{
	uint64_t head[2], address = (uintptr_t)argument;

	if (f->length < sizeof(head) || f->length - sizeof(head) > sizeof(argument)) {
		return -XEN_E2BIG;
	}
	memcpy(head, f->data, sizeof(head));
	memset(argument, 0, sizeof(argument));
	memcpy(argument, f->data + sizeof(head), f->length - sizeof(head));
	memcpy(answer->data, &address, sizeof(address));
	answer->length = sizeof(address);
	return hypercall2((unsigned)head[0], head[1], address);
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
	case 'X':
		return call_with(f, answer);
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

	tenants_init();
	open_mailbox();
	while (read_frame(&f)) {
		int64_t result;

		answer.length = 0;
		result = serve(&f, &answer);
		write_answer(result, &answer);
	}
	ok("served");
}
