/* SPDX-License-Identifier: MIT */
/*
 * SHA-256 and SHA-384 (FIPS 180-4) for freestanding code: general registers only, no allocation.
 * Part of the measured image and of the builder; input bytes are hostile, but only ever hashed.
 *
 * Boot hashes tens of megabytes on an emulated CPU, so the instructions per byte count: rounds are
 * unrolled by 16 with a rolling message schedule, rotations are nested to need one copy each, and
 * "majority" reuses the exclusive-or of the round before.
 */
#include "measured-boot/shared/sha2.h"

#define MEMCPY __builtin_memcpy
#define MEMSET __builtin_memset

/* Of SHA-512; those of SHA-256 are the upper halves of the first 64. */
static const uint64_t constants[80] = {
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

static inline uint32_t load256(const uint8_t *p)
{
	uint32_t v;

	MEMCPY(&v, p, sizeof(v));
	return __builtin_bswap32(v);
}

static inline uint64_t load512(const uint8_t *p)
{
	uint64_t v;

	MEMCPY(&v, p, sizeof(v));
	return __builtin_bswap64(v);
}

static void store(uint8_t *p, uint64_t v, unsigned bytes)
{
	while (bytes--) {
		*p++ = v >> (8 * bytes);
	}
}

/* FIPS 180-4 section 4.1; ror(ror(ror(x, c) ^ x, b) ^ x, a) = ror(x, a) ^ ror(x, a + b) ^ ..;
 * `bits` is the width of a word in DEFINE_BLOCKS. */
#define ROR(x, n)      ((x) >> (n) | (x) << (bits - (n)))
#define BIG0_256(x)    ROR(ROR(ROR(x, 9) ^ (x), 11) ^ (x), 2)
#define BIG1_256(x)    ROR(ROR(ROR(x, 14) ^ (x), 5) ^ (x), 6)
#define SMALL0_256(x)  (ROR(ROR(x, 11) ^ (x), 7) ^ (x) >> 3)
#define SMALL1_256(x)  (ROR(ROR(x, 2) ^ (x), 17) ^ (x) >> 10)
#define BIG0_512(x)    ROR(ROR(ROR(x, 5) ^ (x), 6) ^ (x), 28)
#define BIG1_512(x)    ROR(ROR(ROR(x, 23) ^ (x), 4) ^ (x), 14)
#define SMALL0_512(x)  (ROR(ROR(x, 7) ^ (x), 1) ^ (x) >> 7)
#define SMALL1_512(x)  (ROR(ROR(x, 42) ^ (x), 19) ^ (x) >> 6)
#define CONSTANT256(i) (uint32_t)(k[i] >> 32)
#define CONSTANT512(i) (k[i])

/* One round.  `x` holds b ^ c on entry and a ^ b, the next round's b ^ c, in `y` on exit. */
#define ROUND(n, a, b, c, d, e, f, g, h, i, SCHED, x, y)                                           \
	do {                                                                                       \
		h += SCHED(n, i) + CONSTANT##n(i) + BIG1_##n(e) + ((((f) ^ (g)) & (e)) ^ (g));     \
		d += h;                                                                            \
		y = (a) ^ (b);                                                                     \
		x = (x & y) ^ (b);                                                                 \
		h += BIG0_##n(a) + x;                                                              \
	} while (0)

/* Eight rounds bring the names back to where they were. */
#define ROUNDS8(n, i, SCHED)                                                                       \
	do {                                                                                       \
		ROUND(n, a, b, c, d, e, f, g, h, (i) + 0, SCHED, x, y);                            \
		ROUND(n, h, a, b, c, d, e, f, g, (i) + 1, SCHED, y, x);                            \
		ROUND(n, g, h, a, b, c, d, e, f, (i) + 2, SCHED, x, y);                            \
		ROUND(n, f, g, h, a, b, c, d, e, (i) + 3, SCHED, y, x);                            \
		ROUND(n, e, f, g, h, a, b, c, d, (i) + 4, SCHED, x, y);                            \
		ROUND(n, d, e, f, g, h, a, b, c, (i) + 5, SCHED, y, x);                            \
		ROUND(n, c, d, e, f, g, h, a, b, (i) + 6, SCHED, x, y);                            \
		ROUND(n, b, c, d, e, f, g, h, a, (i) + 7, SCHED, y, x);                            \
	} while (0)

#define SCHED_FIRST(n, i) (w[i] = load##n(data + sizeof(w[0]) * (i)))
#define SCHED_NEXT(n, i)                                                                           \
	(w[i] += SMALL1_##n(w[((i) + 14) & 15]) + w[((i) + 9) & 15] + SMALL0_##n(w[((i) + 1) & 15]))

/* The compression function of the words `word`; of state[], SHA-256 uses the low halves. */
#define DEFINE_BLOCKS(n, word, rounds)                                                             \
	static void blocks##n(uint64_t state[8], const uint8_t *data, size_t count)                \
	{                                                                                          \
		enum { bits = 8 * sizeof(word) };                                                  \
		word w[16];                                                                        \
                                                                                                   \
		for (; count; count--, data += sizeof(w)) {                                        \
			word a = state[0], b = state[1], c = state[2], d = state[3];               \
			word e = state[4], f = state[5], g = state[6], h = state[7];               \
			word x = b ^ c, y;                                                         \
			const uint64_t *k = constants;                                             \
                                                                                                   \
			ROUNDS8(n, 0, SCHED_FIRST);                                                \
			ROUNDS8(n, 8, SCHED_FIRST);                                                \
			for (k += 16; k != constants + (rounds); k += 16) {                        \
				ROUNDS8(n, 0, SCHED_NEXT);                                         \
				ROUNDS8(n, 8, SCHED_NEXT);                                         \
			}                                                                          \
			state[0] += a, state[1] += b, state[2] += c, state[3] += d;                \
			state[4] += e, state[5] += f, state[6] += g, state[7] += h;                \
		}                                                                                  \
	}
DEFINE_BLOCKS(256, uint32_t, 64)
DEFINE_BLOCKS(512, uint64_t, 80)

static void blocks(struct sha2_ctx *c, const uint8_t *data, size_t count)
{
	if (c->size == sizeof(c->block)) {
		blocks512(c->state, data, count);
	} else {
		blocks256(c->state, data, count);
	}
}

void sha256_init(struct sha2_ctx *c)
{
	*c = (struct sha2_ctx){
		.size = 64,
		.length = SHA256_LEN,
		.state = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c,
			  0x1f83d9ab, 0x5be0cd19},
	};
}

void sha384_init(struct sha2_ctx *c)
{
	*c = (struct sha2_ctx){
		.size = 128,
		.length = SHA384_LEN,
		.state = {0xcbbb9d5dc1059ed8, 0x629a292a367cd507, 0x9159015a3070dd17,
			  0x152fecd8f70e5939, 0x67332667ffc00b31, 0x8eb44a8768581511,
			  0xdb0c2e0d64f98fa7, 0x47b5481dbefa4fa4},
	};
}

void sha2_update(struct sha2_ctx *c, const void *data, size_t len)
{
	const uint8_t *p = data;
	size_t size = c->size, used = c->bytes % size, take;

	c->bytes += len;
	if (used) {
		take = len < size - used ? len : size - used;
		MEMCPY(c->block + used, p, take);
		p += take;
		len -= take;
		if (used + take < size) {
			return;
		}
		blocks(c, c->block, 1);
	}
	blocks(c, p, len / size);
	if (len % size) {
		MEMCPY(c->block, p + len / size * size, len % size);
	}
}

/* The last eighth of the last block is for the length of the message in bits. */
void sha2_final(struct sha2_ctx *c, uint8_t *out)
{
	size_t size = c->size, used = c->bytes % size, end = size - size / 8;
	unsigned word = c->size / 16;

	c->block[used++] = 0x80;
	if (used > end) {
		MEMSET(c->block + used, 0, size - used);
		blocks(c, c->block, 1);
		used = 0;
	}
	MEMSET(c->block + used, 0, size - used);
	store(c->block + size - 8, c->bytes << 3, 8);
	blocks(c, c->block, 1);
	for (unsigned i = 0; i < c->length / word; i++) {
		store(out + word * i, c->state[i], word);
	}
}

void sha256(const void *data, size_t len, uint8_t out[SHA256_LEN])
{
	struct sha2_ctx c;

	sha256_init(&c);
	sha2_update(&c, data, len);
	sha2_final(&c, out);
}

void sha384(const void *data, size_t len, uint8_t out[SHA384_LEN])
{
	struct sha2_ctx c;

	sha384_init(&c);
	sha2_update(&c, data, len);
	sha2_final(&c, out);
}
