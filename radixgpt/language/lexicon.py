"""What rules read in a text: findings, structures, what is done to them, sides, degrees.

An entry is tried where one of its first words stands. Patterns are for text in one spelling.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Sort = Literal["finding", "structure", "state", "side", "degree"]

_GRADE = r"(?P<grade>i{1,3}|iv|v|[1-5])(?![a-z0-9])"
_ADJ = (
    r"(?: (?:annular|annulus|diffuse|central|broad|wide|based?|focal|posterior|circumferential))*"
)
_CHANGES = r"(?: changes?| disease| signals?| end ?plates?(?: degenerat\w+)?| degenerat\w+)*"


@dataclass(frozen=True)
class Entry:
    """Words that stand for something.

    Attributes:
        sort: what they stand for: a finding, a structure, the state of one, a side, a degree.
        name: kind of finding, name of the structure, state, side or degree.
        value: type or grade of a finding; a group ``grade`` of the pattern goes before it.
        pattern: the whole of the words.
    """

    sort: Sort
    name: str
    value: str | None
    pattern: re.Pattern[str]


@dataclass(frozen=True)
class Item:
    """An entry found in a text.

    Attributes:
        start: first character in the text in one spelling.
        end: last character + 1.
        grade: number of a type or grade that the words give.
    """

    entry: Entry
    start: int
    end: int
    grade: int | None

    @property
    def sort(self) -> Sort:
        """Sort of its entry."""
        return self.entry.sort

    @property
    def name(self) -> str:
        """Name of its entry."""
        return self.entry.name


_ENTRIES: dict[str, list[Entry]] = {}
_ROMAN = {"i": 1, "ii": 2, "iii": 3, "iv": 4, "v": 5}
_WORD = re.compile(r"[a-z]+")


def _add(sort: Sort, name: str, firsts: str, rest: str = "", value: str | None = None) -> None:
    for first in firsts.split():
        pattern = re.compile(rf"{first}(?:{rest})(?![a-z])")
        _ENTRIES.setdefault(first, []).append(Entry(sort, name, value, pattern))


def _finding(kind: str, firsts: str, rest: str = "", value: str | None = None) -> None:
    _add("finding", kind, firsts, rest, value)


def _disc_findings() -> None:
    disc = r"(?: (?:annular|annulus|material|intervertebral|space|height))*"
    _finding("modic", "modic", rf"(?:[ -]*(?:types?|changes?)*[ -]*{_GRADE})?{_CHANGES}")
    _finding("modic", "type", rf" ?{_GRADE} (?:modic|end ?plates?){_CHANGES}")
    _finding("pfirrmann", "pfirrmann", rf"(?: (?:grade|type|score))*[ :]*{_GRADE}")
    _finding("disc_bulging", "bulge bulges bulging bulged", rf"{disc}(?: discs?)?")
    _finding("disc_bulging", "disc discs annular annulus", rf"{disc}{_ADJ} bulg\w+")
    _finding("disc_bulging", "degenerative degenerated", rf"{_ADJ}(?: disc)? bulg\w+")
    for value, stem in (
        ("protrusion", r"protru\w+"),
        ("extrusion", r"extru\w+"),
        ("sequestration", r"sequest\w+"),
        (None, r"(?:herniat\w+|prolapse\w*)"),
    ):
        _finding("disc_herniation", "disc discs", rf"{disc} {stem}", value)
    _finding("disc_herniation", "protrusion protrusions protruded protruding", "", "protrusion")
    _finding("disc_herniation", "extrusion extrusions extruded extruding", "", "extrusion")
    _finding(
        "disc_herniation",
        "sequestration sequestrated sequestered sequestrum",
        r"(?: (?:disc|free|fragment))*",
        "sequestration",
    )
    _finding(
        "disc_herniation",
        "detached migrated free separated",
        r" (?:disc(?:al)? )?(?:fragments?|material|disc)(?: material| fragments?)?",
        "sequestration",
    )
    _finding(
        "disc_herniation",
        "herniation herniations herniated prolapse prolapsed hnp",
        r"(?: discs?)?(?! of (?:the )?mening)(?: nucleus pulposus)?",
    )
    _finding("disc_herniation", "slipped", " disc")
    _finding("annular_fissure", "annular annulus", r"(?: fibrosus)?(?: disc)? (?:tear|fissur)\w*")
    _finding("annular_fissure", "torn", r"(?: disc)? (?:annular|annulus)(?: fibrosus)?")
    _finding("annular_fissure", "tear tears fissure fissures", r"(?: (?:in|of) the annul\w+)?")
    _finding("annular_fissure", "disc discs", r" (?:tear|fissur)\w*")
    _finding("vacuum_phenomenon", "vacuum", r"(?: (?:disc|phenomen\w+|sign|cleft))*")
    _finding("vacuum_phenomenon", "gas", r" (?:in|within) the disc\w*")
    _finding("disc_narrowing", "disc discs", r"(?: space)? collaps\w+")
    _finding("disc_degeneration", "black", r" discs?")
    _finding(
        "disc_degeneration",
        "degenerative",
        r" (?:disc|intervertebral)(?: disc)?(?! (?:bulg|protru|space|hern|extru))(?: (?:disease|changes?|materials?))*",
    )
    _finding("disc_degeneration", "ddd")
    _finding("schmorl_node", "schmorl", r"(?:'?s)?(?: (?:nodes?|nodules?|lesions?|hernia\w*))?")


def _bone_findings() -> None:
    slip = r"(?:spondylolisthes[ie]s|anterolisthes[ie]s|retrolisthes[ie]s|listhes[ie]s)"
    _finding(
        "spondylolisthesis", "grade", rf"[ -]*{_GRADE} (?:degenerative |lytic |anterior )*{slip}"
    )
    _finding(
        "spondylolisthesis",
        "spondylolisthesis anterolisthesis retrolisthesis listhesis subluxation",
        rf"(?:[ ,(]*(?:of )?grade[ -]*{_GRADE})?",
    )
    _finding("spondylolisthesis", "slip slippage", r"(?= of )|(?:page)? of l\d")
    _finding("spondylolysis", "spondylolysis")
    _finding("spondylolysis", "pars", r"(?: inter\w+)? (?:defects?|fractures?|lysis)")
    _finding("spondylolysis", "defect defects", r" (?:in|of) (?:the |both )?pars(?: inter\w+)?")
    _finding("fracture", "fracture fractures fractured")
    _finding("fracture", "compression", r" (?:fractur\w+|deformit\w+)")
    _finding("fracture", "burst", r" fractur\w+")
    _finding(
        "fracture",
        "wedge wedging wedged",
        r"(?: (?:compression|shaped?))*(?: (?:fractur\w+|deformit\w+|collapse))?",
    )
    _finding(
        "fracture", "vertebral", r"(?: body)?(?: (?:compression|wedge))* (?:fractur|collaps)\w+"
    )
    _finding("fracture", "collapse collapsed", r"(?: of)?(?: the)?(?: [ltd]\d+)?(?: vertebra\w*)?")
    _finding("retropulsion", "retropulsion retropulsed")
    _finding("retropulsion", "bulging bulge", r" (?:of the posterior wall|in?to the spinal canal)")
    _finding("limbus_vertebra", "limbus", r"(?: vertebra\w*)?")
    _finding(
        "transitional_vertebra", "transitional", r" (?:lumbosacral )?(?:vertebra\w*|anatomy|level)"
    )
    _finding(
        "transitional_vertebra",
        "sacralization sacralisation sacralized sacralised lumbarization lumbarisation lumbarized"
        " lumbarised hemisacralization",
    )
    _finding("scheuermann", "scheuermann schuermann", r"(?:'?s)?(?: disease| changes?)?")
    _finding("haemangioma", "hemangioma hemangiomas")
    _finding("marrow_oedema", "marrow", r" (?:signal )?edema")
    _finding("marrow_oedema", "bone bony", r" (?:marrow )?(?:edema|bruis\w+|contusions?)")
    _finding("marrow_lesion", "metastasis metastases metastatic deposit deposits myeloma")
    _finding("marrow_lesion", "bone bony", r" (?:islands?|lesions?|metasta\w+|deposits?|sclerosis)")
    _finding("marrow_lesion", "lytic blastic", r" (?:bon\w+ )?(?:lesions?|foc\w+|deposits?)")
    _finding("osteophytes", "osteophyte osteophytes osteophytic osteophytosis spur spurs spurring")
    _finding("spondylosis", "spondylosis", r"(?: deformans)?")
    _finding("spondylosis", "spondylotic", r"(?: (?:lumbar|bony))*(?: changes?)?")
    _finding("spondylosis", "degenerative", r",? spondylotic(?: changes?)?")
    _finding("infection", "discitis spondylodiscitis osteomyelitis abscess abscesses")
    _finding("infection", "infective septic", r" (?:changes?|process|focus|spondyl\w*)")
    _finding("sacroiliitis", "sacroiliitis")


def _other_findings() -> None:
    _finding("muscle_spasm", "muscle muscles muscular", r"(?: paraspinal)? spasms?")
    _finding("muscle_spasm", "spasm spasms")
    _finding("loss_of_lordosis", "straightening straightened")
    _finding("loss_of_lordosis", "straight", r"(?= lumbar| spine)")
    _finding("loss_of_lordosis", "hypolordosis")
    _finding("scoliosis", "scoliosis scoliotic levoscoliosis dextroscoliosis rotoscoliosis")
    _finding("scoliosis", "kyphoscoliosis")
    _finding("kyphosis", "kyphosis kyphotic gibbus")
    _finding("malalignment", "malalignment misalignment")
    _finding("tarlov_cyst", "tarlov perineural", r"(?:'?s)?(?: cysts?)?")
    _finding("meningeal_cyst", "meningeal arachnoid", r" (?:cysts?|diverticul\w+)")
    _finding("meningeal_cyst", "meningocele meningoceles pseudomeningocele")
    _finding("lipoma", "lipoma lipomas fibrolipoma")
    _finding(
        "canal_lesion",
        "intradural extradural extramedullary intramedullary epidural neurogenic",
        r"(?:[ -](?:and|extramedullary|soft|tissue|enhancing|axial))*"
        r" (?:mass|lesion|tumou?r|cyst|tissue|collection|component)",
    )
    _finding(
        "canal_lesion", "soft", r"[ -]tissue (?:mass|lesion|fullness|tumou?r|structure|component)"
    )
    _finding("canal_lesion", "soft", r"[ -]tissue(?= noted| is noted| seen| in the)")
    _finding("canal_lesion", "enhancing", r" (?:struct?ure|lesion|mass|nodule)")
    _finding("canal_lesion", "synovial", r" cysts?")
    _finding("canal_lesion", "signal", r" alterations?(?=[^.\n]{0,40}\bposterior to)")
    _finding("canal_lesion", "schwannoma neurofibroma neuroma meningioma ependymoma")
    _finding(
        "canal_lesion",
        "lesion mass cyst",
        r"(?=[^.\n]{0,70}\b(?:posterior to|paracentral"
        r"|foraminal region|thecal sac|(?:spinal|sacral) canal))",
    )
    _finding("soft_tissue_oedema", "soft", r"[ -]tissue (?:edema|swelling)")
    _finding("soft_tissue_oedema", "muscle muscles", r" edema")
    _finding("collection", "collection collections seroma hematoma haematoma")
    _finding("collection", "fluid", r" collections?")
    _finding(
        "epidural_fibrosis",
        "epidural postoperative post",
        r"(?:[ -]?(?:operative|surgical))?(?:[ /-]+(?:epidural|fibrous|granulation|scar|tissue))*"
        r"[ /-]+(?:fibro\w+|granulation|scar\w*)(?: ?[/-]? ?(?:fibrous|granulation|tissue))*",
    )
    _finding("epidural_fibrosis", "granulation", r"(?: ?[/-] ?fibrous)?(?: tissues?)?")
    _finding("epidural_fibrosis", "fibrous", r" ?[/-]? ?(?:granulation|scar|tissue)(?: tissue)?")
    _finding("epidural_fibrosis", "fibrosis", "")
    _finding("epidural_fibrosis", "scar scarring", r"(?: tissue)?")
    _finding(
        "postoperative",
        "surgery surgeries operation operations laminectomy laminotomy"
        " hemilaminectomy discectomy microdiscectomy fenestration foraminotomy",
    )
    _finding("postoperative", "postoperative postsurgical", r"(?: changes?| status| appearances?)?")
    _finding(
        "postoperative", "post", r"[ -]?(?:operative|surgical|laminectomy|discectomy)(?: changes?)?"
    )
    _finding(
        "hardware", "transpedicular transpedicle pedicle", r" (?:screw\w*|fixation)(?: fixation)?"
    )
    _finding("hardware", "hardware instrumentation implants prosthesis screws rods cage fixation")
    organ = (
        r"(?:renal|kidney|ovarian|adnexal|hepatic|liver|uterine|prostat\w+|bladder|gall\w*|splenic"
    )
    organ += r"|thyroid|pelvic|nabothian|baker\w*|parapelvic|cortical|adrenal)"
    _finding(
        "extraspinal_finding",
        "renal ovarian adnexal hepatic uterine pelvic liver splenic adrenal"
        " parapelvic nabothian thyroid bladder prostatic",
        r"(?: (?:cortical|simple|complex|parenchymal))*"
        r" (?:cysts?|masses|mass|lesions?|stones?|calcul\w+|kidney|fibroids?|tumou?rs?|fluid)",
    )
    _finding(
        "extraspinal_finding",
        "cyst cysts mass lesion",
        rf" (?:in|of|at|within) the (?:left |right )?{organ}",
    )
    _finding(
        "extraspinal_finding",
        "hydronephrosis hydroureter fibroid fibroids leiomyoma pid"
        " cholelithiasis ascites splenomegaly hepatomegaly lymphadenopathy",
    )
    _finding(
        "extraspinal_finding", "horseshoe ectopic small", r"(?: size)?(?: left| right)? kidney"
    )
    _finding("extraspinal_finding", "cystic", r" dil\w+ of (?:the )?(?:left |right )?pelvi\w*")
    _finding("extraspinal_finding", "aortic", r" aneurysm")
    _finding(
        "extraspinal_finding",
        "tear",
        r" of (?:the )?(?:posterior horn|anterior horn|medial|lateral|acl|pcl)[^.\n]{0,40}",
    )
    _finding("extraspinal_finding", "joint", r" effusion")
    _finding(
        "extraspinal_finding",
        "gluteal iliopsoas psoas",
        r" (?:muscle )?(?:signal|abnormal|collection|with)[^.\n]{0,20}",
    )


def _structures() -> None:
    def add(name: str, firsts: str, rest: str = "") -> None:
        _add("structure", name, firsts, rest)

    before_narrowing = r"(?=[ ,]*(?:(?:and|or|,|canal|central|recess|exit) ?)*(?:neural )?(?:foraminal )?(?:narrow|stenos|encroach|compromise|impinge|compress|involve))"
    add("sac", "thecal dural", r"(?: sac)?(?! ectasia)")
    add("sac", "theca sac")
    add(
        "sac",
        "anterior ventral posterior",
        r" (?:thecal sac|dural sac|epidural space|subarachnoid space|csf spaces?)",
    )
    add("sac", "csf subarachnoid epidural", r" (?:spaces?|fat)")
    add(
        "cord_signal",
        "signal",
        r"(?:[ -]*intensit\w+)? (?:of|in|within) the (?:spinal )?(?:cord|conus)(?: medullaris)?",
    )
    add("cord_signal", "cord conus", r"(?: medullaris)? signal(?: intensit\w+)?")
    add("cord_signal", "spinal", r" cord signal(?: intensit\w+)?")
    add("cord", "spinal", r" cord")
    add("cord", "cord conus", r"(?: medullaris)?(?! compression syndrome)")
    root = r"(?: (?:exit\w*|travers\w+|descending|budding|emerging|l\d|s\d|neural|spinal))*"
    add(
        "foramen",
        "exit exiting",
        r"(?: (?:both|neural|nerves?))*(?: root)? (?:canals?|foram\w+|recess\w*)",
    )
    add("foramen", "exit exiting", r" neural(?=[ ,.\n]*(?:$|\n|,|\.|more|and))")
    add(
        "root",
        "exit exiting exits travers traversing descending budding emerging",
        rf"{root} (?:nerves?|roots?)(?: roots?)?",
    )
    add(
        "foramen",
        "nerve nerves neural root",
        r"(?: roots?)?(?: exit)? (?:canals?|foram(?:en|ina)\w*|exit\w*)(?! narrow\w+ syndrome)",
    )
    add("root", "nerve nerves", r"(?: roots?)?")
    add("root", "roots root")
    add("root", "cauda", r" equina(?: nerve)?(?: roots?)?")
    add("root", "spinal", r" nerves?(?: roots?)?")
    add("foramen", "foramen foramina intervertebral", r"(?: neural)?(?: foram(?:en|ina))?")
    add("foramen", "neural", rf" foraminal{before_narrowing}")
    add("foramen", "foraminal", before_narrowing)
    add("foramen", "neuroforaminal neuroforamen neuroforamina")
    add(
        "recess",
        "lateral subarticular",
        r"(?: and (?:foraminal|subarticular))? (?:recess\w*|zones?|gutters?)",
    )
    add("recess", "recess recesses subarticular", r"(?: canals?)?")
    add(
        "canal",
        "spinal vertebral",
        r"(?: central)?(?: (?:osseous|bony))* canals?(?: diameters?| dimensions?| caliber)?",
    )
    add("canal", "spinal", r"(?= stenos)")
    add("canal", "central", r"(?: spinal)?(?: vertebral)? canals?(?: diameter)?")
    add(
        "canal",
        "central",
        r"(?= stenos)|(?= (?:or|and) (?:lateral recess|(?:neural )?foraminal) (?:stenos|narrow|encroach))",
    )
    add("canal", "canal canals", "")
    add(
        "disc_space",
        "disc discs intervertebral",
        r"(?: (?:disc|intervertebral))? (?:spaces?|heights?)(?: heights?)?",
    )
    add(
        "disc",
        "disc discs",
        r"(?: materials?)?(?! (?:protru|herni|extru|bulg|prolap|sequest|level|spaces?|height))",
    )
    add("disc", "nucleus", r" pulposus")
    add("disc_space", "interspace interspaces")
    add("disc_signal", "disc discs", r" signals?(?: intensit\w+)?")
    add("endplate", "end endplate endplates", r"(?:[ -]?plates?)?(?: marrow)?")
    add("facet", "facet facets facetal", r"(?: joints?)?(?: and)?(?: joints?)?")
    add("facet", "apophyseal zygapophyseal posterior", r" (?:joints?|facets?)(?: joints?)?")
    add("flavum", "ligamentum", r"(?: flavum)?")
    add("flavum", "flavum yellow", r"(?: ligaments?| ligamentum)?")
    add("body_height", "vertebral", r"(?: bod(?:y|ies))? heights?(?: and (?:signal|alignment))?")
    add("body_height", "vertebra vertebral", r"(?: bod(?:y|ies))?(?: hieght)")
    add("body_height", "height", r" of (?:the )?(?:[ltd]\d+ )?vertebra\w*")
    add("body_height", "body", r" (?:height|hieght)s?")
    add("lordosis", "lordosis lordotic", r"(?: curve| curvature)?")
    add("lordosis", "lumbar cervical", r" (?:lordosis|lordotic curv\w+|curvature)")
    add("alignment", "alignment")
    add("marrow", "marrow", r"(?: signals?)?(?: intensit\w+)?")
    add("marrow", "bone vertebral", r" marrow(?: signals?)?(?: intensit\w+)?")
    add(
        "marrow",
        "signal signals",
        r"(?: intensit\w+)? (?:of|in|within) (?:the )?(?:bone |vertebral )?marrow",
    )


def _states() -> None:
    def add(name: str, firsts: str, rest: str = "") -> None:
        _add("state", name, firsts, rest)

    add(
        "compress",
        "compress compressed compresses compressing compressive compression compressions",
        r"(?: effects?)?(?: (?:on|upon|of|over))*",
    )
    add("compress", "comparison", r"(?= (?:the )?thecal)")
    add(
        "compress",
        "indent indented indents indenting indentation indentations",
        r"(?: (?:on|upon|of|over))*",
    )
    add(
        "compress",
        "encroach encroached encroaches encroaching encroachment encroachments",
        r"(?: (?:on|upon|of|over))*",
    )
    add(
        "compress",
        "efface effaced effaces effacing effacement obliterate obliterated obliterates obliterating obliteration",
    )
    add("compress", "displace displaced displaces displacing displacement")
    add("compress", "impinge impinged impinges impinging impingement", r"(?: (?:on|upon|of|over))*")
    add(
        "compress",
        "deform deformed deforming flatten flattened flattens flattening pressing pushing filling compromise compromised compromising crowding",
    )
    add("compress", "mass pressure", r" effect(?: (?:on|upon|over))*")
    add("compress", "pressure", r" (?:on|upon|over)")
    add("compress", "impression", r" (?:on|upon|over)")
    add("compress", "irritating irritation clumping involvement involving", r"(?: of)?")
    add(
        "contact",
        "abut abuts abutting abutment abutted touch touches touching contact contacts contacting approaching",
        r"(?: (?:on|upon|of|with))*",
    )
    add(
        "narrow",
        "narrow narrows narrowed narrowing narrowings stenosis stenoses stenosed stenotic stenosing constriction occlusion",
    )
    add(
        "thick",
        "hypertrophy hypertrophied hypertrophic thickening thickened thick arthropathy arthrosis osteoarthritis arthritis osteoarthrosis arthropathic arthritic overgrowth buckling infolding",
        r"(?: changes?)?",
    )
    add(
        "degenerate",
        "degenerate degenerated degeneration degenerations degenerating",
        r"(?: changes?)?",
    )
    add(
        "degenerate",
        "degenerative",
        r"(?:,? (?:irregularit\w+|sclerotic|spondylotic))*(?: changes?| disease)?",
    )
    add(
        "dry",
        "desiccate desiccated desiccates desiccating desiccation desiccative dehydrated dehydration dehydrating dissecting dissected",
        r"(?: changes?)?",
    )
    add(
        "irregular",
        "irregular irregularity irregularities sclerosis sclerotic erosion erosions erosive sclerosed",
    )
    add(
        "less",
        "loss reduced reduction decreased decrease diminished low lowered reversal reversed attenuated flattening lost",
        r"(?: of)?",
    )
    add("less", "partial mild moderate severe complete", r" (?:loss|reduction) of")
    add(
        "less", "abnormal altered heterogeneous inhomogeneous reconversion infiltration infiltrated"
    )
    add("more", "increased high hyperintense bright elevated abnormal")
    add(
        "good",
        "adequate patent normal preserved maintained capacious unremarkable intact spared average satisfactory sufficient",
    )
    add("good", "within", r" (?:the )?normal(?: limits| range)?")
    add("good", "widely", r" patent")


def _sides() -> None:
    sided = r"(?:[ -]*(?:sided?|lateral))?"
    for side in ("left", "right"):
        _add("side", side, side, sided)
    _add("side", "bilateral", "both bilateral bilaterally")
    for degree, words in (
        ("mild", "mild mildly minimal minimally slight slightly small early tiny subtle"),
        ("moderate", "moderate moderately"),
        (
            "severe",
            "severe severely marked markedly large largely significant significantly gross"
            " grossly advanced",
        ),
    ):
        _add("degree", degree, words)


for _part in (_disc_findings, _bone_findings, _other_findings, _structures, _states, _sides):
    _part()
for _entries in _ENTRIES.values():
    # The longer words first: "disc bulge" before "disc".
    _entries.sort(key=lambda entry: entry.sort in ("structure", "state"))


def scan(text: str) -> list[Item]:
    """Everything of the lexicon in a text in one spelling, in order, none within another."""
    items: list[Item] = []
    free = 0
    for word in _WORD.finditer(text):
        start = word.start()
        if start < free:
            continue
        entries = _ENTRIES.get(word[0])
        if entries is None:
            continue
        best: re.Match[str] | None = None
        chosen: Entry | None = None
        for entry in entries:
            match = entry.pattern.match(text, start)
            if match is not None and (best is None or match.end() > best.end()):
                best, chosen = match, entry
        if best is not None and chosen is not None:
            grade = best.groupdict().get("grade")
            items.append(
                Item(
                    chosen,
                    start,
                    best.end(),
                    None if grade is None else _ROMAN.get(grade) or int(grade),
                )
            )
            free = best.end()
    return items
