"""The words that a reader sees on a page, without marks, styles and pictures."""

from __future__ import annotations

import html
import re
from collections import Counter

TOKEN = re.compile(r"[^\s|*#()\[\];:]+")


def words_of_html(page: str) -> str:
    """Return what is printed of a page: of pictures their alternative texts, and nothing of what leads elsewhere."""
    body = re.sub(r"(?s)<a .*?</a>", "", page.rpartition("<body>")[2])
    shown = re.sub(r'<img alt="([^"]*)"[^>]*>', r" \1 ", body)
    apart = re.sub(r"</?(?:p|li|h\d|t[dhr]|ul|figure|figcaption|div|table|b|br)\b[^>]*>", " ", shown)
    return html.unescape(re.sub(r"<[^>]+>", "", apart))


def words_of_markdown(text: str) -> str:
    """Return what is printed of a Markdown page: of pictures their alternative texts, no rules of tables."""
    shown = re.sub(r"!\[([^\]]*)\]\([^)]*\)", r" \1 ", text)
    return re.sub(r"(?m)^\|[-:|]+\|$|^- |\\\\(?=\|)", " ", shown)


def counts(text: str) -> Counter[str]:
    """Return how often every word and number is printed."""
    return Counter(word.rstrip(".,") for word in TOKEN.findall(text) if re.search(r"[\w∞]", word))
