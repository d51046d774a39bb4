from common import *

Finalize(None, finalizer, args=("of the import",), exitpriority=0)


def child():
    Finalize(None, finalizer, args=("of the function",), exitpriority=0)


def run():
    outcome(child, "Process-1")


if __name__ == "__main__":
    main(run)
