"""The closed list of reasons that an author share gives, each with the sentence that explains it."""

from __future__ import annotations

__all__ = ["REASONS"]

REASONS: dict[str, str] = {
    "own_patch": "The client applied a patch of Patchtrail's own.",
    "editor_says_undo": "The editor calls it an undo.",
    "editor_says_redo": "The editor calls it a redo.",
    "agent_hook": "A coding agent's hook told of an edit of this file at that time.",
    "agent_telemetry": "A coding agent's telemetry told of an edit of this file at that time.",
    "read_from_disk": "The file changed on disk and the editor read it anew.",
    "seen_on_disk": "The change was found on disk; no editor of this session made it.",
    "while_saving": "It came while the document was being saved, and something acts on saving.",
    "layout_only": "Only white space changed, in several places at once.",
    "keyboard": "The editor says that the keyboard moved the cursor to its end.",
    "mouse": "The editor says that the mouse moved the cursor to its end.",
    "short_inserts": "No event inserted more than a key and what the editor adds to it.",
    "white_space": "White space alone was inserted, as by Enter, Tab or automatic indentation.",
    "completed_word": "A word that was being typed became another, as by a completion or an input method.",
    "long_insert": "One event inserted more than a key can.",
    "equals_clipboard": "It inserts what the clipboard held.",
    "differs_from_clipboard": "It does not insert what the clipboard held.",
    "on_diagnostic": "It touches what a diagnostic marks.",
    "fix_asked": "Somebody asked the editor for fixes there shortly before.",
    "at_cursor": "It stands at the cursor of the active editor.",
    "away_from_cursor": "It does not stand at a cursor of the active editor.",
    "deletes_at_cursor": "It deletes a little at the cursor, or what was selected.",
    "between_keys": "Keys were typed right before or after it.",
    "edited_in_editor": "The editor told that the text changed before the cursor moved: somebody worked in the editor.",
    "edited_by_program": "The editor told that the cursor moved before the text changed: a program changed the text.",
    "no_keyboard": "The editor names neither keyboard nor mouse for it.",
    "among_program_edits": "Changes that no keyboard made stand right beside it.",
    "streamed": "Many small changes followed each other without a key.",
    "several_documents": "Several documents changed at once.",
    "not_focused": "The window did not have the focus.",
    "saved_at_once": "It was saved right after it.",
    "editor_command": "It may be a command of the editor's, such as moving a line, or a program.",
    "facts_incomplete": "The client could not keep the facts of every change.",
    "facts_do_not_add_up": "The facts of the changes do not explain the difference between the texts.",
    "no_facts": "The client told nothing of the changes.",
}
