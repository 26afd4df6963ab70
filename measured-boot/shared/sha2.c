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

/* FIPS 180-4 section 4.2.3, of SHA-512; those of SHA-256 (4.2.2) are the upper halves of the first
 * 64: both are the leading bits of the cube roots of the primes. */
/* clang-format off */
static const uint64_t constants[80] = {
	0x428a2f98d728ae22, 0x7137449123ef65cd,
	0xb5c0fbcfec4d3b2f, 0xe9b5dba58189dbbc,
	0x3956c25bf348b538, 0x59f111f1b605d019,
	0x923f82a4af194f9b, 0xab1c5ed5da6d8118,
	0xd807aa98a3030242, 0x12835b0145706fbe,
	0x243185be4ee4b28c, 0x550c7dc3d5ffb4e2,
	0x72be5d74f27b896f, 0x80deb1fe3b1696b1,
	0x9bdc06a725c71235, 0xc19bf174cf692694,
	0xe49b69c19ef14ad2, 0xefbe4786384f25e3,
	0x0fc19dc68b8cd5b5, 0x240ca1cc77ac9c65,
	0x2de92c6f592b0275, 0x4a7484aa6ea6e483,
	0x5cb0a9dcbd41fbd4, 0x76f988da831153b5,
	0x983e5152ee66dfab, 0xa831c66d2db43210,
	0xb00327c898fb213f, 0xbf597fc7beef0ee4,
	0xc6e00bf33da88fc2, 0xd5a79147930aa725,
	0x06ca6351e003826f, 0x142929670a0e6e70,
	0x27b70a8546d22ffc, 0x2e1b21385c26c926,
	0x4d2c6dfc5ac42aed, 0x53380d139d95b3df,
	0x650a73548baf63de, 0x766a0abb3c77b2a8,
	0x81c2c92e47edaee6, 0x92722c851482353b,
	0xa2bfe8a14cf10364, 0xa81a664bbc423001,
	0xc24b8b70d0f89791, 0xc76c51a30654be30,
	0xd192e819d6ef5218, 0xd69906245565a910,
	0xf40e35855771202a, 0x106aa07032bbd1b8,
	0x19a4c116b8d2d0c8, 0x1e376c085141ab53,
	0x2748774cdf8eeb99, 0x34b0bcb5e19b48a8,
	0x391c0cb3c5c95a63, 0x4ed8aa4ae3418acb,
	0x5b9cca4f7763e373, 0x682e6ff3d6b2b8a3,
	0x748f82ee5defb2fc, 0x78a5636f43172f60,
	0x84c87814a1f0ab72, 0x8cc702081a6439ec,
	0x90befffa23631e28, 0xa4506cebde82bde9,
	0xbef9a3f7b2c67915, 0xc67178f2e372532b,
	0xca273eceea26619c, 0xd186b8c721c0c207,
	0xeada7dd6cde0eb1e, 0xf57d4f7fee6ed178,
	0x06f067aa72176fba, 0x0a637dc5a2c898a6,
	0x113f9804bef90dae, 0x1b710b35131c471b,
	0x28db77f523047d84, 0x32caab7b40c72493,
	0x3c9ebe0a15c9bebc, 0x431d67c49c100d4c,
	0x4cc5d4becb3e42b6, 0x597f299cfc657e2a,
	0x5fcb6fab3ad6faec, 0x6c44198c4a475817,
};
/* clang-format on */

/* Words are big endian in the message and in the digest (FIPS 180-4 section 3.1). */
static inline uint32_t load256(const uint8_t *from)
{
	uint32_t word;

	MEMCPY(&word, from, sizeof(word));
	return __builtin_bswap32(word);
}

static inline uint64_t load512(const uint8_t *from)
{
	uint64_t word;

	MEMCPY(&word, from, sizeof(word));
	return __builtin_bswap64(word);
}

static void store(uint8_t *to, uint64_t value, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++) {
		to[i] = value >> (8 * (bytes - 1 - i));
	}
}

/* FIPS 180-4 sections 4.1.2 and 4.1.3; ror(ror(ror(x, c) ^ x, b) ^ x, a) = ror(x, a) ^ ror(x, a +
 * b) ^ ..; `bits` is the width of a word in DEFINE_BLOCKS. */
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

/* The compression function of the words `word` (FIPS 180-4 sections 6.2.2 and 6.4.2, whose names
 * these are); of state[], SHA-256 uses the low halves. */
#define DEFINE_BLOCKS(n, word, rounds)                                                             \
	static void blocks##n(uint64_t state[8], const uint8_t *data, size_t count)                \
	{                                                                                          \
		enum { bits = 8 * sizeof(word) };                                                  \
		word w[16];                                                                        \
                                                                                                   \
		for (; count > 0; count--) {                                                       \
			const uint64_t *k = constants;                                             \
			word a = state[0];                                                         \
			word b = state[1];                                                         \
			word c = state[2];                                                         \
			word d = state[3];                                                         \
			word e = state[4];                                                         \
			word f = state[5];                                                         \
			word g = state[6];                                                         \
			word h = state[7];                                                         \
			word x = b ^ c;                                                            \
			word y;                                                                    \
                                                                                                   \
			ROUNDS8(n, 0, SCHED_FIRST);                                                \
			ROUNDS8(n, 8, SCHED_FIRST);                                                \
			for (k += 16; k != constants + (rounds); k += 16) {                        \
				ROUNDS8(n, 0, SCHED_NEXT);                                         \
				ROUNDS8(n, 8, SCHED_NEXT);                                         \
			}                                                                          \
			state[0] += a;                                                             \
			state[1] += b;                                                             \
			state[2] += c;                                                             \
			state[3] += d;                                                             \
			state[4] += e;                                                             \
			state[5] += f;                                                             \
			state[6] += g;                                                             \
			state[7] += h;                                                             \
			data += sizeof(w);                                                         \
		}                                                                                  \
	}
DEFINE_BLOCKS(256, uint32_t, 64)
DEFINE_BLOCKS(512, uint64_t, 80)

#define SHA256_BLOCK 64
#define SHA512_BLOCK 128
#define BLOCK_WORDS  16 /* in either */

typedef void block_function(uint64_t state[8], const uint8_t *data, size_t count);

/* What both hash functions do, compiled once for each with its block function: who hashes with
 * SHA-256 does not reach SHA-384 (`make tcb` counts what a tenant comes to). */
#define FOR_EACH_FUNCTION static inline __attribute__((always_inline))

/* FIPS 180-4 section 5.3.3. */
void sha256_init(struct sha2_ctx *context)
{
	*context = (struct sha2_ctx){
		.state = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c,
			  0x1f83d9ab, 0x5be0cd19},
	};
}

/* FIPS 180-4 section 5.3.4. */
void sha384_init(struct sha2_ctx *context)
{
	*context = (struct sha2_ctx){
		.state = {0xcbbb9d5dc1059ed8, 0x629a292a367cd507, 0x9159015a3070dd17,
			  0x152fecd8f70e5939, 0x67332667ffc00b31, 0x8eb44a8768581511,
			  0xdb0c2e0d64f98fa7, 0x47b5481dbefa4fa4},
	};
}

FOR_EACH_FUNCTION void update(struct sha2_ctx *context, const void *data, size_t len, size_t size,
			      block_function *blocks)
{
	const uint8_t *next = data;
	size_t used = context->bytes % size;
	size_t rest;

	context->bytes += len;
	if (used > 0) {
		size_t take = size - used;

		if (take > len) {
			take = len;
		}
		MEMCPY(context->block + used, next, take);
		next += take;
		len -= take;
		if (used + take < size) {
			return;
		}
		blocks(context->state, context->block, 1);
	}
	/* Whole blocks are hashed where they lie; only what is left over is kept. */
	blocks(context->state, next, len / size);
	rest = len % size;
	if (rest > 0) {
		MEMCPY(context->block, next + (len - rest), rest);
	}
}

/* Padding is a one bit, zeroes, and the message's length in bits in the last eighth of a block
 * (FIPS 180-4 section 5.1). */
FOR_EACH_FUNCTION void final(struct sha2_ctx *context, uint8_t *out, size_t length, size_t size,
			     block_function *blocks)
{
	uint8_t *block = context->block;
	size_t used = context->bytes % size;
	size_t end = size - size / 8;
	unsigned word = (unsigned)size / BLOCK_WORDS;

	block[used] = 0x80;
	used++;
	if (used > end) {
		/* No room for the length any more: it comes in a block of its own. */
		MEMSET(block + used, 0, size - used);
		blocks(context->state, block, 1);
		used = 0;
	}
	MEMSET(block + used, 0, size - used);
	/* Of SHA-384's 128 bits of length the upper half stays zero: sha2_ctx bounds the bytes. */
	store(block + size - sizeof(uint64_t), context->bytes * 8, sizeof(uint64_t));
	blocks(context->state, block, 1);
	for (unsigned i = 0; i < length / word; i++) {
		store(out + word * i, context->state[i], word);
	}
}

void sha256_update(struct sha2_ctx *context, const void *data, size_t len)
{
	update(context, data, len, SHA256_BLOCK, blocks256);
}

void sha256_final(struct sha2_ctx *context, uint8_t out[SHA256_LEN])
{
	final(context, out, SHA256_LEN, SHA256_BLOCK, blocks256);
}

void sha384_update(struct sha2_ctx *context, const void *data, size_t len)
{
	update(context, data, len, SHA512_BLOCK, blocks512);
}

void sha384_final(struct sha2_ctx *context, uint8_t out[SHA384_LEN])
{
	final(context, out, SHA384_LEN, SHA512_BLOCK, blocks512);
}

void sha256(const void *data, size_t len, uint8_t out[SHA256_LEN])
{
	struct sha2_ctx context;

	sha256_init(&context);
	sha256_update(&context, data, len);
	sha256_final(&context, out);
}

void sha384(const void *data, size_t len, uint8_t out[SHA384_LEN])
{
	struct sha2_ctx context;

	sha384_init(&context);
	sha384_update(&context, data, len);
	sha384_final(&context, out);
}
