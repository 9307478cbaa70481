"""What of a text may reach a terminal: no escape sequence, nothing that turns the line around.

Names and notes come from files, records and servers; printed as they are they could colour, move or
hide what stands beside them.
"""

import re

ESCAPE = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?"  # colours, moves of the cursor
    r"|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f]).*?(?:\x07|\x1b\\|\x9c|$)"  # titles, links, devices
    r"|\x1b[ -/]*[0-~]?",
    re.MULTILINE,
)
UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u202a-\u202e\u2060-\u206f]")
"""Control characters other than tab and newline; marks of direction; what has no width."""


def printable(text: str) -> str:
    """Return a text without escape sequences, control characters and marks of direction."""
    return text if text.isascii() and text.isprintable() else UNSEEN.sub("", ESCAPE.sub("", text))
