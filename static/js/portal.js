// The frame of every page: times, copying, menus, dialogs, shortcuts, live parts. Everything works without it.
(function () {
  "use strict";
  const body = document.body;
  const texts = body.dataset;
  const byId = (id) => document.getElementById(id);

  const announce = (text) => { byId("announcer").textContent = text; };

  // --- toasts: one per kind, so that a failing poll does not pile them up
  function toast(kind, text, detail) {
    const old = document.querySelector(`.toast-line[data-kind="${kind}"]`);
    if (old) old.remove();
    const line = document.createElement("div");
    const words = document.createElement("p");
    const close = document.createElement("button");
    line.className = "toast-line";
    line.dataset.kind = kind;
    words.textContent = text;
    if (detail) words.append(Object.assign(document.createElement("small"), { textContent: detail }));
    Object.assign(close, { type: "button", textContent: "×" });
    close.setAttribute("aria-label", texts.textClose);
    close.addEventListener("click", () => line.remove());
    line.append(words, close);
    byId("toasts").append(line);
  }
  const untoast = (kind) => document.querySelectorAll(`.toast-line[data-kind="${kind}"]`).forEach((line) => line.remove());

  // --- relative times, in the same words as the server's
  const relative = new Intl.RelativeTimeFormat(document.documentElement.lang || "en", { numeric: "always" });
  const STEPS = [[3600, "minute", 60], [86400, "hour", 3600], [2592000, "day", 86400], [31536000, "month", 2592000], [Infinity, "year", 31536000]];
  function refreshTimes() {
    document.querySelectorAll("[data-relative]").forEach((element) => {
      const seconds = (new Date(element.closest("time").dateTime).getTime() - Date.now()) / 1000;
      const step = STEPS.find(([limit]) => Math.abs(seconds) < limit);
      const text = Math.abs(seconds) < 60 ? texts.textNow : relative.format((seconds > 0 ? Math.round : Math.trunc)(seconds / step[2]), step[1]);
      if (element.textContent !== text) element.textContent = text;
    });
  }
  refreshTimes();
  setInterval(() => { if (!document.hidden) refreshTimes(); }, 60000);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) refreshTimes(); });

  // --- secrets are covered until asked for; without a script they stand open
  document.querySelectorAll("[data-secret]").forEach((secret) => {
    secret.classList.add("covered");
    secret.querySelector("[data-uncover]").hidden = false;
  });

  // --- long parts stand open where there is room, and folded on phones
  if (window.matchMedia("(max-width: 760px)").matches) document.querySelectorAll("details[data-fold]").forEach((part) => { part.open = false; });

  function closeMenus(except) {
    document.querySelectorAll("details.menu[open]").forEach((menu) => { if (menu !== except) menu.open = false; });
  }
  function showNavigation(open) {
    body.classList.toggle("nav-open", open);
    const toggle = document.querySelector(".nav-toggle");
    toggle.setAttribute("aria-expanded", String(open));
    if (open) document.querySelector(".side a").focus(); else toggle.focus();
  }

  document.addEventListener("click", (event) => {
    const hit = (selector) => event.target.closest(selector);
    closeMenus(hit("details.menu"));
    const copy = hit("[data-copy]");
    const uncover = hit("[data-uncover]");
    const dialog = hit("[data-dialog]");
    const collapse = hit(".nav-collapse");
    if (copy) {
      // A page that came by plain http has no clipboard at all.
      const written = navigator.clipboard ? navigator.clipboard.writeText(copy.dataset.copy) : Promise.reject(new Error("no clipboard"));
      written.then(() => {
        copy.classList.add("copied");
        announce(texts.textCopied);
        setTimeout(() => copy.classList.remove("copied"), 1600);
      }, () => {
        // Nor permission, perhaps: select the text, so that Ctrl-C takes it.
        window.getSelection().selectAllChildren(copy.parentElement.querySelector("code"));
      });
    } else if (uncover) {
      const covered = uncover.closest("[data-secret]").classList.toggle("covered");
      uncover.setAttribute("aria-pressed", String(!covered));
    } else if (dialog) {
      // The browser gives the focus back to where it was; inside a menu that is closed by then it would be lost.
      const menu = dialog.closest("details.menu");
      if (menu) menu.querySelector("summary").focus();
      closeMenus();
      byId(dialog.dataset.dialog).showModal();
    } else if (collapse) {
      const narrow = document.documentElement.dataset.nav !== "narrow";
      if (narrow) document.documentElement.dataset.nav = "narrow"; else delete document.documentElement.dataset.nav;
      collapse.setAttribute("aria-pressed", String(narrow));
      document.cookie = `nav=${narrow ? "narrow" : ""}; path=/; max-age=${narrow ? 31536000 : 0}; samesite=lax`;
    } else if (hit(".nav-toggle")) {
      event.preventDefault();
      showNavigation(!body.classList.contains("nav-open"));
    } else if (hit(".nav-veil")) {
      event.preventDefault();
      showNavigation(false);
    }
  });

  document.addEventListener("toggle", (event) => {
    if (!event.target.matches("details.menu") || !event.target.open) return;
    const box = event.target.querySelector("input[type=search]");
    if (box) box.focus();
  }, true);

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      const menu = document.querySelector("details.menu[open]");
      closeMenus();
      if (menu) menu.querySelector("summary").focus();
      else if (body.classList.contains("nav-open")) showNavigation(false);
    }
    if (event.target.closest("input, textarea, select, dialog, [contenteditable]") || event.ctrlKey || event.metaKey || event.altKey) return;
    const search = byId("global-search");
    const switcher = document.querySelector(".switcher");
    if (event.key === "/" && search) { event.preventDefault(); search.focus(); search.select(); }
    if (event.key === "n" && switcher) { event.preventDefault(); switcher.open = true; }
    if (event.key === "?") byId("shortcuts").showModal();
  });

  // --- live parts: rest while nobody looks (htmx's own filters need eval), and say when they fail
  document.addEventListener("htmx:beforeRequest", (event) => {
    const trigger = event.detail.elt.getAttribute("hx-trigger") || "";
    if (trigger.includes("every") && document.hidden) event.preventDefault();
  });
  document.addEventListener("htmx:afterSwap", refreshTimes);
  document.addEventListener("htmx:afterRequest", (event) => { if (event.detail.successful) untoast("live"); });
  document.addEventListener("htmx:sendError", () => toast("live", texts.textOffline));
  document.addEventListener("htmx:responseError", (event) => {
    const { status, getResponseHeader } = event.detail.xhr;
    if (status === 401 || status === 403) { toast("live", texts.textSignedOut); return; }
    const reference = getResponseHeader.call(event.detail.xhr, "X-Request-ID") || `${status} · ${new Date().toISOString().slice(0, 19)}Z`;
    toast("live", texts.textFailed, `${texts.textReference}: ${reference}`);
  });
})();
