"""The commands of `csw` that look after what runs have made: releases, the landing folder, the lock."""
