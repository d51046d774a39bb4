from common import *


def waits():
    release("a")
    hold("b")


def run():
    p = Process(target=waits)
    p.start()
    hold("a")
    os.kill(p.pid, signal.SIGINT)
    p.join()
    say(f"{p.name} {p.exitcode}")


if __name__ == "__main__":
    main(run)
