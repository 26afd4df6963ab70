/* SPDX-License-Identifier: MIT */
/* The relay kernel's tenants: built from files of its archive, told to report, ended. */
#include "tests/guest/relay/relay.h"
#include <xen/hvm/params.h>
#include <xen/io/console.h>

#define TENANTS 8u

static struct tenant tenants[TENANTS];
static bool used[TENANTS];

void tenants_init(void)
{
	ring_client_init();
}

/* Value of KEY in lines KEY=VALUE; NULL when it is not there. */
static const char *field(const char *text, const char *key, char *value, size_t size)
{
	size_t len = strlen(key), used_up = 0;

	for (const char *at = text; *at != 0; at++) {
		if ((at != text && at[-1] != '\n') || strncmp(at, key, len) != 0 ||
		    at[len] != '=') {
			continue;
		}
		for (at += len + 1; *at != 0 && *at != '\n' && used_up + 1 < size; at++) {
			value[used_up++] = *at;
		}
		value[used_up] = 0;
		return value;
	}
	return NULL;
}

static uint32_t number(const char *text, const char *key)
{
	char value[16];
	uint32_t result = 0;

	if (field(text, key, value, sizeof(value)) != NULL) {
		for (const char *at = value; *at >= '0' && *at <= '9'; at++) {
			result = result * 10 + (uint32_t)(*at - '0');
		}
	}
	return result;
}

static const uint8_t *file(const char *text, const char *key, uint64_t *size)
{
	char name[64];
	size_t bytes = 0;
	const uint8_t *data = NULL;

	if (field(text, key, name, sizeof(name)) != NULL) {
		data = archive_find(name, &bytes);
		if (data == NULL) {
			print("relay: no %s in the archive\n", name);
		}
	}
	*size = bytes;
	return data;
}

int64_t tenant_create(const char *text, struct answer *answer)
{
	static char name[64], label[64], cmdline[1024];
	struct build b = {.name = field(text, "name", name, sizeof(name)),
			  .label = field(text, "label", label, sizeof(label)),
			  .cmdline = field(text, "cmdline", cmdline, sizeof(cmdline)),
			  .memory_mib = number(text, "memory"),
			  .vcpus = number(text, "vcpus"),
			  .timeout_ns = 60000000000ull};
	uint64_t owner_size;
	unsigned slot = 0;

	b.kernel = file(text, "kernel", &b.kernel_size);
	b.initrd = file(text, "initrd", &b.initrd_size);
	b.owner = (const void *)file(text, "owner", &owner_size);
	while (slot < TENANTS && used[slot]) {
		slot++;
	}
	if (slot == TENANTS || (b.owner != NULL && owner_size != sizeof(*b.owner))) {
		return -XEN_EINVAL;
	}
	build_run(&b);
	if (!b.ended) {
		return -XEN_ETIME;
	}
	memcpy(answer->data, &b.domid, 2);
	memcpy(answer->data + 2, b.reason, strlen(b.reason));
	answer->length = 2 + strlen(b.reason);
	if (b.result == 0) {
		used[slot] = true;
		tenant_attach(&tenants[slot], "tenant", b.domid, 16 + slot);
	}
	return b.result;
}

static struct tenant *find(uint16_t domid)
{
	for (unsigned i = 0; i < TENANTS; i++) {
		if (used[i] && tenants[i].domid == domid) {
			return &tenants[i];
		}
	}
	return NULL;
}

static void type(struct tenant *t, const uint8_t *data, size_t len)
{
	volatile struct xencons_interface *ring = grant_slot(t->slot);

	for (size_t i = 0; i < len; i++) {
		ring->in[MASK_XENCONS_IDX(ring->in_prod + (XENCONS_RING_IDX)i, ring->in)] =
			(char)data[i];
	}
	__asm__ volatile("" : : : "memory");
	ring->in_prod += (XENCONS_RING_IDX)len;
	event_send(t->console_port);
}

int64_t tenant_report(const uint8_t *data, size_t len, struct answer *answer)
{
	uint16_t domid;
	struct tenant *t;

	memcpy(&domid, data, 2);
	t = find(domid);
	if (t == NULL || len != 2 + CORBEL_REPORT_LEN) {
		return -XEN_EINVAL;
	}
	t->log_used = 0;
	t->log[0] = 0;
	type(t, data + 2, CORBEL_REPORT_LEN);
	if (!tenant_said(t, "reported", 20000000000ull)) {
		return -XEN_ETIME;
	}
	tenant_said(t, "\n", 1000000000ull);
	answer->length = t->log_used;
	memcpy(answer->data, t->log, t->log_used);
	return 0;
}

int64_t tenant_end(uint16_t domid)
{
	struct tenant *t = find(domid);

	if (t == NULL) {
		return -XEN_ESRCH;
	}
	tenant_destroy(t);
	used[t - tenants] = false;
	return 0;
}
