"""Reports → the files that learning platforms, spreadsheets and mail programs read. Computes no points."""
