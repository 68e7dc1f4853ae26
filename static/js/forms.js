// Forms: questions that name the thing and the effect, no double submit, focus on the first error, quick preferences.
(function () {
  "use strict";
  const dialog = document.getElementById("confirm");
  const standard = { title: document.getElementById("confirm-title").textContent, action: dialog.querySelector("[value=yes]").textContent };
  let waiting = null;

  // data-confirm: the effect in a sentence; data-confirm-title and data-confirm-action default to the button's words.
  function ask(form, submitter) {
    const word = submitter && submitter.textContent.trim();
    waiting = { form, submitter };
    document.getElementById("confirm-title").textContent = form.dataset.confirmTitle || (word ? `${word}?` : standard.title);
    document.getElementById("confirm-text").textContent = form.dataset.confirm;
    dialog.querySelector("[value=yes]").textContent = form.dataset.confirmAction || word || standard.action;
    dialog.returnValue = "";
    dialog.showModal();
  }
  dialog.addEventListener("close", () => {
    const { form, submitter } = waiting;
    waiting = null;
    if (dialog.returnValue !== "yes") return;
    form.dataset.confirmed = "1";
    form.requestSubmit(submitter || undefined);
  });

  function quick(form, submitter) {
    const data = new FormData(form);
    data.set(submitter.name, submitter.value);
    fetch(form.action, { method: "POST", body: data, credentials: "same-origin" }).then((answer) => {
      if (!answer.ok) throw new Error(String(answer.status));
      window.location.reload();
    }).catch(() => {
      // The plain way: the page that answers says what is wrong.
      form.removeAttribute("data-quick");
      form.requestSubmit(submitter);
    });
  }

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method !== "post") return;
    if (form.dataset.confirm && !form.dataset.confirmed) { event.preventDefault(); ask(form, event.submitter); return; }
    delete form.dataset.confirmed;
    if (form.hasAttribute("data-quick") && event.submitter) { event.preventDefault(); quick(form, event.submitter); return; }
    if (form.dataset.sent) { event.preventDefault(); return; }
    form.dataset.sent = "1";
    if (event.submitter) event.submitter.setAttribute("aria-busy", "true");
  });
  // Back from a download or by the back button: the form may be sent again.
  const release = () => document.querySelectorAll("form[data-sent]").forEach((form) => {
    delete form.dataset.sent;
    form.querySelectorAll("[aria-busy]").forEach((button) => button.removeAttribute("aria-busy"));
  });
  window.addEventListener("pageshow", release);
  document.addEventListener("submit", (event) => { if (event.target.dataset.sent) setTimeout(release, 4000); });

  // Addresses are shared: what a filter leaves open is no part of them.
  document.addEventListener("formdata", (event) => {
    if (event.target.method !== "get") return;
    new Set(Array.from(event.formData.keys())).forEach((name) => {
      const said = event.formData.getAll(name).filter((value) => value !== "");
      event.formData.delete(name);
      said.forEach((value) => event.formData.append(name, value));
    });
  });

  // --- cells of a table that is mended in place: leaving one saves its row, Enter goes down, Esc takes back
  const cellBelow = (cell) => {
    const rows = Array.from(document.querySelectorAll("tr.marked"));
    const next = rows.slice(rows.indexOf(cell.closest("tr")) + 1).map((row) => row.querySelector(`[name="${CSS.escape(cell.name)}"]`)).find(Boolean);
    return next || null;
  };
  document.addEventListener("keydown", (event) => {
    const cell = event.target;
    if (!cell.matches || !cell.matches("[data-cell]") || !window.htmx) return;
    if (event.key === "Escape") { cell.value = cell.defaultValue; cell.select(); event.stopPropagation(); }
    if (event.key === "Enter") {
      event.preventDefault();
      const below = cellBelow(cell);
      if (below) { below.focus(); below.select(); } else { cell.blur(); cell.focus(); }
    }
  });
  document.addEventListener("focusout", (event) => {
    const cell = event.target;
    if (cell.matches("[data-cell]") && window.htmx && cell.value !== cell.defaultValue) window.htmx.trigger(cell.closest("tr"), "save");
  });
  // What is typed into a row while the answer to an earlier change of it comes in is kept.
  let kept = [];
  document.addEventListener("htmx:beforeSwap", (event) => {
    const row = event.detail.target;
    if (!row || !row.matches("tr.marked")) return;
    const sent = event.detail.requestConfig.formData;
    kept = Array.from(row.querySelectorAll("[data-cell]")).filter((cell) => cell.value !== (sent && sent.get(cell.name))).map((cell) => [cell.id, cell.value]);
  });
  document.addEventListener("htmx:afterSettle", () => {
    kept.forEach(([id, value]) => { const cell = document.getElementById(id); if (cell) cell.value = value; });
    kept = [];
  });

  // --- what identifies a thing is asked only where the column chosen holds one
  document.addEventListener("change", (event) => {
    if (!event.target.matches("select[data-column]")) return;
    event.target.closest("td").querySelectorAll("[data-type-of]").forEach((select) => { select.hidden = select.dataset.typeOf !== event.target.value; });
  });

  const wrong = document.querySelector("[aria-invalid=true], [data-form-error]");
  if (wrong) wrong.focus();
})();
