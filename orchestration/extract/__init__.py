"""`csw extract`: fetch the records of a system and put them into the landing folder."""
