from common import *


def log_all():
    util.sub_debug("record sub_debug")
    util.debug("record debug")
    util.info("record info")
    util.sub_warning("record sub_warning")


def child():
    say(f"level {multiprocessing.get_logger().getEffectiveLevel()}")
    log_all()


def run():
    for level in (5, 10, 20, 25, 32, 37, 5):
        multiprocessing.get_logger().setLevel(level)
        child()
        p = Process(target=child)
        p.start()
        p.join()


# The names that this module gives to the levels.
logging.addLevelName(5, "SUBDEBUG")
logging.addLevelName(25, "SUBWARNING")

if __name__ == "__main__":
    main(run, logging.WARNING)
