// SPDX-License-Identifier: MIT
// What a domain that has PCI devices is told of them: one root bridge, bus 0 alone, with the window
// for BARs that abi/corbel.h names.  No MCFG: configuration space is reached by ports.  No _PRT: there
// are no interrupt lines.  Of the compiled table only this block is taken; the builder writes the
// header.
DefinitionBlock ("", "DSDT", 2, "CORBEL", "BUILDER ", 1)
{
	Scope (\_SB)
	{
		Device (PCI0)
		{
			Name (_HID, EisaId ("PNP0A03"))
			Name (_CRS, ResourceTemplate ()
			{
				WordBusNumber (ResourceProducer, MinFixed, MaxFixed, PosDecode,
					0, 0, 0, 0, 1)
				DWordMemory (ResourceProducer, PosDecode, MinFixed, MaxFixed,
					NonCacheable, ReadWrite,
					0, 0xD0000000, 0xFEBFFFFF, 0, 0x2EC00000)
			})
		}
	}
}
