"""The tool that makes up images for teaching; they are no part of the open study."""

# ruff: noqa: D417 (the runtime is injected and no part of a tool's description)

from __future__ import annotations

from typing import Literal

from langchain.tools import tool

from agent import content as c
from agent.arguments import Result, Runtime, Shown, Weighting, progress, result
from agent.events import SyntheticImage
from radixgpt.errors import InputError


@tool(response_format="content_and_artifact", parse_docstring=True)
def make_synthetic_image(
    runtime: Runtime,
    findings: str,
    sequence: Weighting = Weighting.T2,
    by: Literal["phantom", "rgan", "diffusion"] = "phantom",
    study: bool = False,
) -> Result:
    """Make up an image or a study with findings that are asked for, for teaching, of no patient.

    The user sees it, marked synthetic. Nothing in it is a finding of the open study.

    Args:
        findings: discs with what they are to show, such as "L4-L5 pfirrmann 5, disc bulging".
        sequence: the weighting.
        by: phantom for exact geometry; rgan or diffusion only where the user asks for a network.
        study: whether a whole DICOM study is asked for, which the phantom alone makes.
    """
    from data.synth import make
    from data.synth.marked import as_png

    request = make.asked([findings])
    if study and by != "phantom":
        raise InputError(
            f"A whole study can't be made by {by}.",
            "Ask for an image, or for a study by the phantom.",
        )
    make.ready(request, by, study=study)
    make.facts(by)  # missing weights are told before anything is drawn
    progress(runtime)(f"Making up the {'study' if study else 'image'}")
    words = f"{sequence.value.upper()}, {request.told()}"
    told = f"Synthetic, no patient: asked for {words}"
    if study:
        packed, middle = make.zipped(request, sequence.value)
        png = as_png(middle, by=by, asked=words, seed=0)
        images: tuple[SyntheticImage, ...] = (SyntheticImage(png, told, packed),)
    else:
        images = tuple(
            SyntheticImage(
                as_png(one.pixels, by=by, asked=words, seed=one.seed),
                told + f" ({one.level})" * bool(one.level),
            )
            for one in make.pictures(request, sequence.value, by)
        )
    what = c.SyntheticContent(by=by, images=len(images), study=study)
    return result(what, Shown("synthetic, of no patient", synthetic=images))
