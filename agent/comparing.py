"""The tool that tells what has changed since the prior study."""

from __future__ import annotations

from langchain.tools import tool

from agent import content as c
from agent.arguments import Result, Runtime, Shown, report_of, result
from radixgpt.errors import InputError


@tool(response_format="content_and_artifact", parse_docstring=True)
def compare_prior(runtime: Runtime) -> Result:
    """Tell what has changed since the prior study of the same patient, level by level."""
    report = report_of(runtime)
    if report.prior is None:
        raise InputError(
            "No prior study is open to compare with.",
            "Add one: Prior study on the page, --prior on the command line.",
        )
    stated = [s for s in report.sentences if s.changes]
    what = c.ComparisonContent(
        comparison=tuple(s.text for s in report.section("comparison")),
        changed=tuple(
            s.text if s.level is None or s.text.startswith(s.level) else f"{s.level}: {s.text}"
            for s in stated
            if s.section == "findings"
        ),
        impression=tuple(s.text for s in stated if s.section == "impression"),
    )
    ids = tuple(dict.fromkeys(i for s in stated for i in s.findings))
    return result(what, Shown("compared with the prior study", findings=ids))
