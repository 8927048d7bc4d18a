"""Other people's identity providers, each set up as its administrator would and driven as its people do."""
