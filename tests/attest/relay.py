# SPDX-License-Identifier: MIT
"""A booted machine whose Dom0 is the relay kernel (tests/guest/relay), as an object.

Machine starts tools/run/qemu with its RAM in a file and speaks with the kernel through the mailbox
in it; the serial line only shows what the machine says.  serve() opens two Unix sockets, through
which programs of the build host reach the machine:

    tpm      raw TPM commands and responses, for tpm2-tools: -T "cmd:socat - UNIX-CONNECT:PATH"
    host     Corbel's calls, for corbel-attest linked with tests/attest/host_relay.c:
             u8 op, u16 size, u16 place of a buffer pointer or FFFF, structure
             -> i64 result, structure, u16 bytes, buffer
"""
import mmap
import os
import re
import socket
import struct
import subprocess
import tempfile
import threading
import time

import tpm

READY = re.compile(r"relay: ready ([0-9a-f]{16})([0-9a-f]{16})$")
HEAD = struct.Struct("<IIIIq")  # struct mailbox of tests/guest/relay/relay.h, behind its mark
MARK, DATA = 16, 40
PIECE = 1 << 20


class Gone(Exception):
    """The machine ended, or did not answer in time."""


class Machine:
    """One boot.  options: further words for tools/run/qemu, which say what is booted."""

    def __init__(self, work, options, memory=512, timeout=300):
        self.work = work
        os.makedirs(work, exist_ok=True)
        self.socket_path = f"{work}/serial"
        self.log = f"{work}/serial.log"
        for stale in ("serial", "tpm", "host"):
            if os.path.exists(f"{work}/{stale}"):
                os.unlink(f"{work}/{stale}")
        self.lock = threading.Lock()
        self.lines = []
        self.rest = b""
        self.exit_status = None
        self.commands = 0
        self.listeners = []
        self.box = self.at = None
        handle, ram = tempfile.mkstemp(prefix="corbel-ram.",
                                       dir="/dev/shm" if os.path.isdir("/dev/shm") else None)
        self.ram, self.ram_path = handle, ram
        self.serial = None
        with open(f"{work}/qemu.log", "wb") as errors:
            self.process = subprocess.Popen(
                ["tools/run/qemu", *options, "--memory", str(memory),
                 "--socket", self.socket_path, "--log", self.log, "--timeout", str(timeout),
                 "--qemu", f"-object memory-backend-file,id=ram,size={memory}M,share=on,"
                 f"mem-path={ram} -machine memory-backend=ram"],
                stdin=subprocess.DEVNULL, stdout=errors, stderr=errors)
        try:
            self._connect()
        except Gone:
            self.close()
            raise

    def _connect(self):
        """QEMU makes the socket when it starts; that it ended instead shows as well."""
        end = time.monotonic() + 30
        while self.serial is None:
            try:
                link = socket.socket(socket.AF_UNIX)
                link.connect(self.socket_path)
                self.serial = link
            except OSError:
                link.close()
                if self.process.poll() is not None or time.monotonic() > end:
                    raise Gone(f"QEMU did not start, see {self.work}/qemu.log") from None
                time.sleep(0.02)

    # ---- lines from the machine ------------------------------------------------------------------

    def listen(self, seconds):
        """What the machine has said within this time goes to self.lines; at its end: Gone."""
        self.serial.settimeout(seconds)
        try:
            piece = self.serial.recv(65536)
        except (socket.timeout, BlockingIOError):
            return
        except ConnectionError:
            piece = b""
        if not piece:
            self.wait(30)
            raise Gone(f"the machine ended with status {self.exit_status}: {self.tail()}")
        *lines, self.rest = (self.rest + piece).split(b"\n")
        self.lines += [line.decode("latin-1").strip("\r") for line in lines]

    def tail(self):
        return " / ".join(self.lines[-3:])

    def wait_ready(self, seconds=240):
        """Until the kernel has said where its mailbox is."""
        end, seen = time.monotonic() + seconds, 0
        while True:
            for line in self.lines[seen:]:
                match = READY.search(line)
                if match:
                    self._find_mailbox(b"".join(
                        int(half, 16).to_bytes(8, "little") for half in match.groups()))
                    return self
            seen = len(self.lines)
            if time.monotonic() > end:
                raise Gone(f"no relay kernel within {seconds} s; last: {self.tail()}")
            self.listen(end - time.monotonic())

    def _find_mailbox(self, mark):
        """A page of RAM begins with the mark; what was never written is not looked at."""
        size, at = os.fstat(self.ram).st_size, 0
        while True:
            try:
                at = os.lseek(self.ram, at, os.SEEK_DATA)
            except OSError:
                raise Gone("no mailbox in the machine's RAM") from None
            piece = os.pread(self.ram, PIECE, at)
            for place in range(0, len(piece), 4096):
                if piece[place:place + MARK] == mark:
                    self.at = at + place
                    self.box = mmap.mmap(self.ram, size)
                    return
            at += len(piece)

    def wait(self, seconds=60):
        """Until the machine has ended; the runner's exit status."""
        try:
            self.exit_status = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
        return self.exit_status

    def drain(self, seconds=60):
        """Reads until the machine has ended by itself: its exit status."""
        end = time.monotonic() + seconds
        try:
            while time.monotonic() < end:
                self.listen(end - time.monotonic())
        except Gone:
            pass
        return self.wait(5)

    def has(self, pattern):
        return any(re.search(pattern, line) for line in self.lines)

    def kill(self):
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait()
        self.exit_status = self.process.returncode

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        for listener in self.listeners:
            listener.close()
        self.kill()
        if self.serial is not None:
            self.serial.close()
        if self.box is not None:
            self.box.close()
        if os.path.exists(self.ram_path):
            os.unlink(self.ram_path)
            os.close(self.ram)

    # ---- questions --------------------------------------------------------------------------------

    def ask(self, kind, payload=b"", seconds=90):
        """One question: (result, bytes)."""
        with self.lock:
            number, end = self._put(kind, payload), time.monotonic() + seconds
            while True:
                # A Dom0 that has ended is scrubbed: its mailbox then holds zeroes.
                _, answered, _, length, result = HEAD.unpack_from(self.box, self.at + MARK)
                if answered == number:
                    return result, self.box[self.at + DATA:self.at + DATA + length]
                self.listen(0.0005)
                if time.monotonic() > end:
                    raise Gone(f"no answer within {seconds} s; last: {self.tail()}")

    def _put(self, kind, payload=b""):
        start = self.at + MARK
        asked = HEAD.unpack_from(self.box, start)[0]
        self.box[self.at + DATA:self.at + DATA + len(payload)] = payload
        struct.pack_into("<II", self.box, start + 8, ord(kind), len(payload))
        struct.pack_into("<I", self.box, start, asked + 1)
        return asked + 1

    def off(self):
        """Powers off, the TPM first as an operating system does (otherwise it counts an attack);
        the runner's exit status, 33 when all is well."""
        self.tpm(tpm.shutdown())
        with self.lock:
            self._put("Q")
        return self.drain(60)

    def tpm(self, command):
        """TPM command at locality 0; b"" when it was not served."""
        self.commands += 1
        return self.ask("T", command)[1]

    def tpm_start(self, command):
        return self.ask("G", command)[0]

    def tpm_write(self, command):
        return self.ask("W", command)[0]

    def tpm_drop(self):
        return self.ask("R")[0]

    def corbel(self, op, size, pointer=0xFFFF, offset=0, data=b""):
        """(result, structure, buffer page without its zeroes at the end)."""
        head = struct.pack("<BHHH", op, size, pointer, offset)
        result, answer = self.ask("C", head + data)
        return result, answer[:size], answer[size:]

    def hypercall(self, number, *arguments):
        words = list(arguments) + [0] * (5 - len(arguments)) + [number]
        return self.ask("H", struct.pack("<6Q", *words))[0]

    def hypercall_with(self, number, first, data):
        """(result, address of the data) of a hypercall whose second argument points at them."""
        result, answer = self.ask("X", struct.pack("<QQ", number, first) + data)
        return result, struct.unpack("<Q", answer)[0] if len(answer) == 8 else None

    def peek(self, address, width=4):
        return struct.unpack("<I", self.ask("P", struct.pack("<QB", address, width))[1])[0]

    def poke(self, address, value, width=4):
        self.ask("K", struct.pack("<QBI", address, width, value))

    def create(self, **fields):
        """(result, domid, reason)."""
        text = "\n".join(f"{key}={value}" for key, value in fields.items())
        result, answer = self.ask("N", text.encode(), 150)
        domid = struct.unpack("<H", answer[:2])[0] if len(answer) >= 2 else None
        return result, domid, answer[2:].decode("latin-1")

    def report(self, domid, data):
        """The tenant appends these 64 bytes: (result, leaf index, index of its launch)."""
        result, answer = self.ask("S", struct.pack("<H", domid) + data)
        match = re.search(r"reported (-?\d+) (\d+) (\d+)", answer.decode("latin-1"))
        if result != 0 or match is None:
            raise Gone(f"domain {domid} does not report: {result}, {answer!r}")
        return tuple(int(word) for word in match.groups())

    def destroy(self, domid):
        return self.ask("D", struct.pack("<H", domid))[0]

    # ---- for programs -------------------------------------------------------------------------------

    def serve(self):
        self._listen("tpm", self._serve_tpm)
        self._listen("host", self._serve_host)
        return self

    @property
    def tcti(self):
        return f"cmd:socat - UNIX-CONNECT:{self.work}/tpm"

    def _listen(self, name, serve):
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(f"{self.work}/{name}")
        listener.listen(4)
        self.listeners.append(listener)

        def accept():
            while True:
                try:
                    link, _ = listener.accept()
                except OSError:
                    return
                threading.Thread(target=serve, args=(link,), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()

    @staticmethod
    def _read(link, length):
        data = b""
        while len(data) < length:
            piece = link.recv(length - len(data))
            if not piece:
                raise EOFError
            data += piece
        return data

    def _serve_tpm(self, link):
        with link:
            try:
                while True:
                    head = self._read(link, 10)
                    size = struct.unpack(">I", head[2:6])[0]
                    answer = self.tpm(head + self._read(link, size - 10))
                    if not answer:
                        return  # the other side sees an end instead of waiting for ever
                    link.sendall(answer)
            except (EOFError, OSError, Gone):
                pass

    def _serve_host(self, link):
        with link:
            try:
                while True:
                    op, size, pointer = struct.unpack("<BHH", self._read(link, 5))
                    given = self._read(link, size)
                    result, answer, page = self.corbel(op, size, pointer, 0, given)
                    answer = answer.ljust(size, b"\0")
                    link.sendall(struct.pack("<q", result) + answer + struct.pack("<H", len(page)) +
                                 page)
            except (EOFError, OSError, Gone):
                pass
