"""From the text of an answer to its sentences, tokens and the forms of their words."""
