from common import *


def introduce():
    me, parent = multiprocessing.current_process(), multiprocessing.parent_process()
    says = [f"daemon {me.daemon}", f"pid {me.pid == os.getpid()}"]
    if parent is None:
        says.append("no parent")
    else:
        says += [f"parent {parent.name}", str(parent.pid == os.getppid()), f"alive {parent.is_alive()}"]
    say(", ".join(says))


def in_turn(function, **options):
    p = Process(target=function, **options)
    p.start()
    p.join()


def parent_of_two():
    introduce()
    in_turn(introduce)
    in_turn(introduce)


def run():
    introduce()
    in_turn(parent_of_two)
    in_turn(introduce, name="Named", daemon=True)
    in_turn(parent_of_two)


if __name__ == "__main__":
    main(run)
