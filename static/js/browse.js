// Tabs and selections of the pages of images.

/** `<nl-tabs><section data-tab="…">`: one section at a time. Without scripts all are shown. */
class Tabs extends HTMLElement {
  connectedCallback() {
    if (this.list) return;
    this.sections = [...this.querySelectorAll(":scope > section")];
    this.list = document.createElement("div");
    this.list.className = "nl-seg is-links";
    this.list.setAttribute("role", "tablist");
    this.list.setAttribute("aria-label", this.dataset.label);
    this.buttons = this.sections.map((section, place) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = section.dataset.tab;
      button.setAttribute("role", "tab");
      button.id = `${this.name}-tab-${place}`;
      section.id = `${this.name}-panel-${place}`;
      button.setAttribute("aria-controls", section.id);
      section.setAttribute("role", "tabpanel");
      section.setAttribute("aria-labelledby", button.id);
      section.querySelector(".nl-tab-title")?.remove();
      button.addEventListener("click", () => this.choose(place));
      return button;
    });
    this.list.append(...this.buttons);
    this.list.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!step) return;
      const count = this.buttons.length;
      const place = (this.buttons.indexOf(document.activeElement) + step + count) % count;
      this.choose(place);
      this.buttons[place].focus();
    });
    this.prepend(this.list);
    const kept = localStorage.getItem("client");
    this.choose(Math.max(0, this.sections.findIndex((section) => section.dataset.tab === kept)), false);
  }

  get name() {
    this.number ??= (Tabs.count = (Tabs.count ?? 0) + 1);
    return `tabs-${this.number}`;
  }

  choose(place, keep = true) {
    this.sections.forEach((section, each) => {
      section.hidden = each !== place;
      this.buttons[each].setAttribute("aria-selected", String(each === place));
      this.buttons[each].tabIndex = each === place ? 0 : -1;
    });
    if (keep) localStorage.setItem("client", this.sections[place].dataset.tab);
  }
}
customElements.define("nl-tabs", Tabs);

/** Says how many are selected; "all" selects those that are shown. */
document.addEventListener("change", (event) => {
  const form = event.target.closest?.("form[data-bulk]");
  if (!form) return;
  const boxes = [...form.querySelectorAll("tbody input[type=checkbox]")];
  if (event.target.matches("[data-all]")) for (const box of boxes) box.checked = event.target.checked;
  const count = boxes.filter((box) => box.checked).length;
  const told = form.querySelector("[data-count]");
  told.textContent = told.dataset.count.replace("%s", String(count));
  form.querySelector("[data-bar]").classList.toggle("is-active", count > 0);
});

// `/` leads to the search; arrows go through what it suggests, Escape closes it.
document.addEventListener("keydown", (event) => {
  const box = document.getElementById("search");
  if (!box) return;
  const isTyping = event.target.closest("input:not([type=checkbox], [type=radio]), textarea, select, [role=listbox]");
  if (event.key === "/" && !isTyping && !event.ctrlKey && !event.metaKey) {
    event.preventDefault();
    box.focus();
    box.select();
  }
  const form = event.target.closest(".nl-search");
  if (!form) return;
  if (event.key === "Escape") {
    document.getElementById("suggestions").replaceChildren();
    box.blur();
  }
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step) return;
  event.preventDefault();
  const stops = [box, ...form.querySelectorAll("#suggestions a")];
  const place = (stops.indexOf(document.activeElement) + step + stops.length) % stops.length;
  stops[place].focus();
});
