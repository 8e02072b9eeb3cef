"""The tests of weft; they mirror the packages."""
