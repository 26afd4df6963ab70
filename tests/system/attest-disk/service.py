# SPDX-License-Identifier: MIT
"""
Strangers at the key service: whatever they send, they get a refusal or nothing, and never what is
kept there.
"""
import re
import socket
import subprocess

KEY = "3059301306072a8648ce3d020106082a8648ce3d030107034200" + "04" + "11" * 64
ANSWER = re.compile(rb"corbel-keys 1 [0-9a-f]{64}\n(refused [ -~]*\n)?")


def ask(port, data, half=True):
    """All that the service says to `data`."""
    with socket.create_connection(("127.0.0.1", port), 10) as stream:
        stream.settimeout(30)
        said = stream.recv(200)
        try:
            stream.sendall(data)
            if half:
                stream.shutdown(socket.SHUT_WR)
            while more := stream.recv(65536):
                said += more
        except OSError as error:  # it has closed while we were still sending
            if isinstance(error, TimeoutError):
                return b"nothing within 30 s"
        return said


def check(port, secret, evidence):
    """What is wrong with the service, or nothing; `evidence` is true, but another question's."""
    key = f"public {KEY}\n".encode()
    sent = f"evidence {len(evidence)}\n".encode() + evidence
    nonces = set()
    for name, data, word in (
            ("nothing", b"", b""),
            ("a line without end", b"public " + b"0" * 100000, b"refused no public key"),
            ("no key", b"GET / HTTP/1.0\r\n\r\n", b"refused no public key"),
            ("a short key", b"public 3059\n", b"refused no public key"),
            ("a key with more", key[:-1] + b"00\n", b"refused no public key"),
            ("words for a shell", b"public $(id)`id`%s%n\\x00" + b"\n", b"refused no public key"),
            ("no size", key + b"evidence -1\n", b"refused no evidence"),
            ("a size too large", key + b"evidence 4194305\n", b"refused no evidence"),
            ("a size that overflows", key + b"evidence 18446744073709551617\n", b"refused no evi"),
            ("evidence cut off", key + b"evidence 1000\n" + b"x" * 999, b"refused the evidence is"),
            ("no evidence at all", key + b"evidence 3\n{}\n", b"refused cannot judge"),
            ("evidence for another nonce", key + sent, b"refused not trusted: ")):
        said = ask(port, data)
        if not ANSWER.fullmatch(said) or word not in said:
            return f"{name}: {said[:300]!r}"
        if secret in said or secret.hex().encode() in said:
            return f"{name}: the secret is sent"
        nonces.add(said[:78])
    return "" if len(nonces) == 12 else "a nonce came twice"


def check_usage(program, file):
    """It does not start without saying for whom, and with what it could not use."""
    good = ["--listen", "127.0.0.1:7003", "--secret", file, "--expect", file]
    for words in ([], good[:4], good[2:], good + ["--nonce", "00" * 32], good + ["--key", file],
                  good + ["--listen", "127.0.0.1:7004"], ["--listen", "host"] + good[2:],
                  good[:5] + [file + ".none"], good[:3] + ["/dev/null"] + good[4:]):
        done = subprocess.run([program, *words], text=True, capture_output=True, timeout=10,
                              check=False)
        if done.returncode != 2 or not done.stderr.startswith("corbel-keys: "):
            return f"{' '.join(words)}: status {done.returncode}, {done.stderr[:200]}"
    return ""
