// The portal's own behaviour: everything works without it, it only makes it quicker.
(function () {
  "use strict";
  const announce = (text) => { document.getElementById("announcer").textContent = text; };
  const language = document.documentElement.lang || "en";
  const relative = new Intl.RelativeTimeFormat(language, { numeric: "auto", style: "short" });
  const STEPS = [[60, "second", 1], [3600, "minute", 60], [86400, "hour", 3600], [2592000, "day", 86400], [31536000, "month", 2592000], [Infinity, "year", 31536000]];

  function refreshTimes() {
    const now = Date.now();
    document.querySelectorAll("time[data-relative]").forEach((element) => {
      const seconds = (new Date(element.dateTime).getTime() - now) / 1000;
      const step = STEPS.find(([limit]) => Math.abs(seconds) < limit);
      element.textContent = relative.format(Math.round(seconds / step[2]), step[1]);
    });
  }

  document.addEventListener("click", (event) => {
    const copy = event.target.closest("[data-copy]");
    if (copy) {
      event.preventDefault();
      navigator.clipboard.writeText(copy.dataset.copy).then(() => {
        copy.classList.add("copied");
        announce(copy.getAttribute("aria-label"));
        setTimeout(() => copy.classList.remove("copied"), 1500);
      });
      return;
    }
    const toggle = event.target.closest(".nav-toggle");
    if (toggle) {
      const open = document.body.classList.toggle("nav-open");
      toggle.setAttribute("aria-expanded", String(open));
      return;
    }
    document.querySelectorAll("details.menu[open]").forEach((menu) => {
      if (!menu.contains(event.target)) menu.open = false;
    });
    const row = event.target.closest("[data-row-link]");
    if (row && !event.target.closest("a, button, input, label, summary") && !window.getSelection().toString()) {
      const link = row.querySelector(row.dataset.rowLink || "a");
      if (link) link.click();
    }
  });

  function moveRow(by) {
    const rows = Array.from(document.querySelectorAll("[data-row-link]"));
    if (!rows.length) return;
    const at = rows.indexOf(document.activeElement.closest("[data-row-link]"));
    const next = rows[Math.min(Math.max(at + by, 0), rows.length - 1)];
    next.focus();
    next.scrollIntoView({ block: "nearest" });
  }

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") document.querySelectorAll("details.menu[open]").forEach((menu) => { menu.open = false; });
    if (event.target.closest("input, textarea, select, [contenteditable]") || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "/") {
      const box = document.getElementById("global-search");
      if (box) { event.preventDefault(); box.focus(); }
    } else if (event.key === "?") {
      document.getElementById("shortcuts").showModal();
    } else if (event.key === "j") { moveRow(1); } else if (event.key === "k") { moveRow(-1); } else if (event.key === "Enter" && event.target.matches("[data-row-link]")) {
      const link = event.target.querySelector(event.target.dataset.rowLink || "a");
      if (link) link.click();
    }
  });

  document.addEventListener("input", (event) => {
    if (!event.target.matches("[data-filter-list]")) return;
    const wanted = event.target.value.toLocaleLowerCase();
    event.target.closest(".menu-body").querySelectorAll("li").forEach((item) => {
      item.hidden = !item.textContent.toLocaleLowerCase().includes(wanted);
    });
  });

  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-submit-on-change]")) event.target.form.requestSubmit();
  });

  document.addEventListener("submit", (event) => {
    const form = event.target;
    const question = form.dataset.confirm;
    if (question && !form.dataset.confirmed && !window.confirm(question)) {
      event.preventDefault();
      return;
    }
    if (form.method === "post") {
      if (form.dataset.sent) { event.preventDefault(); return; }
      form.dataset.sent = "1";
      setTimeout(() => { delete form.dataset.sent; }, 4000);
    }
  });

  // Live parts rest while nobody looks.
  document.addEventListener("htmx:beforeRequest", (event) => {
    const trigger = event.detail.elt.getAttribute("hx-trigger") || "";
    if (trigger.includes("every") && document.hidden) event.preventDefault();
  });
  document.addEventListener("htmx:afterSwap", refreshTimes);
  ["htmx:responseError", "htmx:sendError"].forEach((name) => document.addEventListener(name, () => {
    announce(document.body.dataset.errorText || "The page could not be refreshed.");
  }));

  refreshTimes();
  setInterval(refreshTimes, 30000);
  const invalid = document.querySelector("[aria-invalid='true']");
  if (invalid) invalid.focus();
})();
