# SPDX-License-Identifier: MIT
"""A swtpm that goes wrong: stands between QEMU and swtpm and decides about each command.

QEMU hands swtpm a data channel over the control socket (CMD_SET_DATAFD); the proxy keeps that end,
gives swtpm another, and carries commands across.  decide(proxy, command) returns None to let the
command through, bytes to answer in the TPM's place, or HANG.  When the machine is gone, the TPM stands
as it was left, and ask() speaks to it.
"""
import os
import socket
import struct
import subprocess
import threading
import time

SET_LOCALITY, HANG = 5, object()
FAILURE = struct.pack(">HII", 0x8001, 10, 0x101)  # TPM_RC_FAILURE
SUCCESS = struct.pack(">HII", 0x8001, 10, 0)


class TpmProxy:
    def __init__(self, work, state, decide):
        self.path, self.decide = f"{work}/tpm-proxy", decide
        self.locality, self.count = 0, 0  # count: commands at localities above 0
        self.codes = []
        self.chip = None
        real = f"{work}/swtpm-control"
        for stale in (self.path, real):
            if os.path.exists(stale):
                os.unlink(stale)
        self.swtpm = subprocess.Popen(
            ["swtpm", "socket", "--tpm2", "--tpmstate", f"dir={state}", "--ctrl",
             f"type=unixio,path={real}", "--terminate"], stdin=subprocess.DEVNULL)
        self.control = self._connect(real)
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        self.listener.listen(1)
        threading.Thread(target=self._serve, daemon=True).start()

    def _connect(self, path):
        """swtpm makes its socket a moment before it listens."""
        end = time.monotonic() + 30
        while True:
            link = socket.socket(socket.AF_UNIX)
            try:
                link.connect(path)
                return link
            except OSError:
                link.close()
                if self.swtpm.poll() is not None or time.monotonic() > end:
                    self.swtpm.kill()
                    raise RuntimeError(f"no swtpm at {path}") from None
                time.sleep(0.02)

    def _serve(self):
        link, _ = self.listener.accept()
        try:
            self._control(link)
        except OSError:
            pass  # swtpm went first

    def _control(self, link):
        while True:
            data, fds, _, _ = socket.recv_fds(link, 65536, 1)
            if not data:
                break
            number = struct.unpack(">I", data[:4])[0]
            if number == SET_LOCALITY and len(data) >= 5:
                self.locality = data[4]
            if fds:
                ours, theirs = socket.socketpair()
                socket.send_fds(self.control, [data], [theirs.fileno()])
                theirs.close()
                self.chip = ours
                threading.Thread(target=self._carry, args=(socket.socket(fileno=fds[0]), ours),
                                 daemon=True).start()
            else:
                self.control.sendall(data)
            link.sendall(self.control.recv(65536))

    @staticmethod
    def _whole(link):
        data = b""
        while len(data) < 10 or len(data) < struct.unpack(">I", data[2:6])[0]:
            piece = link.recv(65536)
            if not piece:
                raise EOFError
            data += piece
        return data

    def _carry(self, machine, chip):
        try:
            while True:
                command = self._whole(machine)
                if self.locality:
                    self.count += 1
                    self.codes.append(struct.unpack(">I", command[6:10])[0])
                answer = self.decide(self, command)
                if answer is HANG:
                    threading.Event().wait()
                if answer is None:
                    chip.sendall(command)
                    answer = self._whole(chip)
                machine.sendall(answer)
        except (EOFError, OSError):
            pass

    def ask(self, command):
        """A command at locality 0, when the machine is gone."""
        self.control.sendall(struct.pack(">IB", SET_LOCALITY, 0))
        self.control.recv(65536)
        self.chip.sendall(command)
        return self._whole(self.chip)

    def close(self):
        self.control.close()
        self.listener.close()
        if self.swtpm.poll() is None:
            self.swtpm.terminate()
        self.swtpm.wait()
