# The counterpart of warm.go: reads "METHOD N PAUSE", with a pause in seconds,
# and writes for each of N starts the ns until the function ran, until its
# result was there, and until the process was reaped.
import multiprocessing
import sys
import time


def now(conn):
    conn.send(time.time_ns())
    conn.close()


def start(context):
    begin = time.time_ns()
    ours, theirs = context.Pipe(False)
    child = context.Process(target=now, args=(theirs,))
    child.start()
    theirs.close()
    ran = ours.recv() - begin
    result = time.time_ns() - begin
    child.join()
    reaped = time.time_ns() - begin
    ours.close()
    return ran, result, reaped


if __name__ == "__main__":
    print("ready", flush=True)
    for line in sys.stdin:
        method, n, pause = line.split()
        context = multiprocessing.get_context(method)
        times = []
        for _ in range(int(n)):
            time.sleep(float(pause))
            times += start(context)
        print(*times, flush=True)
