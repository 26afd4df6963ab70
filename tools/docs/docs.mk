# SPDX-License-Identifier: MIT
# docs/HYPERCALLS.md, made from the tables that the hypervisor is built from.  The page is committed,
# so that it can be read without a build; tests/system/docs checks that it is current.
DOCS_TOOL := $(B)/tools/corbel-docs
$(DOCS_TOOL): tools/docs/hypercalls.c hypervisor/abi/hypercalls.def hypervisor/abi/corbel.h xsm/perms.def
	@mkdir -p $(@D)
	$(HOSTCC) $(HOSTFLAGS) $< -o $@
TESTBIN += $(DOCS_TOOL)

docs: $(DOCS_TOOL)
	$(DOCS_TOOL) >docs/HYPERCALLS.md
.PHONY: docs
