"""The tool that finds other patients' cases.

What a case says is shown to the user, quoted, and never given to a language model: it is told by
numbers and in the program's own words what is shared and what differs, so that no text of an index
can instruct it.
"""

# ruff: noqa: D417 (the runtime is injected and no part of a tool's description)

from __future__ import annotations

from typing import Annotated, Literal

from langchain.tools import tool
from pydantic import Field

from agent import content as c
from agent.arguments import Disc, Result, Runtime, Shown, Unsaid, progress, result
from agent.events import SimilarCase


@tool(response_format="content_and_artifact", parse_docstring=True)
def find_similar_cases(
    runtime: Runtime,
    level: Disc | Unsaid = None,
    description: str | Unsaid = None,
    count: Annotated[int, Field(ge=1, le=10)] = 3,
) -> Result:
    """Find other patients' cases: like the open study, like one disc of it, or as described.

    The user sees them, quoted. Nothing of them is a finding of this study.

    Args:
        level: compare this disc alone; leave out for the whole study.
        description: what to look for instead, such as "severe narrowing at L4-L5 with Modic 2".
        count: how many cases at most.
    """
    from tools.similar import finder, look, told

    session, say = runtime.context.session, progress(runtime)
    say("Opening the index of cases")
    asked = finder.opened(session.index, encoder=session.encoder)
    reading = session.look(progress=say)
    seen = (reading.study, reading.eligibility, reading.observations)
    say("Searching")
    place = level.value if level is not None else ""
    how: Literal["study", "level", "description"] = "level" if place else "study"
    if description and description.strip():
        how, place = "description", ""
        answer = asked.told(description, looked=look(*seen, asked.encoder), k=count)
    else:
        stated = session.report.findings if session.report else ()
        answer = asked.like(*seen, findings=stated, level=place, k=count)
    found = [told.found_of(hit) for hit in answer]
    what = c.SimilarContent(
        asked=how,
        level=place or None,
        searched=len(asked.store.entries),
        own=told.own_left_out(answer.own),
        notes=answer.notes,
        generated=any(one.origin == "generated" for one in found),
        cases=tuple(
            c.SimilarCaseContent(
                number=one.rank,
                alike=one.alike,
                shared=one.shared,
                differing=one.differing,
                unstated=one.unstated,
            )
            for one in found
        ),
    )
    root = asked.store.workspace()
    similar = tuple(
        SimilarCase(
            number=one.rank,
            case=one.case,
            alike=one.alike,
            shared=one.shared,
            differing=one.differing,
            unstated=one.unstated,
            text=one.text,
            written=told.WRITTEN[one.origin],
            source=one.source,
            licence=one.licence,
            png=told.key_picture(root, one),
        )
        for one in found
    )
    many = "1 case" if len(found) == 1 else f"{len(found)} cases"
    return result(what, Shown(f"{many} of other patients", similar=similar))
