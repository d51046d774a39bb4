from common import *


def leave():
    say("finalizer 1 exits with 3")
    sys.exit(3)


def run():
    Finalize(None, finalizer, args=("-1",), exitpriority=-1)
    Finalize(None, finalizer, args=("0",), exitpriority=0)
    Finalize(None, leave, exitpriority=1)


if __name__ == "__main__":
    main(run)
