"use strict";
(() => {
  const root = document.documentElement;
  const steps = [...document.querySelectorAll(".step")];
  const frame = document.getElementById("frame");
  const areas = [...frame.querySelectorAll(".quantity")];
  const parts = [...frame.querySelectorAll("[data-from]")];
  const byId = (id) => document.getElementById(id);
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  let shown = 0;

  // ---- steps: the address says which one is shown, so reload and the browser's back button work

  function current() {
    const match = /^#step=(\d+)$/.exec(location.hash);
    return Math.min(Math.max(match ? Number(match[1]) : 1, 1), steps.length);
  }

  function go(n) {
    const wanted = Math.min(Math.max(n, 1), steps.length);
    if (wanted === current()) return;
    location.hash = `step=${wanted}`;
    show();
  }

  function fill(step) {
    const cards = step.querySelector(".cards");
    if (cards.childElementCount) return;
    for (const number of [...step.dataset.uses.split(" ").filter(Boolean), step.dataset.result]) {
      cards.append(byId(`card-${number}`).content.cloneNode(true));
    }
    cards.lastElementChild.classList.add("result");
  }

  function show() {
    const n = current();
    if (n === shown) return;
    shown = n;
    const step = steps[n - 1];
    fill(step);
    steps.forEach((other) => { other.hidden = other !== step; });
    byId("position").textContent = `${n} / ${steps.length}`;
    byId("first").disabled = byId("previous").disabled = n === 1;
    byId("last").disabled = byId("next").disabled = n === steps.length;
    byId("announcer").textContent = step.dataset.spoken;
    byId("steps").scrollTop = 0;
    mark(n, step);
  }

  // ---- the picture

  function mark(n, step) {
    const uses = new Set(step.dataset.uses.split(" "));
    parts.forEach((part) => part.classList.toggle("later", Number(part.dataset.from) > n));
    areas.forEach((area) => {
      area.classList.toggle("now", area.dataset.card === step.dataset.result);
      area.classList.toggle("used", uses.has(area.dataset.card));
    });
    const now = areas.find((area) => area.classList.contains("now"));
    if (now) bringIntoView(now.getBoundingClientRect(), frame.getBoundingClientRect());
  }

  function bringIntoView(area, view) {
    const left = overflow(area.left, area.right, view.left, view.right);
    const top = overflow(area.top, area.bottom, view.top, view.bottom);
    if (left || top) frame.scrollBy({ left, top, behavior: still.matches ? "auto" : "smooth" });
  }

  function overflow(low, high, from, to) {
    const margin = 16;
    const inside = low >= from && high <= to;
    return inside ? 0 : high - low > to - from ? low - from - margin : (low + high - from - to) / 2;
  }

  frame.addEventListener("click", (event) => {
    const area = event.target.closest(".quantity");
    if (area) go(Number(area.dataset.step));
  });

  byId("fold").addEventListener("click", (event) => {
    frame.hidden = !frame.hidden;
    event.currentTarget.setAttribute("aria-expanded", String(!frame.hidden));
  });

  // ---- keys and buttons

  const KEYS = {
    ArrowRight: () => go(current() + 1),
    ArrowDown: () => go(current() + 1),
    ArrowLeft: () => go(current() - 1),
    ArrowUp: () => go(current() - 1),
    Home: () => go(1),
    End: () => go(steps.length),
  };

  addEventListener("keydown", (event) => {
    const act = KEYS[event.key];
    if (!act || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    event.preventDefault();
    act();
  });

  byId("first").addEventListener("click", KEYS.Home);
  byId("previous").addEventListener("click", KEYS.ArrowLeft);
  byId("next").addEventListener("click", KEYS.ArrowRight);
  byId("last").addEventListener("click", KEYS.End);
  byId("turn").addEventListener("click", (event) => go(Number(event.currentTarget.dataset.step)));
  addEventListener("hashchange", show);
  addEventListener("beforeprint", () => steps.forEach(fill));

  // ---- theme: remembered for this page while it is open; a file may not be allowed to store anything

  const THEMES = ["auto", "light", "dark"];
  const KEY = `theme ${location.pathname}`;

  function stored() {
    try { return sessionStorage.getItem(KEY); } catch { return null; }
  }

  function store(theme) {
    try { sessionStorage.setItem(KEY, theme); } catch { /* it lasts until the page is closed */ }
  }

  function setTheme(theme) {
    if (theme === "auto") delete root.dataset.theme;
    else root.dataset.theme = theme;
    byId("theme").querySelector("b").textContent = byId("theme").dataset[theme];
  }

  byId("theme").addEventListener("click", () => {
    const next = THEMES[(THEMES.indexOf(root.dataset.theme ?? "auto") + 1) % THEMES.length];
    setTheme(next);
    store(next);
  });

  setTheme(THEMES.includes(stored()) ? stored() : "auto");
  show();
})();
