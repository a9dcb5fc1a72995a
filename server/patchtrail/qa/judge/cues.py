"""Words by which a text tells a cause, a guess, an outcome, or that a guess was wrong; in English and German.

In the lists `_` stands for spaces, and a word may be a regular expression without any.
"""

from __future__ import annotations

import re

__all__ = [
    "blames",
    "claims_solved",
    "corrects",
    "explains",
    "gives_up",
    "guesses",
    "is_vague",
    "tells_failure",
    "tells_outcome",
]


def _pattern(words: str) -> re.Pattern[str]:
    spaced = "|".join(words.split()).replace("_", r"\s+")
    return re.compile(rf"(?<!\w)(?:{spaced})(?!\w)", re.IGNORECASE)


EXPLAINS = _pattern(
    r"""
    because since due_to caus(?:e[sd]?|ing) reason_(?:is|why) therefore thus hence
    which_(?:means|makes|leads|is_why|gives|turns) as_a_result leads?_to results?_in stems?_from comes?_from
    that(?:'s|_is)_why instead_of rather_than missing forg[eo]ts? forgotten ignor(?:es|ed|ing) overwrit\w+
    shadow(?:s|ed)? mutat\w+ off[-_]by[-_]one one_(?:too_(?:many|few|early|late|far)|short|off) race truncat\w+
    round(?:s|ed|ing)_(?:\w+_)?(?:before|after|up|down|each|per|too|to|the|half|every|at) invert\w* swapped
    stale shar(?:es|ed|ing) integer_division
    wrong_(?:operator|sign|order|key|type|unit|way|side|index|argument|direction|base|variable|field|column)
    treats? falls?_(?:back|through) leak(?:s|ed) lost loses? too_(?:early|late|soon) exclu(?:des?|sive|ding)
    mixes assumes? never even_(?:when|if|though) compares? does_not doesn't is_not isn't are_not aren't without
    so_(?:every|each|no|only|any|all) weil denn deshalb daher dadurch wegen verursach\w+ merkt_sich nie statt
    anstatt fehlt vergisst ignoriert falsche[rsn]? sondern sodass
    """
)
BLAMES = _pattern(
    r"""
    so_(?:that|we|the|it|an?) should_(?:be|have|use|not|only|come|stand|go) ought_to skips? drops? only always
    before after default twice again cach\w+ round\w* swap\w* pars\w+ sorts? depends? needs? not conver\w+
    inclu\w+ assum\w+ off empty none null reset keeps? kept counts? adds? returns? uses? reads? still cannot
    can't don't do_not no -> => nur immer vor nach nicht kein\w* zweimal noch
    """
)
GUESSES = _pattern(
    r"""
    think suspect probabl[ey] maybe perhaps likely guess hypothes\w+ theory must_be presumably bet
    would_(?:explain|mean)
    vermut\w+ vielleicht wahrscheinlich müsste verdacht glaube
    """
)
OUTCOME = _pattern(
    r"""
    no nope yes ok(?:ay)? less more fewer
    pass(?:es|ed|ing)? green red fail(?:s|ed|ing|ures?)? confirm\w* hold(?:s|ing)? held
    as_(?:expected|predicted|hoped|thought) works? worked fix(?:es|ed)? solv(?:es|ed) disprov\w+ refut\w+ still
    gone now match(?:es)? agrees? prove[sd]? verified wrong right correct unchanged
    no_(?:change|effect|difference) same ruled?_out not_(?:it|the_cause|enough) gives? is_back remain(?:s|ing)?
    better worse expected broken? regress\w* closed turned went left done helps? grün rot erwartet bestätigt
    widerlegt behoben gelöst besteht schlägt_fehl noch zurückgenommen bleibt jetzt passt falsch richtig
    """
)
SOLVED = _pattern(
    r"""
    fixed solved resolved done finished works(?:_now|_again)? all_(?:\w+_)?(?:pass(?:es|ed|ing)?|green)
    (?:is|are|now|everything)_(?:green|passing|correct|fine|good|ok(?:ay)?) passes(?:_now)?
    should_be_(?:ok|okay|fine|good|fixed)(?:_now)? ship_it closes?_#?\d+ fix(?:es)? behoben gelöst erledigt
    fertig
    """
)
UNSOLVED = _pattern(
    r"""
    not_(?:yet_)?(?:solved|fixed|done|working|finished|resolved|green|passing|enough|understood|sure)
    still_(?:\w+_)?(?:fails?|red|failing|broken|wrong|open|there|not|see|gives?|shows?) g(?:i|a)ve_up giving_up
    out_of_(?:time|ideas) ran_out unsolved unresolved wip work_in_progress no_(?:fix|solution|idea|luck)
    could(?:_not|n't) cannot can't remain(?:s|ing)? does(?:_not|n't)_(?:pass|work|help|fix) unfinished
    incomplete partial(?:ly)? stop(?:ping)?_here unsure stuck fails failing is_red are_red
    known_(?:issue|failure) unexplained next_time tomorrow to_be_(?:done|continued) open_question
    hand(?:ing)?_over only_(?:hides?|masks?) nicht_(?:gelöst|behoben|fertig) ungelöst bleibt_rot
    noch_(?:rot|nicht|da) offen aufgegeben
    """
)
CORRECTS = _pattern(
    r"""
    wrong_(?:guess|hypothesis|lead|place|track|idea|assumption|theory|tree)
    not_the_(?:cause|culprit|reason|problem|bug|place) rul(?:e|es|ed|ing)_(?:it_|that_|this_|them_)?out
    disprov\w+ refut\w+ turn(?:s|ed)_out (?:was|were|is|i'm)_wrong mistaken not_it red_herring
    did(?:n't|_not)_(?:help|change|matter|fix) not_the_\w+ does(?:n't|_not)_(?:help|change|matter|fix|explain)
    no_(?:effect|difference|change) instead actually rather undo undone revert\w* back(?:ed)?_out
    t(?:ook|ake|aking)_(?:\w+_){0,3}back innocent so_not exonerat\w+ contrary contradict\w* unrelated
    (?:is|are)_fine both_(?:fine|right|correct) still_(?:red|fails?|failing|wrong|the_same) unchanged
    zurückgenommen widerlegt doch_nicht falsche_(?:Spur|Vermutung) nicht_die_Ursache
    """
)
FAILS = _pattern(
    r"""
    must fail\w* wrong rais(?:es?|ed|ing) throws? thrown crash\w* error\w* exception returns? gives? gave got gets
    expect\w* instead missing empty none null nan negative
    too_(?:many|few|high|low|big|small|early|late|long|short|much|little) twice duplicat\w+ lost loses never not
    \w*n't zero stale hang\w* block\w* timeout times?_out off broken? breaks? differs? mismatch should is are
    was red shows? stays? comes? becomes? drops? only still without more less bad incorrect != == rot erwartet
    bekommen statt falsch fehlt ist bleibt gibt liefert kommt
    """
)

VAGUE = _pattern("everything a_bit something somehow somewhere stuff whatever things some_of_it irgendwas irgendwo")


def is_vague(text: str) -> bool:
    """Return whether a text means everything, and so nothing."""
    return VAGUE.search(text) is not None


def explains(text: str) -> bool:
    """Return whether a text tells a mechanism in plain words."""
    return EXPLAINS.search(text) is not None


def blames(text: str) -> bool:
    """Return whether a text may tell a mechanism; enough for one that is called a hypothesis."""
    return explains(text) or BLAMES.search(text) is not None


def guesses(text: str) -> bool:
    """Return whether a text tells a guess as one."""
    return GUESSES.search(text) is not None


def tells_failure(text: str) -> bool:
    """Return whether a text tells that something goes wrong."""
    return FAILS.search(text) is not None


def tells_outcome(text: str) -> bool:
    """Return whether a text tells how something ended."""
    return OUTCOME.search(text) is not None


def claims_solved(text: str) -> bool:
    """Return whether a text says that it is done, and does not take it back."""
    return SOLVED.search(text) is not None and not gives_up(text)


def gives_up(text: str) -> bool:
    """Return whether a text says that something is not solved."""
    return UNSOLVED.search(text) is not None


def corrects(text: str) -> bool:
    """Return whether a text takes a guess back."""
    return CORRECTS.search(text) is not None
