# SPDX-License-Identifier: MIT
"""C text as tokens, and what `ternary` and `tcb` count in it."""
import re

TOKEN = re.compile(r"""
	(?P<comment> /\*.*?\*/ | //[^\n]* )
      | (?P<blank>   (?: \s | \\\n )+ )
      | (?P<string>  (?:L|u8)?"(?:\\.|[^"\\\n])*" | '(?:\\.|[^'\\\n])*' )
      | (?P<number>  \.?\d(?:[eEpP][+-]|[\w.])* )
      | (?P<name>    [A-Za-z_]\w* )
      | (?P<mark>    \.\.\. | <<= | >>= | -> | \+\+ | -- | << | >> | [<>=!+\-*/%&|^]= | && | \|\| | \#\# | . )
""", re.X | re.S)


def tokens(text):
    """Yields (kind, text, line) without comments and blanks; a directive ends in ("end", "", line)."""
    line, directive = 1, False
    for match in TOKEN.finditer(text):
        kind, word = match.lastgroup, match[0]
        if kind == "blank":
            if directive and "\n" in word.replace("\\\n", ""):
                directive = False
                yield "end", "", line
        elif kind != "comment":
            directive = directive or word == "#"
            yield kind, word, line
        line += word.count("\n")


class Count:
    """Tokens, lines that hold code, ternaries, names and comments of a set of files."""

    def __init__(self, paths):
        self.lines = self.tokens = self.ternaries = self.nested = self.comments = 0
        self.names = self.letters = 0
        texts = [open(path).read() for path in paths]
        self.macros = choosing_macros(texts)
        for text in texts:
            self.add(text)

    def add(self, text):
        code = [t for t in tokens(text) if t[0] != "end"]
        every, nested = ternaries(text, self.macros)
        self.tokens += len(code)
        self.lines += len({line for _, _, line in code})
        self.ternaries += len(every)
        self.nested += len(nested)
        names = [word for kind, word, _ in code if kind == "name"]
        self.names += len(names)
        self.letters += sum(map(len, names))
        for comment in (m[0] for m in TOKEN.finditer(text) if m.lastgroup == "comment"):
            self.comments += sum(1 for line in comment.split("\n") if line.strip(" \t*/"))

    @property
    def density(self):
        return self.tokens / max(self.lines, 1)


WELL_KNOWN = {"MIN", "MAX"}  # read as functions, wherever they stand


def choosing_macros(texts, known=frozenset()):
    """Names of the macros whose text holds a `?`, or another such macro, or one of `known`."""
    bodies = {}
    for text in texts:
        items = list(tokens(text))
        for i, (_, word, line) in enumerate(items):
            if word == "define" and items[i - 1][1] == "#" and i + 1 < len(items):
                end = next((j for j in range(i, len(items)) if items[j][0] == "end"), len(items))
                bodies.setdefault(items[i + 1][1], set()).update(w for _, w, _ in items[i + 2:end])
    chosen = {"?", *known}
    while more := {name for name, body in bodies.items() if body & chosen} - chosen - WELL_KNOWN:
        chosen |= more
    return chosen - {"?"}


ASSIGN = {"=", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "<<=", ">>="}


class Operand:
    """What stands between two commas, semicolons or assignments: the `?` in it, in order."""

    def __init__(self):
        self.own, self.inner = [], []  # ((line, index), is it `?:`); inner: within brackets

    def marks(self):
        return self.own + self.inner

    def nested(self):
        """The `?` that stand in an operand of another; a straight list `a() ?: b() ?: c()` is fine."""
        if not self.own or all(short for _, short in self.own) and not self.inner:
            return []
        return sorted(self.marks())[1:]


def inside_brackets(items, at):
    """Yields (index, token) within the bracket at `at`, if there is one."""
    depth = 0
    for i in range(at, len(items)):
        depth += items[i][1] == "("
        depth -= items[i][1] == ")"
        if depth == 0:
            return
        yield i, items[i]


def ternaries(text, macros=frozenset()):
    """Returns (lines of all `?`, lines of those inside an operand of another).

    The use of one of `macros` counts as the `?` in it."""
    every, nested = [], set()
    stack = []  # of (opening bracket, Operand around it, `?` of its finished operands)
    here, done = Operand(), []
    items = [t for t in tokens(text)]

    def finish():
        nonlocal here
        nested.update(here.nested())
        done.extend(here.marks())
        here = Operand()

    for at, (kind, word, line) in enumerate(items):
        if kind == "mark" and word == "?":
            every.append(line)
            here.own.append(((line, at), items[at + 1][1] == ":"))
        elif word in macros and items[at - 1][1] not in ("define", "undef", "ifdef", "ifndef", "defined"):
            here.inner.append(((line, at), False))
            arguments = Operand()
            arguments.own = [((line, at), False)]
            arguments.inner = [((where, i), False) for i, (_, name, where) in inside_brackets(items, at + 1)
                               if name == "?" or name in macros]
            nested.update(arguments.nested())
        elif kind == "mark" and word in "([{":
            if word == "{" and not any(opening in "([" for opening, _, _ in stack):
                finish()
            stack.append((word, here, done))
            here, done = Operand(), []
        elif kind == "mark" and word in ")]}" and stack:
            finish()
            inside = done
            opening, here, done = stack.pop()
            here.inner += inside
            if opening == "{" and not any(o in "([" for o, _, _ in stack):
                here = Operand()
        elif kind == "end" or kind == "mark" and (word in ",;" or word in ASSIGN):
            finish()
    return every, sorted(line for (line, _), _ in nested)
