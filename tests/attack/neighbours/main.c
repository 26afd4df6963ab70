/* SPDX-License-Identifier: MIT */
/*
 * T24: two tenants that both want to meet, each with a page and a port given to the other, without
 * a policy that lets them: nothing comes through, in either direction, and each refusal is on
 * record.  Under lab it is the same for two tenants without an owner.
 */
#include "tests/guest/lib/tenant.h"

const char test_title[] = "tenants that want to meet";

static struct build request;
static struct tenant tenant[2];

static void start(unsigned i, uint16_t peer)
{
	static char cmdline[2][16];

	format_into(cmdline[i], sizeof(cmdline[i]), "peer=%u", peer);
	request.name = i == 0 ? "one" : "two";
	request.cmdline = cmdline[i];
	request.uuid[0]++;
	build_must(&request);
	tenant_attach(&tenant[i], request.name, request.domid, i);
}

static unsigned denials(void)
{
	static struct corbel_host_info info;

	host_info(&info);
	return (unsigned)info.audit_denied;
}

void test_main(void)
{
	uint64_t before;
	uint16_t first;

	ring_client_init();
	build_image(&request, "neighbour.elf");
	before = frames_settle();
	start(0, CORBEL_DOMID_FIRST + 1);
	first = request.domid;
	check_equal("numbers are given in order", first, CORBEL_DOMID_FIRST);
	start(1, first);
	check_equal("and the second is the next", request.domid, first + 1);
	for (unsigned i = 0; i < 2; i++) {
		check_true("it gave", tenant_said(&tenant[i], "given to", 5000000000ull));
	}
	for (unsigned i = 0; i < 2; i++) {
		unsigned was = denials();

		tenant_type(&tenant[i]);
		check_true("it tried", tenant_said(&tenant[i], "tried", 5000000000ull));
		check_true("each refusal is counted", denials() - was >= 10);
	}
	for (unsigned i = 0; i < 2; i++) {
		tenant_type(&tenant[i]);
		check_equal("it ends by itself", tenant_wait(&tenant[i], 5000000000ull),
			    TENANT_off);
		tenant_destroy(&tenant[i]);
	}
	check_equal("every frame is back, and scrubbed", frames_settle(), before);
}
