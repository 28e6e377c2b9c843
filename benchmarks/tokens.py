"""What a question costs in tokens, by language: the parallel packs through tokenizers of packages.

    python -m benchmarks.tokens

The premium of a language is the tokens of its questions over those of the same concepts in English.
cl100k_base and o200k_base are tiktoken's, the third is Anthropic's for its first models; LiteLLM
carries the data of all three, so nothing is fetched.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import tqb

Count = Callable[[str], int]


def counters() -> dict[str, Count]:
    """Return what counts the tokens of a text, by name of the tokenizer."""
    spec = find_spec("litellm")
    if spec is None or spec.origin is None:
        raise SystemExit("LiteLLM is not installed")
    folder = Path(spec.origin).parent / "litellm_core_utils" / "tokenizers"
    os.environ["TIKTOKEN_CACHE_DIR"] = str(folder)
    import tiktoken
    from tokenizers import Tokenizer

    found: dict[str, Count] = {}
    for name in ("cl100k_base", "o200k_base"):
        encoding = tiktoken.get_encoding(name)
        found[name] = lambda text, encoding=encoding: len(encoding.encode(text))  # type: ignore[misc]
    anthropic = Tokenizer.from_file(str(folder / "anthropic_tokenizer.json"))
    found["anthropic"] = lambda text: len(anthropic.encode(text).ids)
    return found


def main() -> int:
    """Print the table."""
    from tqb.packs import shipped_packs

    packs = [tqb.load_pack(name) for name in shipped_packs() if name.startswith("core-")]
    shared = set.intersection(*({item.concept for item in pack.items} for pack in packs))
    texts = {p.language: [i.text for i in p.items if i.concept in shared] for p in packs}
    count = counters()
    print(f"tokens of {len(shared)} questions, and how many times those of English\n")
    print(f"{'language':<10}" + "".join(f"{name:>20}" for name in count))
    english = {name: sum(map(of, texts["en"])) for name, of in count.items()}
    for language in sorted(texts, key=lambda name: (name != "en", name)):
        sums = {name: sum(map(of, texts[language])) for name, of in count.items()}
        cells = (f"{sums[name]:>12,}{sums[name] / english[name]:>7.2f}×" for name in count)
        print(f"{language:<10}" + "".join(cells))
    return 0


if __name__ == "__main__":
    sys.exit(main())
