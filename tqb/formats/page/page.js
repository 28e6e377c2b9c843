"use strict";
// Shows the items of the page: filters, search, order, links to one item. Texts are written as text,
// never as markup. What is far from the window is empty, so that 100,000 items stay light.
(() => {
  const { strings, items } = JSON.parse(document.getElementById("data").textContent);
  const [PACK, ID, OUTCOME, CHANGE, LANGUAGE, CATEGORY, DIFFICULTY, QUESTION, EXPECTED, ANSWERS,
    PASSES, THEN, QUESTION_CHARS, EXPECTED_CHARS] = Array(14).keys();
  const [A_OUTCOME, A_TEXT, A_WHY, A_MATCHED, A_PROMPT, A_COMPLETION, A_LATENCY, A_FINISH, A_SIGNS,
    A_MARKS, A_CHARS, A_NAME, A_JUDGED] = Array(13).keys();
  const CHOICES = { outcome: OUTCOME, change: CHANGE, pack: PACK, language: LANGUAGE,
    category: CATEGORY, difficulty: DIFFICULTY };
  const CONTROLS = ["q", ...Object.keys(CHOICES), "sort"];
  const ICONS = { pass: "✓", fail: "✗", error: "!" };
  const CHUNK = 50; // rows that come and go together
  const NEAR = "1200px 0px"; // how far from the window a row is made
  const MOST_PRINTED = 1000;
  const LONG = 2000; // characters of a text that scrolls by itself

  const at = (id) => document.getElementById(id);
  const list = at("list");
  const named = (row, place) => strings[row[place] || 0];
  const words = (name) => name.replaceAll("_", " ");
  const keyOf = (row) => `${named(row, PACK)}/${row[ID] ?? ""}`;
  const answersOf = (row) => row[ANSWERS] || [];
  const number = (value) => value.toLocaleString("en");
  const open = new Set(); // places in `items`
  let shown = []; // places in `items`, in the order of the list
  let chunks = [];

  function make(tag, text = "", attributes = {}) {
    const element = document.createElement(tag);
    element.textContent = text;
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    return element;
  }

  // What is shown

  const haystacks = [];
  function haystack(place) {
    const row = items[place];
    haystacks[place] ??= [keyOf(row), row[QUESTION], named(row, EXPECTED),
      ...answersOf(row).flatMap((one) => [one[A_TEXT] ?? "", named(one, A_WHY)])]
      .join("\n").toLowerCase();
    return haystacks[place];
  }

  const most = (row, of) => Math.max(-1, ...answersOf(row).map(of));
  const collator = new Intl.Collator("en", { numeric: true });
  const ORDERS = {
    latency: (row) => most(row, (one) => one[A_LATENCY] ?? -1),
    tokens: (row) => most(row, (one) => (one[A_PROMPT] ?? 0) + (one[A_COMPLETION] ?? 0)),
  };

  function select() {
    const query = at("q").value.trim().toLowerCase();
    const wanted = Object.entries(CHOICES)
      .map(([id, place]) => [place, at(id).value])
      .filter(([, value]) => value);
    shown = [...items.keys()].filter((place) =>
      wanted.every(([column, value]) => named(items[place], column) === value)
      && (!query || haystack(place).includes(query)));
    const order = at("sort").value;
    if (order === "name") {
      shown.sort((a, b) => collator.compare(keyOf(items[a]), keyOf(items[b])));
    } else if (order) {
      const worth = new Map(shown.map((place) => [place, ORDERS[order](items[place])]));
      shown.sort((a, b) => worth.get(b) - worth.get(a));
    }
    lay();
  }

  // Rows that come and go

  const watcher = new IntersectionObserver((seen) => {
    for (const one of seen) (one.isIntersecting ? fill : empty)(one.target);
  }, { rootMargin: NEAR });

  function lay() {
    watcher.disconnect();
    chunks = [];
    for (let start = 0; start < shown.length; start += CHUNK) {
      const chunk = make("div", "", { role: "none" });
      chunk.start = start;
      chunks.push(chunk);
    }
    list.replaceChildren(...chunks);
    list.toggleAttribute("hidden", !chunks.length);
    if (chunks.length) {
      list.setAttribute("role", "list");
      fill(chunks[0]);
      const height = chunks[0].offsetHeight / chunks[0].childElementCount;
      for (const chunk of chunks.slice(1)) {
        const rows = Math.min(CHUNK, shown.length - chunk.start);
        chunk.style.height = `${rows * height}px`;
      }
    }
    for (const chunk of chunks) watcher.observe(chunk);
    const all = items.length;
    at("status").textContent = all ? `${number(shown.length)} of ${number(all)} items shown` : "";
  }

  function fill(chunk) {
    if (chunk.childElementCount) return;
    const places = shown.slice(chunk.start, chunk.start + CHUNK);
    chunk.replaceChildren(...places.map((place, n) => rowOf(place, chunk.start + n)));
    chunk.style.height = "";
  }

  function empty(chunk) {
    if (chunk === chunks[0] || !chunk.childElementCount) return;
    if (chunk.contains(document.activeElement)) return;
    chunk.style.height = `${chunk.offsetHeight}px`;
    chunk.replaceChildren();
  }

  // One item

  function rowOf(place, position) {
    const row = items[place];
    const outcome = named(row, OUTCOME);
    const change = named(row, CHANGE);
    const holder = make("div", "", { role: "listitem", class: "item",
      "aria-setsize": shown.length, "aria-posinset": position + 1 });
    const details = make("details");
    const summary = make("summary");
    const word = make("span", "", { class: `outcome ${outcome}` });
    word.append(make("span", ICONS[outcome] ?? "–", { class: "mark", "aria-hidden": "true" }),
      ` ${outcome}`);
    summary.append(word, " ");
    if (change && change !== "unchanged") {
      summary.append(make("span", words(change), { class: `change ${change}` }), " ");
    }
    summary.append(make("bdi", keyOf(row), { class: "key" }), " ",
      text("bdi", row[QUESTION], row, "asked"));
    if (named(row, PASSES)) summary.append(" ", make("span", `${named(row, PASSES)} passed`));
    details.append(summary);
    details.place = place;
    holder.append(details);
    details.addEventListener("toggle", () => {
      if (details.open) open.add(place); else open.delete(place);
      if (details.open && details.childElementCount === 1) details.append(bodyOf(row));
    });
    if (open.has(place)) {
      details.append(bodyOf(row));
      details.open = true;
    }
    return holder;
  }

  function text(tag, content, row, kind = "") {
    const element = make(tag, content, { dir: "auto" });
    if (kind) element.className = kind;
    if (!kind && content.length > LONG) {
      element.className = "long";
      element.tabIndex = 0; // it scrolls by itself
    }
    const language = named(row, LANGUAGE);
    if (/^[A-Za-z]{2,3}(-[A-Za-z0-9]+)*$/.test(language) && language !== "und") {
      element.lang = language;
    }
    return element;
  }

  function line(label, ...content) {
    const holder = make("div");
    const value = make("dd");
    value.append(...content);
    holder.append(make("dt", label), value);
    return holder;
  }

  function cut(element, chars) {
    return chars ? [element, make("small", `cut: ${number(chars)} characters in all`)] : [element];
  }

  function bodyOf(row) {
    const body = make("div", "", { class: "body" });
    const rows = make("dl");
    rows.append(line("Question", ...cut(text("p", row[QUESTION] ?? "", row), row[QUESTION_CHARS])),
      line("Expected", ...cut(text("p", named(row, EXPECTED), row), row[EXPECTED_CHARS])));
    for (const one of answersOf(row)) rows.append(...answerLines(one, row));
    const told = [[LANGUAGE, "language"], [CATEGORY, "category"], [DIFFICULTY, "difficulty"]]
      .filter(([place]) => named(row, place))
      .map(([place, label]) => `${label} ${named(row, place)}`);
    if (named(row, CHANGE)) told.push(`since the baseline: ${words(named(row, CHANGE))}`);
    if (named(row, THEN)) told.push(`${named(row, THEN)} passed in the baseline`);
    const link = make("a", "Link to this item", { href: `#item=${encodeURIComponent(keyOf(row))}` });
    const facts = make("p", "", { class: "facts" });
    facts.append(...spans(told), link);
    body.append(rows, facts);
    return body;
  }

  function answerLines(one, row) {
    const outcome = named(one, A_OUTCOME);
    const answered = outcome === "pass" || outcome === "fail" || one[A_TEXT] != null;
    const name = named(one, A_NAME);
    const lines = [];
    const head = make("span", `${ICONS[outcome] ?? "–"} ${outcome}`, { class: `outcome ${outcome}` });
    if (answered) {
      const said = one[A_TEXT] ? text("p", one[A_TEXT], row)
        : make("p", "(empty)", { class: "nothing" });
      lines.push(line(name || "Answer", ...(name ? [head] : []), ...cut(said, one[A_CHARS])));
    } else {
      lines.push(line(name || "Answer", head));
    }
    if (one[A_MARKS]) lines.push(line("Difference", marked(one[A_MARKS], row)));
    const why = named(one, A_WHY);
    const rule = named(one, A_MATCHED);
    const reason = why || (rule ? `matched by ${rule}` : "");
    if (reason) lines.push(line("Why", make("p", reason, { dir: "auto" })));
    if (why && rule) lines.push(line("Rule", make("p", rule)));
    if (named(one, A_JUDGED)) lines.push(line("Judge", make("p", named(one, A_JUDGED), { dir: "auto" })));
    const facts = [
      one[A_PROMPT] != null && `${number(one[A_PROMPT])} tokens in`,
      one[A_COMPLETION] != null && `${number(one[A_COMPLETION])} tokens out`,
      one[A_LATENCY] != null && `${one[A_LATENCY]} s`,
      named(one, A_FINISH) && `finish reason ${named(one, A_FINISH)}`,
      ...(one[A_SIGNS] || []).map((sign) => `sign: ${strings[sign]}`),
    ].filter(Boolean);
    if (facts.length) {
      const told = make("p", "", { class: "facts" });
      told.append(...spans(facts));
      lines.push(line("Figures", told));
    }
    return lines;
  }

  function marked(marks, row) {
    const whole = text("p", "", row);
    for (let place = 0; place < marks.length; place += 2) {
      const part = make(["span", "del", "ins"][marks[place]], marks[place + 1]);
      const said = ["", "missing: ", "extra: "][marks[place]];
      if (said) part.prepend(make("bdi", said, { class: "hidden" }));
      whole.append(part);
    }
    return whole;
  }

  const spans = (texts) => texts.flatMap((one) => [make("span", one), " "]);

  // The address: what is chosen, or one item

  function read() {
    const wanted = new URLSearchParams(location.hash.slice(1));
    const known = CONTROLS.some((id) => wanted.has(id));
    if (!known && !wanted.has("item")) return;
    for (const id of CONTROLS) at(id).value = (known && wanted.get(id)) || "";
    for (const id of CONTROLS) if (at(id).selectedIndex === -1) at(id).value = "";
    select();
    if (wanted.has("item")) show(wanted.get("item"));
    else at("items").scrollIntoView();
  }

  function show(key) {
    const place = items.findIndex((row) => keyOf(row) === key);
    if (place === -1) {
      at("status").textContent = "The item of this link is not on the page";
      return;
    }
    open.add(place);
    if (!shown.includes(place)) {
      for (const id of CONTROLS) at(id).value = "";
      select();
    }
    const position = shown.indexOf(place);
    const chunk = chunks[Math.floor(position / CHUNK)];
    chunk.replaceChildren();
    fill(chunk);
    const details = chunk.children[position % CHUNK].firstElementChild;
    details.scrollIntoView();
    details.firstElementChild.focus({ preventScroll: true });
  }

  function write() {
    const chosen = CONTROLS.filter((id) => at(id).value).map((id) => [id, at(id).value]);
    history.replaceState(null, "", `#${chosen.length ? new URLSearchParams(chosen) : "items"}`);
  }

  // The controls

  function offer(id, column) {
    const counts = new Map();
    for (const row of items) counts.set(named(row, column), (counts.get(named(row, column)) || 0) + 1);
    counts.delete("");
    const names = [...counts.keys()].sort(collator.compare);
    at(id).append(...names.map((name) =>
      make("option", `${words(name)} (${number(counts.get(name))})`, { value: name })));
    at(id).closest("label").hidden = names.length < (id === "change" ? 1 : 2);
  }

  for (const [id, column] of Object.entries(CHOICES)) offer(id, column);
  let waiting = 0;
  for (const id of CONTROLS) {
    at(id).addEventListener("input", () => {
      clearTimeout(waiting);
      waiting = setTimeout(() => { write(); select(); }, id === "q" ? 150 : 0);
    });
  }
  at("clear").addEventListener("click", () => {
    for (const id of CONTROLS) at(id).value = "";
    write();
    select();
    at("q").focus();
  });
  list.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step || event.target.localName !== "summary") return;
    const summaries = [...list.querySelectorAll("summary")];
    const next = summaries[summaries.indexOf(event.target) + step];
    if (next) {
      event.preventDefault();
      next.focus();
    }
  });
  addEventListener("hashchange", read);
  addEventListener("beforeprint", () => {
    watcher.disconnect();
    for (const chunk of chunks.slice(0, MOST_PRINTED / CHUNK)) {
      fill(chunk);
      for (const details of chunk.querySelectorAll("details:not([open])")) {
        if (details.childElementCount === 1) details.append(bodyOf(items[details.place]));
      }
    }
    for (const details of document.querySelectorAll("details:not([open])")) {
      details.classList.add("closed");
      details.open = true;
    }
  });
  addEventListener("afterprint", () => {
    for (const details of document.querySelectorAll("details.closed")) {
      details.classList.remove("closed");
      details.open = false;
    }
    for (const chunk of chunks) watcher.observe(chunk);
  });

  at("controls").hidden = !items.length;
  select();
  read();
})();
