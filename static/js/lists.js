// Lists: rows by keyboard and by a click anywhere on them, filters that apply when chosen, lists that filter as you type.
(function () {
  "use strict";
  const rows = () => Array.from(document.querySelectorAll("[data-row-link]"));
  const linkOf = (row) => row.querySelector(row.dataset.rowLink || "a");
  const linksOf = (row) => Array.from(row.querySelectorAll("a"));

  // One tab stop per row: its own link. The other links of a timeline's row are reached by the arrows from there. Screen
  // readers read and list them as before; without a script every one of them is a tab stop.
  function thinTabStops() {
    document.querySelectorAll(".event[data-row-link]").forEach((row) => {
      linksOf(row).forEach((link) => { link.tabIndex = link === linkOf(row) ? 0 : -1; });
    });
  }
  thinTabStops();
  document.addEventListener("htmx:afterSwap", thinTabStops);

  document.addEventListener("click", (event) => {
    const row = event.target.closest("[data-row-link]");
    if (!row || event.target.closest("a, button, input, label, select, summary") || window.getSelection().toString()) return;
    if (event.ctrlKey || event.metaKey) window.open(linkOf(row).href, "_blank", "noopener"); else linkOf(row).click();
  });

  // The middle button opens a tab, as on any link.
  document.addEventListener("auxclick", (event) => {
    const row = event.button === 1 && event.target.closest("[data-row-link]");
    if (row && !event.target.closest("a")) window.open(linkOf(row).href, "_blank", "noopener");
  });

  document.addEventListener("keydown", (event) => {
    if (event.target.closest("input, textarea, select, dialog, [contenteditable]") || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "j" || event.key === "k") {
      const all = rows();
      const at = all.indexOf(document.activeElement.closest("[data-row-link]"));
      const next = all[Math.min(Math.max(at + (event.key === "j" ? 1 : -1), 0), all.length - 1)];
      if (next) { linkOf(next).focus({ preventScroll: true }); next.scrollIntoView({ block: "center" }); }
    } else if (event.key === "ArrowRight" || event.key === "ArrowLeft") {
      const row = event.target.closest(".event[data-row-link]");
      if (!row) return;
      const all = linksOf(row);
      const next = all[all.indexOf(event.target) + (event.key === "ArrowRight" ? 1 : -1)] || linkOf(row);
      event.preventDefault();
      next.focus();
    }
  });

  document.addEventListener("input", (event) => {
    if (!event.target.matches("[data-filter-list]")) return;
    const fold = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
    const wanted = fold(event.target.value.trim());
    const menu = event.target.closest(".menu-body");
    let found = 0;
    menu.querySelectorAll("li").forEach((item) => {
      item.hidden = !fold((item.querySelector(".grow") || item).textContent).includes(wanted);
      if (!item.hidden) found += 1;
    });
    const none = menu.querySelector("[data-filter-none]");
    if (none) none.hidden = found > 0;
  });

  document.addEventListener("keydown", (event) => {
    if (!event.target.matches("[data-filter-list]")) return;
    const links = Array.from(event.target.closest(".menu-body").querySelectorAll("li:not([hidden]) a"));
    if (event.key === "Enter" && links.length) { event.preventDefault(); (event.target.value ? links[0] : event.target).click(); }
    if (event.key === "ArrowDown" && links.length) { event.preventDefault(); links[0].focus(); }
  });

  document.addEventListener("keydown", (event) => {
    const link = event.target.closest(".menu-body li a, .menu-body li button");
    if (!link || !["ArrowDown", "ArrowUp"].includes(event.key)) return;
    event.preventDefault();
    const all = Array.from(link.closest(".menu-body").querySelectorAll("li:not([hidden]) a, li:not([hidden]) button"));
    const next = all[all.indexOf(link) + (event.key === "ArrowDown" ? 1 : -1)];
    if (next) next.focus();
  });

  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-submit-on-change]")) event.target.form.requestSubmit();
  });
})();
