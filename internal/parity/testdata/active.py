from common import *
from multiprocessing.connection import wait


def names(procs):
    return "[" + " ".join(sorted(p.name for p in procs)) + "]"


def say_active(*procs):
    says = [f"active {names(multiprocessing.active_children())}"]
    says += [f"{p.name} {p.exitcode} alive {p.is_alive()}" for p in procs]
    say(", ".join(says))


def run():
    say_active()
    a = Process(target=hold, args=("a",))
    a.start()
    say_active(a)
    b = Process(target=hold, args=("b",))
    b.start()
    say_active(a, b)
    release("a")
    sentinels = {p.sentinel: p for p in (a, b)}
    say(f"first {names(sentinels[s] for s in wait(sentinels))}")
    a.join()  # the sentinel comes a little before the status
    say_active(a, b)
    release("b")
    b.join()
    say_active(a, b)


if __name__ == "__main__":
    main(run)
