// Suggestions under the search box, as a combobox with a list that is chosen from by hand (WAI-ARIA Authoring
// Practices). Without this file the box is a plain form, and what is typed half is found just the same.

const SHORTEST = 2; // letters before anything is asked for
const PAUSE = 180; // milliseconds without a key until the server is asked
const SAY_AFTER = 700; // milliseconds until the number is announced, so that typing is not talked over

function element(name, properties, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

function sayHowMany(count) {
  if (count === 0) return "No suggestions.";
  return `${count} ${count === 1 ? "suggestion" : "suggestions"}. Use the up and down arrow keys to choose.`;
}

class Suggestions {
  constructor(form, number) {
    this.form = form;
    this.input = form.querySelector("input[name=q]");
    this.prefix = `suggestions-${number}`;
    this.list = element("ul", { id: this.prefix, className: "cp-suggestions", hidden: true });
    this.list.setAttribute("role", "listbox");
    this.list.setAttribute("aria-label", "Suggestions");
    this.status = element("div", { className: "govuk-visually-hidden" });
    this.status.setAttribute("role", "status");
    this.options = [];
    this.active = -1;
    this.shownFor = "";
    this.prepare();
  }

  prepare() {
    const { input } = this;
    input.type = "text"; // a search field has an Escape key and a cross of its own
    input.inputMode = "search";
    input.enterKeyHint = "search";
    input.setAttribute("role", "combobox");
    input.setAttribute("aria-autocomplete", "list");
    input.setAttribute("aria-expanded", "false");
    input.setAttribute("aria-controls", this.prefix);
    input.closest(".cp-search__row").append(this.list, this.status);
    input.addEventListener("input", () => this.ask());
    input.addEventListener("keydown", (event) => this.key(event));
    input.addEventListener("blur", () => this.close());
    // A press must not take the focus away before the click that it begins arrives.
    this.list.addEventListener("mousedown", (event) => event.preventDefault());
    this.list.addEventListener("click", (event) => {
      const option = event.target.closest("[role=option]");
      if (option) this.choose(option);
    });
    this.form.addEventListener("submit", () => this.close());
  }

  ask() {
    window.clearTimeout(this.waiting);
    this.request?.abort();
    const text = this.input.value.trim();
    if (text.length < SHORTEST) {
      this.close();
      return;
    }
    this.waiting = window.setTimeout(() => this.fetch(text), PAUSE);
  }

  async fetch(text) {
    this.request = new AbortController();
    try {
      const answer = await window.fetch("/suggestions?" + new URLSearchParams({ q: text }), {
        headers: { Accept: "application/json" },
        signal: this.request.signal,
        redirect: "error", // signed out meanwhile: the form itself leads to the sign-in page
      });
      if (!answer.ok) throw new Error("no suggestions at the moment");
      const told = await answer.json();
      if (this.input.value.trim() === text && document.activeElement === this.input) this.show(told.suggestions, text);
    } catch (error) {
      if (error.name !== "AbortError") this.close();
    }
  }

  show(suggestions, text) {
    this.options = suggestions.map((one, number) => {
      const option = element(
        "li",
        { id: `${this.prefix}-${number}`, className: "cp-suggestion" },
        element("span", { className: "cp-suggestion__name", textContent: one.label }),
        " ",
        element("span", { className: "cp-suggestion__beside", textContent: one.beside }),
      );
      option.setAttribute("role", "option");
      option.setAttribute("aria-selected", "false");
      option.dataset.href = one.href;
      option.dataset.label = one.label;
      return option;
    });
    this.active = -1;
    this.shownFor = text;
    this.list.replaceChildren(...this.options);
    this.input.removeAttribute("aria-activedescendant");
    this.open(this.options.length > 0);
    window.clearTimeout(this.saying);
    this.saying = window.setTimeout(() => { this.status.textContent = sayHowMany(suggestions.length); }, SAY_AFTER);
  }

  open(whether) {
    this.list.hidden = !whether;
    this.input.setAttribute("aria-expanded", String(whether));
  }

  close() {
    window.clearTimeout(this.waiting);
    window.clearTimeout(this.saying);
    this.request?.abort();
    this.status.textContent = "";
    this.point(-1);
    this.open(false);
  }

  point(number) {
    this.active = number;
    this.options.forEach((option, at) => option.setAttribute("aria-selected", String(at === number)));
    const option = this.options[number];
    if (option) {
      this.input.setAttribute("aria-activedescendant", option.id);
      option.scrollIntoView({ block: "nearest" });
    } else {
      this.input.removeAttribute("aria-activedescendant");
    }
  }

  choose(option) {
    this.input.value = option.dataset.label;
    this.close();
    window.location.assign(option.dataset.href);
  }

  key(event) {
    if (event.isComposing || event.ctrlKey || event.metaKey) return;
    const isOpen = !this.list.hidden;
    const last = this.options.length - 1;
    switch (event.key) {
      case "ArrowDown":
      case "ArrowUp":
        event.preventDefault();
        this.arrow(event, isOpen, last);
        return;
      case "Enter":
        if (isOpen && this.active >= 0) {
          event.preventDefault();
          this.choose(this.options[this.active]);
        }
        return;
      case "Escape":
        if (isOpen) {
          event.preventDefault();
          this.close();
        } else {
          this.input.value = "";
        }
        return;
      case "Tab":
        this.close();
        return;
      case "Home":
      case "End":
      case "ArrowLeft":
      case "ArrowRight":
        if (this.active >= 0) this.point(-1); // the caret moves, so the text is what counts again
        return;
      default:
    }
  }

  arrow(event, isOpen, last) {
    if (!isOpen) {
      if (last >= 0 && this.input.value.trim() === this.shownFor) {
        this.open(true);
        if (!event.altKey) this.point(event.key === "ArrowDown" ? 0 : last);
      } else {
        this.ask();
      }
      return;
    }
    if (event.altKey) {
      if (event.key === "ArrowUp") this.close();
      return;
    }
    const step = event.key === "ArrowDown" ? 1 : -1;
    const next = this.active + step;
    if (this.active < 0) this.point(step > 0 ? 0 : last);
    else this.point(next < 0 || next > last ? -1 : next); // beyond either end is the text itself
  }
}

// Other forms look like this one (organisations, people to link); only the search box of leaders has suggestions.
document.querySelectorAll("form[data-suggestions]").forEach((form, number) => new Suggestions(form, number));
