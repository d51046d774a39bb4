from common import *
import gc

alive = []


class Object:
    pass


def attach_all():
    a = Object()
    Finalize(a, finalizer, args=("a",))
    del a
    gc.collect()
    b, c, d = Object(), Object(), Object()
    alive.extend((b, c, d))
    f = Finalize(b, finalizer, args=("b",))
    f()
    f()
    Finalize(c, finalizer, args=("c",))
    Finalize(d, finalizer, args=("d01",), exitpriority=0)
    Finalize(d, finalizer, args=("d02",), exitpriority=0)
    Finalize(d, finalizer, args=("d03",), exitpriority=0)
    Finalize(d, finalizer, args=("d10",), exitpriority=1)
    Finalize(None, finalizer, args=("STOP",), exitpriority=-100)
    Finalize(None, finalizer, args=("e",), exitpriority=-10)


def hard():
    attach_all()
    util._exit_function()
    os._exit(0)


def run():
    outcome(attach_all, "Returns")
    outcome(hard, "ExitsHard")


if __name__ == "__main__":
    main(run)
