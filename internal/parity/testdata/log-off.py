from common import *


def log_all():
    util.sub_debug("record sub_debug")
    util.debug("record debug")
    util.info("record info")
    util.sub_warning("record sub_warning")


def child():
    log_all()
    say(f"level {multiprocessing.get_logger().getEffectiveLevel()}")


def run():
    log_all()
    p = Process(target=child)
    p.start()
    p.join()


if __name__ == "__main__":
    main(run)
