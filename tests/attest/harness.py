# SPDX-License-Identifier: MIT
"""What the attestation tests share: boot images, machines, evidence, verdicts.

A Lab is one test's folder under build/tests/run/system.  It makes a boot image with the relay kernel
as Dom0, changes copies of it, boots them with TPMs of its own, enrols the host as a verifier would,
takes evidence with corbel-attest over the relay, and asks corbel-verify.
"""
import base64
import concurrent.futures
import contextlib
import hashlib
import json
import os
import shutil
import struct
import subprocess
import sys
import time

import tpm
from relay import Gone, Machine  # noqa: F401  (tests take Gone from here)

BUILD = os.environ.get("CORBEL_BUILD", "build")
ATTEST = f"{BUILD}/tests/attest/corbel-attest"
VERIFY = f"{BUILD}/tools/corbel-verify"
REFERENCE = f"{BUILD}/tools/corbel-reference"
SIGN = f"{BUILD}/tools/corbel-sign"
GRUB = "EFI/BOOT/BOOTX64.EFI"
HOST_ARGS = "policy-serial=7"
MEMORY = 512
OP = {"host_info": 10, "launch_info": 11, "boot_log": 13, "log_read": 20, "log_report": 21,
      "checkpoint": 22}
EAGAIN, ENODEV = -11, -19
MEASURED, TPM_THERE, EFI = 1, 2, 8  # CORBEL_HOST_*


def launcher():
    """The functions of tests/guest/launch: cpio() and plan()."""
    with open("tests/guest/launch", encoding="utf-8") as file:
        text = file.read()
    names = {"__name__": "launch"}
    exec(compile(text[:text.rindex("\nmain()")], "tests/guest/launch", "exec"), names)
    return names


class Verdicts:
    """Lines `ok - NAME` and `not ok - NAME: WHY` for tests/run."""

    def __init__(self):
        self.failed = 0

    def say(self, name, why=""):
        if why:
            self.failed += 1
            print(f"not ok - {name}: {why}", flush=True)
        else:
            print(f"ok - {name}", flush=True)
        return not why

    def equal(self, name, found, expected):
        return self.say(name, "" if found == expected else f"{found!r} instead of {expected!r}")

    def true(self, name, condition, why="is not so"):
        return self.say(name, "" if condition else why)

    def end(self):
        sys.exit(1 if self.failed else 0)


def run(*command, env=None, check=True, text=True):
    done = subprocess.run([str(word) for word in command], capture_output=True, check=False,
                          text=text, env=dict(os.environ, **(env or {})), timeout=200,
                          stdin=subprocess.DEVNULL)
    if check and done.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, command))}: status {done.returncode}: "
                           f"{done.stdout[-400:]}{done.stderr[-800:]}")
    return done


def nonce(word):
    """A verifier's nonce; the same word gives the same."""
    return hashlib.sha256(word.encode()).hexdigest()


def report_data(nonce_hex, bound):
    """The 64 bytes of abi/log.h, made apart from tools/report."""
    raw = bytes.fromhex(nonce_hex)
    return raw + hashlib.sha256(b"corbel.report.1\0" + raw + hashlib.sha256(bound).digest()).digest()


class Judged:
    """What corbel-verify says."""

    def __init__(self, done):
        self.status, self.output = done.returncode, done.stdout + done.stderr
        self.rows = []
        try:
            self.rows = json.loads(done.stdout)["rows"]
        except (ValueError, KeyError):
            pass

    def names(self, *results):
        return {row["component"] for row in self.rows if row["result"] in results}

    @property
    def bad(self):
        return self.names("bad")

    def row(self, name):
        return next((row for row in self.rows if row["component"] == name), None)

    def why(self):
        wrong = [f"{row['component']} {row['result']}" for row in self.rows
                 if row["result"] in ("bad", "missing")]
        return f"status {self.status}, {', '.join(wrong) or self.output[-300:]}"


class Lab:
    def __init__(self, name):
        self.work = f"{BUILD}/tests/run/system/{name}"
        shutil.rmtree(self.work, ignore_errors=True)
        os.makedirs(self.work)
        self.verdicts = Verdicts()
        self.hosts = f"{self.work}/hosts.json"
        self.key, self.public = self.make_key("profile")

    def path(self, name):
        return f"{self.work}/{name}"

    def make_key(self, name):
        """An ECDSA key on P-256: its two PEM files."""
        secret, public = self.path(f"{name}.pem"), self.path(f"{name}.pub")
        run("openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", secret)
        run("openssl", "ec", "-in", secret, "-pubout", "-out", public)
        return secret, public

    # ---- boot images ----------------------------------------------------------------------------

    def dom0(self, name="base", archive=None, cmdline="relay"):
        """The relay kernel as Dom0: NAME.plan, NAME.initrd; returns the kernel's path."""
        made, kernel = launcher(), f"{BUILD}/tests/guest/relay.elf"
        files = {"about": b"the archive of the relay kernel"}
        with open(f"{BUILD}/tests/tenant/reporter.elf", "rb") as file:
            files["reporter.elf"] = file.read()
        files.update(archive or {})
        initrd = made["cpio"](files)
        plan = made["plan"]("relay", 64, 1, cmdline, os.path.getsize(kernel), len(initrd))
        for suffix, data in (("initrd", initrd), ("plan", plan)):
            with open(self.path(f"{name}.{suffix}"), "wb") as file:
                file.write(data)
        return kernel

    def image(self, name="base", args=HOST_ARGS, archive=None, cmdline="relay",
              maker="tools/image/make-esp"):
        """A boot image with the relay kernel as Dom0; NAME.img and the folder NAME."""
        kernel = self.dom0(name, archive, cmdline)
        run(maker, self.path(name), args, f"{BUILD}/corbel.elf", f"{BUILD}/policy/cloud.bin",
            f"{BUILD}/builder.bin", self.path(f"{name}.plan"), kernel, self.path(f"{name}.initrd"))
        return self.path(f"{name}.img")

    def direct(self):
        """Words for tools/run/qemu that boot the same without firmware and GRUB."""
        words, kernel = ["--direct"], self.dom0()
        for suffix, path in (("policy", f"{BUILD}/policy/cloud.bin"),
                             ("builder", f"{BUILD}/builder.bin"), ("plan", self.path("base.plan")),
                             ("kernel", kernel), ("initrd", self.path("base.initrd"))):
            words += ["--module", f"{path} {suffix}"]
        return words

    def changed(self, image, name, path, edit):
        """A copy of the image in which edit(bytes) -> bytes has gone over one file."""
        copy, part = self.path(f"{name}.img"), self.path(f"{name}.part")
        shutil.copyfile(image, copy)
        run("mcopy", "-n", "-o", "-i", copy, f"::/{path}", part)
        with open(part, "rb") as file:
            before = file.read()
        after = edit(before)
        if after == before or len(after) != len(before):
            raise RuntimeError(f"{name}: the change of {path} changes nothing, or its size")
        with open(part, "wb") as file:
            file.write(after)
        run("mcopy", "-n", "-o", "-i", copy, part, f"::/{path}")
        os.unlink(part)
        return copy

    # ---- machines -------------------------------------------------------------------------------

    def tpm(self, name):
        """The state folder of a TPM; its CA is the lab's."""
        return self.path(f"tpm/{name}")

    def clone_tpm(self, name, source="host"):
        """The same TPM once more, as it was when the source's machine was last switched off."""
        shutil.rmtree(self.tpm(name), ignore_errors=True)
        shutil.copytree(self.tpm(source), self.tpm(name))
        return self.tpm(name)

    @property
    def roots(self):
        return self.path("tpm/ca/swtpm-localca-rootca-cert.pem"), self.path("tpm/ca/issuercert.pem")

    def start(self, image, name, state=None, options=(), memory=MEMORY, timeout=300):
        """A machine that may or may not come up: for wait_ready() or drain()."""
        words = ["--efi", image]
        if state is not None:
            words += ["--tpm-state", state]
        return Machine(self.path(name), [*words, *options], memory=memory, timeout=timeout)

    @contextlib.contextmanager
    def boot(self, image, name, state=None, options=(), memory=MEMORY, timeout=300):
        """A machine whose relay kernel is up and serves programs."""
        with self.start(image, name, state or self.tpm("host"), options, memory,
                        timeout) as machine:
            machine.wait_ready().serve()
            yield machine

    # ---- Dom0's side ------------------------------------------------------------------------------

    def attest_run(self, machine, *words, check=True):
        os.makedirs(f"{machine.work}/store", exist_ok=True)
        return run(ATTEST, "--tcti", machine.tcti, "--store", f"{machine.work}/store", *words,
                   env={"CORBEL_RELAY": f"{machine.work}/host"}, check=check)

    def evidence(self, machine, name, word, *words, domain=None):
        """Fresh evidence for nonce(word): an Evidence, also in the file NAME.json."""
        path = self.path(f"{name}.json")
        asked = ["--nonce", nonce(word), "-o", path]
        if domain is not None:
            asked += ["--domain", domain]
        self.attest_run(machine, *asked, *words)
        return Evidence.load(path)

    def enroll(self, machine, name="host", hosts=None):
        """The whole exchange: enrolment, challenge, activated credential, admission."""
        host, challenge = self.path(f"{name}.enroll"), self.path(f"{name}.challenge")
        secret = self.path(f"{name}.secret")
        self.attest_run(machine, "--enroll", "-o", host)
        roots = [word for root in self.roots for word in ("--roots", root)]
        run(VERIFY, "enroll", host, "--name", name, *roots, "-o", challenge, "--secret", secret,
            "--allow-test-tpm")
        answer = self.attest_run(machine, "--activate", challenge).stdout.strip()
        run(VERIFY, "admit", secret, answer, "--hosts", hosts or self.hosts)

    # ---- the verifier's side ------------------------------------------------------------------------

    def references(self, image, evidence):
        """What is expected of this image and, from this evidence, of the firmware; signed."""
        self.reference = self.path("reference.json")
        self.profile = self.path("firmware.json")
        run(REFERENCE, "host", image, "-o", self.reference)
        run(REFERENCE, "firmware", evidence.path, "-o", self.profile, "--key", self.key)

    def judge(self, evidence, word, *words, hosts=None, reference=None, profile=None, roots=None,
              test_tpm=True, expect=None, bound=None):
        """corbel-verify's verdict; the inputs are the right ones unless said otherwise."""
        path = evidence if isinstance(evidence, str) else evidence.path
        command = [VERIFY, "check", path, "--json", "--nonce", nonce(word),
                   "--hosts", hosts or self.hosts, "--reference", reference or self.reference,
                   "--firmware", profile or self.profile, "--firmware-key", self.public]
        command += [item for root in roots or self.roots for item in ("--roots", root)]
        if test_tpm:
            command.append("--allow-test-tpm")
        if expect is not None:
            command += ["--expect", expect]
        if bound is not None:
            command += ["--bound", bound]
        return Judged(run(*command, *words, check=False))

    def never_trusted(self, name, judged, row=None):
        """The verdict is not 0, was reached in order, and (if given) a row of this name says so."""
        wrong = judged.names("bad", "missing")
        if judged.status not in (1, 2):
            return self.verdicts.say(name, judged.why())
        if row is not None and row not in wrong:
            return self.verdicts.say(name, f"{row} is not among what is wrong: {judged.why()}")
        return self.verdicts.say(name)


class Evidence:
    """An evidence file as a dictionary; raw() and put() for what it holds as text."""

    def __init__(self, data, path):
        self.data, self.path = data, path

    @staticmethod
    def load(path):
        with open(path, encoding="utf-8") as file:
            return Evidence(json.load(file), path)

    def copy(self, path):
        return Evidence(json.loads(json.dumps(self.data)), path)

    def save(self, path=None):
        self.path = path or self.path
        with open(self.path, "w", encoding="utf-8") as file:
            json.dump(self.data, file, indent=2)
            file.write("\n")
        return self

    @property
    def boot_log(self):
        return base64.b64decode(self.data["boot_log"])

    @boot_log.setter
    def boot_log(self, value):
        self.data["boot_log"] = base64.b64encode(value).decode()

    @property
    def checkpoint(self):
        return bytes.fromhex(self.data["checkpoint"])

    @checkpoint.setter
    def checkpoint(self, value):
        self.data["checkpoint"] = value.hex()

    def records(self, kind=None):
        """The entries, or those of this type (enum corbel_log_type)."""
        return [entry for entry in self.data["records"]
                if kind is None or record_type(self.record(entry)) == kind]

    @staticmethod
    def record(entry):
        return base64.b64decode(entry["record"])

    @staticmethod
    def put_record(entry, data):
        entry["record"] = base64.b64encode(data).decode()


def record_type(record):
    return struct.unpack_from("<I", record, 8)[0]


# ---- RFC 9162 2.1, apart from measured-boot/shared ----------------------------------------------------

def leaf_hash(record):
    return hashlib.sha256(b"\0" + record).digest()


def tree_root(leaves):
    if len(leaves) == 1:
        return leaves[0]
    half = 1 << (len(leaves) - 1).bit_length() - 1
    return hashlib.sha256(b"\1" + tree_root(leaves[:half]) + tree_root(leaves[half:])).digest()


def inclusion(leaves, index):
    if len(leaves) == 1:
        return []
    half = 1 << (len(leaves) - 1).bit_length() - 1
    if index < half:
        return inclusion(leaves[:half], index) + [tree_root(leaves[half:])]
    return inclusion(leaves[half:], index - half) + [tree_root(leaves[:half])]


# ---- the hypervisor's calls --------------------------------------------------------------------------

def ask_checkpoint(machine, nonce_hex):
    """One call: (result, bytes)."""
    return machine.corbel(OP["checkpoint"], 184, offset=152, data=bytes.fromhex(nonce_hex))[:2]


def checkpoint(machine, nonce_hex, seconds=60):
    """(result, bytes, seconds of the slowest call); called again while the TPM is busy."""
    end, slowest = time.monotonic() + seconds, 0
    while True:
        start = time.monotonic()
        result, data = ask_checkpoint(machine, nonce_hex)
        slowest = max(slowest, time.monotonic() - start)
        if result != EAGAIN or start > end:
            return result, data, slowest
        time.sleep(0.02)


def host_info(machine):
    """(flags, TPM error)."""
    _, data, _ = machine.corbel(OP["host_info"], 232)
    return struct.unpack_from("<I", data, 0)[0], struct.unpack_from("<I", data, 192)[0]


def pcr22(data, alg="sha256"):
    """What the PCR must be when the checkpoint is in it."""
    size = hashlib.new(alg).digest_size
    return hashlib.new(alg, bytes(size) + hashlib.new(alg, data).digest()).digest()


def in_parallel(work, items, count=2):
    """work(item) for each, so many at a time; the first exception is raised when all are done."""
    with concurrent.futures.ThreadPoolExecutor(count) as pool:
        waiting = [pool.submit(work, item) for item in items]
        concurrent.futures.wait(waiting)
        return [future.result() for future in waiting]


__all__ = [name for name in dir() if not name.startswith("_")]
