"""Judges how a session was debugged, by the rubric: facts first, opinion second, each tied to events."""

from patchtrail.qa.judge.config import JudgeConfig
from patchtrail.qa.judge.environment import JudgeSetup, judge_of_environment
from patchtrail.qa.judge.front import Judge
from patchtrail.qa.judge.heuristic import HeuristicJudge
from patchtrail.qa.judge.model import ModelJudge
from patchtrail.qa.judge.rubric import RUBRIC_VERSION

__all__ = [
    "RUBRIC_VERSION",
    "HeuristicJudge",
    "Judge",
    "JudgeConfig",
    "JudgeSetup",
    "ModelJudge",
    "judge_of_environment",
]
