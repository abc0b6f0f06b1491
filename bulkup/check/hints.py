"""Which findings the user may let pass, and what to type when others stop a load."""

from collections.abc import Iterable, Iterator, Sequence

from bulkup.check.rules import RULES, Scope
from bulkup.errors import InputError
from bulkup.model import Finding
from bulkup.text import closest


def require_allowable(codes: list[str] | None) -> list[str] | None:
    """The codes given with `--allow`, once each of them is found to be one that may pass.

    Raises:
        InputError: all that are none, or that nobody may let pass.
    """
    wrong = dict.fromkeys(code for code in codes or () if code not in RULES or RULES[code].firm)
    if wrong:
        raise InputError(
            "; ".join(map(_why_not, wrong)),
            "\n".join(dict.fromkeys(_instead(wrong))),
            name="InvalidOption",
        )
    return codes


def _why_not(code: str) -> str:
    if code in RULES:
        return f"--allow {code}: it can't be let pass, because {RULES[code].firm}"
    near = closest(code, RULES)
    return f"--allow {code}: the check has no such code" + (f", did you mean {near}?" * bool(near))


def _instead(codes: Iterable[str]) -> Iterator[str]:
    for code in codes:
        meant = code if code in RULES else closest(code, RULES)
        if not meant:
            yield "Leave it out, or take the code that stands beside the finding."
        elif RULES[meant].firm:
            yield f"{plain_text(RULES[meant].advice)}."
        else:
            yield f"Type: {allow_options(meant)}"


def advice_for(stopping: Sequence[Finding]) -> str:
    """What to do about the findings that stop a load; only what helps with all of them."""
    rules = {one.code: RULES[one.code] for one in stopping}
    ways = [
        f"{plain_text(one)}." for one in dict.fromkeys(r.advice for r in rules.values() if r.firm)
    ]
    if passing := [code for code, rule in rules.items() if not rule.firm]:
        first = "Mend the rest, or let it pass" if ways else "Mend the file, or let it pass"
        ways.append(f"{first}: {allow_options(*passing)}")
    if all(rule.scope is Scope.ROWS for rule in rules.values()):
        ways.append("Or leave these rows out: --skip-invalid")
    return "\n".join(ways)


def allow_options(*codes: str) -> str:
    """The options that let these codes pass."""
    return " ".join(f"--allow {code}" for code in codes)


def plain_text(advice: str) -> str:
    """Advice for a terminal: without the marks of Markdown."""
    return advice.replace("`", "")
