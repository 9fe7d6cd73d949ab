"""The report site of a release: static pages that open from disk, without a server or a network."""
