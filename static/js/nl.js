// The little behaviour that the server cannot give: copying, the theme, toasts.

const TOAST_MILLISECONDS = 3500;

/** Says something in passing; read out by screen readers, gone after a moment. */
function toast(message) {
  const region = document.getElementById("toasts");
  const shown = document.createElement("div");
  shown.className = "nl-toast";
  shown.textContent = message;
  region.append(shown);
  setTimeout(() => shown.remove(), TOAST_MILLISECONDS);
}
// What the server said was done.
for (const shown of document.querySelectorAll("[data-passing]")) {
  setTimeout(() => shown.remove(), TOAST_MILLISECONDS);
}

/** Puts the text on the clipboard. Browsers keep `navigator.clipboard` from plain-HTTP hosts. */
async function copyText(text) {
  if (navigator.clipboard && window.isSecureContext) {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      // Refused, as in a page without focus: the old way may still do.
    }
  }
  const focused = document.activeElement;
  const field = document.createElement("textarea");
  field.value = text;
  field.className = "nl-offscreen";
  // Outside an open dialog the page is inert and nothing can be selected.
  (document.querySelector("dialog[open]") ?? document.body).append(field);
  field.select();
  const copied = document.execCommand("copy");
  field.remove();
  focused?.focus();
  return copied;
}

/** `<nl-copy value="…" done="…" failed="…"><button>…</button></nl-copy>`: copies the value. */
class Copy extends HTMLElement {
  connectedCallback() {
    this.addEventListener("click", this.#copy);
  }

  disconnectedCallback() {
    this.removeEventListener("click", this.#copy);
    clearTimeout(this.#timer);
  }

  #timer = 0;

  #copy = async (event) => {
    if (!event.target.closest("button")) return;
    const copied = await copyText(this.getAttribute("value"));
    toast(this.getAttribute(copied ? "done" : "failed"));
    if (!copied) return;
    this.classList.add("is-done");
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.classList.remove("is-done"), 1600);
  };
}
customElements.define("nl-copy", Copy);

/** Keeps the chosen theme in a cookie, from which the server renders the next page. */
function chooseTheme(theme) {
  const secure = location.protocol === "https:" ? "; Secure" : "";
  document.cookie = `theme=${theme}; Path=/; Max-Age=31536000; SameSite=Lax${secure}`;
  document.documentElement.dataset.theme = theme;
  markTheme();
}

function markTheme() {
  for (const button of document.querySelectorAll("[data-set-theme]")) {
    const chosen = button.dataset.setTheme === document.documentElement.dataset.theme;
    button.setAttribute("aria-pressed", String(chosen));
  }
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-set-theme]");
  if (button) chooseTheme(button.dataset.setTheme);
});
markTheme();

// Bootstrap makes the opened sidebar a dialog, which needs a name. At rest it is none.
document.addEventListener("show.bs.offcanvas", ({ target }) => {
  target.setAttribute("aria-label", target.dataset.label);
});
document.addEventListener("hidden.bs.offcanvas", ({ target }) => {
  target.removeAttribute("aria-label");
});
