"""Holds the conformance suite to conformance-pending.txt: a listed test must fail, every other one must pass.

Each line of the list is `nodeid  #issue  reason`. With POLARKIT_PENDING_MODE=failing the list is ignored and the
failing tests are printed in its format instead.
"""
from __future__ import annotations

import os
import pathlib
import re
import urllib.request

import pytest

LINE = re.compile(r"^(?P<node>\S+(?: \S+)*?)\s{2,}(?P<issue>#\d+)\s{2,}(?P<reason>\S.*)$")
ENFORCE = os.environ.get("POLARKIT_PENDING_MODE") != "failing"


@pytest.fixture(scope="module", autouse=True)
def _true_time(request):
    """Deliveries are stamped with the true time; the file that compares the stamp with the sandbox's clock needs one nobody has moved."""
    if request.module.__name__ == "test_webhooks":
        url = f"{os.environ['POLAR_BASE_URL']}/sandbox/reset"
        urllib.request.urlopen(urllib.request.Request(url, method="POST"), timeout=60).close()


class Pending:
    def __init__(self, path: pathlib.Path):
        self.listed = read(path) if ENFORCE else {}
        self.failing: dict[str, str] = {}
        self.passing: set[str] = set()
        self.skipped: dict[str, str] = {}
        self.unknown: list[str] = []

    def pytest_collection_finish(self, session):
        known = {item.nodeid for item in session.items}
        chosen = session.config.args_source != session.config.ArgsSource.TESTPATHS or session.config.option.keyword
        if not chosen:
            self.unknown = sorted(set(self.listed) - known)

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_makereport(self, item, call):
        report = (yield).get_result()
        if report.failed:
            self.failing[item.nodeid] = first_line(call.excinfo)
            if item.nodeid in self.listed:
                report.outcome = "skipped"
                report.wasxfail = self.listed[item.nodeid]
        elif report.skipped and not hasattr(report, "wasxfail"):
            self.skipped[item.nodeid] = str(report.longrepr[-1] if isinstance(report.longrepr, tuple) else report.longrepr)
        elif report.when == "call" and report.passed:
            self.passing.add(item.nodeid)

    @property
    def overdue(self) -> list[str]:
        """Listed, yet nothing about them failed."""
        return sorted((self.passing & set(self.listed)) - set(self.failing))

    @property
    def missing_client(self) -> list[str]:
        """An official SDK that was not installed is a fault of the gate, not a reason to skip."""
        return sorted(node for node in self.skipped if node.startswith("test_sdk"))

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session, exitstatus):
        if ENFORCE and exitstatus == 0 and (self.overdue or self.missing_client or self.unknown):
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter):
        say = terminalreporter.write_line
        if not ENFORCE:
            terminalreporter.section("failing today, in the format of conformance-pending.txt")
            for node, why in sorted(self.failing.items()):
                say(f"{node}  #  {why}")
        for title, nodes in [
            ("passes, take it off conformance-pending.txt", self.overdue),
            ("in conformance-pending.txt, but there is no such test", self.unknown),
            ("skipped, because an official SDK is not installed", self.missing_client),
        ]:
            if nodes:
                terminalreporter.section(title)
                for node in nodes:
                    say(node)


def read(path: pathlib.Path) -> dict[str, str]:
    listed = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        match = LINE.match(line)
        if not match:
            raise pytest.UsageError(f"{path.name}:{number}: expected `nodeid  #issue  reason` with two spaces between")
        listed[match["node"]] = f"{match['issue']} {match['reason']}"
    return listed


def first_line(excinfo) -> str:
    return (str(excinfo.value).strip() or excinfo.typename).splitlines()[0][:140] if excinfo else "failed"


def pytest_configure(config):
    config.pluginmanager.register(Pending(pathlib.Path(os.environ["POLARKIT_PENDING"])), "polarkit-pending")
