// `<nl-transfer>`: two lists around a `<select multiple>`, which stays what is posted.

const MOST_ROWS = 300;
let transfers = 0;

/** Words, all of which must occur; `*` stands for anything. */
function matcher(text) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const patterns = words.map(
    (word) => new RegExp(word.split("*").map((part) => part.replace(/[.+?^${}()|[\]\\]/g, "\\$&")).join(".*")),
  );
  return (item) => patterns.every((pattern) => pattern.test(item.text));
}

function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  const sprite = document.querySelector("svg.icon use").getAttribute("href").split("#")[0];
  use.setAttribute("href", `${sprite}#${name}`);
  svg.append(use);
  return svg;
}

/** One of the two lists: a filter and a listbox that the keyboard can do everything in. */
class Pane {
  constructor(owner, id, label, words) {
    this.owner = owner;
    this.words = words;
    this.items = [];
    this.marked = new Set();
    this.active = null;
    this.anchor = null;
    this.count = element("span", { class: "nl-count" });
    this.filter = element("input", {
      class: "form-control", type: "search", placeholder: words.filter, autocomplete: "off",
      "aria-label": `${words.filter}: ${label}`,
    });
    this.list = element("ul", {
      role: "listbox", id, tabindex: "0", "aria-multiselectable": "true", "aria-label": label,
    });
    this.note = element("p", { class: "nl-transfer-note" });
    this.root = element(
      "div", { class: "nl-transfer-pane" },
      element("div", { class: "nl-transfer-head" }, element("strong", {}, label), this.count),
      this.filter, this.list, this.note,
    );
    this.filter.addEventListener("input", () => this.draw());
    this.filter.addEventListener("keydown", (event) => {
      if (event.key === "Enter") event.preventDefault();
      if (event.key === "ArrowDown") {
        event.preventDefault();
        this.list.focus();
        this.activate(this.shown[0]);
      }
    });
    this.list.addEventListener("keydown", (event) => this.key(event));
    this.list.addEventListener("focus", () => {
      if (!this.shown.includes(this.active)) this.activate(this.shown[0]);
    });
    this.list.addEventListener("click", (event) => this.click(event));
    this.list.addEventListener("dblclick", (event) => {
      const item = this.itemAt(event);
      if (item) owner.move(this, [item]);
    });
  }

  get shown() {
    return this.items.filter(matcher(this.filter.value));
  }

  itemAt(event) {
    const row = event.target.closest("[role=option]");
    return row && this.items.find((item) => item.value === row.dataset.value);
  }

  draw() {
    const shown = this.shown;
    const rows = shown.slice(0, MOST_ROWS).map((item, place) => this.row(item, place));
    const hidden = shown.length - rows.length;
    this.note.textContent = hidden ? this.words.more.replace("%s", String(hidden)) : shown.length ? "" : this.words.none;
    this.list.replaceChildren(...rows);
    this.count.textContent = shown.length === this.items.length ? `${this.items.length}` : `${shown.length} / ${this.items.length}`;
    this.point();
  }

  row(item, place) {
    const row = element("li", {
      role: "option", id: `${this.list.id}-${item.id}`, "data-value": item.value,
      "aria-selected": String(this.marked.has(item)),
    });
    if (this.owner.ordered && this === this.owner.chosen) row.append(element("span", { class: "nl-transfer-place" }, String(place + 1)));
    const text = element("span", { class: "nl-transfer-text" }, element("span", {}, item.label));
    if (item.description) text.append(element("span", { class: "nl-sub" }, item.description));
    row.append(text);
    return row;
  }

  point() {
    for (const row of this.list.querySelectorAll(".is-active")) row.classList.remove("is-active");
    const row = this.active && document.getElementById(`${this.list.id}-${this.active.id}`);
    if (!row) {
      this.list.removeAttribute("aria-activedescendant");
      return;
    }
    row.classList.add("is-active");
    this.list.setAttribute("aria-activedescendant", row.id);
    row.scrollIntoView({ block: "nearest" });
  }

  activate(item) {
    this.active = item ?? null;
    this.point();
  }

  mark(items, only = false) {
    if (only) this.marked.clear();
    for (const item of items) this.marked.add(item);
    this.paint();
  }

  /** Shows what is marked. The rows stay: a double click needs both of its clicks on one. */
  paint() {
    const values = new Set([...this.marked].map((item) => item.value));
    for (const row of this.list.querySelectorAll("[role=option]")) {
      row.setAttribute("aria-selected", String(values.has(row.dataset.value)));
    }
  }

  click(event) {
    const item = this.itemAt(event);
    if (!item) return;
    if (event.shiftKey && this.anchor) {
      this.mark(this.between(this.anchor, item), true);
    } else {
      if (!this.marked.delete(item)) this.marked.add(item);
      this.anchor = item;
      this.paint();
    }
    this.activate(item);
  }

  between(first, last) {
    const shown = this.shown;
    const [from, to] = [shown.indexOf(first), shown.indexOf(last)].sort((a, b) => a - b);
    return shown.slice(Math.max(from, 0), to + 1);
  }

  key(event) {
    const shown = this.shown.slice(0, MOST_ROWS);
    const place = shown.indexOf(this.active);
    const steps = { ArrowDown: place + 1, ArrowUp: place - 1, Home: 0, End: shown.length - 1 };
    if (event.altKey && event.key.startsWith("Arrow")) {
      event.preventDefault();
      this.owner.shift(event.key === "ArrowUp" ? -1 : 1);
    } else if (event.key in steps) {
      event.preventDefault();
      const next = shown[Math.min(Math.max(steps[event.key], 0), shown.length - 1)];
      if (event.shiftKey && next) this.mark(this.active ? [this.active, next] : [next]);
      this.activate(next);
    } else if (event.key === " " && this.active) {
      event.preventDefault();
      if (!this.marked.delete(this.active)) this.marked.add(this.active);
      this.anchor = this.active;
      this.paint();
    } else if (event.key === "Enter") {
      event.preventDefault();
      this.owner.move(this, this.marked.size ? [...this.marked] : [this.active].filter(Boolean));
    } else if (event.key.toLowerCase() === "a" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      this.mark(this.shown, true);
    }
  }
}

class Transfer extends HTMLElement {
  connectedCallback() {
    if (this.select) return;
    const number = ++transfers;
    const words = this.dataset;
    this.ordered = this.hasAttribute("ordered");
    this.select = this.querySelector("select");
    if (this.select.matches(":disabled")) {
      this.tell();
      return;
    }
    const label = document.querySelector(`label[for="${this.select.id}"]`)?.textContent ?? "";
    this.available = new Pane(this, `transfer-${number}-available`, `${words.available}`, words);
    this.chosen = new Pane(this, `transfer-${number}-chosen`, `${words.chosen}`, words);
    this.live = element("div", { class: "visually-hidden", role: "status" });
    [...this.select.options].forEach((option, id) => {
      const description = option.dataset.description ?? "";
      const item = { id, option, value: option.value, label: option.label, description };
      item.text = `${option.label} ${option.value} ${description}`.toLowerCase();
      (option.selected ? this.chosen : this.available).items.push(item);
    });
    this.order = new Map([...this.available.items, ...this.chosen.items].map((item) => [item, item.id]));
    this.select.hidden = true;
    const panes = element(
      "div", { class: "nl-transfer", role: "group", "aria-label": label.replace("*", "").trim() },
      this.available.root, this.buttons(words), this.chosen.root, this.live,
    );
    const described = this.select.getAttribute("aria-describedby");
    if (described) panes.setAttribute("aria-describedby", described);
    this.append(panes);
    this.available.draw();
    this.chosen.draw();
  }

  /** Where nothing can be changed, what is chosen is simply told. */
  tell() {
    const rows = [...this.select.selectedOptions].map((option) => {
      const text = element("span", { class: "nl-transfer-text" }, option.label);
      if (option.dataset.description) text.append(element("span", { class: "nl-sub" }, option.dataset.description));
      return element("li", {}, text);
    });
    this.select.hidden = true;
    this.append(rows.length ? element("ul", { class: "nl-told" }, ...rows) : element("p", { class: "nl-hint" }, this.dataset.none));
  }

  buttons(words) {
    const all = (pane) => () => this.move(pane, pane.shown);
    const marked = (pane) => () => this.move(pane, [...pane.marked]);
    const made = [
      ["chevron-right", words.add, marked(this.available)],
      ["chevrons-right", words.addAll, all(this.available)],
      ["chevron-left", words.remove, marked(this.chosen)],
      ["chevrons-left", words.removeAll, all(this.chosen)],
    ];
    if (this.ordered) {
      made.push(["chevron-up", words.up, () => this.shift(-1)], ["chevron-down", words.down, () => this.shift(1)]);
    }
    return element("div", { class: "nl-transfer-buttons" }, ...made.map(([name, label, act]) => {
      const button = element("button", { type: "button", class: "nl-icon-btn", "aria-label": label, title: label }, icon(name));
      button.addEventListener("click", act);
      return button;
    }));
  }

  move(from, items) {
    if (!items.length) return;
    const to = from === this.chosen ? this.available : this.chosen;
    const shown = from.shown;
    const next = shown[shown.indexOf(items.at(-1)) + 1] ?? shown[shown.indexOf(items[0]) - 1];
    const moved = new Set(items);
    from.items = from.items.filter((item) => !moved.has(item));
    from.marked.clear();
    to.marked.clear();
    to.items.push(...items);
    if (to === this.available || !this.ordered) to.items.sort((a, b) => this.order.get(a) - this.order.get(b));
    for (const item of items) item.option.selected = to === this.chosen;
    from.active = next && !moved.has(next) ? next : null;
    this.settle();
    const text = to === this.chosen ? this.dataset.added : this.dataset.removed;
    this.live.textContent = `${text.replace("%s", String(items.length))} ${this.dataset.chosen}: ${this.chosen.items.length}.`;
  }

  /** Moves the marked chosen ones, or the active one, by a place. */
  shift(by) {
    if (!this.ordered) return;
    const { items, marked, active } = this.chosen;
    const moving = items.filter((item) => (marked.size ? marked.has(item) : item === active));
    for (const item of by < 0 ? moving : moving.reverse()) {
      const place = items.indexOf(item);
      const other = items[place + by];
      if (!other || moving.includes(other)) continue;
      [items[place], items[place + by]] = [other, item];
    }
    this.settle();
  }

  /** Brings the select, which is posted, in line with what is shown. */
  settle() {
    if (this.ordered) this.select.append(...this.chosen.items.map((item) => item.option));
    this.available.draw();
    this.chosen.draw();
    this.select.dispatchEvent(new Event("change", { bubbles: true }));
  }
}
customElements.define("nl-transfer", Transfer);
