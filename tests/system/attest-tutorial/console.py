# SPDX-License-Identifier: MIT
"""
A real Dom0 at the end of a serial line, as a person has it with `make run`: types commands, pastes
files, and returns what was printed.
"""
import os
import pty
import re
import select
import signal
import subprocess
import time

PROMPT = "dom0# "
# Lines of the hypervisor, of the builder and of Dom0's kernel may stand between any two.
ESCAPES = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
OTHERS = re.compile(r"^(?:\((?:corbel|d\d+)\) .*|\[ *\d+\.\d{6}\] .*)\n", re.M)


class Ended(Exception):
    """The machine, or our patience."""


class Console:
    def __init__(self, command):
        self.master, slave = pty.openpty()
        # Not the leader of its own session, so that a signal reaches QEMU and swtpm too.
        self.process = subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave,
                                        start_new_session=True, close_fds=True)
        os.close(slave)
        os.set_blocking(self.master, False)
        self.text = ""

    def _read(self, seconds):
        if not select.select([self.master], [], [], seconds)[0]:
            return
        try:
            more = os.read(self.master, 65536)
        except BlockingIOError:
            return
        except OSError:
            more = b""
        if not more:
            raise Ended("the machine ended")
        self.text += more.decode("ascii", "replace").replace("\r", "")

    def wait(self, what, seconds):
        """All that comes up to and with `what`, which is taken away."""
        end = time.monotonic() + seconds
        while what not in self.text:
            if time.monotonic() > end:
                last = self.text[-300:].replace("\n", " / ")
                raise Ended(f"no `{what.strip()}' within {seconds} s; last: {last}")
            self._read(0.5)
        before, self.text = self.text.split(what, 1)
        return before + what

    def type(self, text):
        data = text.encode()
        while data:
            self._read(0)
            try:
                data = data[os.write(self.master, data[:64]):]
            except BlockingIOError:
                time.sleep(0.05)

    def ask(self, command, seconds, paste=""):
        """Output and exit status of one command in Dom0's shell; `paste` is typed when it asks."""
        self.type(command + "\n")
        self.wait(command + "\n", 20)  # the echo
        output = ""
        if paste:
            output = self.wait("has printed\n", 20)
            self.type(paste.replace("\n", "\r"))
        output += self.wait(PROMPT, seconds)[:-len(PROMPT)]
        self.type("echo st=$?\n")
        self.wait("echo st=$?\n", 20)
        status = re.search(r"^st=(\d+)$", self.wait(PROMPT, 20), re.M)
        return OTHERS.sub("", ESCAPES.sub("", output)), int(status[1]) if status else -1

    def end(self):
        """Switches the machine off and returns the runner's exit status."""
        try:
            self.type("poweroff -f\n")
            while True:
                self._read(20)
                if self.process.poll() is not None:
                    break
        except (Ended, OSError):
            pass
        try:
            return self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.stop()
            return -1

    def stop(self):
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)
            self.process.wait(10)
