from common import *


def run():
    Finalize(None, finalizer, args=("0",), exitpriority=0)
    Finalize(None, finalizer, args=("-1",), exitpriority=-1)
    match sys.argv[1]:
        case "terminate":
            signal.raise_signal(signal.SIGTERM)
        case "panic":
            raise ValueError("it broke")


if __name__ == "__main__":
    main(run)
