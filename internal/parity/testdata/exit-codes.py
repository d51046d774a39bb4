from common import *


def returns():
    pass


def fails():
    raise ValueError("it broke")


def exits():
    sys.exit(int(multiprocessing.current_process().name.removeprefix("exits-")))


def waits():
    release("a")
    signal.pause()


def ended(name, end):
    p = Process(target=waits, name=name)
    p.start()
    hold("a")
    end(p)
    p.join()
    say(f"{name} {p.exitcode}")


def run():
    outcome(returns, "returns")
    outcome(fails, "fails")
    outcome(fails, "panics")
    for code in (0, 1, 7, 255):
        outcome(exits, f"exits-{code}")
    ended("terminated", Process.terminate)
    ended("killed", Process.kill)


if __name__ == "__main__":
    main(run)
