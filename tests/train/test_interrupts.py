"""Ctrl-C: the first is noted, the second goes through, and the program's own handler is respected."""

import signal
import threading

import pytest

from tinygrad_cn.train.interrupts import Interrupts


def press_ctrl_c():
    signal.raise_signal(signal.SIGINT)


def test_the_first_waits_for_check_and_the_second_does_not():
    with Interrupts() as interrupts:
        interrupts.check()
        press_ctrl_c()
        with pytest.raises(KeyboardInterrupt):
            interrupts.check()
        with pytest.raises(KeyboardInterrupt):
            press_ctrl_c()


def test_afterwards_ctrl_c_is_pythons_again():
    with Interrupts():
        pass
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_another_handler_stays():
    heard = []
    old = signal.signal(signal.SIGINT, lambda *_: heard.append(1))
    try:
        with Interrupts() as interrupts:
            press_ctrl_c()
            interrupts.check()
    finally:
        signal.signal(signal.SIGINT, old)
    assert heard == [1]


def test_in_another_thread_signals_are_left_alone():
    handlers = []

    def work():
        with Interrupts():
            handlers.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert handlers == [signal.default_int_handler]
