"""The commands of ``crs-cds``, one file each."""
