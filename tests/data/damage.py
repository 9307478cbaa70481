"""What happens to real files: bytes and lines lost, doubled, swapped, other cells, encodings."""

import re

from hypothesis import strategies as st

CELLS = (
    "", " ", "nan", "-inf", "1e999", "-1", "0,5", "1.234,5", "2019.5", "2_019", "MMXIX", "99999",
    "1" * 400, "None", "true", "*", '"', '""', "=1+1", "\x00", "\u2028", "\ufeff", "é", "٣", "²",
    "2010 [YR2010]", "..", "All countries", "9999-99-99", "[", "{}", "a;b", "a\tb", "x\ny",
)  # fmt: skip
SEPARATORS = (b",", b";", b"\t", b"|", b" ", b"\r", b"\n", b'"', b"\x00")


@st.composite
def damaged(draw, content: bytes) -> bytes:
    """Return a file's bytes after one to four small accidents."""
    for _ in range(draw(st.integers(1, 4))):
        content = draw(st.sampled_from(ACCIDENTS))(draw, content)
    return content


def _span(draw, parts) -> tuple[int, int]:
    start = draw(st.integers(0, max(len(parts) - 1, 0)))
    return start, start + draw(st.integers(1, 8))


def _bytes(draw, content: bytes) -> bytes:
    start, end = _span(draw, content)
    return content[:start] + draw(st.binary(max_size=6)) + content[end:]


def _lines(draw, content: bytes) -> bytes:
    lines = content.split(b"\n")
    start, end = _span(draw, lines)
    other = draw(st.integers(0, len(lines) - 1))
    cut = lines[start:end]
    kind = draw(st.sampled_from(("lost", "doubled", "moved", "torn")))
    if kind == "lost":
        del lines[start:end]
    elif kind == "doubled":
        lines[other:other] = cut
    elif kind == "moved":
        del lines[start:end]
        lines[other:other] = cut
    else:
        lines[start] = lines[start][: len(lines[start]) // 2]
    return b"\n".join(lines)


def _cell(draw, content: bytes) -> bytes:
    ends = [found.end() for found in re.finditer(rb"[,;\t\n\"]", content[:20_000])]
    start = draw(st.sampled_from(ends or [0]))
    rest = re.search(rb"[,;\t\n\"]", content[start:])
    end = start + rest.start() if rest else len(content)
    return content[:start] + draw(st.sampled_from(CELLS)).encode("utf-8") + content[end:]


def _separator(draw, content: bytes) -> bytes:
    old, new = (draw(st.sampled_from(SEPARATORS)) for _ in range(2))
    return content.replace(old, new, draw(st.sampled_from((1, 5, -1))))


def _encoding(draw, content: bytes) -> bytes:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content
    encodings = ("utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252", "utf-32")
    return text.encode(draw(st.sampled_from(encodings)), "replace")


def _ending(draw, content: bytes) -> bytes:
    cut = content[: draw(st.integers(0, len(content)))]
    return draw(st.sampled_from((cut, content + content, content[len(cut):])))


ACCIDENTS = (_bytes, _lines, _cell, _cell, _separator, _encoding, _ending)
