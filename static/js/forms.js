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

  const wrong = document.querySelector("[aria-invalid=true], [data-form-error]");
  if (wrong) wrong.focus();
})();
