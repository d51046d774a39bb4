from common import *
from multiprocessing.util import register_after_fork


class Hooked:
    def __init__(self, name):
        self.name = name


def hook(o):
    say(f"hook {o.name}")


def broken(o):
    raise ValueError("it broke")


def child():
    say("function")
    if ":" not in multiprocessing.current_process().name:
        in_turn(child)


def in_turn(function):
    p = Process(target=function)
    p.start()
    p.join()


def run():
    in_turn(child)


first, second = Hooked("first"), Hooked("second")
register_after_fork(first, hook)
register_after_fork(second, broken)
register_after_fork(Hooked("dead"), hook)
register_after_fork(second, hook)
register_after_fork(first, hook)

if __name__ == "__main__":
    main(run, method="fork")  # on spawn there are no after-fork hooks
