from common import *


def daemon():
    f = open("a", "w")
    signal.pause()


def child():
    with open("a") as f:
        release("b")
        f.read()  # until the daemon is dead
        say("the daemon is gone: EOF")
    hold("joined")


def callback(priority):
    children = len(multiprocessing.active_children())
    say(f"finalizer {priority}, exiting {util.is_exiting()}, children {children}")


def run():
    say(f"exiting {util.is_exiting()}")
    for priority in (-100, -1, 0, 10):
        Finalize(None, callback, args=(priority,), exitpriority=priority)
    d = Process(target=daemon, daemon=True)
    d.start()
    Process(target=child).start()
    Finalize(None, lambda: say(f"{d.name} {d.exitcode}"), exitpriority=-2)
    hold("b")


if __name__ == "__main__":
    main(run, logging.DEBUG)
