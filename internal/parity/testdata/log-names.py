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
    log_all()
    p = Process(target=child)
    p.start()
    p.join()
    multiprocessing.log_to_stderr(logging.INFO)
    util.info("record twice")


if __name__ == "__main__":
    main(run, 5)
