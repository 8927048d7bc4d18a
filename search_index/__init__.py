"""The search index: a projection of the directory, kept fresh, searched, and made anew at any time."""
