from common import *


def run():
    Finalize(None, finalizer, args=("0",), exitpriority=0)
    Finalize(None, finalizer, args=("-1",), exitpriority=-1)
    match sys.argv[1]:
        case "fail":
            raise ValueError("it broke")
        case "exit-3":
            sys.exit(3)
        case "interrupt":
            signal.raise_signal(signal.SIGINT)


if __name__ == "__main__":
    main(run)
