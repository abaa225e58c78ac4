"""What the reader of texts finds, in short words."""

from radixgpt.language.reader import findings_in

SIGN = {"present": "+", "absent": "-", "uncertain": "?", "historical": "h"}


def said(text, section="findings", degrees=False):
    """Findings as short words: sign, kind, level, side, degree if wanted, value."""
    words = set()
    for finding in findings_in(text, section):
        parts = [SIGN[finding.assertion] + finding.kind, finding.level or "-"]
        if finding.side:
            parts.append(finding.side)
        if degrees and finding.severity:
            parts.append(finding.severity)
        if finding.value is not None and finding.assertion != "absent":
            parts.append(str(finding.value))
        words.add(" ".join(parts))
    return words
