"""The documents and the house say the same. Text only: nothing of the program is started."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HOUSE = ROOT / "src" / "crossdock"
PAGES = ROOT / "docs" / "operate"
LONGEST = 400

_NAME = r'"([a-z]+(?:-[a-z]+)*)"'
RAISED = (
    rf"\bkind={_NAME}",  # NeedsPerson(..., kind="unknown-sku")
    rf"\bkind, .*= {_NAME}",  # kind, remedy = "defect", ...
    rf"\b(?:Question|Trouble|Person)\(\s*{_NAME}",
)
OF_BUSINESS = rf"\bFinding\(\s*{_NAME}"  # elsewhere a Finding is a line of `connection test`
OF_TABLES = rf"(?:\b_P|\bMeaning\.\w+), {_NAME}"  # rows of connectors/amazon/errors.py


def rooms() -> list[str]:
    """Every package, as docs/house.md writes it: `connectors/amazon/`."""
    folders = {file.parent for file in HOUSE.rglob("__init__.py")} - {HOUSE}
    return sorted(f"{folder.relative_to(HOUSE).as_posix()}/" for folder in folders)


def sources() -> list[Path]:
    """Our own program text; simulators raise no cases."""
    return [f for f in sorted(HOUSE.rglob("*.py")) if "simulators" not in f.parts]


def raised_kinds() -> dict[str, str]:
    """Every kind of case that the program can raise, and a file that does."""
    found: dict[str, str] = {}
    for file in sources():
        name, text = file.relative_to(HOUSE).as_posix(), file.read_text("utf-8")
        patterns = list(RAISED)
        patterns += [OF_BUSINESS] if name.startswith("business/") else []
        patterns += [OF_TABLES] if name.endswith("amazon/errors.py") else []
        for pattern in patterns:
            found |= dict.fromkeys(re.findall(pattern, text), name)
    return found


def dependencies() -> set[str]:
    """Names of all libraries in pyproject.toml, extras included."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    wanted = [*project["dependencies"]]
    for extra in project["optional-dependencies"].values():
        wanted += extra
    return {re.split(r"[\[<>=!~; ]", line, maxsplit=1)[0] for line in wanted}


def test_every_room_has_its_line_in_the_house_page() -> None:
    tree = (ROOT / "docs" / "house.md").read_text("utf-8").split("```")[1]
    told = {line.split()[0] for line in tree.splitlines() if line.strip()}
    assert sorted(told) == rooms()


def test_every_kind_of_case_has_a_page() -> None:
    kinds = raised_kinds()
    assert {"unknown-sku", "defect", "order-locked", "access-denied"} <= kinds.keys()
    missing = {kind: file for kind, file in kinds.items() if not (PAGES / f"{kind}.md").exists()}
    assert missing == {}


def test_every_page_explains_a_kind_and_stands_in_the_index() -> None:
    pages = {page.stem for page in PAGES.glob("*.md")} - {"README", "cli"}
    linked = set(re.findall(r"\]\(([a-z-]+)\.md\)", (PAGES / "README.md").read_text("utf-8")))
    assert pages == raised_kinds().keys()
    assert pages == linked - {"cli"}


def test_every_library_has_its_reason() -> None:
    page = (ROOT / "docs" / "decisions" / "0002-libraries.md").read_text("utf-8")
    assert set(re.findall(r"^\| `([\w-]+)` \|", page, re.MULTILINE)) == dependencies()


def test_links_between_documents_lead_somewhere() -> None:
    documents = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    dead = [
        f"{file.relative_to(ROOT)}: {target}"
        for file in documents
        for target in re.findall(r"\]\(([^)#:]+)\)", file.read_text("utf-8"))
        if not (file.parent / target).exists()
    ]
    assert dead == []


def test_nothing_refers_to_papers_that_are_not_here() -> None:
    papers = re.compile(r"\b(?:FACTS|CONTRACT|DESIGN|USERS)(?:\.md\b| \d|-shaped)")
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *HOUSE.rglob("*.yaml")]
    files = [*HOUSE.rglob("*.py"), *HOUSE.rglob("*.csv"), *pages]
    found = {str(f.relative_to(ROOT)): papers.findall(f.read_text("utf-8")) for f in files}
    assert {name: words for name, words in found.items() if words} == {}


def test_no_file_is_longer_than_a_person_reads_at_once() -> None:
    lengths = {f: len(f.read_text("utf-8").splitlines()) for f in HOUSE.rglob("*.py")}
    assert {str(f.relative_to(ROOT)): n for f, n in lengths.items() if n > LONGEST} == {}
