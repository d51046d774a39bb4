from common import *


def quiet():
    pass


def run():
    Finalize(None, outcome, args=(quiet, "Process-1"), exitpriority=0)


if __name__ == "__main__":
    main(run)
