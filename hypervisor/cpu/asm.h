/* SPDX-License-Identifier: MIT */
/* One-instruction wrappers. Names are the instructions'. */
#ifndef CPU_ASM_H
#define CPU_ASM_H
#include "base/must_check.h"
#include <stdbool.h>
#include <stdint.h>

#define DEFINE_PORT(suffix, type)                                                                  \
	static inline void out##suffix(uint16_t port, type value)                                  \
	{                                                                                          \
		__asm__ volatile("out" #suffix " %0, %1" : : "a"(value), "Nd"(port));              \
	}                                                                                          \
	static inline type in##suffix(uint16_t port)                                               \
	{                                                                                          \
		type value;                                                                        \
		__asm__ volatile("in" #suffix " %1, %0" : "=a"(value) : "Nd"(port));               \
		return value;                                                                      \
	}
DEFINE_PORT(b, uint8_t)
DEFINE_PORT(w, uint16_t)
DEFINE_PORT(l, uint32_t)

static inline uint64_t rdmsr(uint32_t msr)
{
	uint32_t lo, hi;
	__asm__ volatile("rdmsr" : "=a"(lo), "=d"(hi) : "c"(msr));
	return (uint64_t)hi << 32 | lo;
}

static inline void wrmsr(uint32_t msr, uint64_t value)
{
	__asm__ volatile("wrmsr" : : "c"(msr), "a"((uint32_t)value), "d"((uint32_t)(value >> 32)));
}

static inline void xsetbv(uint64_t value)
{
	__asm__ volatile("xsetbv" : : "c"(0), "a"((uint32_t)value), "d"((uint32_t)(value >> 32)));
}

static inline uint64_t xgetbv(void)
{
	uint32_t lo, hi;
	__asm__ volatile("xgetbv" : "=a"(lo), "=d"(hi) : "c"(0));
	return (uint64_t)hi << 32 | lo;
}

/* Of all that XCR0 has switched on. */
static inline void xsave(void *area)
{
	__asm__ volatile("xsave64 (%0)" : : "r"(area), "a"(~0u), "d"(~0u) : "memory");
}

static inline void xrstor(const void *area)
{
	__asm__ volatile("xrstor64 (%0)" : : "r"(area), "a"(~0u), "d"(~0u) : "memory");
}

static inline void fninit(void)
{
	__asm__ volatile("fninit");
}

static inline void write_dr0_to_3(const uint64_t dr[4])
{
	__asm__ volatile("mov %0, %%dr0\n\tmov %1, %%dr1\n\tmov %2, %%dr2\n\tmov %3, %%dr3"
			 :
			 : "r"(dr[0]), "r"(dr[1]), "r"(dr[2]), "r"(dr[3]));
}

static inline void read_dr0_to_3(uint64_t dr[4])
{
	__asm__ volatile("mov %%dr0, %0\n\tmov %%dr1, %1\n\tmov %%dr2, %2\n\tmov %%dr3, %3"
			 : "=r"(dr[0]), "=r"(dr[1]), "=r"(dr[2]), "=r"(dr[3]));
}

/* 64 bytes, past the caches; store_fence() before anybody relies on them. */
static inline void store_zeros_nontemporal(uint64_t at[8])
{
	__asm__ volatile("movnti %0, (%1)\n\tmovnti %0, 8(%1)\n\tmovnti %0, 16(%1)\n\t"
			 "movnti %0, 24(%1)\n\tmovnti %0, 32(%1)\n\tmovnti %0, 40(%1)\n\t"
			 "movnti %0, 48(%1)\n\tmovnti %0, 56(%1)"
			 :
			 : "r"(0ull), "r"(at)
			 : "memory");
}

static inline void store_fence(void)
{
	__asm__ volatile("sfence" : : : "memory");
}

static inline void vmsave(uintptr_t vmcb)
{
	__asm__ volatile("vmsave %0" : : "a"(vmcb) : "memory");
}

static inline uint64_t rdtsc(void)
{
	uint32_t lo, hi;
	__asm__ volatile("rdtsc" : "=a"(lo), "=d"(hi));
	return (uint64_t)hi << 32 | lo;
}

struct cpuid_regs {
	uint32_t a, b, c, d;
};

static inline struct cpuid_regs cpuid(uint32_t leaf, uint32_t sub)
{
	struct cpuid_regs r;
	__asm__ volatile("cpuid"
			 : "=a"(r.a), "=b"(r.b), "=c"(r.c), "=d"(r.d)
			 : "a"(leaf), "c"(sub));
	return r;
}

/* False, and no effect: the CPU has no random numbers, or none left after several tries. */
static inline MUST_CHECK bool rdrand(uint64_t *value)
{
	bool good = false;
	uint64_t word;

	for (unsigned i = 0; i < 10 && !good && (cpuid(1, 0).c & 1u << 30); i++) {
		__asm__ volatile("rdrand %0" : "=r"(word), "=@ccc"(good));
	}
	if (good) {
		*value = word;
	}
	return good;
}

#define DEFINE_CR(n)                                                                               \
	static inline uint64_t read_cr##n(void)                                                    \
	{                                                                                          \
		uint64_t v;                                                                        \
		__asm__ volatile("mov %%cr" #n ", %0" : "=r"(v));                                  \
		return v;                                                                          \
	}                                                                                          \
	static inline void write_cr##n(uint64_t v)                                                 \
	{                                                                                          \
		__asm__ volatile("mov %0, %%cr" #n : : "r"(v) : "memory");                         \
	}
DEFINE_CR(0)
DEFINE_CR(2)
DEFINE_CR(3)
DEFINE_CR(4)

static inline void invlpg(uintptr_t va)
{
	__asm__ volatile("invlpg (%0)" : : "r"(va) : "memory");
}

static inline void cpu_relax(void)
{
	__asm__ volatile("pause");
}
#endif
