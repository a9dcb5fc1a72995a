"""The editor itself: what a keystroke and a save take on screen, without the extension and while it records."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.bench.table import Row, Section
from tests.bench.texts import source_lines
from tests.e2e.conftest import PATCHTRAIL, ROOT, TARGET
from tests.e2e.desk import Collector
from tests.e2e.participant import Participant
from tests.e2e.rig import CodeServer, Workbench

__all__ = ["measure"]

ROUNDS = 2
KEYS = 150
SAVES = 15
LINES = 10_000
FOLLOW = """() => {
    window.took = { keys: [], saves: [] };
    let pressed = 0, saving = 0;
    document.addEventListener('keydown', event => {
        if (event.ctrlKey) saving = performance.now(); else pressed = performance.now();
    }, true);
    const group = document.querySelector('.editor-group-container.active');
    new MutationObserver(() => {
        if (pressed) window.took.keys.push(performance.now() - pressed);
        pressed = 0;
    }).observe(group.querySelector('.view-lines'), { childList: true, subtree: true, characterData: true });
    const tab = group.querySelector('.tab.active');
    new MutationObserver(() => {
        if (!saving || tab.classList.contains('dirty')) return;
        window.took.saves.push(performance.now() - saving);
        saving = 0;
    }).observe(tab, { attributes: true });
}"""
Took = dict[str, list[float]]


def measure(folder: Path) -> Iterator[Section]:
    """Yield what a keystroke and a save take, by turns without and with a recording."""
    (vsix,) = (ROOT / "dist").glob(f"patchtrail-{TARGET}-*.vsix")
    collector = Collector(PATCHTRAIL, folder / "collector")
    bare: Took = {"keys": [], "saves": []}
    ours: Took = {"keys": [], "saves": []}
    try:
        for number in range(ROUNDS):
            with opened(folder / f"bare-{number}", []) as person:
                collect(bare, typed(person))
            with opened(folder / f"ours-{number}", [vsix]) as person:
                person.connect(collector, collector.invite())
                person.consent()
                person.start("Bench")
                collect(ours, typed(person))
                events = len(person.events("file_edit"))
    finally:
        collector.stop()
    rows = [
        Row("keystroke to text on screen", "ms", ours["keys"], bare["keys"], is_paired=False),
        Row("save to saved", "ms", ours["saves"], bare["saves"], is_paired=False),
    ]
    yield Section(
        f"8. A real editor (code-server, headless Chromium), a file of {LINES:,} lines; floor: without the extension",
        rows,
        [f"{events} edits of the last round were recorded behind it."],
    )


@contextmanager
def opened(folder: Path, extensions: list[Path]) -> Iterator[Participant]:
    """Open a window on a repository with a long file."""
    work = folder / "work"
    work.mkdir(parents=True)
    (work / "long.py").write_text("".join(source_lines(LINES)))
    subprocess.run(["git", "init", "--quiet"], cwd=work, check=True)
    with CodeServer(folder / "run", extensions=extensions) as server, Workbench(server, work) as workbench:
        workbench.trust()
        yield Participant(server, workbench, work)


def typed(person: Participant) -> Took:
    """Type and save, and return how long each took on screen, in milliseconds."""
    page = person.page
    person.workbench.open_file("long.py")
    person.workbench.goto_position(1)
    page.evaluate(FOLLOW)
    for _ in range(SAVES):
        for _ in range(KEYS // SAVES):
            page.keyboard.press("x", delay=20)
        person.workbench.save()
    took: Took = page.evaluate("() => window.took")
    return took


def collect(into: Took, took: Took) -> None:
    """Add one round's samples."""
    for name, samples in took.items():
        into[name] += samples
