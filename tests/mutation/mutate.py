# SPDX-License-Identifier: MIT
"""Takes every check of a C file out, each behind a switch of its own, so that one compilation serves
all: `if (a || b)` becomes `if ((mutant != 1 && (a)) || (mutant != 2 && (b)))`.  What is a check:

  * the condition of a CHECK(): each part of `&&` is made true, of `||` false;
  * the condition of an `if`: each part of `||` is made false, each part of `&&` true, alone;
  * the condition that a predicate returns: each part of `&&` is made true, of `||` false;
  * the condition that an assignment keeps: as one that is returned;
  * each call of a chain `a() ?: b() ?: c()`: left out, as if it had returned 0.
"""
import collections
import re


def masked(text):
    """The text with comments, strings, characters, preprocessor lines and test builds blanked."""
    def blank(match):
        return re.sub(r"[^\n]", " ", match.group(0))
    text = re.sub(r'/\*.*?\*/|"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\'', blank, text, flags=re.S)
    text = re.sub(r"^#ifdef CORBEL_TEST_BUILD$.*?^#endif$", blank, text, flags=re.M | re.S)
    return re.sub(r"^#(?:.*\\\n)*.*$", blank, text, flags=re.M)


def closing(mask, start):
    """The place of the parenthesis that closes the one at start."""
    depth = 0
    for at in range(start, len(mask)):
        depth += (mask[at] in "([{") - (mask[at] in ")]}")
        if depth == 0:
            return at
    raise ValueError("no end")


def parts(mask, start, end, separator):
    """The places of what stands between separators, outside parentheses."""
    found, depth, begin, at = [], 0, start, start
    while at < end:
        depth += (mask[at] in "([{") - (mask[at] in ")]}")
        if depth == 0 and mask.startswith(separator, at):
            found.append((begin, at))
            at += len(separator)
            begin = at
            continue
        at += 1
    return found + [(begin, end)]


class File:
    def __init__(self, name, text, first):
        self.name, self.text, self.mask = name, text, masked(text)
        self.next, self.edits, self.mutants = first, [], []

    def line(self, at):
        return self.text.count("\n", 0, at) + 1

    def function(self, at):
        """The name of the function that the place is in."""
        heads = [m for m in re.finditer(r"^[A-Za-z][^;={}()]*?(\w+)\([^;{}]*\)\n\{", self.mask, re.M)
                 if m.start() < at]
        return heads[-1].group(1) if heads else "?"

    def switch(self, start, end, form):
        text = self.text[start:end]
        start += len(text) - len(text.lstrip())
        end -= len(text) - len(text.rstrip())
        self.edits.append((start, end, form.replace("N", str(self.next))))
        what = " ".join(self.text[start:end].split())
        self.mutants.append((self.next, self.line(start), self.function(start), what))
        self.next += 1

    def condition(self, start, end):
        alternatives = parts(self.mask, start, end, "||")
        if len(alternatives) > 1:
            for a in alternatives:
                self.switch(*a, "(mutant != N && (@))")
            return
        conjuncts = parts(self.mask, start, end, "&&")
        if len(conjuncts) > 1:
            for c in conjuncts:
                self.switch(*c, "(mutant == N || (@))")
            return
        self.switch(start, end, "(mutant != N && (@))")

    def is_condition(self, start, end):
        """Compares, combines or negates, outside parentheses; no choice of values is one."""
        found, depth = "", 0
        for char in self.mask[start:end].replace("->", "  "):
            depth -= char in ")]"
            found += char if depth == 0 else " "
            depth += char in "(["
        return "?" not in found and bool(
            re.search(r"&&|\|\||[=!<>]=|^!|(?<![<>])[<>](?![<>])", found))

    def tell_apart(self):
        """What stands more than once in a function is CHECK, CHECK #2 and so on, from above."""
        times = collections.Counter()
        for i in sorted(range(len(self.mutants)), key=lambda i: self.mutants[i][1]):
            number, line, function, what = self.mutants[i]
            times[function, what] += 1
            if times[function, what] > 1:
                self.mutants[i] = (number, line, function, f"{what} #{times[function, what]}")

    def collect(self):
        for match in re.finditer(r"\bif \(", self.mask):
            start = match.end() - 1
            self.condition(start + 1, closing(self.mask, start))
        for match in re.finditer(r"\bCHECK\(", self.mask):
            start, end = match.end(), closing(self.mask, match.end() - 1)
            if len(parts(self.mask, start, end, "&&")) + len(parts(self.mask, start, end, "||")) > 2:
                self.condition(start, end)
            else:
                self.switch(start, end, "(mutant == N || (@))")
        for match in re.finditer(r"\breturn ([^;]*);", self.mask):
            start, end = match.span(1)
            found = match.group(1).replace("->", "  ")
            if re.search(r"\?|\b(bad_\w+|fail|call_result)\(|<<|>>", found) or \
                    not re.search(r"&&|\|\||[<>=!]=|[<>]", found):
                continue
            self.condition(start, end)
        for match in re.finditer(r"[\w\])] [|&]?= ([^;={}][^;{}]*);", self.mask):
            if self.is_condition(*match.span(1)):
                self.condition(*match.span(1))
        for match in re.finditer(r"(?:=|return|\n\s*rc =)([^;={}]*\?:[^;{}]*);", self.mask):
            for part in parts(self.mask, *match.span(1), "?:"):
                if "(" in self.mask[part[0]:part[1]]:
                    self.switch(*part, "(mutant == N ? 0 : (@))")
        self.tell_apart()

    def mutated(self):
        out, at = "extern int mutant;\n#line 1\n", 0
        for start, end, form in sorted(self.edits):
            before, after = form.split("@")
            out += self.text[at:start] + before + self.text[start:end] + after
            at = end
        return out + self.text[at:]
