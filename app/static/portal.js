// Improves pages that work without it: GOV.UK components, and a warning before somebody is signed out.
import { initAll } from "./govuk/govuk-frontend.min.js";

initAll();

const WARN_BEFORE = 5 * 60; // seconds

function inWords(seconds) {
  if (seconds > 90) return `${Math.round(seconds / 60)} minutes`;
  return seconds > 60 ? "1 minute" : `${Math.max(seconds, 0)} seconds`;
}

function warnBeforeSigningOut(dialog) {
  let ends = Date.now() + Number(document.body.dataset.idleSeconds) * 1000;
  let last = document.body.dataset.lastStretch === "yes";
  let announced = "";
  const stay = dialog.querySelector("[data-stay]");
  const announce = dialog.querySelector("[data-announce]");

  function look() {
    const left = Math.round((ends - Date.now()) / 1000);
    if (left <= 0) {
      window.location.assign("/sign-in?next=" + encodeURIComponent(window.location.pathname + window.location.search));
      return;
    }
    if (left > WARN_BEFORE) return;
    dialog.querySelector("[data-can-stay]").hidden = last;
    dialog.querySelector("[data-can-not-stay]").hidden = !last;
    stay.textContent = last ? "Carry on until then" : "Stay signed in";
    dialog.querySelectorAll("[data-left]").forEach((place) => { place.textContent = inWords(left); });
    if (!dialog.open && !(last && announced)) dialog.showModal();
    const minutes = String(Math.ceil(left / 60));
    if (minutes !== announced) announce.textContent = `You will be signed out in ${inWords(left)}.`;
    announced = minutes;
  }

  async function keepSignedIn() {
    dialog.close();
    if (last) return;
    try {
      const answer = await fetch("/sessions/stay", { headers: { Accept: "application/json" } });
      if (!answer.ok || answer.redirected) throw new Error("not signed in any more");
      const told = await answer.json();
      ends = Date.now() + told.seconds * 1000;
      last = told.last;
      announced = "";
    } catch {
      look();
    }
  }

  stay.addEventListener("click", keepSignedIn);
  dialog.addEventListener("cancel", (event) => { event.preventDefault(); keepSignedIn(); });
  window.setInterval(look, 1000);
  document.addEventListener("visibilitychange", look);
}

document.querySelector("form[data-onward]")?.submit();

const dialog = document.getElementById("session-dialog");
if (dialog && document.body.dataset.idleSeconds) warnBeforeSigningOut(dialog);

document.querySelectorAll("[data-copy]").forEach((code) => {
  if (!navigator.clipboard) return;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "cp-copy";
  button.textContent = "Copy";
  const status = document.createElement("span");
  status.className = "govuk-visually-hidden";
  status.setAttribute("role", "status");
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(code.textContent);
    button.textContent = "Copied";
    status.textContent = "Copied";
  });
  code.after(" ", button, status);
});
