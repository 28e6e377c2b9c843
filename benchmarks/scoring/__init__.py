"""How often scorers agree with careful people, on a labelled set of our own.

    python -m benchmarks.scoring

Twelve files of 75 cases: a question, its targets, an answer as models give them, and whether it is
right. Almost half of the answers are wrong and most of those look right. Each case was written and
labelled by one reader and labelled again by another who saw no labels; the two agreed on all 900.
Part of the set was looked at while the rules were written, so it says what the scorer can do, and
not what it will do on answers that nobody has seen.
"""
