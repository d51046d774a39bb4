from common import *


def fail():
    raise ValueError("it broke")


def run():
    Finalize(None, finalizer, args=("-1",), exitpriority=-1)
    Finalize(None, fail, exitpriority=0)
    Finalize(None, finalizer, args=("1",), exitpriority=1)
    Finalize(None, fail, exitpriority=2)
    Finalize(None, finalizer, args=("3",), exitpriority=3)


if __name__ == "__main__":
    main(run)
