# SPDX-License-Identifier: MIT
"""
Reads a document and does what it says.  A block of it begins with ```LANGUAGE and one of these marks:

  file=PATH   written into the verifier's folder when the reader gets there
  verifier    commands behind `$ ', run in the verifier's folder
  dom0        commands behind `dom0# ', typed on the console of a host that was booted for this test
  show        not run here: a format, or what another command prints

What a command prints follows it; `...' stands for anything, `[exit status N]' ends one that does not
end with 0.  A word of `places' in an output stands for one word that differs from run to run; in all
that follows, commands and outputs, it stands for what was seen there.  `receive NAME' in Dom0 is given what the
last `give' printed behind its first line.
"""
import os
import re
import subprocess

from console import PROMPT

STEP_SECONDS = 220


class Step:
    """A command or a file of the document."""

    def __init__(self, kind, line, text):
        self.kind, self.line, self.text = kind, line, text
        self.chapter = self.section = ""
        self.output, self.status = [], 0


def read_commands(kind, first, lines):
    prompt = PROMPT if kind == "dom0" else "$ "
    steps = []
    for number, line in enumerate(lines, first):
        if line.startswith(prompt):
            steps.append(Step(kind, number, line[len(prompt):]))
        elif not steps:
            raise ValueError(f"line {number}: a command behind `{prompt}' was expected")
        elif steps[-1].text.endswith("\\") and not steps[-1].output:
            steps[-1].text = steps[-1].text[:-1] + line.lstrip(" >")
        elif re.fullmatch(r"\[exit status \d+\]", line):
            steps[-1].status = int(line[13:-1])
        else:
            steps[-1].output.append(line)
    return steps


def read_document(path):
    steps, block, words, chapter, section = [], None, [], "", ""
    with open(path) as document:
        for number, line in enumerate(document.read().split("\n"), 1):
            if not line.startswith("```"):
                if block is not None:
                    block.append(line)
                elif line.startswith("## "):
                    chapter, section = line[3:].split(".")[0], ""
                elif line.startswith("### "):
                    section = line[4:]
            elif block is None:
                words, block, first = line[3:].split(), [], number + 1
            else:
                mark = words[1] if len(words) == 2 else ""
                if mark.startswith("file="):
                    steps.append(Step("file", first - 1, mark[5:]))
                    steps[-1].output = block
                elif mark in ("verifier", "dom0"):
                    steps += read_commands(mark, first, block)
                elif mark != "show":
                    raise ValueError(f"line {first - 1}: a block without a mark")
                for step in steps:
                    if not step.chapter:
                        step.chapter, step.section = chapter, section
                block = None
    if block is not None:
        raise ValueError("the last block has no end")
    return steps


def pattern(line, places):
    """A line as shown; blanks count as one, a place that is not known yet is a word."""
    text = ".*".join(re.escape(part) for part in " ".join(line.split()).split("..."))
    for place in places:
        text = re.sub(rf"\b{place}\b", rf"(?P<{place}>[^\\s,]+)", text, count=1)
    return text


def whole_pattern(lines, places):
    return "".join("(?:.*\n)*?" if line.strip() == "..." else pattern(line, places) + "\n"
                   for line in lines)


def clean(real):
    return "".join(" ".join(line.split()) + "\n" for line in real.splitlines() if line.strip())


def first_difference(expected, real, places):
    """Where the real output leaves what was expected, for a message of one line."""
    for count in range(len(expected) + 1):
        if not re.fullmatch(whole_pattern(expected[:count] + ["..."], places), real):
            return f"shown `{expected[count - 1].strip()}'"
    return "shown less than is printed"


class Player:
    def __init__(self, console, names, folder, environment):
        self.console, self.names, self.folder = console, names, folder
        self.environment = environment
        self.places, self.pasted = {}, ""

    def at_verifier(self, command):
        done = subprocess.run(["bash", "-c", command], cwd=self.folder,
                              env=self.environment, text=True, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              timeout=STEP_SECONDS, check=False)
        if command.startswith("give "):
            self.pasted = done.stdout.split("\n", 1)[1]
        return done.stdout, done.returncode

    def fill(self, text):
        for place, value in self.places.items():
            text = re.sub(rf"\b{place}\b", lambda _, value=value: value, text)
        return text

    def run(self, step):
        command = self.fill(step.text)
        try:
            if step.kind == "verifier":
                output, status = self.at_verifier(command)
            else:
                paste = self.pasted if command.startswith("receive ") else ""
                output, status = self.console.ask(command, STEP_SECONDS, paste)
        except subprocess.TimeoutExpired:
            return f"no end within {STEP_SECONDS} s"
        real, shown = clean(output), [self.fill(line) for line in step.output if line.strip()]
        said = real.replace("\n", "|")[-1500:]
        if status != step.status:
            return f"exit status {status}, shown {step.status}; printed {said}"
        found = re.fullmatch(whole_pattern(shown, self.names), real)
        if not found:
            return f"{first_difference(shown, real, self.names)}, printed {said}"
        self.places.update({k: v for k, v in found.groupdict().items() if v is not None})
        return ""

    def write(self, step):
        path = os.path.join(self.folder, step.text)
        with open(path, "w") as out:
            out.write("\n".join(step.output) + "\n")
        return ""
