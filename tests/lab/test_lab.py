"""The simulation: what it must show, seen from its command and its result."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from functools import cache
from itertools import islice

import pytest
from typer.testing import CliRunner

from patchtrail.cli.app import app
from patchtrail.lab import Lab, LabPlan, LabResult, gap_of, live_runs
from patchtrail.lab.carrier import Carrier
from patchtrail.lab.labels import LABELS
from patchtrail.lab.parser import Parser
from patchtrail.lab.requests import shipments

PLANTED = ("X-harmful", "X-idle")


@cache
def result_of(runs: int, seed: int) -> LabResult:
    """Return a simulation; each is run once for all tests."""
    return Lab(LabPlan(runs=runs, seed=seed)).run()


def printed(*options: str) -> str:
    """Return what the command prints."""
    result = CliRunner().invoke(app, ["lab", *options])
    assert result.exit_code == 0, result.output
    return result.output


def test_the_same_seed_gives_the_same_report() -> None:
    """Two processes, with different hash seeds, print the same report byte for byte; another seed prints another."""

    def run(hash_seed: str) -> bytes:
        command = [sys.executable, "-m", "patchtrail", "lab", "--runs", "1000", "--seed", "7"]
        command += ["--show", "5", "--trace", "5", "--noise", "0.03", "--golden", "40", "--verbose"]
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
        return subprocess.run(command, capture_output=True, check=True, env=environment).stdout

    first = run("1")

    assert first == run("2")
    assert first.startswith(b"lab: 1000 requests, seed 7")
    assert printed("--runs", "20", "--seed", "7") != printed("--runs", "20", "--seed", "8")


def test_patches_help() -> None:
    """With seed 7 the success with patches lies above that without, the gap's whole interval above zero."""
    paired = gap_of(live_runs(result_of(1000, 7)))

    assert paired.on.share > paired.off.share
    assert paired.lift_interval[0] > 0.3
    assert paired.p_value < 1e-6


def test_twenty_other_seeds_show_the_gain_too() -> None:
    """For 20 other seeds and 150 runs the gap's interval lies above zero, and no planted patch was ever active."""
    for seed in range(100, 120):
        result = result_of(150, seed)

        assert gap_of(live_runs(result)).lift_interval[0] > 0, seed
        assert not {one.patch_id for run in result.runs for one in run.patched.applied} & set(PLANTED), seed


@pytest.mark.parametrize("seed", [7, *range(100, 120)])
def test_quarantined_patches_really_fail(seed: int) -> None:
    """Every quarantined patch's tests, run again at the end, fail; and there are such patches."""
    result = result_of(1000 if seed == 7 else 150, seed)
    quarantined = [one.patch_id for one in result.patches if one.pattern.state == "quarantined"]

    assert quarantined
    assert list(result.retested) == quarantined
    assert all(result.retested.values())


@pytest.mark.parametrize("patch_id", PLANTED)
def test_what_was_planted_never_becomes_active(patch_id: str) -> None:
    """A patch that harms, or does nothing, is stopped by paired runs although its author made all its tests pass."""
    result = result_of(1000, 7)
    patch = next(one for one in result.patches if one.patch_id == patch_id)

    assert [one.after for one in patch.pattern.decisions] == ["shadow", "canary", "archived"]
    assert patch.pattern.decisions[-1].reason.startswith("paired runs: ")
    assert not [run for run in result.runs if patch_id in [one.patch_id for one in run.patched.applied]]


def test_only_active_patches_are_retrieved() -> None:
    """What is retrieved in a run was active before it, at most three at a time, and nothing in the hold-out."""
    result = result_of(1000, 7)
    activated = {one.patch_id for one in result.patches if "active" in [step.after for step in one.pattern.decisions]}
    held_out = [run for run in result.runs if run.is_held_out]

    assert {one for run in result.runs for one in run.patched.retrieved} <= activated
    assert max(len(run.patched.retrieved) for run in result.runs) == 3
    assert 30 <= len(held_out) <= 75
    assert all(run.patched is run.baseline and not run.events for run in held_out)


def test_patches_come_of_texts_and_labels_alone() -> None:
    """A carrier that answers at random gets patches made of its noise, and none of them becomes active by its truth.

    So nothing but the answers tells the loop what is true.
    """

    class Lying(Carrier):
        """Answers with the labels of the request before."""

        last: tuple[str, ...] = ()

        def answer(self, text, quote):
            told, Lying.last = Lying.last, super().answer(text, quote)
            return told

    lab = Lab(LabPlan(runs=300, seed=7), carrier=Lying())

    assert [one.patch_id for one in lab.run().patches if one.pattern.state == "active"] == []


def test_both_phrasings_and_all_labels_are_there() -> None:
    """Requests come in both phrasings, the carrier answers with every label, and some item has a misleading name."""
    result = result_of(1000, 7)
    texts = [run.text for run in result.runs]

    assert sum(bool(re.fullmatch(r"Ship [\d.]+ ?(kg|g|lb) [\w ]+ to [\w ]+", one)) for one in texts) > 300
    assert sum(bool(re.fullmatch(r"Quote for [\d.]+(kg|g|lb) [\w ]+ -> [\w ]+", one)) for one in texts) > 300
    assert {label for run in result.runs for label in run.plain} == set(LABELS)
    assert any("paint brush" in one for one in texts)


def test_the_report_tells_everything() -> None:
    """The report has success, clusters, creation counts, golden accuracy, precision and recall, and time to fix."""
    out = printed("--runs", "300", "--seed", "7", "--show", "2", "--golden", "40")

    for expected in (
        r"all runs +baseline +[\d.]+ \[\d+-\d+\] +patched +[\d.]+ \[\d+-\d+\] +gap \+[\d.]+ \[\+[\d.]+, \+[\d.]+\]",
        r"patches: \d+ created; \d+ active,.* \d+ quarantined",
        r"planted X-harmful trigger='kg' mark=insured: draft -> shadow -> canary -> archived",
        r"quarantined patches, their tests run again: (\d+) of \1 fail",
        r"failures by label +baseline +patched",
        r"label +golden: precision +recall",
        r"time to fix",
        r"golden set: 40 requests",
        r"adversarial +accuracy baseline",
    ):
        assert re.search(expected, out), expected
    for label in LABELS:
        assert re.search(rf"{label} +(-|[\d.]+ \(\d+ of \d+\)) +(-|[\d.]+ \(\d+ of \d+\))", out), label
    assert len(re.findall(r"^  run \d+: .* -> ok by \[P\d+", out, re.MULTILINE)) == 2


def test_a_trace_tells_every_step() -> None:
    """A trace names request, retrieved and applied patches, events with label and created patch, and both sides."""
    out = printed("--runs", "300", "--show", "0", "--trace", "3", "--golden", "0")
    traces = out[out.index("trace of run") :].split("\n\n")

    assert len(traces) == 3
    for expected in (
        r"^  request: (Ship|Quote for) ",
        r"^  retrieve patches: \[.*\]$",
        r"^  apply patches: \[.*\]$",
        r"^  patch events:",
        r"^    failure_label: \w+$",
        r"^    create_patch: P\d{3} trigger='[\w ]+' status=active tests=pass$",
        r"^  \[baseline\] quote ",
        r"^  \[patched\] quote ",
        r"^  \[carrier feedback\] ok$",
    ):
        assert re.search(expected, traces[0], re.MULTILINE), expected


def test_noise_is_heard_and_can_be_switched_off() -> None:
    """Without noise everything is read as it stands; with it about the given share is misheard, always alike."""
    texts = [one.text for one in islice(shipments("noise"), 2000)]
    clear, noisy = Parser(7, 0.0), Parser(7, 0.1)
    misheard = [text for text in texts if noisy.read(text) != clear.read(text)]

    assert 120 <= len(misheard) <= 280
    assert [noisy.read(text) for text in misheard] == [Parser(7, 0.1).read(text) for text in misheard]


@pytest.mark.parametrize("options", [("--noise", "1.5"), ("--runs", "0"), ("--golden", "-1")])
def test_bad_input_is_refused(options: tuple[str, str]) -> None:
    """A value that means nothing is refused with exit code 2, and named."""
    result = CliRunner().invoke(app, ["lab", *options])

    assert result.exit_code == 2
    assert options[0] in result.output


@pytest.mark.parametrize(("runs", "golden"), [("1", "0"), ("2", "1000"), ("30", "1")])
def test_small_plans_work(runs: str, golden: str) -> None:
    """A plan too small for anything to be learned still gives a report."""
    assert "golden set:" in printed("--runs", runs, "--golden", golden, "--trace", "5", "--verbose")
