from common import *


def waits():
    Finalize(None, finalizer, args=("of " + multiprocessing.current_process().name,), exitpriority=0)
    release("a")
    signal.pause()


def run():
    p = Process(target=waits)
    p.start()
    hold("a")
    p.terminate()
    p.join()
    say(f"{p.name} {p.exitcode}")


if __name__ == "__main__":
    main(run)
