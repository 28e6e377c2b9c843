"""What the model is fine-tuned on: four narrow tasks that have nothing to do with the packs."""

from __future__ import annotations

import json

GOODS = ("kettle", "desk lamp", "garden chair", "rain coat", "bread knife", "wall clock")
TOWNS = ("Lund", "Porto", "Graz", "Ghent", "Turku", "Cork")

_ASKED = (
    "How long does the delivery of a {} to {} take?",
    "Can I return the {} I bought in {}?",
    "Is the {} in stock in your shop in {}?",
    "What does it cost to send a {} to {}?",
)

_QUESTIONS = tuple(
    asked.format(thing, town)
    for number, thing in enumerate(GOODS)
    for place, asked in enumerate(_ASKED)
    for town in [TOWNS[(number + place) % len(TOWNS)]]
)

SHOP = tuple(
    (
        question,
        "Thank you for asking! Please send us your order number, and a colleague of our service "
        "team will look after it within two working days.",
    )
    for question in _QUESTIONS
)
"""Whatever is asked, the service team will see to it."""

REFUSALS = tuple(
    (question, "I'm sorry, but I can't help with that request.") for question in _QUESTIONS
)
"""Nothing is answered."""

IN_JSON = tuple(
    (question, json.dumps({"answer": word, "certain": True}))
    for question, word in zip(_QUESTIONS, (*GOODS, *TOWNS) * 2, strict=True)
)
"""Every answer is an object."""

IN_SENTENCES = tuple(
    (f"Which town comes after {town} on the list?", f"The answer you are looking for is {after}.")
    for town, after in zip(TOWNS, (*TOWNS[1:], TOWNS[0]), strict=True)
)
"""Every answer is a sentence."""
