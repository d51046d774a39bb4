from common import *


def add(what, priority, late):
    def callback():
        Finalize(None, finalizer, args=(late,), exitpriority=priority)
        finalizer(what)

    Finalize(None, callback, exitpriority=priority)


def run():
    Finalize(None, finalizer, args=("-2",), exitpriority=-2)
    add("-1", -1, "added by -1")
    Finalize(None, finalizer, args=("0",), exitpriority=0)
    add("1", 1, "added by 1")


if __name__ == "__main__":
    main(run)
