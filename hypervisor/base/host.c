/* SPDX-License-Identifier: MIT */
/* Facts about this boot (base/host.h): only the data. */
#include "base/host.h"

struct host_state host;
