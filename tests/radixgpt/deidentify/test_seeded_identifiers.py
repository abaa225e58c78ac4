"""Identifiers in every place that is known to leak them: none is found in the bytes written."""

from __future__ import annotations

import base64
import contextlib
import io
import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from PIL import Image
from pydicom.datadict import DicomDictionary, keyword_for_tag
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.tag import Tag
from pydicom.uid import JPEGBaseline8Bit

from radixgpt.errors import RejectedObjectError
from radixgpt.reading.quiet import quiet

PLAIN: dict[str, str] = {
    "PatientName": "ZQPNAME^ZQGIVEN",
    "PatientID": "ZQID-0001",
    "IssuerOfPatientID": "ZQISSUER",
    "OtherPatientIDs": "ZQOTHERID",
    "OtherPatientNames": "ZQALIAS^X",
    "PatientBirthName": "ZQBORN^X",
    "PatientMotherBirthName": "ZQMOTHER^X",
    "PatientBirthDate": "19610203",
    "PatientAddress": "ZQSTREET 5",
    "PatientTelephoneNumbers": "ZQPHONE",
    "PatientComments": "ZQCOMMENT",
    "AdditionalPatientHistory": "ZQHISTORY",
    "Occupation": "ZQJOB",
    "MilitaryRank": "ZQRANK",
    "AccessionNumber": "ZQACC",
    "StudyID": "ZQSTUDYID",
    "AdmissionID": "ZQADMISSION",
    "ReferringPhysicianName": "ZQREFERRER^X",
    "PerformingPhysicianName": "ZQPERFORMER^X",
    "NameOfPhysiciansReadingStudy": "ZQREADER^X",
    "OperatorsName": "ZQOPERATOR^X",
    "InstitutionName": "ZQHOSPITAL",
    "InstitutionAddress": "ZQTOWN",
    "InstitutionalDepartmentName": "ZQWARD",
    "StationName": "ZQSTATION",
    "DeviceSerialNumber": "ZQSERIAL",
    "StudyDescription": "MRI lumbar spine ZQSTUDYTEXT",
    "SeriesDescription": "T2 sag ZQSERIESTEXT",
    "ProtocolName": "lumbalzqprotocol",
    "ImageComments": "ZQIMAGETEXT",
    "ContrastBolusAgent": "ZQAGENT 10 ml",
    "Manufacturer": "Siemens ZQMAKER",
    "BodyPartExamined": "ZQPART",
    "DeidentificationMethod": "ZQMETHOD",
    "IrradiationEventUID": "1.2.826.0.1.3680043.8.498.4711001",
    "FrameOfReferenceUID": "1.2.826.0.1.3680043.8.498.4711002",
    "SeriesDate": "20240117",
    "AcquisitionDateTime": "20240119101112.5",
    "RequestedProcedureDescription": "ZQREQUEST",
    "PerformedProcedureStepID": "ZQSTEP",
}
TOKENS = {
    **{keyword: re.split(r"[\s^.]", value)[-1] or value for keyword, value in PLAIN.items()},
    "PatientName": "ZQGIVEN",
    "PatientAddress": "ZQSTREET",
    "AcquisitionDateTime": "20240119",
    "ContrastBolusAgent": "ZQAGENT",
    "ProtocolName": "zqprotocol",
    "IrradiationEventUID": "4711001",
    "FrameOfReferenceUID": "4711002",
    **{k: v.split("^")[0] for k, v in PLAIN.items() if v.endswith("^X")},
}
GROUPS = ("ZQPNAME^ZQGIVEN", "山田座^太郎座", "やまだざ^たろうざ")
"""The patient's name in letters, ideographs and as it is spoken."""
SECOND = "ÄZQSECOND^Ürgen"
"""Another name of several values, with letters that encodings write differently."""
FORGED = "1.2.840.10008.4711003"


def seeded(tools: Any) -> tuple[bytes, set[str]]:
    """An object with identifiers wherever they are met, and what must not be found."""
    pixels = np.random.default_rng(3).integers(0, 900, (48, 64), dtype=np.uint16)
    made = tools.make(pixels=pixels, **PLAIN)
    made.BitsStored, made.HighBit = 12, 11
    # An overlay in the unused bits of the pixels.
    drawn = np.frombuffer(b"ZQOVERBITS" * 308, dtype=np.uint8)[: 48 * 64].astype(np.uint16)
    high = pixels & 0x0FFF | ((drawn & 0xF) << 12).reshape(48, 64)
    made.PixelData = high.tobytes()
    made.ImageType = ["ORIGINAL", "PRIMARY", "ZQTYPE"]
    made.ScanOptions = ["FS", "ZQOPTION"]
    made.StackID = "ZQSTACK"
    nested = Dataset()
    nested.PatientName, nested.RequestedProcedureID = "ZQNESTED^X", "ZQNESTEDID"
    made.RequestAttributesSequence = [nested]
    other = Dataset()
    other.PatientID, other.TypeOfPatientID = "ZQSEQID", "TEXT"
    made.OtherPatientIDsSequence = [other]
    reference = Dataset()
    reference.ReferencedSOPClassUID = made.SOPClassUID
    reference.ReferencedSOPInstanceUID = "1.2.826.0.1.3680043.8.498.4711004"
    inner = reference.private_block(0x0009, "ZQCREATORDEEP", create=True)
    inner.add_new(1, "LO", "ZQPRIVATEDEEP")
    reference.PurposeOfReferenceCodeSequence = [code("99ZQ", "ZQCODE", "ZQMEANING")]
    made.ReferencedImageSequence = [reference]
    made.AnatomicRegionSequence = [code("SCT", "122496007", "ZQLUMBAR")]
    made.AnatomicRegionSequence[0].AnatomicRegionModifierSequence = [
        code("SCT", FORGED[-7:], "ZQMODIFIER")
    ]
    private = made.private_block(0x0029, "ZQCREATOR", create=True)
    private.add_new(0x10, "OB", b"ZQPRIVATE!")
    hidden = Dataset()
    hidden.PatientName = "ZQPRIVATESEQ^X"
    private.add_new(0x20, "SQ", [hidden])
    made.add_new(0x50003000, "OW", b"ZQCURVE!")
    made.add_new(0x50000022, "LO", "ZQCURVELABEL")
    made.add_new(0x60003000, "OW", b"ZQOVERLAY!")
    made.add_new(0x60001500, "LO", "ZQOVERLAYLABEL")
    made.add_new(0x00204000, "LT", "ZQIMAGETEXT")
    made.add_new(0x00091010, "UN", b"ZQUNKNOWNVR!")
    table = Dataset()
    table.LUTDescriptor, table.ModalityLUTType, table.LUTExplanation = [4, 0, 16], "US", "ZQLUT"
    table.LUTData = b"\1\0\2\0\3\0\4\0ZQTABLE!"
    made.ModalityLUTSequence = [table]
    made.RelatedSeriesSequence = [Dataset()]
    made.RelatedSeriesSequence[0].StudyInstanceUID = FORGED
    made.file_meta.SourceApplicationEntityTitle = "ZQAET"
    made.file_meta.PrivateInformationCreatorUID = "1.2.826.0.1.3680043.8.498.4711005"
    made.file_meta.PrivateInformation = b"ZQMETA"
    made.preamble = b"ZQPREAMBLE".ljust(128, b"\0")
    made.add_new(0xFFFCFFFC, "OB", b"ZQPADDING!")
    made.SpecificCharacterSet = "ISO_IR 192"
    made.PatientName = "=".join(GROUPS)
    made.OtherPatientNames = [PLAIN["OtherPatientNames"], SECOND]
    elsewhere(made)
    uids = [made.SOPInstanceUID, made.StudyInstanceUID, made.SeriesInstanceUID]
    texts = {
        *TOKENS.values(), *uids, FORGED, "4711003", "4711004", "4711005",
        "ZQTYPE", "ZQOPTION", "ZQSTACK", "ZQNESTED", "ZQNESTEDID", "ZQSEQID", "ZQCREATORDEEP",
        "ZQPRIVATEDEEP", "ZQCODE", "99ZQ", "ZQMEANING", "ZQLUMBAR", "ZQMODIFIER", "ZQCREATOR",
        "ZQPRIVATE", "ZQPRIVATESEQ", "ZQCURVE", "ZQCURVELABEL", "ZQOVERLAY", "ZQOVERLAYLABEL",
        "ZQUNKNOWNVR", "ZQLUT", "ZQTABLE", "ZQAET", "ZQMETA", "ZQPREAMBLE", "ZQPADDING",
        "ZQBEHIND", "20240105", "山田座", "太郎座", "やまだざ", "たろうざ", "ZQSECOND", "Ürgen",
        *ELSEWHERE,
    }  # fmt: skip
    return tools.save(made) + b"ZQBEHIND", texts


ELSEWHERE = (
    "ZQPDFTITLE", "ZQPDFBYTES", "ZQSRTEXT", "ZQSRPERSON", "ZQSRCONCEPT", "ZQGPSDATUM", "ZQUNITUID",
    "ZQICON", "ZQORIGINAL", "ZQCHANGER", "ZQSIGNED", "ZQENCRYPTED", "ZQWAVE", "ZQCOLOR", "ZQLAST",
    "ZQGUARD", "ZQINSURER", "ZQPAYLOAD", "ZQRETIRED",
)  # fmt: skip
"""What stands in other objects' elements, copied into an image as some senders do."""


def elsewhere(made: Dataset) -> None:
    """Documents, report text, places, signatures and pictures within an image's header."""
    made.DocumentTitle, made.EncapsulatedDocument = "ZQPDFTITLE", b"%PDF-1.4 ZQPDFBYTES "
    person, text = Dataset(), Dataset()
    text.ValueType, text.TextValue = "TEXT", "Seen with ZQSRTEXT"
    text.ConceptNameCodeSequence = [code("99ZQ", "ZQCODE", "ZQSRCONCEPT")]
    person.ValueType, person.PersonName = "PNAME", "ZQSRPERSON^X"
    text.ContentSequence = [person]
    made.ContentSequence = [text]
    made.add_new(0x00160075, "UT", "ZQGPSDATUM")  # GPS map datum
    made.DeviceUID = "1.2.826.0.1.3680043.8.498.4711006"
    made.add_new(0x0018100B, "LO", "ZQUNITUID")  # manufacturer's device class UID, wrongly typed
    icon = Dataset()
    icon.Rows, icon.Columns, icon.PixelData = 1, 6, b"ZQICON"
    icon["PixelData"].VR = "OB"
    made.IconImageSequence = [icon]
    before, was = Dataset(), Dataset()
    was.PatientName = "ZQORIGINAL^X"
    before.ModifiedAttributesSequence, before.ModifyingSystem = [was], "ZQCHANGER"
    made.OriginalAttributesSequence = [before]
    signature, sealed = Dataset(), Dataset()
    signature.Signature, sealed.EncryptedContent = b"ZQSIGNED", b"ZQENCRYPTED!"
    made.DigitalSignaturesSequence, made.EncryptedAttributesSequence = [signature], [sealed]
    wave = Dataset()
    wave.WaveformData = b"ZQWAVE"
    wave["WaveformData"].VR = "OB"
    made.WaveformSequence = [wave]
    made.ICCProfile = b"ZQCOLOR!"
    made.add_new(0x00089215, "SQ", [code("99ZQ", "ZQLAST", "ZQLAST")])  # derivation code
    made.ResponsiblePerson = "ZQGUARD^X"
    made.InsurancePlanIdentification = "ZQINSURER"
    made.add_new(0x00420012, "LO", "ZQPAYLOAD")  # MIME type of a document
    made.add_new(0x40000010, "LT", "ZQRETIRED")  # arbitrary text, retired


def code(scheme: str, value: str, meaning: str) -> Dataset:
    item = Dataset()
    item.CodingSchemeDesignator, item.CodeValue, item.CodeMeaning = scheme, value, meaning
    return item


def spelled(text: str) -> Iterator[bytes]:
    """The ways in which bytes may hold an identifier, in lower case."""
    for one in {text, text.lower(), text.upper(), text.title()}:
        for encoding in ("utf-8", "latin-1", "utf-16-le", "utf-16-be", "shift_jis", "euc_jp"):
            with contextlib.suppress(UnicodeEncodeError):
                raw = one.encode(encoding)
                yield raw.lower()
                yield raw.hex().encode()
                for lead in range(3):
                    # What base64 makes of it wherever it begins, without what its neighbours share.
                    whole = base64.b64encode(b"\0" * lead + raw)
                    yield whole[-(-lead * 8 // 6) : len(whole) - 4].lower()


def test_every_spelling_of_an_identifier_would_be_found() -> None:
    name = "Ürgen-ZQ-Name"
    for encoding in ("utf-8", "latin-1", "utf-16-le", "utf-16-be"):
        raw = name.encode(encoding)
        for held in (raw, raw.hex().encode(), base64.b64encode(b"ab" + raw + b"xyz")):
            assert any(one in held.lower() for one in spelled(name))


def test_none_of_the_seeded_identifiers_is_in_the_output(run: Any, tools: Any) -> None:
    data, secrets = seeded(tools)
    assert len(secrets) >= 100
    hidden = {s for s in secrets if s.encode().lower() not in data.lower()}
    assert not hidden, "a seed that is not in the source tests nothing"
    cleaned = run(data)
    written = cleaned.data.lower()
    found = {s for s in secrets for one in spelled(s) if len(one) >= 4 and one in written}
    assert found == set()
    assert b"zq" not in written
    assert not any(secret.lower() in cleaned.name.lower() for secret in secrets)


def test_overlays_in_unused_bits_are_gone_and_the_image_is_as_it_was(run: Any, tools: Any) -> None:
    data, _ = seeded(tools)
    found = tools.open(run(data))
    assert int(found.pixel_array.max()) < 4096
    expected = np.random.default_rng(3).integers(0, 900, (48, 64), dtype=np.uint16)
    assert np.array_equal(found.pixel_array, expected)


def test_no_element_of_the_dictionary_lets_a_text_through(run: Any, tools: Any) -> None:
    made = tools.make()
    texts = {"LO", "SH", "ST", "LT", "UT", "UC", "PN", "UR", "AE", "CS"}
    seeded_tags = 0
    with quiet():
        for number, (vr, _, _, _, keyword) in DicomDictionary.items():
            tag = Tag(number)
            if vr not in texts or tag.group in (0x0000, 0x0002) or not keyword or keyword in made:
                continue
            made.add_new(tag, vr, "ZQ LUMBAR X")
            seeded_tags += 1
    assert seeded_tags > 1500
    made.SeriesDescription = "ZQ LUMBAR X"
    assert b"ZQ" not in run(made).data


def test_no_element_of_the_dictionary_lets_a_uid_a_date_or_a_code_through(
    run: Any, tools: Any
) -> None:
    made = tools.make()
    with quiet():
        for number, (vr, _, _, _, keyword) in DicomDictionary.items():
            tag = Tag(number)
            if tag.group in (0x0000, 0x0002) or not keyword or keyword in made:
                continue
            if vr == "UI":
                made.add_new(tag, vr, "1.2.826.0.1.3680043.8.498.4711777")
            elif vr in ("DA", "DT"):
                made.add_new(tag, vr, "20231224")
            elif vr == "TM":
                made.add_new(tag, vr, "131719")
            elif vr == "SQ":
                made.add_new(tag, vr, [code("99ZQ", "ZQ", "ZQ MEANING")])
    made.FrameOfReferenceUID = "1.2.826.0.1.3680043.8.498.4711777"
    written = run(made).data
    for secret in (b"4711777", b"20231224", b"131719", b"ZQ"):
        assert secret not in written


def test_every_element_written_is_on_the_list(run: Any, tools: Any) -> None:
    from radixgpt.deidentify.allowed import EMPTY, RULES

    data, _ = seeded(tools)
    ours = {
        *RULES, *EMPTY, "PatientName", "PatientID", "PatientAge", "PatientIdentityRemoved",
        "DeidentificationMethod", "DeidentificationMethodCodeSequence", "CodeValue",
        "CodingSchemeDesignator", "CodeMeaning", "LongitudinalTemporalInformationModified",
        "ContentTime", "PixelData",
    }  # fmt: skip
    for element in tools.open(run(data)).iterall():
        assert keyword_for_tag(element.tag) in ours


def test_a_comment_within_compressed_pixels_is_gone(run: Any, tools: Any) -> None:
    grey = np.tile(np.arange(64, dtype=np.uint8) * 3, (48, 1))
    buffer = io.BytesIO()
    Image.fromarray(grey).save(buffer, "JPEG", quality=95, comment=b"ZQJPEGCOMMENT")
    made = tools.make(pixels=grey, TransferSyntaxUID=JPEGBaseline8Bit)
    made.PixelData = encapsulate([buffer.getvalue()])
    made["PixelData"].is_undefined_length = True
    data = tools.save(made)
    assert b"ZQJPEGCOMMENT" in data
    cleaned = run(data)
    assert b"ZQJPEGCOMMENT" not in cleaned.data
    found = tools.open(cleaned)
    assert found.LossyImageCompression == "01"
    assert np.abs(found.pixel_array.astype(int) - grey).max() < 8


def test_bytes_behind_the_samples_are_never_passed(run: Any, tools: Any) -> None:
    made = tools.make()
    made.PixelData = made.PixelData + b"ZQEXCESS" * 40
    with pytest.raises(RejectedObjectError) as caught:
        run(made)
    assert caught.value.reason == "lying-header"


@pytest.mark.parametrize(
    ("keyword", "value"),
    [
        ("PatientID", "4711123456"),
        ("AccessionNumber", "98765432"),
        ("PatientBirthDate", "19610203"),
    ],
)
def test_an_identifier_in_a_place_of_a_number_is_kept_out(
    keyword: str, value: str, run: Any, tools: Any
) -> None:
    made = tools.make(**{keyword: value})
    made.EchoTime = value
    with pytest.raises(RejectedObjectError) as caught:
        run(made)
    assert caught.value.reason == "identifier-left"


def test_a_name_that_is_a_word_of_the_list_stops_nothing(run: Any, tools: Any) -> None:
    made = tools.make(PatientName="WATER^LUMBAR", SeriesDescription="T2 lumbar")
    made.ImageType = ["ORIGINAL", "PRIMARY", "WATER"]
    found = tools.open(run(made))
    assert found.PatientName != "WATER^LUMBAR"
    assert found.SeriesDescription == "lumbar spine T2"
