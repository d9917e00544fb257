"""The attack bank: what hostile submissions try, each with what it may come to.  Data only; the tests are in test_attack_bank.py.

    attacks_making.py      what an attack is, and how most are built
    attacks_table.py       a01 … a41: those that stock nbgrader was tried with
    attacks_values.py      v_ answers that lie, s_ what a learner's text may do in the feedback
    attacks_process.py     p_ the job: memory, wire, clock, machine
    attacks_files.py       f_ the file
    attacks_delegation.py  d_ right answers that are another's work
"""

from attacks_delegation import DELEGATION
from attacks_files import FILES
from attacks_making import MARKUP, NEIGHBOUR, SENTINEL, Attack, in_function
from attacks_process import PROCESS
from attacks_table import TABLE
from attacks_values import VALUES

PORT = 9
"""Where a listener of the test's waits on the loopback: set it before the attacks are handed in."""


def _calls_home(address: str, module: str = "socket"):
    """A call that tries to reach the listener; the port is read when the attack is handed in."""
    return lambda classroom, student: in_function(f"""
        import {module}
        line = {address.format(port=PORT)}
        line.send(b"smuggled") if hasattr(line, "send") else None
        return 1.0
        """, everywhere=True)(classroom, student)


NETWORK = [
    Attack("a36_tcp_to_loopback", "The inputs go to a listener on the same machine.", _calls_home('socket.create_connection(("127.0.0.1", {port}), 2)')),
    Attack("p_tcp_version_6", "The same over the other protocol.", _calls_home('socket.create_connection(("::1", {port}), 2)')),
    Attack("p_http", "The same as a web page.", _calls_home('urllib.request.urlopen("http://localhost:{port}/smuggled", timeout=2)', "urllib.request")),
    Attack("p_pandas_reads_address", "pandas itself opens the connection.", _calls_home('__import__("pandas").read_csv("http://127.0.0.1:{port}/x.csv")')),
]

ATTACKS: list[Attack] = [*sorted([*TABLE, *NETWORK], key=lambda attack: attack.name), *VALUES, *PROCESS, *FILES, *DELEGATION]

__all__ = ["ATTACKS", "MARKUP", "NEIGHBOUR", "PORT", "SENTINEL", "Attack"]
