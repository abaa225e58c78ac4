"""The English words that the reader of sentences knows, apart from the templates."""

from __future__ import annotations

from etl.words import Words

_GRADE = r"(?:i{1,3}|iv|v|[0-9]+)"
_DEGREE = r"(?:(?P<degree{n}>minimal|mild|moderate|severe) )?"
_SERIES_WORD = r"(?:[- ](?:or|and|/)[- ]?t[12])?[- ]?(?:weighted|series|sequence|slices?|images?)"

_PATTERNS: tuple[tuple[str, str], ...] = (
    ("sequence", rf"t[12]{_SERIES_WORD}\b"),
    (
        "five",
        r"(?:all |the )*five lumbar (?:levels|discs)|(?:all|any|every) (?:the )?lumbar levels?",
    ),
    ("disc", r"(?:[ctls])\d{1,2} ?(?:[-/]| on ) ?(?:[ctls])?\d{1,2}(?!\w|\.\d)"),
    ("vertebra", r"[ctls]\d{1,2}(?!\w|\.\d)"),
    (
        "modic",
        rf"(?:types? (?P<modic_a>{_GRADE}) )?modic(?: types?)?(?: (?P<modic_b>{_GRADE})\b)?"
        r"(?:[- ]type)?(?: (?:endplate |marrow |signal )*changes?)?",
    ),
    ("pfirrmann", rf"pfirrmann(?: grade)? (?P<pfirrmann_grade>{_GRADE})\b"),
    ("meyerding", rf"meyerding(?: grade)? (?P<meyerding_grade>{_GRADE})\b"),
    ("superlative", r"most (?:severe|marked|pronounced)"),
    (
        "degeneration",
        _DEGREE.format(n="_a")
        + r"(?:intervertebral )?(?:disc )?degeneration(?: grade)?"
        + r"|"
        + _DEGREE.format(n="_b")
        + r"degenerative (?:disc )?(?:disease|changes?)",
    ),
    ("height_index", r"disc height index"),
    (
        "narrowing",
        r"(?:disc[ -](?:space|height) |disc )?narrowing|narrowed disc(?: space)?"
        r"|(?:loss of|reduced) disc height|disc height loss",
    ),
    ("disc_height", r"disc height"),
    ("bulging", r"(?:disc )?bulg(?:es?|ing)"),
    ("herniation", r"(?:disc )?herniations?|herniated disc"),
    (
        "endplates",
        r"(?:other |further )?changes of the endplate (?P<plate_c>above|below) the disc"
        r"|(?:other |further )?(?:(?P<plate_a>upper and lower|upper|lower) )?endplate changes?"
        r"(?: (?P<plate_b>above and (?:probably )?below|below and (?:probably )?above"
        r"|above but not below|below but not above|above|below)"
        r"(?: the disc)?)?",
    ),
    ("listhesis", r"spondylolisthes[ie]s"),
    ("scoliosis", r"scoliosis"),
    ("curve", r"(?:sideways |lateral )?curve(?: angle)?"),
    ("degrees", r"(?P<angle>\d+) ?(?:degrees?\b|°)"),
    ("slip", r"(?:(?P<direction>anterior|posterior) )?slip(?:page)?"),
    ("canal", r"(?:midline |anteroposterior )*(?:spinal )?canal (?:depth|diameter)"),
    ("item_alignment", r"alignment"),
    ("item_vertebral_bodies", r"vertebral bodies"),
    ("item_marrow", r"(?:bone )?marrow signal"),
    ("item_cord", r"spinal cord"),
    ("item_conus", r"conus and cauda equina"),
    ("item_disc_spaces", r"disc spaces"),
    ("item_spinal_canal", r"spinal canal(?: stenosis)?"),
    ("item_lateral_recesses", r"lateral recesses"),
    ("item_foramina", r"neural foramina"),
    ("item_facet_joints", r"facet joints"),
    ("item_posterior_elements", r"posterior elements"),
    ("item_paraspinal", r"paraspinal soft tissues"),
    ("item_implants", r"implants"),
    ("item_incidental", r"incidental findings"),
    ("millimetres", r"(?P<length>\d+(?:\.\d+)?) ?(?:mm|millimet(?:re|er)s?)\b"),
    ("percent", r"(?P<share>\d+(?:\.\d+)?) ?(?:%|per ?cent)"),
    ("ratio", r"(?P<ratio_number>\d+\.\d+)(?![\w%])"),
    ("side_after", r"(?:on|to) the (?P<side_b>left|right)(?: side)?"),
    ("side", r"(?P<side_a>left|right|bilateral)(?:[- ]sided)?"),
    (
        "not_assessable",
        r"not (?:assessed|assessable|graded|gradable)|(?:could not|cannot) be (?:assessed|graded)",
    ),
    (
        "indeterminate",
        r"indeterminate|undetermined|(?:could not|cannot) be determined",
    ),
    ("by_reader", r"set by the reader"),
    ("unlocated", r"could not be located"),
    (
        "negated_before",
        r"not (?:seen|present|identified|visible|evident|shown|found|detected)|absent",
    ),
    ("negates", r"no evidence of|no|without|neither|absence of"),
    ("affirmed_before", r"present|seen|identified|visible|evident|shown|found|detected|noted"),
    ("ends", r"but|although|while|however|whereas"),
    ("with", r"with"),
    ("word", r"[a-z]+(?:['-][a-z]+)*"),
    ("number", r"\d+(?:[.,]\d+)*"),
    ("mark", r"[,:()/&+%-]"),
    ("other", r"\S"),
)
_PLAIN = """
    a an the this that these those there here it its they their which who at in on of for from
    to through by as into between within and or nor also both is are was were be been being
    has have had shows show showing demonstrates demonstrate demonstrating reveals reveal
    revealing does do appears appear suggests suggest suggesting consistent reported graded
    stated given recorded measured measures measuring measurement measurements estimated about
    approximately grade graded disc discs intervertebral space level levels lumbar spine
    lumbosacral slice slices mid-sagittal midsagittal sagittal midline image images study
    series single vertebra vertebral body depth endplate endplates associated additional
    accompanying together only main overall summary finding findings impression probable
    probably possible possibly likely definite definitely suspected assessment reader model
    automated draft low confidence below threshold because since located identified evaluable
    radiograph radiographs view views ap lateral
"""

ENGLISH = Words(
    patterns=_PATTERNS,
    plain=_PLAIN,
    degrees={"minimal": 2, "mild": 3, "moderate": 4, "severe": 5},
    plates={
        "above": ("upper", ""),
        "upper": ("upper", ""),
        "below": ("lower", ""),
        "lower": ("lower", ""),
        "above but not below": ("upper", "lower"),
        "below but not above": ("lower", "upper"),
    },
    sides={"left": "left", "right": "right", "bilateral": "bilateral"},
    directions={"anterior": "anterior", "posterior": "posterior"},
    ranges=("to", "through"),
    links=(",", "and", "or", "&"),
    lists=("or", "nor"),
    joins=("and",),
    leading=("", "at", "the", "at the"),
    measured=r"measur\w+",
    normal=r"normal\w*|unremarkable|intact|preserved|within limits|no abnormalit\w+",
    prior=r"unchanged|stable|interval|progress(?:ed|ion|ive)|worsen\w*|improv\w+|new(?:ly)?"
    r"|previous(?:ly)?|prior|no change|increased|decreased|since the last",
)
