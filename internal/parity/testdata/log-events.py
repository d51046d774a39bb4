from common import *


def tidies():
    Finalize(None, finalizer, args=("of " + multiprocessing.current_process().name,), exitpriority=0)
    release("a")
    signal.pause()


def returns():
    pass


def fails():
    raise ValueError("it broke")


def run():
    daemon = Process(target=tidies, daemon=True)
    daemon.start()
    hold("a")
    outcome(returns, None)
    outcome(fails, None)
    say(f"{daemon.name} {daemon.exitcode}")


if __name__ == "__main__":
    main(run, logging.DEBUG)
