"""CPython's pools as a peer: Pool, or with the argument "executor" ProcessPoolExecutor."""

import json
import multiprocessing
import sys
import time
from concurrent.futures import ProcessPoolExecutor


def square(n):
    if n < 0:
        time.sleep(-n / 1000)
    return n * n


def echo(data):
    return data


class Pool:
    def __init__(self, workers):
        self.pool = multiprocessing.get_context("fork").Pool(workers)

    def call(self, f, arg):
        return self.pool.apply(f, (arg,))

    def map(self, args, chunk):
        return self.pool.map(square, args, chunksize=chunk or None)

    def pids(self):
        return [p.pid for p in self.pool._pool]

    def close(self):
        self.pool.close()
        self.pool.join()


class Executor:
    def __init__(self, workers):
        self.workers = workers
        self.pool = ProcessPoolExecutor(workers, multiprocessing.get_context("fork"))

    def call(self, f, arg):
        return self.pool.submit(f, arg).result()

    def map(self, args, chunk):  # it has no automatic chunks: those of Pool
        return list(self.pool.map(square, args, chunksize=chunk or -(-len(args) // (4 * self.workers))))

    def pids(self):
        return list(self.pool._processes)

    def close(self):
        self.pool.shutdown()


def timed(n, f):
    each = []
    for i in range(n):
        start = time.perf_counter_ns()
        f(i)
        each.append(time.perf_counter_ns() - start)
    return {"Each": each}


def call(i):
    assert pool.call(square, i) == i * i


def opened(workers):
    global pool
    pool = (Executor if "executor" in sys.argv else Pool)(workers)
    call(3)


def mapped(n, chunk):
    for i, got in enumerate(pool.map(range(n), chunk)):
        assert got == i * i


def echoed(data):
    assert pool.call(echo, data) == data


def obey(do, n, chunk, size):
    if do == "open":
        return timed(1, lambda _: opened(n))
    if do == "warm":
        pool.map([-20] * (2 * n), 1)
        return {}
    if do == "call":
        return timed(n, call)
    if do == "map":
        return {"Each": [ns // n for ns in timed(1, lambda _: mapped(n, chunk))["Each"]]}
    if do == "echo":
        data = b"0123456789abcdef" * (size // 16)
        return timed(n, lambda _: echoed(data))
    if do == "pids":
        return {"PIDs": pool.pids()}
    if do == "close":
        return timed(1, lambda _: pool.close())
    raise ValueError(do)


if __name__ == "__main__":
    for line in sys.stdin:
        c = json.loads(line)
        try:
            reply = obey(c["Do"], c["N"], c["Chunk"], c["Size"])
        except Exception as e:
            reply = {"Err": repr(e)}
        print(json.dumps(reply), flush=True)
