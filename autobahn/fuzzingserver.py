"""Autobahn's fuzzing server, for `cargo xtask autobahn`. Runs on Python 2.7.

usage: fuzzingserver.py PACKAGES REPORTS CASE...

PACKAGES  the folder in which pip put autobahntestsuite
REPORTS   where the suite's reports go, and results.json: the verdicts of all cases, one a line
CASE      an id such as 6.4.1, or a group such as 6.*

It listens on a free port of 127.0.0.1, prints the port's number as its only line of standard
output, and ends when its standard input does.
"""
import io
import json
import os
import site
import sys

PACKAGES, REPORTS, CASES = sys.argv[1], sys.argv[2], sys.argv[3:]
site.addsitedir(PACKAGES)

from autobahntestsuite import fuzzing  # noqa: E402
from twisted.internet import reactor, stdio  # noqa: E402
from twisted.internet.protocol import Protocol  # noqa: E402


class Leash(Protocol):
    """Ends the server when whoever started it is gone."""

    def connectionLost(self, reason):
        if reactor.running:
            reactor.stop()


def listen(factory, context, **_options):
    """Instead of the suite's own, which wants a fixed port."""
    port = reactor.listenTCP(0, factory, interface="127.0.0.1").getHost().port
    factory.port = factory.externalPort = port
    answer.write("%d\n" % port)
    answer.flush()


def write_results(factory):
    """The suite's reports, then the verdicts without what differs from run to run."""
    suite_reports(factory)
    with io.open(os.path.join(REPORTS, "index.json"), encoding="utf-8") as index:
        (cases,) = json.load(index).values()
    lines = []
    for name in sorted(cases, key=lambda name: [int(part) for part in name.split(".")]):
        verdicts = name, cases[name]["behavior"], cases[name]["behaviorClose"]
        lines.append('  "%s": {"behavior": "%s", "behaviorClose": "%s"}' % verdicts)
    with open(os.path.join(REPORTS, "results.json"), "w") as results:
        results.write("{\n" + ",\n".join(lines) + "\n}\n")


# What the suite prints is for a log.
answer, sys.stdout = sys.stdout, sys.stderr
suite_reports = fuzzing.FuzzingServerFactory.createReports
fuzzing.FuzzingServerFactory.createReports = write_results
fuzzing.listenWS = listen
fuzzing.startServer({"url": "ws://127.0.0.1:9", "outdir": REPORTS, "cases": CASES}, None)
stdio.StandardIO(Leash())
reactor.run()
