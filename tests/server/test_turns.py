"""Nobody who waits for the turn to write is overtaken, and nobody waits for the dead."""

import fcntl
import subprocess
import sys
import threading

import pytest
from sqlalchemy.exc import TimeoutError

from server.turns import Line, WriterTurn

#: another process: takes the turn, says so, and keeps it until its input ends
OTHER = """
import sys
from server.turns import WriterTurn
with WriterTurn(sys.argv[1]).taken():
    print("mine", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / "turn")


@pytest.fixture
def start_other(path):
    started = []

    def start():
        command = [sys.executable, "-c", OTHER, path]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()


def wait_until(condition):
    """For what another thread or process is about to do; it says nothing when it has."""
    tick = threading.Event()
    for _ in range(2000):
        if condition():
            return
        tick.wait(0.005)
    raise AssertionError("it never came")


def someone_is_next(path):
    with open(f"{path}-next", "ab") as place:
        try:
            fcntl.flock(place, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def test_threads_are_served_in_the_order_in_which_they_came():
    line, served, threads = Line(), [], []

    def stand(name):
        line.acquire()
        served.append(name)
        line.release()

    line.acquire()
    for name in range(20):
        threads.append(threading.Thread(target=stand, args=(name,)))
        threads[-1].start()
        wait_until(lambda: len(line._waiting) == len(threads))
    line.release()
    for thread in threads:
        thread.join()
    assert served == list(range(20))
    assert line.acquire(timeout=0)


def test_who_gives_up_waiting_is_passed_over():
    line = Line()
    assert line.acquire()
    assert not line.acquire(timeout=0.001)
    line.release()
    assert line.acquire(timeout=0)


def test_who_waits_too_long_is_told_and_takes_nothing(path):
    turn = WriterTurn(path)
    with turn.taken(), pytest.raises(TimeoutError), turn.taken(0.001):
        pytest.fail("two turns at once")
    with turn.taken(0):
        pass


def test_a_process_that_comes_back_at_once_does_not_overtake_one_that_waits(path, start_other):
    turn, came = WriterTurn(path), []

    def come_back():
        with turn.taken():
            came.append("back")

    back = threading.Thread(target=come_back)
    with turn.taken():
        other = start_other()
        wait_until(lambda: someone_is_next(path))
    back.start()
    assert other.stdout.readline() == b"mine\n"
    assert came == []
    other.stdin.close()
    back.join()
    assert came == ["back"]


def test_a_turn_ends_with_its_process(path, start_other):
    other = start_other()
    assert other.stdout.readline() == b"mine\n"
    other.kill()
    with WriterTurn(path).taken():
        pass
