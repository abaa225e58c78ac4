"""SpineReportBench: fixed tasks on spine studies, so that systems of different teams compare."""
