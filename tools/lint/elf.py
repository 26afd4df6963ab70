# SPDX-License-Identifier: MIT
"""Object files as a graph: which section refers to which, and how."""
import collections
import struct

ALLOC, EXEC = 2, 4
SYMTAB, RELA = 2, 4
ADDRESS = {1, 10, 11}  # R_X86_64_64, _32, _32S: not a branch, so somebody takes the address

Section = collections.namedtuple("Section", "object index name flags size align")
Edge = collections.namedtuple("Edge", "target function taken")


class Objects:
    """Relocatable objects; a section is a node.  With -ffunction-sections it is one function."""

    def __init__(self, paths):
        self.sections, self.edges, self.home = [], collections.defaultdict(list), {}
        loose = []
        for path in paths:
            loose += self.read(path)
        for source, symbol, offset, kind in loose:
            if isinstance(symbol, str):
                symbol = self.home.get(symbol)
            if symbol is not None:
                section, value, functions = symbol
                function = functions.get(value + offset)
                taken = kind in ADDRESS and function is not None
                self.edges[source].append(Edge(section, function, taken))

    def read(self, path):
        data = open(path, "rb").read()
        at, count = struct.unpack_from("<Q", data, 40)[0], struct.unpack_from("<H", data, 60)[0]
        heads = [struct.unpack_from("<IIQQQQIIQQ", data, at + 64 * i) for i in range(count)]
        names = data[heads[struct.unpack_from("<H", data, 62)[0]][4]:]

        def text(table, offset):
            return table[offset:table.index(b"\0", offset)].decode()

        here = [Section(path, i, text(names, h[0]), h[2], h[5], h[8]) for i, h in enumerate(heads)]
        self.sections += [s for s in here if s.flags & ALLOC and s.size]
        head = next(h for h in heads if h[1] == SYMTAB)
        strings = data[heads[head[6]][4]:]
        symbols, functions = [], collections.defaultdict(dict)
        for entry in range(head[4], head[4] + head[5], 24):
            name, info, _, index, value, _ = struct.unpack_from("<IBBHQQ", data, entry)
            symbols.append((text(strings, name), info, index, value))
            if info & 15 == 2 or info & 15 == 0 and info >> 4 == 1:  # functions; labels of assembly
                functions[index][value] = text(strings, name)
        found = []
        for name, info, index, value in symbols:
            if 0 < index < 0xff00:
                found.append((here[index], value, functions[index]))
                if info >> 4:
                    self.home[name] = found[-1]
            else:
                found.append(name)
        loose = []
        for head in heads:
            if head[1] == RELA and here[head[7]].flags & ALLOC:
                for entry in range(head[4], head[4] + head[5], 24):
                    _, info, addend = struct.unpack_from("<QQq", data, entry)
                    loose.append((here[head[7]], found[info >> 32], addend, info & 0xffffffff))
        return loose

    def reach(self, roots, follow=lambda source, edge: True):
        """All sections that the roots come to."""
        seen, work = set(), list(roots)
        while work:
            section = work.pop()
            if section not in seen:
                seen.add(section)
                work += [e.target for e in self.edges[section] if follow(section, e)]
        return seen

    def takers(self, sections):
        """{function: its section} of those whose address code or data in `sections` holds."""
        return {e.function: e.target for s in sections for e in self.edges[s]
                if e.taken and e.target.flags & EXEC}

    def of(self, name):
        """The section that defines a global symbol."""
        return self.home[name][0]


def text_bytes(sections):
    """Bytes that the code among them takes in an image, alignment included."""
    return sum(-(-s.size // s.align) * s.align for s in sections if s.flags & EXEC)
