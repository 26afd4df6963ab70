/* SPDX-License-Identifier: MIT */
/* Message signalled interrupts (device/msi.h; PCI Local Bus 3.0, 6.8). */
#include "device/msi.h"
#include "mm/slots.h"

#define MESSAGE_ADDRESS 0xFEE00000u
/* A marker: the PIRQ's low byte where the destination is, the rest above, an ExtINT of vector 0. */
#define MARKER_DATA    0x700u
#define MARKER_LOW(p)  (MESSAGE_ADDRESS | ((p)&0xFFu) << 12)
#define MARKER_HIGH(p) ((p) & ~0xFFu)

#define ENTRY_WORDS  4u /* of an MSI-X table: address, upper half, data, control */
#define ENTRY_MASKED 1u

static bool is_marker(const struct msi_message *message, uint32_t pirq)
{
	return message->low == MARKER_LOW(pirq) && message->high == MARKER_HIGH(pirq) &&
	       message->data == MARKER_DATA;
}

/* The table is the device's memory: mapped uncached, only while it is touched. */
static volatile uint32_t *open_entry(const struct pci_function *f, uint32_t entry)
{
	uint64_t at = f->msix_table + entry * ENTRY_WORDS * sizeof(uint32_t);
	uint8_t *page = slot_map_device(frame_of(at));

	return (volatile uint32_t *)(page + (at & PAGE_MASK));
}

static bool is_entry_marked(const struct pci_function *f, uint32_t entry, uint32_t pirq)
{
	volatile uint32_t *words = open_entry(f, entry);
	struct msi_message message = {words[0], words[1], words[2]};

	slot_unmap((void *)(uintptr_t)words);
	return is_marker(&message, pirq);
}

static bool is_marked(struct pci_function *f, uint32_t pirq, uint32_t *entry)
{
	if (f->msi && is_marker(&f->message, pirq)) {
		*entry = MSI_ENTRY;
		return true;
	}
	/* Its memory answers only if it is told to. */
	if (f->msix == 0 || !(pci_read(f->id, PCI_COMMAND) & PCI_COMMAND_MEMORY)) {
		return false;
	}
	for (*entry = 0; *entry < f->msix_count; ++*entry) {
		if (is_entry_marked(f, *entry, pirq)) {
			return true;
		}
	}
	return false;
}

struct msi_place msi_find(struct pci_space *space, uint32_t pirq)
{
	struct msi_place place = {.function = NULL};

	for (uint32_t i = 0; i < space->count && !place.function; i++) {
		if (is_marked(space->function[i], pirq, &place.entry)) {
			place.function = space->function[i];
		}
	}
	return place;
}

/* The message in the MSI capability; what the guest wrote there is its marker no more, or it would
 * be found again when the number is somebody else's. */
static void write_message(struct pci_function *f, uint32_t data)
{
	uint32_t at = f->msi + 4u;

	f->message.data = 0;
	pci_write(f->id, at, MESSAGE_ADDRESS);
	if (f->msi_wide) {
		at += 4;
		pci_write(f->id, at, 0);
	}
	at += 4;
	pci_write(f->id, at, (pci_read(f->id, at) & 0xFFFF0000u) | data);
}

static void write_entry(const struct msi_place *place, uint32_t control)
{
	const struct pci_function *f = place->function;
	volatile uint32_t *words;

	/* While it is being reset it answers ones, to this question too. */
	if (f->reset_done || !(pci_read(f->id, PCI_COMMAND) & PCI_COMMAND_MEMORY)) {
		return;
	}
	words = open_entry(f, place->entry);
	words[0] = MESSAGE_ADDRESS;
	words[1] = 0;
	words[2] = place->entry;
	words[3] = control;
	slot_unmap((void *)(uintptr_t)words);
}

static void set_vector(const struct msi_place *place, uint32_t value)
{
	struct pci_function *f = place->function;

	__atomic_store_n(&f->vectors[index_in(place->entry, IOMMU_VECTORS)], value,
			 __ATOMIC_RELEASE);
	iommu_vector_changed(f->id);
}

void msi_aim(const struct msi_place *place, uint8_t vector)
{
	set_vector(place, IOMMU_VECTOR(vector));
	if (place->entry == MSI_ENTRY) {
		write_message(place->function, MSI_ENTRY);
	} else {
		write_entry(place, 0);
	}
}

void msi_silence(const struct msi_place *place)
{
	if (place->entry != MSI_ENTRY) {
		write_entry(place, ENTRY_MASKED);
	}
	set_vector(place, 0);
}
