"""One call: fresh arguments, a time limit, what came back."""

import asyncio
import signal
import subprocess
import sys
import time

import pytest

from helpers.checks import calling


def test_a_time_limit_stops_a_loop_and_leaves_the_process_alive():
    started = time.monotonic()
    with pytest.raises(TimeoutError), calling.time_limit(.2):  # noqa: PT012
        while True:
            pass
    assert time.monotonic() - started < 3


@pytest.mark.skipif(sys.platform == "win32", reason="Windows shells do not pass an ignored interrupt on")
def test_a_time_limit_stops_a_loop_in_a_process_started_in_the_background_and_leaves_its_signals_as_they_were():
    code = """if True:
        import signal
        signal.signal(signal.SIGINT, signal.SIG_IGN)      # as `command &` in a shell's script leaves it
        from helpers.checks import calling
        try:
            with calling.time_limit(.2):
                while True:
                    pass
        except TimeoutError:
            print("stopped", signal.getsignal(signal.SIGINT) is signal.SIG_IGN)
    """
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert ran.stdout.strip() == "stopped True"


@pytest.mark.skipif(sys.platform == "win32", reason="event loops set no signal handlers on Windows")
def test_a_time_limit_stops_a_loop_though_an_event_loop_holds_the_interrupt_and_gives_it_back():
    loop = asyncio.new_event_loop()
    try:
        loop.add_signal_handler(signal.SIGINT, lambda: None)
        held = signal.getsignal(signal.SIGINT)
        with pytest.raises(TimeoutError), calling.time_limit(.2):  # noqa: PT012
            while True:
                pass
        assert signal.getsignal(signal.SIGINT) is held
        wakeup = signal.set_wakeup_fd(-1)
        signal.set_wakeup_fd(wakeup)
        assert wakeup != -1
    finally:
        loop.close()


def test_a_time_limit_that_passed_interrupts_nothing_afterwards():
    for _ in range(20):
        with pytest.raises(TimeoutError), calling.time_limit(.01):  # noqa: PT012
            while True:
                pass
    time.sleep(.6)


def test_a_time_limit_that_is_not_reached_does_nothing():
    with calling.time_limit(5):
        pass
    time.sleep(.01)


def test_the_learners_own_interrupt_stays_an_interrupt():
    with pytest.raises(KeyboardInterrupt), calling.time_limit(5):
        raise KeyboardInterrupt


def test_every_call_gets_fresh_arguments(lift):
    seen = []

    def remember(bought, score, k):
        seen.append(bought)
        bought[:] = [0] * len(bought)
        return 0.0

    cases = lift.cases()[:1] * 2
    calling.run_all(lift, cases, {"lift_at_k": remember})
    assert seen[0] is not seen[1]
    assert cases[0].args[0] == [1, 0, 0, 0]


def test_cases_are_the_same_under_one_seed_and_differ_under_another(lift):
    def drawn(seed):
        return [calling.encode_arguments(each) for each in lift.cases(seed)]

    assert drawn(5) == drawn(5)
    assert drawn(5) != drawn(6)


@pytest.mark.parametrize("data", [None, [], {"kind": 3}, {"kind": "value", "more": 1}, "value"])
def test_what_is_not_an_outcome_is_refused(data):
    with pytest.raises(ValueError, match="not an outcome"):
        calling.Outcome.from_json(data)


@pytest.mark.parametrize("value", [0, 0.0, False, "", None, []])
def test_an_outcome_survives_as_json_whatever_its_value(value):
    outcome = calling.Outcome("value", value=value)
    assert calling.Outcome.from_json(outcome.as_json()) == outcome
    assert type(calling.Outcome.from_json(outcome.as_json()).value) is type(value)
