"""The pages in a real browser: nothing loaded from elsewhere, no error, no sideways scrolling on a phone."""

from __future__ import annotations

import base64
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from orchestrator.reports.pages import html

PUBLISHED = Path(__file__).parents[1] / "docs" / "results"
BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
NAMES = ("kl_by_weight_decay", "weight_decay_scaling", "fastest_grokking")
FRAME = """<body><iframe id=f src="{page}" style="width:400px;height:800px;border:0"></iframe><script>
f.onload = () => {{ const d = f.contentDocument.documentElement; document.title = "width " + d.scrollWidth; }}
</script></body>"""


def page_of(name: str, folder: Path) -> Path:
    """Return the page of a published report, rendered anew."""
    facts = json.loads((PUBLISHED / name / "report.json").read_text())

    def embedded(file: str) -> str:
        return base64.b64encode((PUBLISHED / name / file).read_bytes()).decode()

    (folder / "index.html").write_text(html({"formula": None, **facts}, embedded))
    return folder / "index.html"


@pytest.mark.parametrize("name", NAMES)
def test_a_page_stands_alone_and_every_picture_has_words(name: str, tmp_path: Path) -> None:
    text = page_of(name, tmp_path).read_text()
    assert not re.search(r"""(src|href)=["'](?!data:|\.\./)""", text)
    pictures = re.findall(r"<img [^>]*>", text)
    shown = json.loads((PUBLISHED / name / "report.json").read_text())["pictures"]
    assert len(pictures) == len(shown) > 0
    assert all(re.search(r'alt="[^"]{20,}"', picture) for picture in pictures)
    assert "nan" not in re.sub(r"base64,[^\"]*", "", text).lower().split()


@pytest.mark.browser
@pytest.mark.skipif(BROWSER is None, reason="needs chromium")
@pytest.mark.parametrize("name", NAMES)
def test_a_phone_needs_no_sideways_scrolling_and_the_console_stays_empty(name: str, tmp_path: Path) -> None:
    page = page_of(name, tmp_path)
    frame = tmp_path / "frame.html"
    frame.write_text(FRAME.format(page=page.as_uri()))
    words = [str(BROWSER), "--headless", "--no-sandbox", "--disable-gpu", "--allow-file-access-from-files"]
    done = subprocess.run(
        [*words, "--enable-logging=stderr", f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom", frame.as_uri()],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "CONSOLE" not in done.stderr
    assert 300 < int(re.search(r"<title>width (\d+)</title>", done.stdout)[1]) <= 400  # type: ignore[index]
