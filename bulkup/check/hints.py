"""Which findings the user may let pass, and what to type when others stop a load."""

from collections.abc import Iterable, Iterator, Sequence

from bulkup.check.rules import RULES, Scope
from bulkup.errors import InputError
from bulkup.model import Finding
from bulkup.text import closest


def require_allowable(codes: list[str] | None) -> list[str] | None:
    """The codes given with `--allow`, if each of them may be allowed.

    Raises:
        InputError: a code does not exist, or can't be allowed; all such codes are named.
    """
    wrong = dict.fromkeys(code for code in codes or () if code not in RULES or RULES[code].firm)
    if wrong:
        raise InputError(
            "; ".join(map(_why_not, wrong)),
            "\n".join(dict.fromkeys(_alternatives(wrong))),
            name="InvalidOption",
        )
    return codes


def _why_not(code: str) -> str:
    if code in RULES:
        return f"--allow {code}: it can't be let pass, because {RULES[code].firm}"
    near = closest(code, RULES)
    suggestion = f", did you mean {near}?" if near else ""
    return f"--allow {code}: the check has no such code{suggestion}"


def _alternatives(codes: Iterable[str]) -> Iterator[str]:
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
    rules = {finding.code: RULES[finding.code] for finding in stopping}
    hints = [
        f"{plain_text(advice)}."
        for advice in dict.fromkeys(rule.advice for rule in rules.values() if rule.firm)
    ]
    if allowable := [code for code, rule in rules.items() if not rule.firm]:
        first = "Mend the rest, or let it pass" if hints else "Mend the file, or let it pass"
        hints.append(f"{first}: {allow_options(*allowable)}")
    if all(rule.scope is Scope.ROWS for rule in rules.values()):
        hints.append("Or leave these rows out: --skip-invalid")
    return "\n".join(hints)


def allow_options(*codes: str) -> str:
    """The options that let these codes pass."""
    return " ".join(f"--allow {code}" for code in codes)


def plain_text(advice: str) -> str:
    """Advice for a terminal: without the marks of Markdown."""
    return advice.replace("`", "")
