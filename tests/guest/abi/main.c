/* SPDX-License-Identifier: MIT */
/*
 * What a PVH guest may rely on from its first instruction: entry state, start-info, CPUID leaves,
 * the calls that every Linux makes at boot, shared_info and time.
 */
#include "tests/guest/lib/cpu.h"
#include "tests/guest/lib/xen.h"
#include <xen/arch-x86/hvm/start_info.h>
#include <xen/features.h>
#include <xen/memory.h>
#include <xen/platform.h>
#include <xen/vcpu.h>
#include <xen/version.h>

const char test_title[] = "guest ABI";

static void check_entry(void)
{
	const struct hvm_start_info *info = (void *)(uintptr_t)start_info_address;

	check_equal("entry CR0 is PE, ET allowed", entry_cr0 & ~0x10u, 1);
	check_equal("entry CR4 is 0", entry_cr4, 0);
	check_equal("entry flags: IF, TF, VM clear", entry_flags & 0x20300, 0);
	check_equal("start-info magic", info->magic, XEN_HVM_START_MAGIC_VALUE);
	check_equal("start-info version", info->version, 1);
	check_equal("start-info flags", info->flags, SIF_PRIVILEGED | SIF_INITDOMAIN);
	check_true("memory map is there", info->memmap_paddr != 0 && info->memmap_entries > 0);
	check_true("RSDP is there",
		   info->rsdp_paddr != 0 && memcmp((void *)info->rsdp_paddr, "RSD PTR ", 8) == 0);
	check_true("memory map names some RAM", boot.ram_end >= 16ul << 20);
}

static void check_cpuid(void)
{
	struct cpuid_regs r = cpuid(0x40000000, 0);

	check_true("leaf 40000000: at least two more leaves", r.a >= 0x40000002);
	r = cpuid(0x40000001, 0);
	check_equal("leaf 40000001: version 4.17", r.a, 4 << 16 | 17);
	r = cpuid(0x40000004, 0);
	check_true("leaf 40000004: vCPU id 0, domain id 0, no per-vCPU upcall",
		   (r.a & 8) != 0 && r.b == 0 && (r.a & 16) != 0 && r.c == 0 && (r.a & 0x43) == 0);
	r = cpuid(0, 0);
	check_true("vendor is AuthenticAMD", r.b == 0x68747541 && r.d == 0x69746e65);
	r = cpuid(1, 0);
	check_true("leaf 1: hypervisor and x2APIC bits", (r.c >> 31 & 1) && (r.c >> 21 & 1));
	check_true("leaf 1: no MONITOR", (r.c >> 3 & 1) == 0);
	r = cpuid(0x80000001, 0);
	check_true("leaf 80000001: no SVM", (r.c >> 2 & 1) == 0);
	r = cpuid(0x80000007, 0);
	check_true("leaf 80000007: invariant TSC", (r.d >> 8 & 1) == 1);
	r = cpuid(7, 0);
	check_true("leaf 7: no LA57", (r.c >> 16 & 1) == 0);
}

static void check_version(void)
{
	struct xen_feature_info features = {.submap_idx = 0};
	xen_extraversion_t extra;

	check_equal("version is 4.17", (uint64_t)hypercall2(__HYPERVISOR_xen_version, 0, 0),
		    4 << 16 | 17);
	check_equal("extraversion answers",
		    (uint64_t)hypercall2(__HYPERVISOR_xen_version, XENVER_extraversion,
					 (uintptr_t)&extra),
		    0);
	check_equal("features answer",
		    (uint64_t)hypercall2(__HYPERVISOR_xen_version, XENVER_get_features,
					 (uintptr_t)&features),
		    0);
	check_true("features: auto-translated, callback vector, safe pvclock, no pirqs",
		   (features.submap & (1u << XENFEAT_auto_translated_physmap)) != 0 &&
			   (features.submap & (1u << XENFEAT_hvm_callback_vector)) != 0 &&
			   (features.submap & (1u << XENFEAT_hvm_safe_pvclock)) != 0 &&
			   (features.submap & (1u << XENFEAT_hvm_pirqs)) == 0);
}

static void check_unknown_calls(void)
{
	check_equal("unknown number: -ENOSYS", (uint64_t)hypercall1(63, 0), (uint64_t)-XEN_ENOSYS);
	check_equal("huge number: -ENOSYS", (uint64_t)hypercall1(0x7fffffff, 0),
		    (uint64_t)-XEN_ENOSYS);
	check_equal("hvm_op 9: -ENOSYS",
		    (uint64_t)hypercall2(__HYPERVISOR_hvm_op, 9, (uintptr_t)test_title),
		    (uint64_t)-XEN_ENOSYS);
	check_equal("event_channel_op 11 (FIFO): -ENOSYS",
		    (uint64_t)hypercall2(__HYPERVISOR_event_channel_op, 11, 0),
		    (uint64_t)-XEN_ENOSYS);
	check_equal("vm_assist: -ENOSYS", (uint64_t)hypercall2(__HYPERVISOR_vm_assist, 0, 5),
		    (uint64_t)-XEN_ENOSYS);
}

static void check_time(void)
{
	uint64_t before, tsc, after;

	events_init();
	check_true("event masks start all ones",
		   shared_info->evtchn_mask[0] == ~0ul && shared_info->evtchn_mask[63] == ~0ul);
	check_true("time info is valid at once",
		   shared_info->vcpu_info[0].time.tsc_to_system_mul != 0 &&
			   (shared_info->vcpu_info[0].time.version & 1) == 0);
	check_true("wall clock is set", shared_info->wc_sec > 1700000000u);
	before = now_ns();
	tsc = rdtsc();
	while (rdtsc() - tsc < 1000000) {
	}
	after = now_ns();
	check_true("time runs", after > before && after - before < 1000000000ull);
	before = now_ns();
	sleep_ns(5000000);
	after = now_ns();
	if (after - before >= 5000000 && after - before < 2000000000ull) {
		ok("poll sleeps for the time asked");
	} else {
		not_ok("poll sleeps for the time asked", "%lu ns for 5000000", after - before);
	}
}

/* T43: Dom0's offer of a wall clock is heard and not taken. */
static void check_settime(void)
{
	struct xen_platform_op arg = {.cmd = XENPF_settime64,
				      .interface_version = XENPF_INTERFACE_VERSION};
	uint32_t before = shared_info->wc_sec;
	uint64_t now = now_ns();

	arg.u.settime64.secs = 1000000000;
	arg.u.settime64.system_time = 1;
	check_equal("settime answers 0",
		    (uint64_t)hypercall1(__HYPERVISOR_platform_op, (uintptr_t)&arg), 0);
	check_true("and changes no clock", shared_info->wc_sec == before && now_ns() >= now &&
						   now_ns() - now < 1000000000ull);
}

static void check_host(void)
{
	static struct corbel_host_info info;

	host_info(&info);
	check_true("host_info: counts",
		   info.free_frames > 0 && info.total_frames > info.free_frames);
	check_true("host_info: direct mode is unmeasured",
		   (info.flags & (CORBEL_HOST_MEASURED | CORBEL_HOST_EFI)) == 0);
	check_true("host_info: builder memory is the measured image",
		   info.builder_instance >= 1 &&
			   memcmp(info.builder_image, info.builder_memory, 32) == 0);
	check_true("host_info: version text", info.version[0] != 0);
}

void test_main(void)
{
	check_entry();
	check_cpuid();
	if (!boot.xen) {
		return;
	}
	check_version();
	check_unknown_calls();
	check_time();
	check_settime();
	check_host();
}
