from common import *


def quiet():
    pass


def parent():
    outcome(quiet, None)


def run():
    p = Process(target=parent, daemon=True)
    p.start()
    p.join()
    say(f"{p.name} {p.exitcode}")


if __name__ == "__main__":
    main(run)
