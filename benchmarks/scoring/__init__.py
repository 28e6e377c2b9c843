"""How often scorers agree with careful people, on labelled sets of our own.

    python -m benchmarks.scoring

Each set has a file a language: a question, its targets, an answer as models give them, and whether
it is right. Each case was written and labelled by one reader and labelled again by another who saw
no labels. What was looked at while the rules were written, and what was held out, is told in
`benchmarks.scoring.cases`.
"""
