// Keys that lead about the pages, and times that stay true while a page is open.

const TOGETHER_MILLISECONDS = 1500;
const MINUTE_MILLISECONDS = 60_000;
const HOUR_SECONDS = 3600;
const DAY_SECONDS = 24 * HOUR_SECONDS;

let leading = -Infinity;

/** `?` opens the list of keys; `g` and a letter within a moment lead to a page of that list. */
document.addEventListener("keydown", (event) => {
  const list = document.getElementById("keys");
  if (!list || event.ctrlKey || event.metaKey || event.altKey) return;
  const typing = "input:not([type=checkbox], [type=radio]), textarea, select, [role=listbox]";
  if (event.target.closest(typing) || document.querySelector("dialog[open]")) return;
  if (event.key === "?") {
    event.preventDefault();
    const dialog = list.content.firstElementChild.cloneNode(true);
    // Whatever is there goes when it is closed.
    document.getElementById("dialog").replaceChildren(dialog);
    dialog.showModal();
  } else if (event.timeStamp - leading < TOGETHER_MILLISECONDS) {
    const page = [...list.content.querySelectorAll("[data-key]")].find(({ dataset }) => dataset.key === event.key);
    leading = -Infinity;
    if (page) location.assign(page.href);
  } else if (event.key === "g") {
    leading = event.timeStamp;
  }
});

/** Tells anew how long ago something was. What is older than a day hardly changes while one looks. */
function tellTimes() {
  const words = new Intl.RelativeTimeFormat(document.documentElement.lang);
  for (const time of document.querySelectorAll("time[data-ago]")) {
    const seconds = (Date.now() - Date.parse(time.dateTime)) / 1000;
    if (!(seconds >= 60 && seconds < DAY_SECONDS)) continue;
    const [amount, unit] = seconds < HOUR_SECONDS ? [seconds / 60, "minute"] : [seconds / HOUR_SECONDS, "hour"];
    time.textContent = words.format(-Math.floor(amount), unit);
  }
}
setInterval(tellTimes, MINUTE_MILLISECONDS);
