"""The German words that the reader of sentences knows, apart from the templates.

The endplate above a disc is the ``Grundplatte`` of the upper vertebra, the one below the
``Deckplatte`` of the lower.
"""

from __future__ import annotations

from etl.words import Words

_GRADE = r"(?:i{1,3}|iv|v|[0-9]+)"
_SERIES_WORD = r"(?:[- ](?:oder|und|/)[- ]?t[12])?[- ]?(?:gewichtete[nr]?|serien?|sequenz|wichtung)"
_DEGREE = r"(?:(?P<degree_a>minimale|geringgradige|mittelgradige|hochgradige) )?"

_PATTERNS: tuple[tuple[str, str], ...] = (
    ("sequence", rf"t[12]{_SERIES_WORD}\b"),
    ("five", r"(?:aller?n? |einem |der |den |die )*fünf lumbalen segmenten?"),
    ("disc", r"(?:[ctls])\d{1,2} ?(?:[-/]) ?(?:[ctls])?\d{1,2}(?!\w|,\d)"),
    ("vertebra", r"[ctls]\d{1,2}(?!\w|,\d)|[hbl]wk ?\d{1,2}"),
    (
        "modic",
        r"modic(?:-(?:endplatten)?veränderung(?:en)?)?"
        rf"(?: (?:vom )?typ (?P<modic_a>{_GRADE})\b)?(?P<modic_b>(?!))?",
    ),
    ("pfirrmann", rf"pfirrmann(?:[- ]grad)? (?P<pfirrmann_grade>{_GRADE})\b"),
    ("meyerding", rf"meyerding(?:[- ]grad)? (?P<meyerding_grade>{_GRADE})\b"),
    ("superlative", r"am (?:stärksten|ausgeprägtesten)"),
    (
        "degeneration",
        rf"{_DEGREE}(?:bandscheiben)?degeneration(?P<degree_b>(?!))?|osteochondrose",
    ),
    ("height_index", r"bandscheibenhöhenindex"),
    (
        "narrowing",
        r"höhenminderung(?: des bandscheibenfach(?:e?s)| der bandscheibe)?"
        r"|verschmälerung des zwischenwirbelraum(?:e?s)",
    ),
    ("disc_height", r"bandscheibenhöhe"),
    ("bulging", r"(?:bandscheiben)?vorwölbung(?:en)?"),
    ("herniation", r"(?:bandscheiben)?vorf[aä]ll(?:e|en|s)?|bandscheibenherniation(?:en)?"),
    (
        "endplates",
        r"(?:sonstigen? |weiteren? )?(?:(?:(?P<plate_a>grund- und deckplatten|grundplatten"
        r"|deckplatten)|endplatten)veränderung(?:en)?"
        r"|veränderungen der (?P<plate_b>grundplatte, nicht aber der deckplatte"
        r"|deckplatte, nicht aber der grundplatte)"
        r"|veränderungen der (?P<plate_c>grundplatte|deckplatte))",
    ),
    ("listhesis", r"spondylolisthes(?:en?|is)"),
    ("scoliosis", r"skoliosen?"),
    ("curve", r"(?:seitliche )?krümmung(?:swinkel)?"),
    ("degrees", r"(?P<angle>\d+) ?(?:grad\b|°)"),
    ("slip", r"(?P<direction>ventral|dorsal)?versatz"),
    ("canal", r"(?:sagittale[rn]? )?spinalkanal(?:durchmesser|tiefe|weite)"),
    ("item_alignment", r"stellung und achse"),
    ("item_vertebral_bodies", r"wirbelkörper"),
    ("item_marrow", r"knochenmarksignal"),
    ("item_cord", r"myelon"),
    ("item_conus", r"konus und cauda equina"),
    ("item_disc_spaces", r"zwischenwirbelräume"),
    ("item_spinal_canal", r"spinalkanal(?:stenose)?"),
    ("item_lateral_recesses", r"recessus laterales"),
    ("item_foramina", r"neuroforamina"),
    ("item_facet_joints", r"facettengelenke"),
    ("item_posterior_elements", r"dorsale elemente"),
    ("item_paraspinal", r"paravertebrale weichteile"),
    ("item_implants", r"implantate"),
    ("item_incidental", r"nebenbefunde"),
    ("millimetres", r"(?P<length>\d+(?:,\d+)?) ?(?:mm|millimetern?)\b"),
    ("percent", r"(?P<share>\d+(?:,\d+)?) ?(?:%|prozent)"),
    ("ratio", r"(?P<ratio_number>\d+,\d+)(?![\w%])"),
    ("side_after", r"(?P<side_b>links|rechts|beidseits)"),
    ("side", r"(?P<side_a>linksseitige[rsn]?|rechtsseitige[rsn]?|beidseitige[rsn]?)"),
    ("not_assessable", r"nicht (?:beurteilt|beurteilbar|bewertet|untersucht)"),
    ("indeterminate", r"unklar|nicht (?:eindeutig|sicher) (?:beurteilbar|zu beurteilen)"),
    ("by_reader", r"vom befunder gesetzt"),
    ("unlocated", r"war nicht aufzufinden"),
    (
        "negated_before",
        r"nicht (?:gesehen|erkennbar|nachweisbar|abgrenzbar|vorhanden|gefunden|sichtbar)"
        r"|fehlend",
    ),
    (
        "negates",
        r"kein(?:en?|er|em|es)? nachweis (?:von|einer|eines)|kein(?:en?|er|em|es)?|ohne|weder",
    ),
    (
        "affirmed_before",
        r"vorhanden|gesehen|erkennbar|nachweisbar|abgrenzbar|gefunden|sichtbar|nachgewiesen",
    ),
    ("ends", r"aber|jedoch|während|obwohl|dagegen"),
    ("with", r"mit"),
    ("word", r"[^\W\d_]+(?:['-][^\W\d_]+)*-?"),
    ("number", r"\d+(?:[.,]\d+)*"),
    ("mark", r"[,:()/&+%-]"),
    ("other", r"\S"),
)

_PLAIN = """
    der die das den dem des ein eine einer eines einem einen in im an am auf bei von vom zu zum zur
    aus durch als für zwischen innerhalb und oder noch sowie auch beide sind ist war waren wird
    werden wurde wurden hat haben zeigt zeigen sich findet finden stellt dar es höhe segment
    segmente segmenten etage etagen niveau gemessen gemessene gemessener gemessenem gemessenen
    messung etwa rund grad typ bandscheibe bandscheiben bandscheibenfach zwischenwirbelraum
    lendenwirbelsäule lumbal lumbalen schicht schichten mittsagittal mittsagittalen sagittal
    bild bilder bildern untersuchung serie serien wirbelkörpertiefe tiefe endplatte
    endplatten zugehörig begleitend zusätzlich zusammen nur insgesamt befund befunde beurteilung
    beurteilten verdacht wahrscheinlich wahrscheinliche wahrscheinlicher möglich mögliche
    röntgenbild röntgenaufnahme röntgenaufnahmen aufnahme aufnahmen ap seitlich seitliche
"""

GERMAN = Words(
    patterns=_PATTERNS,
    plain=_PLAIN,
    degrees={"minimale": 2, "geringgradige": 3, "mittelgradige": 4, "hochgradige": 5},
    plates={
        "grundplatten": ("upper", ""),
        "deckplatten": ("lower", ""),
        "grundplatte": ("upper", ""),
        "deckplatte": ("lower", ""),
        "grundplatte, nicht aber der deckplatte": ("upper", "lower"),
        "deckplatte, nicht aber der grundplatte": ("lower", "upper"),
    },
    sides={
        "links": "left",
        "rechts": "right",
        "beidseits": "bilateral",
        **{f"linksseitige{end}": "left" for end in ("", "r", "s", "n")},
        **{f"rechtsseitige{end}": "right" for end in ("", "r", "s", "n")},
        **{f"beidseitige{end}": "bilateral" for end in ("", "r", "s", "n")},
    },
    directions={"ventral": "anterior", "dorsal": "posterior"},
    ranges=("bis",),
    links=(",", "und", "oder", "sowie", "&"),
    lists=("oder", "noch"),
    joins=("und",),
    leading=("", "in höhe", "im segment", "in den segmenten", "in", "die", "alle"),
    measured=r"gemessen\w*|messung\w*|messwert\w*",
    normal=r"normal\w*|unauffällig\w*|regelrecht\w*|intakt\w*|erhalten\w*|altersentsprechend\w*"
    r"|ohne befund|o\. ?b",
    prior=r"unverändert\w*|stabil\w*|progredien\w*|zunahme|abnahme|zunehmend\w*|abnehmend\w*"
    r"|verschlechter\w*|verbesser\w*|gebessert\w*|neu(?:er?|es?|en)?|vorbestehend\w*"
    r"|voruntersuchung\w*|voraufnahme\w*|vorbefund\w*|im verlauf|größenprogredien\w*",
)
