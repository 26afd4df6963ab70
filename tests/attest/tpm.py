# SPDX-License-Identifier: MIT
"""TPM 2.0 commands as bytes, for tests that play a hostile Dom0 (TPM 2.0 Library, part 3).

Each function makes one command; run() sends it through a function bytes -> bytes and splits the
answer.  Everything is authorised with an empty password, which is what Dom0 has.
"""
import struct

SHA256, SHA384, ECDSA, ECC, RSA, NULL = 0x0B, 0x0C, 0x18, 0x23, 0x01, 0x10
OWNER, ENDORSEMENT, PLATFORM, LOCKOUT, NULL_HIERARCHY = (
    0x40000001, 0x4000000B, 0x4000000C, 0x4000000A, 0x40000007)
SIZE = {SHA256: 32, SHA384: 48}

NO_SESSIONS, SESSIONS = 0x8001, 0x8002
RC_LOCALITY, RC_BAD_AUTH = 0x907, 0x9A2  # 0x9A2: of the first handle
PASSWORD = struct.pack(">IHBH", 0x40000009, 0, 0, 0)


def sized(data):
    return struct.pack(">H", len(data)) + data


def command(code, handles=(), parameters=b"", auths=None):
    """auths: how many of the handles are authorised; None: a command without sessions."""
    body = b"".join(struct.pack(">I", handle) for handle in handles)
    tag = NO_SESSIONS
    if auths:
        tag = SESSIONS
        body += struct.pack(">I", auths * len(PASSWORD)) + auths * PASSWORD
    body += parameters
    return struct.pack(">HII", tag, 10 + len(body), code) + body


class Answer:
    def __init__(self, data, handle=False):
        self.code = struct.unpack(">I", data[6:10])[0] if len(data) >= 10 else None
        self.data, self.handle = data[10:], None
        if self.code == 0 and handle:
            self.handle, self.data = struct.unpack(">I", self.data[:4])[0], self.data[4:]
        if self.code == 0 and data[:2] == struct.pack(">H", SESSIONS):
            size = struct.unpack(">I", self.data[:4])[0]
            self.data = self.data[4:4 + size]

    def sized(self, count=1):
        """The first TPM2B fields."""
        out, at = [], 0
        for _ in range(count):
            size = struct.unpack(">H", self.data[at:at + 2])[0]
            out.append(self.data[at + 2:at + 2 + size])
            at += 2 + size
        return out if count > 1 else out[0]


RC_RETRY = 0x922  # "send it again": the first use of a key that counts towards the lockout


def run(send, data, handle=False):
    for _ in range(3):
        answer = Answer(send(data), handle)
        if answer.code != RC_RETRY:
            break
    return answer


# ---- PCRs ----------------------------------------------------------------------------------------

def digests(values):
    return struct.pack(">I", len(values)) + b"".join(
        struct.pack(">H", alg) + value for alg, value in values.items())


def pcr_extend(pcr, byte=0x5A):
    values = {alg: bytes([byte]) * size for alg, size in SIZE.items()}
    return command(0x182, [pcr], digests(values), 1)


def pcr_event(pcr, data=b"event"):
    return command(0x13C, [pcr], sized(data), 1)


def pcr_reset(pcr):
    return command(0x13D, [pcr], b"", 1)


def pcr_set_auth(pcr, value=b"mine"):
    return command(0x183, [pcr], sized(value), 1)


def pcr_set_policy(pcr):
    return command(0x12C, [PLATFORM], sized(b"\0" * 32) + struct.pack(">HI", SHA256, pcr), 1)


def selection(pcrs, banks=(SHA256, SHA384)):
    bits = sum(1 << pcr for pcr in pcrs).to_bytes(3, "little")
    return struct.pack(">I", len(banks)) + b"".join(
        struct.pack(">HB", alg, 3) + bits for alg in banks)


def pcr_allocate(banks):
    return command(0x12B, [PLATFORM], selection(range(24), banks), 1)


def pcr_read(pcr, alg=SHA256):
    return command(0x17E, [], selection([pcr], [alg]))


def read_pcr(send, pcr, alg=SHA256):
    answer = run(send, pcr_read(pcr, alg))
    return answer.data[-SIZE[alg]:] if answer.code == 0 else None


# ---- keys -------------------------------------------------------------------------------------------

FIXED_TPM, FIXED_PARENT, ORIGIN, USER_AUTH = 0x2, 0x10, 0x20, 0x40
RESTRICTED, DECRYPT, SIGN = 0x10000, 0x20000, 0x40000
SIGNER = FIXED_TPM | FIXED_PARENT | ORIGIN | USER_AUTH | SIGN


def ecc_public(attributes):
    return struct.pack(">HHIH", ECC, SHA256, attributes, 0) + struct.pack(
        ">HHHHHHH", NULL, ECDSA, SHA256, 3, NULL, 0, 0)


def rsa_public(bits=2048, attributes=SIGNER):
    return struct.pack(">HHIH", RSA, SHA256, attributes, 0) + struct.pack(
        ">HHHIH", NULL, NULL, bits, 0, 0)


def create_primary(public, hierarchy=OWNER):
    return command(0x131, [hierarchy],
                   sized(sized(b"") + sized(b"")) + sized(public) + sized(b"") + struct.pack(">I", 0),
                   1)


def quote(handle, nonce, pcrs, banks=(SHA256, SHA384)):
    return command(0x158, [handle],
                   sized(nonce) + struct.pack(">H", NULL) + selection(pcrs, banks), 1)


def sign(handle, digest):
    """Of a digest from outside: no ticket, which a restricted key refuses."""
    ticket = struct.pack(">HIH", 0x8024, NULL_HIERARCHY, 0)
    return command(0x15D, [handle], sized(digest) + struct.pack(">H", NULL) + ticket, 1)


def read_public(handle):
    return command(0x173, [handle])


def evict(handle, persistent):
    return command(0x120, [OWNER, handle], struct.pack(">I", persistent), 1)


def flush(handle):
    return command(0x165, [], struct.pack(">I", handle))


def load_external(public):
    return command(0x167, [], sized(b"") + sized(public) + struct.pack(">I", NULL_HIERARCHY))


# ---- the rest that a hostile Dom0 tries -----------------------------------------------------------

def start_session():
    """An HMAC session without salt or binding."""
    return command(0x176, [NULL_HIERARCHY, NULL_HIERARCHY],
                   sized(b"\x11" * 16) + sized(b"") + struct.pack(">BHH", 0, NULL, SHA256))


def hash_sequence():
    return command(0x186, [], sized(b"") + struct.pack(">H", SHA256))


def startup(kind=0):
    return command(0x144, [], struct.pack(">H", kind))


def shutdown(kind=0):
    return command(0x145, [], struct.pack(">H", kind))


def clear(hierarchy=LOCKOUT):
    return command(0x126, [hierarchy], b"", 1)


def clear_control(hierarchy=LOCKOUT, disable=0):
    return command(0x127, [hierarchy], bytes([disable]), 1)


def change_seed(code, hierarchy=PLATFORM):
    """0x124 ChangePPS, 0x125 ChangeEPS."""
    return command(code, [hierarchy], b"", 1)


def clock_set(value, hierarchy=OWNER):
    return command(0x128, [hierarchy], struct.pack(">Q", value), 1)


def hierarchy_auth(hierarchy, value=b"mine"):
    return command(0x129, [hierarchy], sized(value), 1)


def hierarchy_control(hierarchy, which, state=0, ):
    return command(0x121, [hierarchy], struct.pack(">IB", which, state), 1)


def dictionary_reset():
    return command(0x139, [LOCKOUT], b"", 1)


def self_test(full=1):
    return command(0x143, [], bytes([full]))


def get_random(size=16):
    return command(0x17B, [], struct.pack(">H", size))


def read_clock():
    return command(0x181)


def get_capability(capability, first, count):
    return command(0x17A, [], struct.pack(">III", capability, first, count))


def nv_undefine(index):
    return command(0x122, [OWNER, index], b"", 1)


def nv_read(index, size, offset=0):
    return command(0x14E, [index, index], struct.pack(">HH", size, offset), 1)


def handles(send, kind):
    """Live handles of this kind (first byte)."""
    answer = run(send, get_capability(1, kind << 24, 64))
    count = struct.unpack(">I", answer.data[5:9])[0]
    return [struct.unpack(">I", answer.data[9 + 4 * i:13 + 4 * i])[0] for i in range(count)]
