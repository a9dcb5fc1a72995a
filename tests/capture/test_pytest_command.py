"""A command line runs pytest, or only speaks of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patchtrail.capture.pytest_command import runs_pytest

RUNS = r"""
pytest
py.test -q
pytest-3
/x/bin/pytest tests
python -m pytest
python3.12 -I -m pytest
python -Im pytest -q
python -mpytest
python -W error -X dev -m pytest
python /x/bin/pytest
py -3.12 -m pytest
PYTHONPATH=src pytest
A=1 B='x y' python -m pytest
uv run pytest
uv run --with pytest-xdist pytest -n 2
uv run -m pytest
uv run -- python -m pytest
uvx pytest
poetry run pytest -x
pdm run pytest
hatch run pytest
hatch -e test run pytest
hatch run test:pytest
pipenv run pytest
conda run -n env pytest
coverage run -m pytest
coverage run --source src -m pytest tests
python -m coverage run -m pytest
python -m pdb -m pytest
python -m debugpy --listen 5678 -m pytest -q
cd x && pytest
make && pytest
pytest; echo done
pytest | tee log
pytest 2>&1 | tail
pytest > out.txt
(cd x && pytest)
for i in 1 2; do pytest -x; done
! pytest
time pytest
env X=1 pytest
timeout -k 5 60 pytest
nice -n 5 pytest
bash -lc 'cd x; python -m pytest'
.\.venv\Scripts\pytest.exe -q
& .\.venv\Scripts\python.exe -m pytest
pytest -k "it's
pytest -k 'a and not b'
pytest tests/test_x.py::test_y[a-b]
pytest # again
""".strip().split("\n")

RUNS_NOT = r"""
grep pytest
pip install pytest
python -m pip install pytest
vim pytest.ini
echo pytest
echo x > pytest
cat < pytest
# pytest
ls # && pytest
make test
tox
nox -s tests
pytest --version
pytest --collect-only -q
python -m pytest --help
python -c "import pytest"
python script.py -m pytest
python -m unittest
git commit -m pytest
git commit -m "pytest; pytest"
uv add pytest
uv run --with pytest ruff
uv run -m ruff
poetry add pytest
hatch run lint:ruff
which pytest
cd pytest
pytest-benchmark compare
bash pytest.sh
"
""".strip().split("\n")


@pytest.mark.parametrize("command_line", RUNS)
def test_runs(command_line: str) -> None:
    """Each of these lets pytest run tests."""
    assert runs_pytest(command_line)


@pytest.mark.parametrize("command_line", ["", *RUNS_NOT])
def test_runs_not(command_line: str) -> None:
    """Each of these runs no test, or not by the name of pytest."""
    assert not runs_pytest(command_line)


@pytest.mark.parametrize("command_line", ["cd x\npytest", "pytest \\\n -q", "ls \\\n && pytest"])
def test_several_lines(command_line: str) -> None:
    """A command line may have several lines, joined or not."""
    assert runs_pytest(command_line)


@given(st.text(alphabet="pytest -m\"'\\;|&()<>#`${}\n", max_size=40))
def test_no_command_line_is_too_odd(command_line: str) -> None:
    """Whatever was typed, there is an answer."""
    assert runs_pytest(command_line) in (True, False)
