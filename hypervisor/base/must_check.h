/* SPDX-License-Identifier: MIT */
/* For what can fail: whoever does not look at the result does not compile. */
#ifndef BASE_MUST_CHECK_H
#define BASE_MUST_CHECK_H
#define MUST_CHECK __attribute__((warn_unused_result))
/* On purpose: a comment there says why nothing is to be done about it. */
#define IGNORED(result) ((void)!(result))
/* For what cannot fail, or keeps its failure: its result may be left (tools/lint/dropped). */
#ifdef __clang__
#define MAY_DROP __attribute__((annotate("may drop")))
#else
#define MAY_DROP
#endif
#endif
