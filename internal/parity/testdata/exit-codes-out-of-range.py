from common import *

codes = {"exits-256": 256, "exits-300": 300, "exits-minus-1": -1, "exits-largest": sys.maxsize}


def exits():
    sys.exit(codes[multiprocessing.current_process().name])


def run():
    for name in codes:
        outcome(exits, name)


if __name__ == "__main__":
    main(run)
