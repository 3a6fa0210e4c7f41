// Dialogs that the server renders, and forms that are left with changes.

/** Opens whatever dialog the server has put into `#dialog`. */
document.addEventListener("htmx:after:swap", () => {
  const dialog = document.querySelector("#dialog > dialog:not([open])");
  dialog?.showModal();
});

// A closed one goes: the next swap, of whatever, would open it again. `close` does not bubble.
document.addEventListener("close", ({ target }) => target.matches("#dialog > dialog") && target.remove(), true);

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-close]")) event.target.closest("dialog")?.close();
  // A click on the backdrop is one on the dialog itself.
  if (event.target instanceof HTMLDialogElement) event.target.close();
});

// A typed name arms the button of what cannot be undone.
document.addEventListener("input", (event) => {
  const expected = event.target.dataset.expect;
  if (expected === undefined) return;
  event.target.form.querySelector("[data-armed]").disabled = event.target.value !== expected;
});

/** Warns before a changed form is left, and says so beside its buttons. */
const changed = new Set();
function markChanged(event) {
  const form = event.target.closest?.("form[data-guard]");
  if (!form || event.target.type === "search") return;
  changed.add(form);
  form.classList.add("is-changed");
}
document.addEventListener("input", markChanged);
document.addEventListener("change", markChanged);
document.addEventListener("submit", (event) => changed.delete(event.target));
addEventListener("beforeunload", (event) => {
  if ([...changed].some((form) => form.isConnected)) event.preventDefault();
});

// The summary of errors is read first.
document.querySelector("[data-errors]")?.focus();

/** A field that only counts while another one has a certain value. */
function showWanted(form) {
  for (const part of form.querySelectorAll("[data-when]")) {
    const [name, ...values] = part.dataset.when.split(/[=|]/);
    const field = form.elements[name];
    const value = field?.type === "checkbox" ? String(field.checked) : (field?.value ?? "");
    part.hidden = !values.includes(value);
  }
}
document.addEventListener("change", (event) => event.target.form && showWanted(event.target.form));
for (const form of document.querySelectorAll("form")) showWanted(form);

/** A button that fills a field. */
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-fill]");
  if (!button) return;
  const field = document.getElementById(`id_${button.dataset.fill}`);
  field.value = button.value;
  field.dispatchEvent(new Event("input", { bubbles: true }));
  field.focus();
});
