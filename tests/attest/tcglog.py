# SPDX-License-Identifier: MIT
"""TCG crypto-agile event logs (TCG PC Client Platform Firmware Profile, chapter 10): taken apart,
put together, replayed.  Written apart from measured-boot/verify, so that a mistake in one shows.
"""
import hashlib
import struct
from dataclasses import dataclass, replace

SHA256, SHA384 = 0x0B, 0x0C
NAME = {0x04: "sha1", SHA256: "sha256", SHA384: "sha384", 0x0D: "sha512"}
SEPARATOR, ACTION, TAG, IPL, BOOT_APPLICATION = 4, 5, 6, 0xD, 0x80000003


@dataclass
class Event:
    pcr: int
    kind: int
    digests: dict  # algorithm: bytes
    data: bytes

    def but(self, **fields):
        return replace(self, **fields)


def read(log):
    """(the specification's event as it stands, events)."""
    size = struct.unpack_from("<I", log, 28)[0]
    head, at, events = log[:32 + size], 32 + size, []
    while at < len(log):
        pcr, kind, count = struct.unpack_from("<III", log, at)
        at, digests = at + 12, {}
        for _ in range(count):
            alg = struct.unpack_from("<H", log, at)[0]
            length = hashlib.new(NAME[alg]).digest_size
            digests[alg] = log[at + 2:at + 2 + length]
            at += 2 + length
        length = struct.unpack_from("<I", log, at)[0]
        events.append(Event(pcr, kind, digests, log[at + 4:at + 4 + length]))
        at += 4 + length
    return head, events


def write(head, events):
    out = head
    for event in events:
        out += struct.pack("<III", event.pcr, event.kind, len(event.digests))
        for alg, digest in event.digests.items():
            out += struct.pack("<H", alg) + digest
        out += struct.pack("<I", len(event.data)) + event.data
    return out


def replay(events, alg):
    """PCR values; 17 to 22 start at all ones."""
    size = hashlib.new(NAME[alg]).digest_size
    pcrs = {n: (b"\xff" if 17 <= n <= 22 else b"\0") * size for n in range(24)}
    for event in events:
        if event.kind != 3:  # EV_NO_ACTION extends nothing
            pcrs[event.pcr] = hashlib.new(NAME[alg], pcrs[event.pcr] + event.digests[alg]).digest()
    return pcrs
