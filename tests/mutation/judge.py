# SPDX-License-Identifier: MIT
"""Takes each check of some files out, one at a time: a unit test must notice, or the check is in a
list of second nets with the reason why it is one.  A line there whose check is noticed, or is no
more, fails too.  All mutants are in one build, without sanitizers, so this is quick; what is missed
may be tried again with them, since they see a byte read beyond an end.
"""
import collections
import concurrent.futures
import os
import re
import resource
import subprocess
import time

import mutate

SANITIZERS = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
HOOK = """#include <stdlib.h>
int mutant;
__attribute__((constructor)) static void choose(void)
{
	const char *text = getenv("MUTANT");
	mutant = text ? atoi(text) : 0;
}
"""


class Run:
    """files: the sources to break.  target: the make target that prints the compiler with its flags,
    then for each test TEST@SOURCES@LIBRARIES.  only: {test: files it alone is to judge}."""

    def __init__(self, name, target, files, only=None):
        self.build = os.environ.get("CORBEL_BUILD", "build")
        self.work = f"{self.build}/tests/{name}"
        self.target, self.files, self.only = target, set(files), only or {}
        self.mutants, self.limit, self.found = [], {}, collections.Counter()
        out = subprocess.run(["make", "-s", "--no-print-directory", f"B={self.build}", target],
                             check=True, capture_output=True, text=True).stdout
        compiler, *tests = out.strip().split("\n")
        self.compiler, self.linker = compiler.split(), ["gcc"]
        self.tests = {line.split("@")[0]: [part.split() for part in line.split("@")[1:]]
                      for line in tests}

    def sanitized(self, missed):
        """The same with sanitizers, of the tests for files of which something was missed."""
        run = Run(os.path.basename(self.work) + "-sanitized", self.target, self.files, self.only)
        run.compiler += SANITIZERS
        run.linker += SANITIZERS
        run.limit_to({m[0] for m in missed})
        return run

    def limit_to(self, files):
        """Only the tests that judge one of these; all files are still compiled as they are."""
        self.tests = {name: test for name, test in self.tests.items()
                      if files.intersection(test[0], self.only.get(name, self.files))}

    def object_of(self, source):
        return f"{self.work}/{source.replace('/', '-')}.o"

    def compile(self, mutants=()):
        """Objects of all sources, those in question with their mutants, numbered anew or as given."""
        os.makedirs(self.work, exist_ok=True)
        jobs = [self.compiler + ["-c", f"{self.work}/hook.c", "-o", f"{self.work}/hook.o"]]
        with open(f"{self.work}/hook.c", "w", encoding="ascii") as file:
            file.write(HOOK)
        for source in sorted({source for sources, _ in self.tests.values() for source in sources}):
            path = source
            if source in self.files:
                with open(source, encoding="utf-8") as file:
                    first = [m[1] for m in mutants if m[0] == source] or [len(self.mutants) + 1]
                    copy = mutate.File(source, file.read(), first[0])
                copy.collect()
                self.mutants += [(source, *m) for m in copy.mutants]
                path = f"{self.work}/{source.replace('/', '-')}"
                with open(path, "w", encoding="utf-8") as file:
                    file.write(copy.mutated())
            jobs.append(self.compiler + ["-c", path, "-o", self.object_of(source)])
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda job: subprocess.run(job, check=True), jobs))
        for name, (sources, libraries) in self.tests.items():
            subprocess.run([*self.linker, f"{self.work}/hook.o", *map(self.object_of, sources), "-o",
                            f"{self.work}/{name}", "-lcmocka", *libraries], check=True)

    def fails(self, test, mutant):
        """Also by a crash or by having no end, which is a matter of CPU time: others may be busy.
        What runs out of the clock's time has said nothing: unmutated that is a failure."""
        try:
            return subprocess.run(
                ["prlimit", f"--cpu={self.limit.get(test, 20)}", "--core=0", f"{self.work}/{test}"],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                timeout=300, env={**os.environ, "MUTANT": str(mutant)}, check=False).returncode != 0
        except subprocess.TimeoutExpired:
            return mutant == 0

    def baseline(self):
        """Unmutated all must pass; how long each takes then decides the order and the time limit."""
        broken, took = [], {}
        for name in self.tests:
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            if self.fails(name, 0):
                broken.append(name)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            took[name] = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        self.limit = {name: 2 + int(10 * seconds) for name, seconds in took.items()}
        self.tests = dict(sorted(self.tests.items(), key=lambda test: took[test[0]]))
        return broken

    def noticed(self, mutant):
        """First asked is the test that has noticed most in this file."""
        source, number = mutant[0], mutant[1]
        judges = [name for name, (sources, _) in self.tests.items()
                  if source in sources and source in self.only.get(name, self.files)]
        for name in sorted(judges, key=lambda name: -self.found[source, name]):
            if self.fails(name, number):
                self.found[source, name] += 1
                return True
        return False


def second_nets(path, prefix):
    """{(file, function, check): reason} of lines FILE @ FUNCTION @ CHECK @ REASON.  A reason that begins
    with `by chance` is for one that is noticed only sometimes."""
    nets = {}
    with open(path, encoding="utf-8") as file:
        for line in file:
            if line.strip() and not line.startswith("#"):
                name, function, check, reason = (f.strip() for f in re.split(r"\s@\s", line))
                nets[prefix + name, function, check] = reason
    return nets


def missed_of(run, mutants):
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        return [m for m, seen in zip(mutants, pool.map(run.noticed, mutants)) if not seen]


def judge(run, nets, chosen="", sanitize=False):
    """Prints the verdicts; chosen: only what has this in file or function.  True: all good."""
    start = time.monotonic()
    run.limit_to({file for file in run.files if chosen in file} or run.files)
    run.compile()
    broken = run.baseline()
    mutants = [m for m in run.mutants if chosen in f"{m[0]}:{m[3]}"]
    if not mutants:
        print(f"not ok - no file or function with checks contains `{chosen}`")
        return False
    missed = [] if broken else missed_of(run, mutants)
    if sanitize and missed:
        again = run.sanitized(missed)
        again.compile(run.mutants)
        broken = again.baseline()
        missed = missed_of(again, missed)
    if broken:
        print(f"not ok - unmutated: {' '.join(broken)} fails by itself")
        return False
    results = [m not in missed for m in mutants]
    used, good, files = set(), True, {}
    for (source, _, line, function, check), seen in zip(mutants, results):
        key = (source, function, check)
        files.setdefault(source, [0, 0])[0 if seen else 1] += 1
        if key in nets:
            used.add(key)
            if seen and not nets[key].startswith("by chance"):
                print(f"not ok - {source}:{line}: {check}: is noticed after all, yet in second-nets")
                good = False
        elif not seen:
            print(f"not ok - {source}:{line}: {function}: {check}: nothing notices when it is gone")
            good = False
    for key in set() if chosen else nets.keys() - used:
        print(f"not ok - second-nets: no such check any more: {' @ '.join(key)}")
        good = False
    for source, (seen, rest) in sorted(files.items()):
        print(f"ok - {source}: {seen} of {seen + rest} checks noticed, {rest} second nets")
    for source in [] if chosen else sorted(run.files - {s for sources, _ in run.tests.values() for s in sources}):
        print(f"not ok - {source}: in no test")
        good = False
    print(f"({len(mutants)} checks, {time.monotonic() - start:.0f} s)")
    return good
