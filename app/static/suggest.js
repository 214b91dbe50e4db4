// Suggestions as one types: a combobox over the plain search form (WAI-ARIA APG). Without it the form works.
"use strict";

const PAUSE_MS = 120;

for (const input of document.querySelectorAll("input[data-suggest]")) {
  const list = document.createElement("ul");
  list.id = `${input.id}-suggestions`;
  list.className = "suggestions";
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", input.dataset.list);
  list.hidden = true;
  input.after(list);
  input.setAttribute("role", "combobox");
  input.setAttribute("aria-autocomplete", "list");
  input.setAttribute("aria-controls", list.id);
  input.setAttribute("aria-expanded", "false");
  const status = document.getElementById("suggest-status");
  let timer, request, active = -1;

  const close = () => {
    clearTimeout(timer);
    request?.abort();
    list.hidden = true;
    active = -1;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  };

  const choose = (option) => {
    if (option.dataset.kind === "organisation") {
      location.href = `/organisations/${option.dataset.id}`;
      return;
    }
    input.value = option.dataset.text;
    close();
    input.form.requestSubmit();
  };

  const show = (suggestions) => {
    list.replaceChildren(...suggestions.map((suggestion, index) => {
      const option = document.createElement("li");
      option.id = `${list.id}-${index}`;
      option.setAttribute("role", "option");
      option.setAttribute("aria-selected", "false");
      Object.assign(option.dataset, suggestion);
      const kind = document.createElement("span");
      kind.className = "muted";
      kind.textContent = input.dataset[suggestion.kind];
      option.append(suggestion.text, kind);
      option.addEventListener("pointerdown", (event) => event.preventDefault());
      option.addEventListener("click", () => choose(option));
      return option;
    }));
    active = -1;
    input.removeAttribute("aria-activedescendant");
    list.hidden = suggestions.length === 0;
    input.setAttribute("aria-expanded", String(!list.hidden));
    status.textContent = list.hidden ? "" : input.dataset.found.replace("{number}", suggestions.length);
  };

  const ask = async () => {
    const typed = input.value.trim();
    if (!typed) {
      close();
      return;
    }
    request?.abort();
    request = new AbortController();
    try {
      const answer = await fetch(`${input.dataset.suggest}?q=${encodeURIComponent(typed)}`, { signal: request.signal });
      if (answer.ok && document.activeElement === input) {
        show((await answer.json()).suggestions);
      }
    } catch (error) {
      if (error.name !== "AbortError") {
        close();
      }
    }
  };

  const move = (step) => {
    const options = list.children;
    options[active]?.setAttribute("aria-selected", "false");
    active = (active + step + options.length + (active < 0 && step < 0 ? 1 : 0)) % options.length;
    options[active].setAttribute("aria-selected", "true");
    options[active].scrollIntoView({ block: "nearest" });
    input.setAttribute("aria-activedescendant", options[active].id);
  };

  const wait = () => {
    clearTimeout(timer);
    timer = setTimeout(ask, PAUSE_MS);
  };

  // While an input method composes, letters are half-made and the keys are its own; 229 is Safari's last such key.
  input.addEventListener("input", (event) => event.isComposing || wait());
  input.addEventListener("compositionstart", close);
  input.addEventListener("compositionend", wait);
  input.addEventListener("keydown", (event) => {
    if (event.isComposing || event.keyCode === 229 || list.hidden) {
      return;
    }
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      move(event.key === "ArrowDown" ? 1 : -1);
    } else if (event.key === "Enter" && active >= 0) {
      event.preventDefault();
      choose(list.children[active]);
    } else if (event.key === "Escape") {
      event.preventDefault(); // else the browser empties the box as well
      close();
    }
  });
  input.addEventListener("blur", close);
}
