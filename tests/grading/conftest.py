"""Shared by the tests of grading."""

import pytest
from classroom import Classroom


@pytest.fixture(scope="module")
def classroom(course, tmp_path_factory) -> Classroom:
    """One classroom for a module of tests."""
    return Classroom(course, tmp_path_factory.mktemp("class"))
