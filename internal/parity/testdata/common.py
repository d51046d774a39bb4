"""What the programs share: the spawn start method, and lines for the trace."""

import logging
import multiprocessing
import os
import signal
import sys
from multiprocessing import Process, util
from multiprocessing.util import Finalize


def main(run, level=None, method="spawn"):
    """Run a program's main with the log, if a level is given, on stderr."""
    multiprocessing.set_start_method(method)
    if level is not None:
        multiprocessing.log_to_stderr(level)
    run()


def say(what):
    name = multiprocessing.current_process().name
    os.write(1, f"@{name}: {what}\n".encode())


def finalizer(what):
    say(f"finalizer {what}")


def outcome(function, name):
    """Start a function, join it, and say its exit code."""
    p = Process(target=function, name=name)
    p.start()
    p.join()
    say(f"{p.name} {p.exitcode}")


def hold(gate):
    with open(gate) as f:
        f.read()


def release(gate):
    open(gate, "w").close()
