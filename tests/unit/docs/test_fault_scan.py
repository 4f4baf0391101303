"""The page of errors misses none: codes are found however the source passes them on."""

from __future__ import annotations

from docs.fault_scan import Fault, scan


def test_a_raised_error_is_found_with_its_texts():
    source = """
def f(path):
    raise InputError(f"{path} is empty; expected rows.", code="file_empty", hint="Choose " "another.")
"""
    (fault,) = scan(source)
    assert fault == Fault(
        "file_empty", "InputError", "{…} is empty; expected rows.", "Choose another.", "error"
    )


def test_a_message_in_a_variable_or_a_constant_is_followed():
    source = """
REMEDY = "Mend it."
def f():
    message = "It is broken."
    if message:
        return Finding(code="broken", severity="warning", message=message, remedy=REMEDY)
    message = "It is something else."
"""
    (fault,) = scan(source)
    assert (fault.message, fault.remedy, fault.severity) == ("It is broken.", "Mend it.", "warning")


def test_the_callers_of_a_function_that_passes_a_code_on_are_the_faults():
    source = """
class Check:
    def _report(self, code, message, *, severity="error"):
        self.add(Problem(code=code, message=message, severity=severity))
    def check(self):
        self._report("first", "One.")
        self._report("second", "Two.", severity="note")
"""
    assert [(fault.code, fault.message, fault.severity) for fault in scan(source)] == [
        ("first", "One.", "error"),
        ("second", "Two.", "note"),
    ]


def test_a_code_chosen_on_the_spot_gives_two_faults():
    source = """
def f(x):
    raise ModelError("No weights.", code="unsafe_file" if x else "weights_missing")
"""
    assert {fault.code for fault in scan(source)} == {"unsafe_file", "weights_missing"}


def test_other_calls_are_no_faults():
    assert list(scan("def f(code):\n    g(code=code)\n    print('x', code='y')\n")) == []
