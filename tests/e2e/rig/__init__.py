"""An editor as a user has it: a real VS Code server, its workbench in a headless browser, and a driver for both."""

from tests.e2e.rig.code_server import CodeServer
from tests.e2e.rig.until import until
from tests.e2e.rig.workbench import Workbench

__all__ = ["CodeServer", "Workbench", "until"]
