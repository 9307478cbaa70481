"""What is shown: from the numbers of a run to a PDF that can be sent on."""
