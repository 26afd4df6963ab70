/* SPDX-License-Identifier: MIT */
/*
 * SHA-256 and SHA-384 (FIPS 180-4) for freestanding code: general registers only, no allocation.
 * Part of the measured image and of the builder; input bytes are hostile, but only ever hashed.
 *
 * Boot hashes tens of megabytes on an emulated CPU, so the instructions per byte count: rounds are
 * unrolled by 16 with a rolling message schedule, rotations are nested to need one copy each, and
 * "majority" reuses the exclusive-or of the round before.
 */
#include "measured-boot/sha2.h"

#define MEMCPY __builtin_memcpy
#define MEMSET __builtin_memset

static const uint32_t k256[64] = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4,
	0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe,
	0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f,
	0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7,
	0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc,
	0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
	0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116,
	0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
	0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
	0xc67178f2,
};
static const uint64_t k512[80] = {
	0x428a2f98d728ae22, 0x7137449123ef65cd, 0xb5c0fbcfec4d3b2f, 0xe9b5dba58189dbbc,
	0x3956c25bf348b538, 0x59f111f1b605d019, 0x923f82a4af194f9b, 0xab1c5ed5da6d8118,
	0xd807aa98a3030242, 0x12835b0145706fbe, 0x243185be4ee4b28c, 0x550c7dc3d5ffb4e2,
	0x72be5d74f27b896f, 0x80deb1fe3b1696b1, 0x9bdc06a725c71235, 0xc19bf174cf692694,
	0xe49b69c19ef14ad2, 0xefbe4786384f25e3, 0x0fc19dc68b8cd5b5, 0x240ca1cc77ac9c65,
	0x2de92c6f592b0275, 0x4a7484aa6ea6e483, 0x5cb0a9dcbd41fbd4, 0x76f988da831153b5,
	0x983e5152ee66dfab, 0xa831c66d2db43210, 0xb00327c898fb213f, 0xbf597fc7beef0ee4,
	0xc6e00bf33da88fc2, 0xd5a79147930aa725, 0x06ca6351e003826f, 0x142929670a0e6e70,
	0x27b70a8546d22ffc, 0x2e1b21385c26c926, 0x4d2c6dfc5ac42aed, 0x53380d139d95b3df,
	0x650a73548baf63de, 0x766a0abb3c77b2a8, 0x81c2c92e47edaee6, 0x92722c851482353b,
	0xa2bfe8a14cf10364, 0xa81a664bbc423001, 0xc24b8b70d0f89791, 0xc76c51a30654be30,
	0xd192e819d6ef5218, 0xd69906245565a910, 0xf40e35855771202a, 0x106aa07032bbd1b8,
	0x19a4c116b8d2d0c8, 0x1e376c085141ab53, 0x2748774cdf8eeb99, 0x34b0bcb5e19b48a8,
	0x391c0cb3c5c95a63, 0x4ed8aa4ae3418acb, 0x5b9cca4f7763e373, 0x682e6ff3d6b2b8a3,
	0x748f82ee5defb2fc, 0x78a5636f43172f60, 0x84c87814a1f0ab72, 0x8cc702081a6439ec,
	0x90befffa23631e28, 0xa4506cebde82bde9, 0xbef9a3f7b2c67915, 0xc67178f2e372532b,
	0xca273eceea26619c, 0xd186b8c721c0c207, 0xeada7dd6cde0eb1e, 0xf57d4f7fee6ed178,
	0x06f067aa72176fba, 0x0a637dc5a2c898a6, 0x113f9804bef90dae, 0x1b710b35131c471b,
	0x28db77f523047d84, 0x32caab7b40c72493, 0x3c9ebe0a15c9bebc, 0x431d67c49c100d4c,
	0x4cc5d4becb3e42b6, 0x597f299cfc657e2a, 0x5fcb6fab3ad6faec, 0x6c44198c4a475817,
};

static inline uint32_t load32(const uint8_t *p)
{
	uint32_t v;

	MEMCPY(&v, p, sizeof(v));
	return __builtin_bswap32(v);
}

static inline uint64_t load64(const uint8_t *p)
{
	uint64_t v;

	MEMCPY(&v, p, sizeof(v));
	return __builtin_bswap64(v);
}

static inline void store32(uint8_t *p, uint32_t v)
{
	v = __builtin_bswap32(v);
	MEMCPY(p, &v, sizeof(v));
}

static inline void store64(uint8_t *p, uint64_t v)
{
	v = __builtin_bswap64(v);
	MEMCPY(p, &v, sizeof(v));
}

static inline uint32_t ror32(uint32_t v, unsigned n)
{
	return v >> n | v << (32 - n);
}

static inline uint64_t ror64(uint64_t v, unsigned n)
{
	return v >> n | v << (64 - n);
}

/* FIPS 180-4 section 4.1; ror(ror(ror(x, c) ^ x, b) ^ x, a) = ror(x, a) ^ ror(x, a + b) ^ .. */
#define BIG0_256(x)   ror32(ror32(ror32(x, 9) ^ (x), 11) ^ (x), 2)
#define BIG1_256(x)   ror32(ror32(ror32(x, 14) ^ (x), 5) ^ (x), 6)
#define SMALL0_256(x) (ror32(ror32(x, 11) ^ (x), 7) ^ (x) >> 3)
#define SMALL1_256(x) (ror32(ror32(x, 2) ^ (x), 17) ^ (x) >> 10)
#define BIG0_512(x)   ror64(ror64(ror64(x, 5) ^ (x), 6) ^ (x), 28)
#define BIG1_512(x)   ror64(ror64(ror64(x, 23) ^ (x), 4) ^ (x), 14)
#define SMALL0_512(x) (ror64(ror64(x, 7) ^ (x), 1) ^ (x) >> 7)
#define SMALL1_512(x) (ror64(ror64(x, 42) ^ (x), 19) ^ (x) >> 6)

/* One round.  `x` holds b ^ c on entry and a ^ b, the next round's b ^ c, in `y` on exit. */
#define ROUND(n, a, b, c, d, e, f, g, h, k, w, x, y)                                               \
	do {                                                                                       \
		h += (w) + (k) + BIG1_##n(e) + ((((f) ^ (g)) & (e)) ^ (g));                        \
		d += h;                                                                            \
		y = (a) ^ (b);                                                                     \
		x = (x & y) ^ (b);                                                                 \
		h += BIG0_##n(a) + x;                                                              \
	} while (0)

/* Eight rounds bring the names back to where they were. */
#define ROUNDS8(n, i, SCHED)                                                                       \
	do {                                                                                       \
		ROUND(n, a, b, c, d, e, f, g, h, k[(i) + 0], SCHED(n, (i) + 0), x, y);             \
		ROUND(n, h, a, b, c, d, e, f, g, k[(i) + 1], SCHED(n, (i) + 1), y, x);             \
		ROUND(n, g, h, a, b, c, d, e, f, k[(i) + 2], SCHED(n, (i) + 2), x, y);             \
		ROUND(n, f, g, h, a, b, c, d, e, k[(i) + 3], SCHED(n, (i) + 3), y, x);             \
		ROUND(n, e, f, g, h, a, b, c, d, k[(i) + 4], SCHED(n, (i) + 4), x, y);             \
		ROUND(n, d, e, f, g, h, a, b, c, k[(i) + 5], SCHED(n, (i) + 5), y, x);             \
		ROUND(n, c, d, e, f, g, h, a, b, k[(i) + 6], SCHED(n, (i) + 6), x, y);             \
		ROUND(n, b, c, d, e, f, g, h, a, k[(i) + 7], SCHED(n, (i) + 7), y, x);             \
	} while (0)

#define FIRST_256(i)      (w[i] = load32(data + 4 * (i)))
#define FIRST_512(i)      (w[i] = load64(data + 8 * (i)))
#define SCHED_FIRST(n, i) FIRST_##n(i)
#define SCHED_NEXT(n, i)                                                                           \
	(w[i] += SMALL1_##n(w[((i) + 14) & 15]) + w[((i) + 9) & 15] + SMALL0_##n(w[((i) + 1) & 15]))

static void blocks256(uint32_t state[8], const uint8_t *data, size_t count)
{
	uint32_t w[16];

	for (; count; count--, data += 64) {
		uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
		uint32_t e = state[4], f = state[5], g = state[6], h = state[7];
		uint32_t x = b ^ c, y;
		const uint32_t *k = k256;

		ROUNDS8(256, 0, SCHED_FIRST);
		ROUNDS8(256, 8, SCHED_FIRST);
		for (k += 16; k != k256 + 64; k += 16) {
			ROUNDS8(256, 0, SCHED_NEXT);
			ROUNDS8(256, 8, SCHED_NEXT);
		}
		state[0] += a, state[1] += b, state[2] += c, state[3] += d;
		state[4] += e, state[5] += f, state[6] += g, state[7] += h;
	}
}

static void blocks384(uint64_t state[8], const uint8_t *data, size_t count)
{
	uint64_t w[16];

	for (; count; count--, data += 128) {
		uint64_t a = state[0], b = state[1], c = state[2], d = state[3];
		uint64_t e = state[4], f = state[5], g = state[6], h = state[7];
		uint64_t x = b ^ c, y;
		const uint64_t *k = k512;

		ROUNDS8(512, 0, SCHED_FIRST);
		ROUNDS8(512, 8, SCHED_FIRST);
		for (k += 16; k != k512 + 80; k += 16) {
			ROUNDS8(512, 0, SCHED_NEXT);
			ROUNDS8(512, 8, SCHED_NEXT);
		}
		state[0] += a, state[1] += b, state[2] += c, state[3] += d;
		state[4] += e, state[5] += f, state[6] += g, state[7] += h;
	}
}

void sha256_init(struct sha256_ctx *c)
{
	static const uint32_t start[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
					  0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

	MEMCPY(c->state, start, sizeof(start));
	c->bytes = 0;
}

void sha256_update(struct sha256_ctx *c, const void *data, size_t len)
{
	const uint8_t *p = data;
	size_t used = c->bytes % 64, take;

	c->bytes += len;
	if (used) {
		take = len < 64 - used ? len : 64 - used;
		MEMCPY(c->block + used, p, take);
		p += take;
		len -= take;
		if (used + take < 64) {
			return;
		}
		blocks256(c->state, c->block, 1);
	}
	blocks256(c->state, p, len / 64);
	if (len % 64) {
		MEMCPY(c->block, p + len / 64 * 64, len % 64);
	}
}

void sha256_final(struct sha256_ctx *c, uint8_t out[SHA256_LEN])
{
	size_t used = c->bytes % 64;

	c->block[used++] = 0x80;
	if (used > 56) {
		MEMSET(c->block + used, 0, 64 - used);
		blocks256(c->state, c->block, 1);
		used = 0;
	}
	MEMSET(c->block + used, 0, 56 - used);
	store64(c->block + 56, c->bytes << 3);
	blocks256(c->state, c->block, 1);
	for (unsigned i = 0; i < 8; i++) {
		store32(out + 4 * i, c->state[i]);
	}
}

void sha384_init(struct sha384_ctx *c)
{
	static const uint64_t start[8] = {
		0xcbbb9d5dc1059ed8, 0x629a292a367cd507, 0x9159015a3070dd17, 0x152fecd8f70e5939,
		0x67332667ffc00b31, 0x8eb44a8768581511, 0xdb0c2e0d64f98fa7, 0x47b5481dbefa4fa4};

	MEMCPY(c->state, start, sizeof(start));
	c->bytes = 0;
}

void sha384_update(struct sha384_ctx *c, const void *data, size_t len)
{
	const uint8_t *p = data;
	size_t used = c->bytes % 128, take;

	c->bytes += len;
	if (used) {
		take = len < 128 - used ? len : 128 - used;
		MEMCPY(c->block + used, p, take);
		p += take;
		len -= take;
		if (used + take < 128) {
			return;
		}
		blocks384(c->state, c->block, 1);
	}
	blocks384(c->state, p, len / 128);
	if (len % 128) {
		MEMCPY(c->block, p + len / 128 * 128, len % 128);
	}
}

void sha384_final(struct sha384_ctx *c, uint8_t out[SHA384_LEN])
{
	size_t used = c->bytes % 128;

	c->block[used++] = 0x80;
	if (used > 112) {
		MEMSET(c->block + used, 0, 128 - used);
		blocks384(c->state, c->block, 1);
		used = 0;
	}
	MEMSET(c->block + used, 0, 112 - used);
	store64(c->block + 112, c->bytes >> 61);
	store64(c->block + 120, c->bytes << 3);
	blocks384(c->state, c->block, 1);
	for (unsigned i = 0; i < 6; i++) {
		store64(out + 8 * i, c->state[i]);
	}
}

void sha256(const void *data, size_t len, uint8_t out[SHA256_LEN])
{
	struct sha256_ctx c;

	sha256_init(&c);
	sha256_update(&c, data, len);
	sha256_final(&c, out);
}

void sha384(const void *data, size_t len, uint8_t out[SHA384_LEN])
{
	struct sha384_ctx c;

	sha384_init(&c);
	sha384_update(&c, data, len);
	sha384_final(&c, out);
}
