# SPDX-License-Identifier: MIT
"""QEMU's `edu` device, driven from outside the machine over its qtest socket: a device that does what
an attacker tells it, whatever the hypervisor lets its guests do.  Registers: QEMU's docs/specs/edu.txt.
"""
import socket
import time

BASE, COMMAND, LIST, MSI = 0x10, 0x04, 0x34, 0x05
MEMORY, MASTER = 2, 4
SRC, DST, COUNT, DMA, RAISE = 0x80, 0x88, 0x90, 0x98, 0x60
RUN, TO_MEMORY = 1, 2
BUFFER = 0x40000  # inside the device


class QTest:
    def __init__(self, path):
        end = time.monotonic() + 30
        while True:
            self.link = socket.socket(socket.AF_UNIX)
            try:
                self.link.connect(path)
                break
            except OSError:
                self.link.close()
                if time.monotonic() > end:
                    raise
                time.sleep(0.05)
        self.file = self.link.makefile("r")

    def ask(self, *words):
        self.link.sendall((" ".join(map(str, words)) + "\n").encode())
        answer = self.file.readline().split()
        if not answer or answer[0] != "OK":
            raise RuntimeError(f"qtest: {words}: {answer}")
        return int(answer[1], 16) if len(answer) > 1 else None

    def config(self, bdf, register, value=None):
        """32 bits of configuration space; nobody else uses it once the host runs."""
        self.ask("outl", 0xCF8, 0x80000000 | bdf << 8 | register)
        return self.ask("inl", 0xCFC) if value is None else self.ask("outl", 0xCFC, value)


class Edu:
    def __init__(self, path, bdf):
        self.bus, self.bdf = QTest(path), bdf
        self.base = self.bus.config(bdf, BASE) & ~0xF
        self.bus.config(bdf, COMMAND, MEMORY | MASTER)

    def write(self, address, size=64):
        """The device writes this much of its own buffer, zeros, to an address of the machine; returns
        when it says that it is done."""
        for register, value in ((SRC, BUFFER), (DST, address), (COUNT, size), (DMA, RUN | TO_MEMORY)):
            self.bus.ask("writeq", self.base + register, value)
        end = time.monotonic() + 30
        while self.bus.ask("readq", self.base + DMA) & RUN:
            if time.monotonic() > end:
                raise RuntimeError("edu: no end of the transfer")
            time.sleep(0.01)

    def interrupt(self, data):
        """By the device's own MSI, with this vector and delivery mode, to APIC 0."""
        at = self.bus.config(self.bdf, LIST) & 0xFC
        while self.bus.config(self.bdf, at) & 0xFF != MSI:
            at = self.bus.config(self.bdf, at) >> 8 & 0xFC
        for offset, value in ((4, 0xFEE00000), (8, 0), (12, data), (0, 1 << 16)):
            self.bus.config(self.bdf, at + offset, value)
        self.bus.ask("writel", self.base + RAISE, 1)
