/* SPDX-License-Identifier: MIT */
/*
 * Ports: a domain with devices has those of PCI configuration space, nobody has any other.  Reads
 * give all ones as an empty bus does, writes vanish.  Port 0x42 alone reads 0, which ends Linux'
 * PIT calibration at once instead of after 100,000 reads.
 */
#include "device/space.h"
#include "virt/virt.h"

static bool is_pci(const struct virt_vcpu *v, uint16_t port)
{
	return v->pci && port >= PCI_PORTS && port < PCI_PORTS_END;
}

uint32_t guest_port_in(struct virt_vcpu *v, uint16_t port, unsigned size)
{
	if (is_pci(v, port)) {
		return space_in(v->pci, port, size);
	}
	return port == 0x42 ? 0 : 0xFFFFFFFFu;
}

void guest_port_out(struct virt_vcpu *v, uint16_t port, unsigned size, uint32_t value)
{
	if (is_pci(v, port)) {
		space_out(v->pci, port, size, value);
	}
}
